/** A projector beside a log that grows, on a real PostgreSQL that is killed and hangs meanwhile: nothing is lost or doubled. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startProjector } from '#cli/projector'
import { configSchema } from '#core/config/schema'
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

describe.skipIf(!hasServer('postgres'))('a projector beside a run', () => {
  let server: TestServer
  let home: string
  beforeAll(async () => {
    server = (await startPostgres())!
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
    await vi.waitFor(() => expect(projector.status().position).toBeGreaterThan(0), { timeout: 20_000 })
    await server.kill()
    await grow(40)
    await vi.waitFor(() => expect(projector.status().state).toBe('unavailable'), { timeout: 20_000 })
    expect(projector.status()).toMatchObject({ error: { code: 'STORE_UNAVAILABLE' } })
    expect(projector.status().lag).toBeGreaterThan(0)
    await server.restart()
    await vi.waitFor(() => expect(projector.status().position).toBe(80 * GROUP), { timeout: 60_000 })
    await grow(20)
    await vi.waitFor(() => expect(projector.status().position).toBe(100 * GROUP), { timeout: 60_000 })
    expect(told).toEqual(['STORE_UNAVAILABLE', undefined])
    const rows = await projector.store.bars({
      ...{ world: 'r', instrument: 'binance.usdm.BTCUSDT', interval: '1m', limit: 100_000 },
    })
    expect(rows).toHaveLength(100 * GROUP)
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
