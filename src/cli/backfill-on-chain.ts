/** Owns `quantbot backfill --venue glassnode|cryptoquant`: which metrics, with whose key. Never shows the key. */
import { machineTime } from '#actors/scaled-time'
import { QuantbotError } from '#core/errors'
import { MINUTE_MS } from '#core/time'
import type { BackfillProgress, BackfillReport } from '#data/backfill/backfill.port'
import { runOnChainBackfill } from '#data/backfill/on-chain'
import { VENDORS, type Vendor } from '#data/connectors/normal'
import { METRICS, type MetricPlan } from '#data/connectors/onchain/metrics'
import { VENDOR_WAYS, vendorClient } from '#data/connectors/onchain/vendors'
import { Quarantine } from '#data/connectors/quarantine'
import { readConfig } from './config-file.js'
import { resolved } from './environment.js'

export interface OnChainAsked {
  readonly home: string
  readonly vendor: Vendor
  readonly kinds: string
  /** Asset; every one of ours when absent. */
  readonly market: string | undefined
  readonly symbols: readonly string[]
  readonly from: number
  readonly to: number
  readonly lagMs: number
  readonly config: string | undefined
  readonly rest: string | undefined
  readonly signal: AbortSignal
  readonly onProgress: (progress: BackfillProgress) => void
}

export function vendorOf(name: string): Vendor | undefined {
  return VENDORS.find((vendor) => vendor === name)
}

/** USAGE, CONFIG_INVALID where the configuration names no key, SECRET_MISSING, LAKE_BUSY. */
export async function backfillOnChain(asked: OnChainAsked): Promise<BackfillReport> {
  const { vendor, kinds, home } = asked
  if (kinds !== 'onchain') throw new QuantbotError('USAGE', `--kinds ${kinds}: ${vendor} has onchain alone`)
  const plans = plansOf(asked)
  if (asked.config === undefined) throw new QuantbotError('USAGE', `--config is needed: it names the key of ${vendor}`)
  const { marketData, seed } = readConfig(asked.config)
  const at = `marketData.onChain.${vendor}`
  const { apiKey, rest } = marketData.onChain[vendor]
  if (apiKey === undefined) throw new QuantbotError('CONFIG_INVALID', `${asked.config}: ${at}.apiKey: is not set`)
  const quarantine = new Quarantine(home)
  const client = vendorClient({
    vendor,
    key: resolved(apiKey, `${at}.apiKey`),
    rest: asked.rest ?? (rest && resolved(rest, `${at}.rest`)),
    time: machineTime,
    seed,
    quarantine,
  })
  try {
    return await runOnChainBackfill({
      ...asked,
      plans,
      callOf: VENDOR_WAYS[vendor].call,
      rowsMax: VENDOR_WAYS[vendor].rowsMax,
      ask: (call, signal) => client.send(call, { signal }),
      lagMs: marketData.onChain.lagMinutes * MINUTE_MS + asked.lagMs,
      time: machineTime,
    })
  } finally {
    client.close()
    await quarantine.settled()
  }
}

/** Metrics of ours by name, `all` of them, or any other by its path at the vendor. */
function plansOf({ vendor, market, symbols }: OnChainAsked): MetricPlan[] {
  const asset = market?.toUpperCase()
  const ours = METRICS.filter((plan) => plan.source === vendor && (asset === undefined || plan.asset === asset))
  const plans = symbols.flatMap((symbol): readonly MetricPlan[] => {
    if (symbol === 'all') return ours
    const metric = symbol.slice(symbol.lastIndexOf('/') + 1)
    if (metric !== symbol) {
      if (asset === undefined) throw new QuantbotError('USAGE', `--market names the asset of ${symbol}`)
      return [{ source: vendor, metric, asset, path: symbol }]
    }
    const found = ours.filter((plan) => plan.metric === symbol)
    if (found.length > 0) return found
    const known = [...new Set(ours.map((plan) => plan.metric))].join(', ')
    throw new QuantbotError(
      'USAGE',
      `--symbols ${symbol} is none of ${known}, all; any other by its path, as in market/mvrv`,
    )
  })
  return [...new Set(plans)]
}
