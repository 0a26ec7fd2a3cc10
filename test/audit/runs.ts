/** Owns run folders for the specs of audit: real deciders on a seeded tape, as a derived or a full log, or given events. */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AnyDecider, catalogue, describeAgents } from '#actors/catalogue'
import { LogSink } from '#backtest/sinks'
import type { BarSeries } from '#backtest/tape'
import { TapeDriver } from '#backtest/tape-driver'
import { planTape } from '#backtest/tape-plan'
import { type Config, configSchema } from '#core/config/schema'
import type { EventEnvelope } from '#core/envelope'
import { Sfc32 } from '#core/random'
import { DAY_MS, type Interval, intervalMs, parseDay } from '#core/time'
import { Dispatcher } from '#engine/dispatcher'
import { EventEncoder } from '#events/codec'
import { LineBuffer } from '#events/line-buffer'
import { loadOrCreateSigner } from '#events/log/keys'
import { configurationHash, type RunManifest, writeManifest } from '#events/log/manifest'
import { LogWriter } from '#events/log/writer'

export const FROM = parseDay('2022-03-01')!
const TERMS = { quote: 'USDT', tick: '0.01', lot: '0.001', minNotional: '5' } as const

export interface AuditRun {
  readonly runDir: string
  /** Every event, inputs included, whatever the log holds. */
  readonly events: readonly EventEnvelope[]
  readonly dispatcher: Dispatcher | undefined
}

const homes: string[] = []

/** A folder of its own; `removeFolders` removes all of them. */
export function tempFolder(): string {
  const home = mkdtempSync(join(tmpdir(), 'quantbot-audit-'))
  homes.push(home)
  return home
}

export function removeFolders(): void {
  for (const home of homes.splice(0)) rmSync(home, { recursive: true, force: true })
}

/** The run folder alone, elsewhere: no key, no configuration, no lake. */
export function copied(runDir: string): string {
  const copy = join(tempFolder(), 'a copy')
  cpSync(runDir, copy, { recursive: true })
  return copy
}

interface RunOptions {
  readonly log: 'full' | 'derived'
  readonly config?: Config
  readonly deciders?: readonly AnyDecider[]
}

function startRun(options: RunOptions): { runDir: string; writer: LogWriter } {
  const home = tempFolder()
  const runDir = join(home, 'runs', 'r1')
  const signer = loadOrCreateSigner(home)
  const configuration = JSON.parse(JSON.stringify(options.config ?? {}))
  const manifest: RunManifest = {
    format: 1,
    run: 'r1',
    mode: options.log === 'full' ? 'sim' : 'backtest',
    log: options.log,
    seed: 7,
    configuration,
    configurationHash: configurationHash(configuration),
    codeVersion: '0.1.0',
    node: process.versions.node,
    v8: process.versions.v8,
    arch: process.arch,
    packages: {},
    agents: describeAgents(options.deciders ?? []),
    tape: [
      {
        path: `kind=bars/venue=test/market=usdm/symbol=AAAUSDT/interval=1d/year=2022/${FROM - DAY_MS}-${FROM + 400 * DAY_MS}-401.parquet`,
        sha256: 'a'.repeat(64),
        rows: 401,
      },
    ],
    history: [],
    publicKey: signer.publicKey,
    createdAt: FROM,
  }
  mkdirSync(runDir, { recursive: true })
  writeManifest(runDir, manifest)
  return { runDir, writer: LogWriter.open(runDir, { signer, sync: 'none', segmentBytes: 200_000 }).writer }
}

