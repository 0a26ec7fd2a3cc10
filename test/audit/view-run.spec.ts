/** The view of a whole run: its state at any seq is the fold from the start, and its book the engine's own. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { refoldUntil } from '#actors/refold-log'
import { explain } from '#audit/explain'
import { orderOf } from '#audit/order-events'
import { openRunView, type RunView } from '#audit/view/run-view'
import type { Book, BookFold } from '#audit/view/view.port'
import { createBookFold } from '#cli/observer/book-fold'
import { createLakeBars } from '#cli/observer/lake-bars'
import { Sfc32 } from '#core/random'
import type { AnyEvent } from '#events/catalogue'
import { readEvents } from '#events/log/reader'
import { positionSnapshot, type RiskState } from '#risk/engine.decider'
import { openSimProcess, type SimProcess } from '../../bench/sim-process.js'
import { simConfiguration } from '../../bench/sim-tape.js'

const config = simConfiguration(4, 110)
const SEGMENT_MIB = 1
let home: string
let run: SimProcess
let book: BookFold
/** Read whole; what needs another one opens it. */
let view: RunView
const events: AnyEvent[] = []

/** Runs on until something committed is what is wanted. */
async function until(wanted: (event: AnyEvent) => boolean): Promise<void> {
  await new Promise<void>((resolve) => {
    const subscription = run.process.observe((committed) => {
      if (!committed.events.some(wanted)) return
      subscription.unsubscribe()
      resolve()
    })
  })
}

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'quantbot-view-'))
  const small = { ...config, log: { ...config.log, segmentMiB: SEGMENT_MIB } }
  run = openSimProcess(home, 'r1', small, 'none')
  const reached = (seq: number) => until((event) => event.seq >= seq)
  const halted = reached(4_000)
  await run.process.start()
  await halted
  await run.process.command('halt', 'a pause')
  await reached(run.process.host.dispatcher.seq + 300)
  await run.process.command('resume', 'go on')
  await reached(run.process.host.dispatcher.seq + 2_000)
  await until(() => run.process.host.dispatcher.stateOf<RiskState>('risk/engine').held.length > 2)
  await run.process.command('flatten', 'out of it')
  await reached(run.process.host.dispatcher.seq + 1_000)
  await run.process.stop('finished', 'test')
  readEvents(run.dir, (event) => {
    events.push(event as unknown as AnyEvent) // lines of our own log
  })
  book = await createBookFold(home, run.dir)
  view = await opened()
}, 120_000)
afterAll(async () => {
  await view.close()
  rmSync(home, { recursive: true, force: true })
})

async function opened(options: Partial<Parameters<typeof openRunView>[0]> = {}): Promise<RunView> {
  const view = openRunView({
    runDir: run.dir,
    book,
    blocks: { blockBytes: 100_000 },
    keyframes: { everyEvents: 500 },
    ...options,
  })
  view.start()
  await view.caughtUp()
  return view
}

const seqsOf = (type: AnyEvent['type']): number[] => events.filter((event) => event.type === type).map(({ seq }) => seq)

/** Ends of steps and places amid them, around everything that moves a book. */
function samples(count: number): number[] {
  const random = Sfc32.seeded(5)
  const last = events.length
  const moving = (
    ['OrderFilled', 'TradingHalted', 'TradingResumed', 'StopTriggered', 'OperatorCommanded'] as const
  ).flatMap((type) =>
    seqsOf(type)
      .slice(0, 2)
      .flatMap((seq) => [seq - 1, seq, seq + 1]),
  )
  const anywhere = Array.from({ length: count }, () => 1 + Math.floor(random.next() * last))
  return [...new Set([1, last, ...moving, ...anywhere])].filter((seq) => seq >= 1 && seq <= last)
}

