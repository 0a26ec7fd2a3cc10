/**
 * Owns importing the shared recordings into a lake: which file is of which series, and its lag. Files that were imported before are
 * left alone. Never changes a value; what cannot be imported is told.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MINUTE_MS } from '#core/time'
import type { Kind } from '#data/columns'
import { importFiles } from '#data/import'

/** Files of one folder that belong to one venue and market. */
export interface HistoryStep {
  readonly folder: string
  readonly files: RegExp
  readonly kind: Kind
  readonly venue: string
  readonly market: string
  readonly symbol?: string
  readonly interval?: string
  readonly lagMinutes?: number
}

/** A vendor sums up the exchanges' day after it is over (ours: an hour). */
const OI_LAG_MINUTES = 60

const bars = (
  folder: string,
  venue: string,
  market: string,
  files = /-(?:1d|4h)\.csv$|-1h\.parquet$/,
): HistoryStep => ({
  folder: `ohlcv/${folder}`,
  files,
  kind: 'bars',
  venue,
  market,
})
const funding = (venue: string, market: string): HistoryStep => ({
  folder: `funding/${venue}`,
  files: /\.csv$/,
  kind: 'funding',
  venue,
  market,
})
const onChain = (file: string, venue: string, market: string, symbol?: string): HistoryStep => ({
  folder: 'onchain',
  files: new RegExp(`^${file}\\.csv$`),
  kind: 'onchain',
  venue,
  market,
  ...(symbol === undefined ? {} : { symbol }),
})
const deribit = (currency: 'BTC' | 'ETH'): HistoryStep[] => [
  {
    folder: 'options/deribit',
    files: new RegExp(`^${currency}-chain-(?:daily|6h-7to100d)\\.parquet$|^${currency}-chain-2021-02\\.csv$`),
    kind: 'options',
    venue: 'deribit',
    market: 'option',
    symbol: currency,
  },
  {
    folder: 'futures/deribit',
    files: new RegExp(`^${currency}-dated\\.csv$`),
    kind: 'futures',
    venue: 'deribit',
    market: 'future',
  },
  {
    folder: 'futures/deribit',
    files: new RegExp(`^${currency}-PERPETUAL\\.csv$`),
    kind: 'mark',
    venue: 'deribit',
    market: 'perpetual',
    symbol: `${currency}-PERPETUAL`,
  },
]

/** Left out: `funding/coinglass` and `funding/cryptoquant` (daily aggregates, not settlements), `raw` (payloads; see `quantbot parse`). */
export const HISTORY: readonly HistoryStep[] = [
  bars('binance', 'binance', 'spot'),
  bars('binance-perp', 'binance', 'usdm'),
  bars('bybit-perp', 'bybit', 'linear'),
  bars('coinmarketcap', 'coinmarketcap', 'usd'),
  funding('binance', 'usdm'),
  funding('bybit', 'linear'),
  ...['kucoin', 'mexc', 'htx', 'gate', 'dydx'].map((venue) => funding(venue, 'perpetual')),
  {
    folder: 'oi/cryptoquant',
    files: /^BTC-all-exchanges-1d\.csv$/,
    kind: 'oi',
    venue: 'cryptoquant',
    market: 'all',
    symbol: 'BTC',
    interval: '1d',
    lagMinutes: OI_LAG_MINUTES,
  },
  { folder: 'oi/binance', files: /-4h\.csv$/, kind: 'oi', venue: 'binance', market: 'usdm' },
  onChain('btc-coinmetrics', 'coinmetrics', 'btc'),
  onChain('btc-coinmetrics-2019vintage', 'coinmetrics-2019', 'btc'),
  onChain('eth-coinmetrics-2019vintage', 'coinmetrics-2019', 'eth'),
  onChain('btc-mvrv-cryptoquant', 'cryptoquant', 'btc'),
  onChain('stablecoin-supply-defillama', 'defillama', 'stablecoins'),
  onChain('usdt-coinmarketcap', 'coinmarketcap', 'usdt', 'market_cap'),
  onChain('usdc-coinmarketcap', 'coinmarketcap', 'usdc', 'market_cap'),
  ...deribit('BTC'),
  ...deribit('ETH'),
  {
    folder: 'options/deribit',
    files: /^BTC-dvol-1d\.csv$/,
    kind: 'volatility',
    venue: 'deribit',
    market: 'index',
    symbol: 'BTC',
    interval: '1d',
  },
  // End-of-day prices: known when the day is over.
  {
    folder: 'futures/binance',
    files: /^BTCUSD-quarterly-observations\.csv$/,
    kind: 'futures',
    venue: 'binance',
    market: 'coinm',
    interval: '1d',
  },
]

export interface HistoryImport {
  readonly files: number
  readonly skipped: number
  readonly rows: number
  /** Files that were refused, each with its first problem. */
  readonly refused: readonly string[]
}

/** Which files a home has taken already: by name, size and time of change. */
const STAMPS = 'history.json'

/** Imports what `shared/data` holds into the lake of `home`; a file that was taken before and did not change is skipped. */
export async function importHistory(
  shared: string,
  home: string,
  steps: readonly HistoryStep[] = HISTORY,
  say: (line: string) => void = () => {},
): Promise<HistoryImport> {
  const stampsPath = join(home, STAMPS)
  const stamps: Record<string, string> = existsSync(stampsPath)
    ? (JSON.parse(readFileSync(stampsPath, 'utf8')) as Record<string, string>) // our own file
    : {}
  const total = { files: 0, skipped: 0, rows: 0, refused: [] as string[] }
  mkdirSync(home, { recursive: true })
  for (const step of steps) {
    const folder = join(shared, 'data', step.folder)
    const names = existsSync(folder) ? readdirSync(folder).filter((name) => step.files.test(name)) : []
    const stampOf = (name: string): string => {
      const { size, mtimeMs } = statSync(join(folder, name))
      return `${size} ${Math.round(mtimeMs)}`
    }
    const fresh = names.filter((name) => stamps[`${step.folder}/${name}`] !== stampOf(name)).sort()
    total.files += names.length
    total.skipped += names.length - fresh.length
    if (fresh.length === 0) continue
    const { kind, venue, market, symbol, interval, lagMinutes } = step
    say(`${step.folder}: ${fresh.length} files of ${kind} ${venue}.${market}`)
    const report = await importFiles({
      files: fresh.map((name) => join(folder, name)),
      home,
      kind,
      venue,
      market,
      symbol,
      interval,
      lagMs: lagMinutes === undefined ? undefined : lagMinutes * MINUTE_MS,
    })
    total.rows += report.written
    for (const [i, { file, problems }] of report.files.entries()) {
      const [first] = problems
      if (first === undefined) stamps[`${step.folder}/${fresh[i]!}`] = stampOf(fresh[i]!)
      else total.refused.push(`${file}: ${JSON.stringify(first)}`)
    }
    writeFileSync(stampsPath, `${JSON.stringify(stamps, null, 1)}\n`)
  }
  return total
}
