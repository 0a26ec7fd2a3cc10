/** `quantbot projections` and the projector beside a run, on logs as they stand on disk. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { committedLog } from '#cli/committed-log'
import { registerProjections } from '#cli/projections.command'
import { aggregateFile, openAggregate, startProjector, worldOf } from '#cli/projector'
import { configSchema } from '#core/config/schema'
import { DuckdbStore } from '#data/stores/duckdb-store'
import { EventEncoder } from '#events/codec'
import { LineBuffer } from '#events/line-buffer'
import { archiveSegments } from '#events/log/archive'
import { type RunManifest, readManifest } from '#events/log/manifest'
import { LogWriter } from '#events/log/writer'
import { everything, minute } from '#test/contracts/store.contract'
import { scratchRun } from '../../bench/scratch.js'

const GROUP = 50
const { stores } = configSchema.parse({ stores: { aggregate: 'duckdb' } })

describe('projections', () => {
  let home: string
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'quantbot-projections-'))
  })
  afterEach(() => rmSync(home, { recursive: true, force: true }))

  function openLog(id: string, segmentBytes = 2 ** 30) {
    const { dir, signer } = scratchRun(home, id, 'full')
    const { writer } = LogWriter.open(dir, { signer, segmentBytes })
    let seq = 0
    const append = (groups: number): void => {
      for (let g = 0; g < groups; g++) {
        const lines = new LineBuffer(GROUP * 400)
        const encoder = new EventEncoder()
        let ts = 0
        for (let i = 0; i < GROUP; i++) {
          const bar = minute(++seq, seq - 1)
          ts = bar.ts
          encoder.encode(lines, bar)
        }
        writer.commitSync(lines.view(), GROUP, seq, ts)
      }
    }
    return { dir, append, writer }
  }

  async function command(...args: readonly string[]): Promise<unknown> {
    const said: string[] = []
    const spy = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      said.push(String(text))
      return true
    })
    try {
      const program = new Command('quantbot').option('--home <dir>').option('--json').exitOverride()
      registerProjections(program)
      await program.parseAsync([...args, '--home', home, '--json'], { from: 'user' })
    } finally {
      spy.mockRestore()
    }
    return JSON.parse(said.join(''))
  }

  it('are rebuilt into the same rows, and told', async () => {
    const { append, writer } = openLog('one')
    append(7)
    await writer.close({ seal: false })
    const other = openLog('two')
    other.append(2)
    await other.writer.close({ seal: true })
    const rebuilt = [
      expect.objectContaining({ run: 'one', lastSeq: 350, rows: 350 }),
      expect.objectContaining({ run: 'two', lastSeq: 100, rows: 100 }),
    ]
    expect(await command('projections', 'rebuild')).toEqual({ rebuilt: expect.arrayContaining(rebuilt) })
    const look = async (): Promise<unknown> => {
      const store = new DuckdbStore(aggregateFile(home))
      await store.migrate()
      const found = [
        await everything(store, 'one'),
        await store.bars({ world: 'one', instrument: 'binance.usdm.BTCUSDT', interval: '1m' }),
      ]
      await store.close()
      return found
    }
    const before = await look()
    expect(JSON.stringify(before).length).toBeGreaterThan(10_000)
    await command('projections', 'rebuild', 'one')
    expect(await look()).toEqual(before)
    expect(await command('projections', 'status')).toMatchObject({
      store: { backend: 'duckdb' },
      runs: expect.arrayContaining([{ run: 'one', world: 'one', position: 350, logSeq: 350, lag: 0 }]),
    })
  })

  it('follow a run that is being written, segment after segment, and go on after a restart', async () => {
    const { dir, append, writer } = openLog('live', 20_000)
    const { manifest } = readManifest(dir)
    const start = { home, runDir: dir, manifest, stores }
    let projector = startProjector(start)!
    for (let i = 0; i < 6; i++) {
      append(3)
      projector.wake((i + 1) * 3 * GROUP)
      await vi.waitFor(() => expect(projector.status().position).toBe((i + 1) * 3 * GROUP), { timeout: 5000 })
      if (i === 2) {
        await projector.stop()
        projector = startProjector(start)!
      }
    }
    expect(projector.status()).toMatchObject({ lag: 0, error: undefined })
    const rows = await projector.store.bars({ world: 'live', instrument: 'binance.usdm.BTCUSDT', interval: '1m' })
    expect(rows).toHaveLength(18 * GROUP)
    await projector.stop()
    await writer.close({ seal: true })
    const cursor = committedLog(dir)(5 * GROUP)
    expect((await cursor.next(GROUP))!.events[0]!.seq).toBe(5 * GROUP + 1)
    cursor.close()
  })

  it('of a log whose start is archived are not touched', async () => {
    const { dir, append, writer } = openLog('old', 20_000)
    append(9)
    await writer.close({ seal: true })
    await command('projections', 'rebuild')
    expect(archiveSegments(dir, 300, join(home, 'away')).moved.length).toBeGreaterThan(0)
    await expect(command('projections', 'rebuild', 'old')).rejects.toMatchObject({ code: 'LOG_CORRUPT' })
    const store = new DuckdbStore(aggregateFile(home))
    expect(await store.position('old')).toBe(9 * GROUP)
    await store.close()
  })

  it('need a store', async () => {
    const file = join(home, 'q.yaml')
    writeFileSync(file, 'stores:\n  aggregate: none\n')
    await expect(command('projections', 'status', '--config', file)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    writeFileSync(file, 'stores:\n  aggregate: postgres\n  postgres: env:QUANTBOT_TEST_ABSENT\n')
    await expect(command('projections', 'status', '--config', file)).rejects.toMatchObject({ code: 'SECRET_MISSING' })
    expect(openAggregate(home, configSchema.parse({}).stores)).toBeUndefined()
  })
})

describe('the world of a run', () => {
  const manifest = (mode: string, configuration: object): RunManifest =>
    ({ run: 'r', mode, configuration }) as unknown as RunManifest // what worldOf reads
  it.each([
    ['sim', {}, 'r'],
    ['backtest', {}, 'r'],
    ['paper', {}, 'real'],
    ['live', configSchema.parse({}), 'real'],
    ['paper', configSchema.parse({ venues: { okx: { network: 'testnet' } } }), 'testnet'],
    ['paper', configSchema.parse({ venues: { okx: { rest: 'http://127.0.0.1:1', ws: 'ws://127.0.0.1:1' } } }), 'r'],
  ])('%s %#', (mode, configuration, world) => {
    expect(worldOf(manifest(mode, configuration))).toBe(world)
  })
})