describe('a run with fills, stops, a halt and a flatten', () => {
  it('has what the others here rest on', () => {
    for (const type of ['OrderFilled', 'TradingHalted', 'TradingResumed', 'OrderRefused'] as const)
      expect(seqsOf(type).length, type).toBeGreaterThan(0)
  })

  it('is read whole, each event given once and in order', async () => {
    const given: number[] = []
    const other = await opened({ onEvents: (batch) => given.push(...batch.map(({ seq }) => seq)) })
    expect(other.head()).toMatchObject({ seq: events.length, read: 1, fault: null })
    expect(given).toEqual(events.map(({ seq }) => seq))
    await other.close()
  })

  it('has at any seq the book that risk/engine had there', async () => {
    const options = { runDir: run.dir, deciders: run.sim.deciders, runSeed: config.seed, history: run.sim.history }
    for (const seq of samples(2)) {
      const state = refoldUntil(options, seq).get('risk/engine') as RiskState // of risk/engine
      const shown = (await view.state(seq)).book
      expect(shown, `seq ${seq}`).toEqual(positionSnapshot(state) as Book)
    }
  }, 120_000)

  it('gives at any seq what a fold from the start gives', async () => {
    const whole = await opened({ keyframes: { everyEvents: 1e9 }, blocks: { maxPackedBytes: 0, blockBytes: 60_000 } })
    expect(view.figures().keyframes).toBeGreaterThan(10)
    expect(whole.figures().keyframes).toBe(1)
    for (const seq of samples(15)) expect(await view.state(seq), `seq ${seq}`).toEqual(await whole.state(seq))
    await view.close()
    await whole.close()
  }, 120_000)

  it('counts what the log has', async () => {
    const { counts, orders, halt, flatten, process } = await view.state()
    expect(counts).toMatchObject({ events: events.length, fills: seqsOf('OrderFilled').length })
    expect(counts.orders).toBe(seqsOf('OrderApproved').length)
    expect(orders.counts.refused).toBe(seqsOf('OrderRefused').length)
    expect(halt).toMatchObject({ reason: 'operator', detail: 'flatten' })
    expect(process).toMatchObject({ state: 'stopped', starts: 1 })
    expect(flatten!.flatSeq).toBeGreaterThan(flatten!.seq)
  })

  it('says flat only when the last position is closed and no order works', async () => {
    const { flatSeq } = (await view.state()).flatten!
    const before = await view.state(flatSeq! - 1)
    const there = await view.state(flatSeq!)
    expect(before.flatten!.flatSeq).toBeNull()
    expect(
      before.orders.working.length + before.book.positions.filter(({ quantity }) => quantity !== '0').length,
    ).toBeGreaterThan(0)
    expect(there.orders.working).toEqual([])
    expect(there.book.positions.every(({ quantity }) => quantity === '0')).toBe(true)
    expect(events[flatSeq! - 1]!.type).toBe('OrderFilled')
  })

  it('measures the day from the equity with which it began', async () => {
    const { today, book: now } = await view.state()
    const first = events.find(({ ts }) => ts >= today.from)!
    expect(today.from % 86_400_000).toBe(0)
    expect(today.equity).toBe((await view.state(first.seq - 1)).book.equity)
    expect(today.pnl).toBeCloseTo(now.equity - today.equity, 9)
  })

  it('keeps keyframes within their bytes by taking them further apart', async () => {
    const maxBytes = 200_000
    const other = await opened({ keyframes: { everyEvents: 500, maxBytes } })
    const { keyframeBytes, keyframeEvents, keyframes } = other.figures()
    expect(keyframeBytes).toBeLessThanOrEqual(maxBytes)
    expect(keyframeEvents).toBeGreaterThan(500)
    expect(keyframes).toBeGreaterThan(1)
    await other.close()
  })

  it('refuses a seq that the log has not', async () => {
    for (const seq of [-1, 1.5, events.length + 1])
      await expect(view.state(seq)).rejects.toMatchObject({ code: 'SEQ_OUT_OF_RANGE' })
  })
})

