/** The view of a log that is written, sealed, damaged or archived while it is read. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openRunView, type RunView } from '#audit/view/run-view'
import type { Book, BookFold } from '#audit/view/view.port'
import type { EventEnvelope } from '#core/envelope'
import type { AnyEvent } from '#events/catalogue'
import { EventEncoder } from '#events/codec'
import { LineBuffer } from '#events/line-buffer'
import { archiveSegments } from '#events/log/archive'
import { loadOrCreateSigner } from '#events/log/keys'
import { configurationHash, writeManifest } from '#events/log/manifest'
import { gzipPath, segmentPath } from '#events/log/segment-names'
import { LogWriter } from '#events/log/writer'
import { removeFolders, tempFolder } from './runs.js'

const T0 = 1_732_233_600_000
const INSTRUMENT = 'test.usdm.AAAUSDT'
afterAll(removeFolders)

/** A book of nothing but how many bars were seen and their last close: what is folded twice or not at all shows. */
const barBook: BookFold = {
  initial: () => ({ bars: 0, close: 0 }),
  evolve(given, step) {
    const state = given as { bars: number; close: number } // made by `initial`
    for (const event of step) {
      if (event.type !== 'BarClosed') continue
      state.bars++
      state.close = event.data.close
    }
    return state
  },
  book(given) {
    const { bars, close } = given as { bars: number; close: number } // made by `initial`
    return { equity: bars, peak: close, drawdown: 0, gross: 0, net: 0, positions: [], openOrders: 0 } as unknown as Book // what is looked at
  },
  figures: (given) => ({ equity: (given as { bars: number }).bars, drawdown: 0, gross: 0, net: 0 }),
  reads: new Set(['BarClosed']),
}

class GrowingRun {
  readonly home = tempFolder()
  readonly runDir = join(this.home, 'runs', 'r1')
  readonly #signer = loadOrCreateSigner(this.home)
  readonly #segmentBytes: number
  #writer: LogWriter | undefined
  seq = 0

  constructor(segmentBytes: number) {
    this.#segmentBytes = segmentBytes
    mkdirSync(this.runDir, { recursive: true })
    writeManifest(this.runDir, {
      format: 1,
      run: 'r1',
      mode: 'sim',
      log: 'full',
      seed: 7,
      configuration: {},
      configurationHash: configurationHash({}),
      codeVersion: '0.1.0',
      node: 'v20',
      v8: '11',
      arch: 'x64',
      packages: {},
      agents: [],
      tape: [],
      history: [],
      publicKey: this.#signer.publicKey,
      createdAt: T0,
    })
  }

  open(): void {
    this.#writer = LogWriter.open(this.runDir, {
      signer: this.#signer,
      sync: 'none',
      segmentBytes: this.#segmentBytes,
    }).writer
  }

  /** One committed group of bars. */
  write(count: number): void {
    const lines = new LineBuffer(1 << 12)
    const encoder = new EventEncoder()
    for (let i = 0; i < count; i++) encoder.encode(lines, this.#bar(++this.seq))
    this.#writer!.commitSync(lines.view(), count, this.seq, T0 + this.seq * 3_600_000)
  }

  async close(seal = false): Promise<void> {
    await this.#writer?.close({ seal })
    this.#writer = undefined
  }

  #bar(seq: number): EventEnvelope {
    const openTime = T0 + (seq - 1) * 3_600_000
    const data = {
      instrument: INSTRUMENT,
      interval: '1h',
      openTime,
      open: 1,
      high: seq + 1,
      low: 1,
      close: seq,
      volume: 1,
    }
    return { seq, ts: openTime + 3_600_000, type: 'BarClosed', v: 1, by: 'connector/test', cause: 0, data }
  }
}

async function view(
  run: GrowingRun,
  onEvents?: (events: readonly AnyEvent[]) => void,
  searchBytes?: number,
): Promise<RunView> {
  const opened = openRunView({
    runDir: run.runDir,
    book: barBook,
    blocks: { blockBytes: 2000, maxPackedBytes: 4000 },
    keyframes: { everyEvents: 20 },
    ...(onEvents ? { onEvents } : {}),
    ...(searchBytes === undefined ? {} : { searchBytes }),
  })
  opened.start()
  await opened.caughtUp()
  return opened
}

