/** Owns composing the market that a simulated exchange plays: generated, or the bars of the lake. */
import { QuantbotError } from '#core/errors'
import { type EpochMs, INTERVAL_MS, type Interval, isoDay } from '#core/time'
import type { BarsKey } from '#data/columns'
import { listSeries, loadBars, type SeriesSummary } from '#data/lake'
import { type BarPath, worldFromBars } from '#venues/exchange/world/from-bars'
import { generatedWorld } from '#venues/exchange/world/generated'
import type { World, WorldInstrument } from '#venues/exchange/world.port'

export interface MarketChoice {
  readonly market: 'lake' | 'generated'
  readonly home: string
  readonly seed: number
  /** Coins at most; default 20. */
  readonly symbols: number | undefined
}

export interface ExchangeMarket {
  /** The same market as each venue has it. */
  worldOf(venue: string): World
  /** What there is to play; null: any time. */
  readonly span: { readonly first: EpochMs; readonly last: EpochMs } | null
  readonly about: string
}

/** LAKE_EMPTY when the lake has no bars of coins against USDT or USD. */
export async function exchangeMarket({ market, home, seed, symbols = 20 }: MarketChoice): Promise<ExchangeMarket> {
  if (market === 'generated')
    return {
      worldOf: (venue) => generatedWorld({ seed, venue, symbols }),
      span: null,
      about: `a generated market of ${symbols} coins, seed ${seed}`,
    }
  const { interval, series } = chosen(await listSeries(home), symbols)
  const lengthMs = INTERVAL_MS[interval]
  const paths: BarPath[] = []
  for (const { key, base, kind, first, last } of series) {
    const bars = await loadBars(home, key, first, last + 1)
    paths.push({ ...bars, openTime: bars.ts, base, kind })
  }
  const span = {
    first: Math.min(...series.map(({ first }) => first)),
    last: Math.max(...series.map(({ last }) => last)) + lengthMs,
  }
  return {
    worldOf: (venue) => worldFromBars({ seed, venue, lengthMs, paths }),
    span,
    about: `${interval} bars of ${paths.length} coins, ${isoDay(span.first)} … ${isoDay(span.last)}`,
  }
}

interface Playable {
  readonly key: BarsKey
  readonly base: string
  readonly kind: WorldInstrument['kind']
  readonly first: EpochMs
  readonly last: EpochMs
}

/** The interval of which most coins have bars, the finer one of two; of each coin perpetual before spot, longest first. */
function chosen(all: readonly SeriesSummary[], limit: number): { interval: Interval; series: readonly Playable[] } {
  const byInterval = new Map<Interval, Map<string, Playable>>()
  const longestFirst = [...all].sort((a, b) => b.rows - a.rows)
  for (const { key, first, last } of longestFirst) {
    if (key.kind !== 'bars') continue
    const named = nameOf(key)
    if (named === undefined) continue
    const coins = byInterval.get(key.interval) ?? new Map<string, Playable>()
    byInterval.set(key.interval, coins)
    const known = coins.get(named.base)
    if (known === undefined || (known.kind === 'spot' && named.kind !== 'spot'))
      coins.set(named.base, { key, ...named, first, last })
  }
  const best = [...byInterval].sort(([a, ofA], [b, ofB]) => ofB.size - ofA.size || INTERVAL_MS[a] - INTERVAL_MS[b])[0]
  if (best === undefined)
    throw new QuantbotError('LAKE_EMPTY', 'no bars of coins against USDT or USD to play; --market generated needs none')
  const rank = ({ base }: Playable): number => ['BTC', 'ETH'].indexOf(base) + 1 || 3
  const series = [...best[1].values()].sort((a, b) => rank(a) - rank(b) || (a.base < b.base ? -1 : 1))
  return { interval: best[0], series: series.slice(0, limit) }
}

const LINEAR = ['usdm', 'linear', 'swap', 'perpetual']

function nameOf({ market, symbol }: BarsKey): Pick<Playable, 'base' | 'kind'> | undefined {
  const base = /^([A-Z0-9]+?)[-_]?USDT?(?:-SWAP)?$/.exec(symbol)?.[1]
  if (base === undefined) return undefined
  if (market === 'spot') return { base, kind: 'spot' }
  return LINEAR.includes(market) ? { base, kind: 'linearPerpetual' } : undefined
}
