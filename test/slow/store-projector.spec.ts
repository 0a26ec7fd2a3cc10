/** A projector beside a log that grows, on a real PostgreSQL that is killed and hangs meanwhile: nothing is lost or doubled. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startProjector } from '#cli/projector'
import { configSchema } from '#core/config/schema'
import { isQuantbotError } from '#core/errors'
import { pgServer } from '#data/stores/pg-server'
import { PostgresStore } from '#data/stores/postgres-store'
import { project } from '#data/stores/projection'
import { EventEncoder } from '#events/codec'
import { LineBuffer } from '#events/line-buffer'
import { readManifest } from '#events/log/manifest'
import { LogWriter } from '#events/log/writer'
import { minute, runInfo } from '#test/contracts/store.contract'
import { hasServer, startPostgres, type TestServer } from '#test/servers'
import { scratchRun } from '../../bench/scratch.js'

const GROUP = 200
const KILLS = 4
const WAIT = { timeout: 60_000 }
/** Kills amid COPY, fewer where the machine is slow; chosen here. */
const STRIKES = { least: 8, most: 40, withinMs: 10_000 }

/** The thread is busy: nobody reads from a socket meanwhile. */
function busyFor(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}

describe.skipIf(!hasServer('postgres'))('a projector beside a run', () => {
  let server: TestServer
  let home: string
  beforeAll(async () => {
    server = (await startPostgres(['fsync=off']))! // a killed process loses nothing that it wrote
    home = mkdtempSync(join(tmpdir(), 'quantbot-projector-'))
    process.env.QUANTBOT_TEST_POSTGRES = server.url
  })
  afterAll(async () => {
    delete process.env.QUANTBOT_TEST_POSTGRES
    await server?.end()
    if (home !== undefined) rmSync(home, { recursive: true, force: true })
  })

  it('survives kills of the server, and brings it up to date from the log', async () => {
    const { dir, signer } = scratchRun(home, 'r', 'full')
    const { writer } = LogWriter.open(dir, { signer, segmentBytes: 500_000 })
    const { stores } = configSchema.parse({
      stores: { aggregate: 'postgres', postgres: 'env:QUANTBOT_TEST_POSTGRES' },
    })
    const told: (string | undefined)[] = []
    const projector = startProjector({
      home,
      runDir: dir,
      manifest: readManifest(dir).manifest,
      stores,
      onTrouble: ({ code }) => told.push(code),
      onMended: () => told.push(undefined),
    })!
    const encoder = new EventEncoder()
    let seq = 0
    const grow = async (groups: number): Promise<void> => {
      for (let g = 0; g < groups; g++) {
        const lines = new LineBuffer(GROUP * 400)
        let ts = 0
        for (let i = 0; i < GROUP; i++) {
          const bar = minute(++seq, seq - 1)
          ts = bar.ts
          encoder.encode(lines, bar)
        }
        writer.commitSync(lines.view(), GROUP, seq, ts)
        projector.wake(seq)
        await new Promise((resolve) => setImmediate(resolve)) // the trading process's own turn
      }
    }
    await grow(40)
    await vi.waitFor(() => expect(projector.status().position).toBeGreaterThan(0), WAIT)
    for (let kill = 1; kill <= KILLS; kill++) {
      const killed = server.kill()
      busyFor(3 * kill) // what is written next meets a server that has gone, and nobody has heard of it
      await killed
      await grow(40)
      await vi.waitFor(() => expect(projector.status().state).toBe('unavailable'), WAIT)
      expect(projector.status()).toMatchObject({ error: { code: 'STORE_UNAVAILABLE' } })
      expect(projector.status().lag).toBeGreaterThan(0)
      await server.restart()
      const grown = grow(20)
      // The next kill comes while it is being brought up to date, the last one not.
      const until = kill === KILLS ? seq : projector.status().position + 1
      await vi.waitFor(() => expect(projector.status().position).toBeGreaterThanOrEqual(until), WAIT)
      await grown
    }
    await grow(20)
    await vi.waitFor(() => expect(projector.status().position).toBe(seq), WAIT)
    expect(told).toEqual(Array.from({ length: KILLS }, () => ['STORE_UNAVAILABLE', undefined]).flat())
    const rows = await projector.store.bars({
      ...{ world: 'r', instrument: 'binance.usdm.BTCUSDT', interval: '1m', limit: 100_000 },
    })
    expect(rows).toHaveLength(seq)
    expect(rows.every(({ openTime }, i) => openTime === minute(1, i).ts - 60_000)).toBe(true)
    server.suspend()
    await grow(1)
    await new Promise((resolve) => setTimeout(resolve, 100)) // its append hangs by now
    const begun = performance.now()
    await projector.stop()
    expect(performance.now() - begun).toBeLessThan(15_000)
    server.resume()
    await writer.close({ seal: false })
  })
})