/** State at the head and at all seqs before it. */
async function expectWhole(opened: RunView, seq: number): Promise<void> {
  expect(opened.head()).toMatchObject({ seq, fault: null })
  for (let at = 1; at <= seq; at += at < 5 ? 1 : 7)
    expect((await opened.state(at)).book, `seq ${at}`).toMatchObject({ equity: at, peak: at })
  expect((await opened.state()).book).toMatchObject({ equity: seq, peak: seq })
}

describe('a log that grows while it is read', () => {
  it('is followed through segments that are sealed, a stop and a restart', async () => {
    const run = new GrowingRun(6000)
    run.open()
    run.write(10)
    const seen: number[] = []
    const opened = await view(run, (events) => seen.push(...events.map(({ seq }) => seq)))
    for (let round = 0; round < 30; round++) {
      run.write(1 + (round % 7))
      opened.committed(run.seq)
      if (round % 4 === 0) await opened.caughtUp(run.seq)
      if (round === 14) {
        await run.close(true)
        run.open()
      }
    }
    await opened.caughtUp(run.seq)
    expect(existsSync(gzipPath(run.runDir, 1))).toBe(true)
    expect(opened.head().segment).toBeGreaterThan(2)
    expect(seen).toEqual(Array.from({ length: run.seq }, (_, i) => i + 1))
    await run.close(true)
    await opened.caughtUp()
    expect(opened.head().checkpointSeq).toBe(run.seq)
    await expectWhole(opened, run.seq)
    await opened.close()
  })

  it('is looked at without a word, too', async () => {
    const run = new GrowingRun(1e6)
    run.open()
    run.write(3)
    const opened = await view(run)
    const moved = new Promise<number>((resolve) => opened.onHead(({ seq }) => seq > 3 && resolve(seq)))
    run.write(2)
    expect(await moved).toBe(5)
    await opened.close()
    await run.close()
  })

  it('waits at a group that is not whole yet, and goes on when its process was killed and begun again', async () => {
    const run = new GrowingRun(1e6)
    run.open()
    run.write(5)
    await run.close()
    const path = segmentPath(run.runDir, 1)
    const whole = readFileSync(path)
    writeFileSync(path, Buffer.concat([whole, whole.subarray(0, 100)]))
    const opened = await view(run)
    expect(opened.head()).toMatchObject({ seq: 5, fault: null, uncommittedBytes: 100 })
    run.open()
    run.write(4)
    await opened.caughtUp(9)
    await expectWhole(opened, 9)
    await opened.close()
    await run.close()
  })
})

describe('a log that cannot be trusted', () => {
  async function damaged(change: (bytes: Buffer, text: string) => void): Promise<RunView> {
    const run = new GrowingRun(1e6)
    run.open()
    for (let i = 0; i < 6; i++) run.write(5)
    await run.close()
    const path = segmentPath(run.runDir, 1)
    const bytes = readFileSync(path)
    change(bytes, bytes.toString('latin1'))
    writeFileSync(path, bytes)
    return view(run)
  }

  it('is told of, with the place, and nothing behind a changed bit is shown', async () => {
    const opened = await damaged((bytes, text) => {
      const at = text.indexOf('"seq":13,')
      bytes[text.indexOf('"close":', at) + 8]! ^= 1
    })
    const { seq, fault } = opened.head()
    expect(seq).toBe(10)
    expect(fault).toMatchObject({ code: 'LOG_CORRUPT' })
    expect(fault!.detail).toMatch(/00000001\.ndjson: group of seq 11: GROUP_HASH/)
    expect((await opened.state()).book).toMatchObject({ equity: 10 })
    await expect(opened.state(11)).rejects.toMatchObject({ code: 'SEQ_OUT_OF_RANGE' })
    expect((await opened.events({})).events.at(-1)!.seq).toBe(10)
    await opened.close()
  })

  it('is told of where a commit line was changed', async () => {
    const opened = await damaged((bytes, text) => {
      bytes[text.indexOf('"hash":"') + 9]! ^= 1
    })
    expect(opened.head()).toMatchObject({ seq: 0, fault: { code: 'LOG_CORRUPT' } })
    await opened.close()
  })

  it('is told of where a sealed segment cannot be uncompressed', async () => {
    const run = new GrowingRun(3000)
    run.open()
    for (let i = 0; i < 6; i++) run.write(10)
    await run.close(true)
    const path = gzipPath(run.runDir, 2)
    const bytes = readFileSync(path)
    bytes[40]! ^= 0x55
    writeFileSync(path, bytes)
    const opened = await view(run)
    expect(opened.head().fault).toMatchObject({ code: 'LOG_CORRUPT' })
    expect(opened.head().seq).toBeLessThan(run.seq)
    await opened.close()
  })

  it('says so where blocks that must be read again from disk were changed since', async () => {
    const run = new GrowingRun(1e6)
    run.open()
    for (let i = 0; i < 30; i++) run.write(10)
    await run.close()
    const opened = await view(run)
    const path = segmentPath(run.runDir, 1)
    const text = readFileSync(path, 'latin1')
    writeFileSync(path, text.replace('"seq":15,', '"seq":16,'), 'latin1')
    await expect(opened.state(15)).rejects.toMatchObject({ code: 'LOG_CORRUPT' })
    expect((await opened.state(300)).book).toMatchObject({ equity: 300 })
    await opened.close()
  })
})

