/** Owns which on-chain series are read: what SSR and MVRV need (methods.md 11 and 12), by vendor. */
import type { Vendor } from '../normal.js'

export interface MetricPlan {
  readonly source: Vendor
  /** As the lake names it. */
  readonly metric: string
  readonly asset: string
  /** Behind `/v1/metrics/` or `/v1/`. */
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  /** Key of the value in a row; the first that is no time when absent. */
  readonly valueKey?: string
}

const glassnode = (asset: string, metric: string): MetricPlan => ({
  source: 'glassnode',
  metric,
  asset,
  path: `market/${metric}`,
})

/** Stablecoins whose market caps make the supply; each counts from the day on which the vendor lists it. */
const STABLECOINS = ['USDT', 'USDC', 'DAI', 'BUSD', 'TUSD'] as const

export const METRICS: readonly MetricPlan[] = [
  glassnode('BTC', 'marketcap_usd'),
  glassnode('BTC', 'marketcap_realized_usd'),
  glassnode('BTC', 'mvrv'),
  ...STABLECOINS.map((asset) => glassnode(asset, 'marketcap_usd')),
  { source: 'cryptoquant', metric: 'mvrv', asset: 'BTC', path: 'btc/market-indicator/mvrv', valueKey: 'mvrv' },
  {
    source: 'cryptoquant',
    metric: 'stablecoin-supply-ratio',
    asset: 'BTC',
    path: 'btc/market-indicator/stablecoin-supply-ratio',
  },
]