describe.skipIf(!hasServer('postgres'))('a PostgreSQL that is killed at any moment of a COPY', () => {
  it('is one that is away, by code, and keeps a batch whole or not at all', async () => {
    const server = (await startPostgres(['fsync=off']))!
    const store = new PostgresStore(pgServer(server.url))
    const bars = Array.from({ length: 3000 }, (_, i) => minute(i + 1, i))
    const rows = project(bars)
    let at = 0
    const append = async (): Promise<void> => {
      const next = rows.map((row) => ({ ...row, seq: row.seq + at }))
      const batch = { run: 'r', after: at, lastSeq: at + bars.length, lastTs: bars.at(-1)!.ts, rows: next }
      at = (await store.append(batch)).position
    }
    try {
      await store.migrate()
      await store.register(runInfo('r'))
      await append()
      const begun = performance.now()
      const failures: unknown[] = []
      let strikes = 0
      for (; strikes < STRIKES.most; strikes++) {
        if (strikes >= STRIKES.least && performance.now() - begun > STRIKES.withinMs) break
        let killed: Promise<void> | undefined
        const strike = (): void => {
          killed = server.kill()
          busyFor(strikes % 12)
        }
        // Over the whole length of an append, and on both sides of where sockets are read.
        setTimeout(strikes % 2 === 0 ? strike : () => setImmediate(strike), (strikes * 7) % 90)
        while (killed === undefined) await append().catch((error: unknown) => failures.push(error))
        await killed
        await append().catch((error: unknown) => failures.push(error))
        await server.restart()
        await vi.waitFor(async () => {
          at = await store.position('r')
        }, WAIT)
      }
      process.stderr.write(`${strikes} kills amid COPY, ${failures.length} failures\n`)
      expect(failures.length).toBeGreaterThanOrEqual(strikes)
      const others = failures.filter((failure) => !isQuantbotError(failure) || failure.code !== 'STORE_UNAVAILABLE')
      expect(others.map((failure) => inspect(failure))).toEqual([])
      await append()
      expect(at % bars.length).toBe(0)
      const query = { instrument: 'binance.usdm.BTCUSDT', interval: '1m', limit: 100_000 }
      expect(await store.bars(query)).toHaveLength(bars.length) // the same minutes each time
    } finally {
      await store.close()
      await server.end()
    }
  })
})

describe.skipIf(!hasServer('postgres'))('a PostgreSQL that dies with commits it had not yet written', () => {
  it('is given them again, with the partitions they were in', async () => {
    const server = (await startPostgres(['fsync=off', 'wal_writer_delay=10s']))!
    const store = new PostgresStore(pgServer(server.url))
    const bars = Array.from({ length: 50 }, (_, i) => minute(i + 1, i))
    const batch = { run: 'r', after: 0, lastSeq: bars.length, lastTs: bars.at(-1)!.ts, rows: project(bars) }
    try {
      await store.migrate()
      await store.register(runInfo('r'))
      expect(await store.append(batch)).toEqual({ position: bars.length, rows: bars.length })
      await server.kill() // while the connection is idle: nobody is told
      await server.restart()
      expect(await store.position('r')).toBe(0)
      expect(await store.append(batch)).toEqual({ position: bars.length, rows: bars.length })
    } finally {
      await store.close()
      await server.end()
    }
  })
})

describe.skipIf(!hasServer('postgres'))('a PostgreSQL whose disk is full', () => {
  it('takes no part of a batch, is told by code, and takes it when there is room', async () => {
    const server = (await startPostgres())!
    const store = new PostgresStore(pgServer(server.url))
    const direct = pgServer(server.url)
    try {
      await store.migrate()
      await store.register(runInfo('r'))
      // The very error of a full disk, raised where the rows of a batch are half written.
      await direct.use(async (session) => {
        await session.query(
          `CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF NEW.seq > 50 THEN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END IF;
            RETURN NEW; END $$`,
        )
        await session.query(
          'CREATE TRIGGER full_disk BEFORE INSERT ON quantbot.bars FOR EACH ROW EXECUTE FUNCTION full_disk()',
        )
      }, 10_000)
      const bars = Array.from({ length: 100 }, (_, i) => minute(i + 1, i))
      const batch = { run: 'r', after: 0, lastSeq: 100, lastTs: bars.at(-1)!.ts, rows: project(bars) }
      await expect(store.append(batch)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
      expect(await store.position('r')).toBe(0)
      const query = { instrument: 'binance.usdm.BTCUSDT', interval: '1m' }
      expect(await store.bars(query)).toEqual([])
      await direct.use((session) => session.query('DROP TRIGGER full_disk ON quantbot.bars'), 10_000)
      expect(await store.append(batch)).toEqual({ position: 100, rows: 100 })
      expect(await store.bars(query)).toHaveLength(100)
    } finally {
      await direct.close()
      await store.close()
      await server.end()
    }
  })
})