describe('a log whose first segments are archived', () => {
  it('is shown from where it begins, and says that it is partial', async () => {
    const run = new GrowingRun(3000)
    run.open()
    for (let i = 0; i < 12; i++) run.write(10)
    await run.close(true)
    const { moved } = archiveSegments(run.runDir, 60, join(run.home, 'away'))
    expect(moved.length).toBeGreaterThan(0)
    const opened = await view(run)
    const { firstSeq } = opened.facts()
    expect(firstSeq).toBeGreaterThan(1)
    expect(opened.head()).toMatchObject({ seq: 120, fault: null })
    const state = await opened.state(firstSeq + 4)
    expect(state).toMatchObject({ isPartial: true, counts: { events: 5 } })
    await expect(opened.state(firstSeq - 2)).rejects.toMatchObject({ code: 'SEQ_OUT_OF_RANGE' })
    const page = await opened.events({ limit: 1000 })
    expect(page.events[0]!.seq).toBe(firstSeq)
    expect(page.hasMore).toBe(false)
    await opened.close()
  })

  it('is whole again when they are back', async () => {
    const run = new GrowingRun(3000)
    run.open()
    for (let i = 0; i < 12; i++) run.write(10)
    await run.close(true)
    const away = join(run.home, 'away')
    const { moved } = archiveSegments(run.runDir, 60, away)
    for (const name of moved) renameSync(join(away, name), join(run.runDir, 'log', name))
    const opened = await view(run)
    expect((await opened.state()).isPartial).toBe(false)
    await expectWhole(opened, 120)
    await opened.close()
  })
})

describe('a search', () => {
  it('reads no more than its bound at a time, says how far it came, and finds everything in the end', async () => {
    const run = new GrowingRun(1e6)
    run.open()
    for (let i = 0; i < 60; i++) run.write(10)
    await run.close()
    const opened = await view(run, undefined, 5000)
    const query = { text: '"close":17,', limit: 1 }
    const first = await opened.events(query)
    expect(first).toMatchObject({ events: [], hasMore: true })
    expect(first.searchedTo).toBeGreaterThan(500)
    let page = first
    let pages = 1
    for (; page.hasMore && page.events.length === 0; pages++)
      page = await opened.events({ ...query, before: page.searchedTo })
    expect(page.events.map(({ seq }) => seq)).toEqual([17])
    expect(pages).toBeGreaterThan(10)
    const forwards = await opened.events({ after: 0, text: '"close":590,', limit: 1 })
    expect(forwards).toMatchObject({ events: [], hasMore: true })
    expect(forwards.searchedTo).toBeLessThan(100)
    // No block holds that type: none is read.
    expect(await opened.events({ types: ['OrderFilled'] })).toEqual({ events: [], hasMore: false, searchedTo: 1 })
    await opened.close()
  })

  it('refuses limits that it could not keep', async () => {
    const run = new GrowingRun(1e6)
    run.open()
    run.write(3)
    await run.close()
    const opened = await view(run)
    for (const limit of [0, 1001, 1.5]) await expect(opened.events({ limit })).rejects.toMatchObject({ code: 'USAGE' })
    await opened.close()
  })
})