/** Prices that trend, turn and jump, so that signals, stops, refusals and fills all happen. */
function series(instrument: string, interval: Interval, first: number, last: number, seed: number): BarSeries {
  const step = intervalMs(interval)
  const random = Sfc32.seeded(seed)
  const count = Math.round((last - first) / step)
  const column = (): Float64Array => new Float64Array(count)
  const rows = {
    ts: column(),
    availableAt: column(),
    open: column(),
    high: column(),
    low: column(),
    close: column(),
    volume: column(),
    quoteVolume: column(),
  }
  let price = 100 * seed
  for (let i = 0; i < count; i++) {
    const day = (i * step) / DAY_MS
    const drift = (0.012 * step) / DAY_MS
    const open = price
    price *= Math.exp(drift * Math.sin(day / 9 + seed) + 0.025 * Math.sqrt(step / DAY_MS) * random.normal())
    const round = (value: number): number => Math.round(value * 100) / 100
    rows.ts[i] = first + i * step
    rows.availableAt[i] = first + (i + 1) * step
    rows.open[i] = round(open)
    rows.close[i] = round(price)
    rows.high[i] = round(Math.max(open, price) * 1.01)
    rows.low[i] = round(Math.min(open, price) * 0.99)
    rows.volume[i] = 1_000_000
    rows.quoteVolume[i] = 1_000_000 * price
  }
  return { kind: 'bars', instrument, interval, rows }
}

const SYMBOLS = ['AAA', 'BBB', 'CCC'] as const

/** A run of the whole pipeline over `days` days: daily bars in a derived log, hourly ones in a full log. */
export async function pipelineRun(log: 'full' | 'derived', days: number): Promise<AuditRun> {
  const interval: Interval = log === 'full' ? '1h' : '1d'
  const config = configSchema.parse({
    capital: '250000.5',
    interval,
    risk: { turnoverLimiter: false },
    universe: SYMBOLS.map((base) => ({ instrument: `test.usdm.${base}USDT`, base, ...TERMS })),
  })
  const historyFrom = FROM - 200 * DAY_MS
  const all = SYMBOLS.map((base, i) =>
    series(`test.usdm.${base}USDT`, interval, historyFrom, FROM + days * DAY_MS, i + 1),
  )
  const cut = (from: number, to: number) =>
    planTape(
      config,
      all.map((one) => sliced(one, from, to)),
    )
  const deciders = catalogue(config, 'nextOpen')
  const { runDir, writer } = startRun({ log, config, deciders })
  const events: EventEnvelope[] = []
  const lines = new LineBuffer(1 << 20)
  const driver = new TapeDriver({
    plan: cut(FROM, FROM + days * DAY_MS),
    lines,
    sink: new LogSink(writer),
    groupEvents: 64,
    onEvent: (event) => events.push(structuredClone(event)),
  })
  const dispatcher = new Dispatcher({ deciders, runSeed: 7, lines, log, startRunning: true, observe: driver.observe })
  TapeDriver.warm(dispatcher, cut(historyFrom, FROM))
  driver.run(dispatcher)
  await writer.close({ seal: log === 'derived' })
  return { runDir, events, dispatcher }
}

function sliced(one: BarSeries, from: number, to: number): BarSeries {
  const keep = [...one.rows.availableAt.keys()].filter(
    (i) => one.rows.availableAt[i]! > from && one.rows.availableAt[i]! <= to,
  )
  const pick = (column: Float64Array): Float64Array => Float64Array.from(keep, (i) => column[i]!)
  const { ts, availableAt, open, high, low, close, volume, quoteVolume } = one.rows
  const rows = {
    ts: pick(ts),
    availableAt: pick(availableAt),
    open: pick(open),
    high: pick(high),
    low: pick(low),
    close: pick(close),
    volume: pick(volume),
    quoteVolume: pick(quoteVolume),
  }
  return { ...one, rows }
}

/** A full log of the given events, one group; a seq is the place in the list. */
export async function givenRun(
  events: readonly Omit<EventEnvelope, 'seq' | 'v'>[],
  configuration?: Config,
): Promise<AuditRun> {
  const { runDir, writer } = startRun({ log: 'full', ...(configuration ? { config: configuration } : {}) })
  const lines = new LineBuffer(1 << 16)
  const encoder = new EventEncoder()
  const numbered = events.map((event, i) => ({ ...event, seq: i + 1, v: 1 }))
  for (const event of numbered) encoder.encode(lines, event)
  writer.commitSync(lines.view(), numbered.length, numbered.length, numbered.at(-1)!.ts)
  await writer.close({ seal: false })
  return { runDir, events: numbered, dispatcher: undefined }
}
