/**
 * Projection into the aggregate store: committed events of a log into DuckDB, and into PostgreSQL beside a plain COPY of the
 * same rows. Without PostgreSQL on the machine its figures are left out, and said so.
 */
import { join } from 'node:path'
import { machineTime } from '#actors/scaled-time'
import { committedLog } from '#cli/committed-log'
import { runInfoOf } from '#cli/projector'
import { invariant } from '#core/invariant'
import { Sfc32 } from '#core/random'
import { copyText } from '#data/stores/copy-text'
import { DuckdbStore } from '#data/stores/duckdb-store'
import { pgServer } from '#data/stores/pg-server'
import { PostgresStore } from '#data/stores/postgres-store'
import { project } from '#data/stores/projection'
import { Projector } from '#data/stores/projector'
import type { AggregateStore } from '#data/stores/store.port'
import { rowsByTable } from '#data/stores/tables'
import type { AnyEvent } from '#events/catalogue'
import { EventEncoder } from '#events/codec'
import { LineBuffer } from '#events/line-buffer'
import { readManifest } from '#events/log/manifest'
import { LogWriter } from '#events/log/writer'
import { startPostgres } from '#test/servers'
import { makeSignals } from './events.js'
import { type Bench, type Figure, median, timed } from './figures.js'
import { inScratch, scratchRun } from './scratch.js'

const PER_GROUP = 1000
const START = 1_700_000_000_000
const SYMBOLS = 50
/** What the store must keep up with (issue: venues and storage). */
const TARGET = { min: 20_000 }

/** A mix of a live run: marks, funding rates, open interest, bars, signals, one after the other. */
function mixed(seq: number, random: Sfc32, signals: readonly { readonly data: unknown }[]): AnyEvent {
  const instrument = `binance.usdm.S${seq % SYMBOLS}USDT`
  const at = START + Math.floor(seq / SYMBOLS) * 1000 + (seq % SYMBOLS)
  const base = { seq, ts: at, v: 1, by: 'bench', cause: 0 }
  const price = 100 + random.next()
  const made = (type: string, data: unknown): AnyEvent => ({ ...base, type, data }) as AnyEvent // one of the shapes below
  switch (Math.floor(seq / SYMBOLS) % 5) {
    case 0:
      return made('FundingRateChanged', {
        instrument,
        rate: random.next() / 1000,
        intervalHours: 8,
        nextFundingAt: at,
        at,
      })
    case 1:
      return made('OpenInterestChanged', { instrument, openInterest: price * 1000, at })
    case 2: {
      const openTime = START + Math.floor(seq / SYMBOLS) * 60_000
      const bar = { open: price, high: price + 1, low: price - 1, close: price, volume: random.next() }
      return made('BarClosed', { instrument, interval: '1m', openTime, ...bar })
    }
    case 3:
      return made('SignalChanged', signals[seq % signals.length]!.data)
    default:
      return made('MarkChanged', { instrument, mark: price, index: price, at })
  }
}

async function writeLog(
  home: string,
  events: number,
): Promise<{ readonly dir: string; readonly all: readonly AnyEvent[] }> {
  const { dir, signer } = scratchRun(home, 'projected', 'full')
  const { writer } = LogWriter.open(dir, { signer, segmentBytes: 2 ** 40 })
  const random = Sfc32.seeded(7)
  const signals = makeSignals(100, random)
  const [all, encoder]: [AnyEvent[], EventEncoder] = [[], new EventEncoder()]
  for (let first = 1; first <= events; first += PER_GROUP) {
    const lines = new LineBuffer(PER_GROUP * 400)
    const count = Math.min(PER_GROUP, events - first + 1)
    for (let seq = first; seq < first + count; seq++) {
      const event = mixed(seq, random, signals)
      encoder.encode(lines, event)
      all.push(event)
    }
    writer.commitSync(lines.view(), count, first + count - 1, all.at(-1)!.ts)
  }
  await writer.close({ seal: false })
  return { dir, all }
}

async function projected(store: AggregateStore, dir: string, events: number): Promise<number> {
  const run = runInfoOf(readManifest(dir).manifest)
  await store.migrate()
  await store.register(run)
  await store.rebuild(run.run)
  const projector = new Projector({ store, run, open: committedLog(dir), time: machineTime })
  const ms = await timed(() => projector.catchUp())
  invariant(projector.status().position === events, 'not all of it is in the store')
  return ms
}

/** The same rows as text, into tables without keys, as fast as `pg` and the server will. */
async function plainCopy(url: string, all: readonly AnyEvent[]): Promise<number> {
  const server = pgServer(url)
  const texts = [...rowsByTable(project(all), 0)].map(
    ([table, rows]) => [table, copyText(table, 'w', 'r', rows)] as const,
  )
  try {
    return await server.use(async (session) => {
      for (const [table] of texts) await session.query(`CREATE TEMP TABLE plain_${table} (LIKE quantbot.${table})`)
      return timed(async () => {
        for (const [table, text] of texts) await session.copy(`plain_${table}`, text)
      })
    }, 600_000)
  } finally {
    await server.close()
  }
}

async function postgresFigures(dir: string, all: readonly AnyEvent[], runs: number): Promise<Figure[]> {
  const server = await startPostgres()
  if (server === undefined) return []
  const store = new PostgresStore(pgServer(server.url))
  try {
    const [ours, plain]: [number[], number[]] = [[], []]
    for (let i = 0; i <= runs; i++) {
      const first = await projected(store, dir, all.length)
      const second = await plainCopy(server.url, all)
      if (i === 0 && runs > 1) continue
      ours.push(first)
      plain.push(second)
    }
    const rate = (ms: readonly number[]): number => (all.length * 1000) / median(ms)
    return [
      {
        what: 'PostgreSQL, native partitions: events projected',
        value: rate(ours),
        unit: 'events/s',
        target: TARGET,
        note: 'from the log: read, chain checked, parsed, COPY, merged, position',
      },
      { what: 'PostgreSQL: plain COPY of the same rows, no keys', value: rate(plain), unit: 'rows/s' },
      { what: 'projection : plain COPY, speed', value: median(plain) / median(ours), unit: '×' },
    ]
  } finally {
    await store.close()
    await server.end()
  }
}

async function figures(home: string, events: number, runs: number): Promise<readonly Figure[]> {
  const { dir, all } = await writeLog(home, events)
  const duck = new DuckdbStore(join(home, 'aggregate.duckdb'))
  const times: number[] = []
  for (let i = 0; i <= runs; i++) {
    const ms = await projected(duck, dir, events)
    if (i > 0 || runs === 1) times.push(ms)
  }
  await duck.close()
  const embedded: Figure = {
    what: 'DuckDB: events projected',
    value: (events * 1000) / median(times),
    unit: 'events/s',
    target: TARGET,
  }
  return [embedded, ...(await postgresFigures(dir, all, runs))]
}

export const storeBench: Bench = {
  name: 'store',
  run: (scale) => inScratch((home) => (scale === 'full' ? figures(home, 200_000, 3) : figures(home, 2_000, 1))),
}