describe('series, bars and marks of a run', () => {
  it('have the equity of the state at their seqs, and nothing behind the seq that is asked for', async () => {
    const until = Math.floor(events.length / 2)
    const { seq, columns } = await view.series({ name: 'equity', until, points: 40 })
    expect(seq.length).toBeGreaterThan(10)
    expect(seq.at(-1)).toBeLessThanOrEqual(until)
    for (const i of [0, 7, seq.length - 1]) {
      const { book: there } = await view.state(seq[i]!)
      expect(columns.equity![i]).toBe(there.equity)
      expect(columns.gross![i]).toBe(there.gross)
    }
  })

  it('have the bars of the log, made coarser without inventing any', async () => {
    const { instrument } = config.universe[0]!
    const hours = events.flatMap((event) =>
      event.type === 'BarClosed' && event.data.instrument === instrument ? [event] : [],
    )
    const own = await view.bars({ instrument })
    expect(own.seq).toEqual(hours.map(({ seq }) => seq))
    const days = await view.bars({ instrument, interval: '1d' })
    const first = hours.filter(({ data }) => data.openTime >= days.ts[1]! && data.openTime < days.ts[2]!)
    expect(days.high[1]).toBe(Math.max(...first.map(({ data }) => data.high)))
    expect(days.open[1]).toBe(first[0]!.data.open)
    expect(days.close[1]).toBe(first.at(-1)!.data.close)
    const early = await view.bars({ instrument, until: hours[20]!.seq })
    expect(early.ts).toHaveLength(21)
  })

  it('have the past of the market before the first bar of the log, and no bar twice', async () => {
    const other = await opened({ history: createLakeBars(home, run.dir) })
    const { instrument } = config.universe[0]!
    const { ts, seq, close } = await other.bars({ instrument })
    const past = seq.filter((each) => each === 0).length
    expect(past).toBeGreaterThan(1000)
    expect(seq[past]).toBeGreaterThan(0)
    expect(ts.slice(1).every((each, i) => each - ts[i]! === 3_600_000)).toBe(true)
    expect(close).toHaveLength(ts.length)
    const first = await other.bars({ instrument, until: seq[past]! })
    expect(first.ts).toHaveLength(past + 1)
    await other.close()
  })

  it('have every fill as a mark', async () => {
    const { instrument } = config.universe[1]!
    const fills = events.filter((event) => event.type === 'OrderFilled' && event.data.instrument === instrument)
    const { marks } = await view.marks({ instrument })
    expect(marks.filter(({ kind }) => kind === 'fill').map(({ seq }) => seq)).toEqual(fills.map(({ seq }) => seq))
    expect(marks.some(({ kind }) => kind === 'decision')).toBe(true)
    expect((await view.marks({ instrument, until: fills[0]!.seq })).marks.at(-1)!.seq).toBe(fills[0]!.seq)
    const later = await view.marks({ instrument, after: fills[0]!.seq })
    expect(later.marks).toEqual(marks.filter(({ seq }) => seq > fills[0]!.seq))
    expect(later.marks.length).toBeLessThan(marks.length)
  })
})

describe('the search for events', () => {
  it('pages from the newest to the first without a gap or a repetition', async () => {
    const found: number[] = []
    let before: number | undefined
    for (;;) {
      const page = await view.events({ limit: 1000, ...(before === undefined ? {} : { before }) })
      found.unshift(...page.events.map(({ seq }) => seq))
      if (!page.hasMore) break
      before = page.searchedTo
    }
    expect(found).toEqual(events.map(({ seq }) => seq))
  })

  it('goes forwards from a seq, by type, author and text', async () => {
    const { instrument } = config.universe[2]!
    const wanted = events.filter((event) => event.type === 'OrderFilled' && event.data.instrument === instrument)
    const page = await view.events({ after: 0, types: ['OrderFilled'], by: 'venue/paper', text: instrument, limit: 3 })
    expect(page.events.map(({ seq }) => seq)).toEqual(wanted.slice(0, 3).map(({ seq }) => seq))
    const more = await view.events({ after: page.searchedTo, types: ['OrderFilled'], text: instrument })
    expect(more.events[0]!.seq).toBe(wanted[3]!.seq)
    expect(more.events[0]!.says).toContain('filled')
  })
})

describe('an explanation by the view', () => {
  it('is the one of the auditor, for orders, seqs and names of the venue', async () => {
    const approved = events.filter(({ type }) => type === 'OrderApproved')
    const orders = approved
      .slice(0, 2)
      .concat(approved.slice(-2))
      .map((event) => orderOf(event)!)
    const fill = events.find((event) => event.type === 'OrderFilled')!
    const seqs = (['SignalChanged', 'PortfolioBlended', 'OrderRefused', 'TradingHalted', 'BarClosed'] as const).map(
      (type) => String(seqsOf(type)[3] ?? seqsOf(type)[0]),
    )
    const targets = [...orders, ...seqs, String(fill.seq), fill.type === 'OrderFilled' ? fill.data.trade : '']
    for (const target of targets) expect(await view.explain(target), target).toEqual(explain(run.dir, target))
  }, 60_000)

  it('is refused for what the log has not', async () => {
    await expect(view.explain('o-1-99')).rejects.toMatchObject({ code: 'ORDER_NOT_FOUND' })
    await expect(view.explain(String(events.length + 1))).rejects.toMatchObject({ code: 'SEQ_OUT_OF_RANGE' })
  })
})
