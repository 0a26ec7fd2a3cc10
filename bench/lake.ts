/**
 * Owns the lake that the benchmarks of backtests read: the 20 recorded hourly series where the shared data is beside the
 * repository, else bars of the built-in market. Imported the way a person would. Never writes outside its scratch folder.
 */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { prepareTape } from '#backtest/prepare-tape'
import { readConfig } from '#cli/config-file'
import { type DaySpan, readSpan } from '#cli/spans'
import type { Config } from '#core/config/schema'
import { invariant } from '#core/invariant'
import { isoDay } from '#core/time'
import { importFiles } from '#data/import'
import type { Scale } from './figures.js'
import { type MemoryTape, simBars, simConfiguration } from './sim-tape.js'

export interface BenchLake {
  readonly home: string
  /** For the command line; `config` is what it says. */
  readonly configPath: string
  readonly config: Config
  readonly from: string
  readonly to: string
  readonly span: DaySpan
  /** Whose bars they are, in words. */
  readonly source: string
}

/** The repository, from the sources as from `dist`. */
const root = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '..' : '../..', import.meta.url))
const shared = process.env.QUANTBOT_SHARED ?? join(root, '..', 'shared')

export function sharedData(...parts: readonly string[]): string | undefined {
  const path = join(shared, 'data', ...parts)
  return existsSync(path) ? path : undefined
}

/** `tiny` never needs the shared data. */
export async function makeLake(home: string, scale: Scale): Promise<BenchLake> {
  const bars = sharedData('ohlcv', 'binance')
  const funding = sharedData('funding', 'binance')
  return scale === 'full' && bars !== undefined && funding !== undefined
    ? recordedLake(home, bars, funding)
    : simLake(home, scale === 'full' ? [20, 1500] : [3, 120])
}

async function recordedLake(home: string, bars: string, funding: string): Promise<BenchLake> {
  const configPath = join(root, 'examples', 'price-signals-hourly.yaml')
  const config = readConfig(configPath)
  const listed = (folder: string, ending: string): string[] =>
    readdirSync(folder)
      .filter((name) => name.endsWith(ending))
      .map((name) => join(folder, name))
  await importAll({ home, files: listed(bars, '-1h.parquet'), kind: 'bars', venue: 'binance', market: 'spot' })
  await importAll({ home, files: listed(funding, '.csv'), kind: 'funding', venue: 'binance', market: 'usdm' })
  const [from, to] = ['2017-01-01', '2024-12-31']
  const source = 'recorded hourly bars of Binance spot'
  return { home, configPath, config, from, to, span: readSpan(from, to), source }
}

async function simLake(home: string, [symbols, days]: readonly [number, number]): Promise<BenchLake> {
  const made = simConfiguration(symbols, 1)
  const folder = join(home, 'csv')
  mkdirSync(folder, { recursive: true })
  const series = simBars(made, days * 24)
  const files = series.map(({ instrument, rows }) => {
    const file = join(folder, `${instrument.split('.').at(-1)}-1h.csv`)
    const { ts, open, high, low, close, volume } = rows
    const lines = Array.from(ts, (t, i) => [t, open[i], high[i], low[i], close[i], volume[i]].join(','))
    writeFileSync(file, `ts,open,high,low,close,volume\n${lines.join('\n')}\n`)
    return file
  })
  await importAll({ home, files, kind: 'bars', venue: 'sim', market: 'perp' })
  const configPath = join(home, 'bench.yaml')
  const { seed, interval, universe } = made
  writeFileSync(configPath, JSON.stringify({ seed, interval, universe }))
  const { ts } = series[0]!.rows
  const [from, to] = [isoDay(ts[0]!), isoDay(ts.at(-1)!)]
  const source = 'hourly bars of the built-in market'
  return { home, configPath, config: readConfig(configPath), from, to, span: readSpan(from, to), source }
}

async function importAll(request: Parameters<typeof importFiles>[0]): Promise<void> {
  const { problems } = await importFiles(request)
  invariant(problems.length === 0, () => `import: ${JSON.stringify(problems[0])}`)
}

/** The tape of the first `symbols` of the configuration, in memory. */
export async function tapeOf(lake: BenchLake, symbols = lake.config.universe.length): Promise<MemoryTape> {
  const config = { ...lake.config, universe: lake.config.universe.slice(0, symbols) }
  const { plan, history } = await prepareTape(lake.home, config, lake.span)
  return { config, plan, history }
}
