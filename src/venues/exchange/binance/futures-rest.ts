/** Owns answers about perpetuals and futures: marks, funding, open interest. */
import { type DurationMs, type EpochMs, HOUR_MS } from '#core/time'
import type { World } from '../world.port.js'
import { BAR_MS, STATISTICS_MS } from './limits.js'
import { BinanceRefusal, type Parameters } from './requests.js'
import { isPerpetual, type Listed, markText } from './symbols.js'

const DEFAULT_FUNDING_MS = 8 * HOUR_MS
/** Stamps come up to so many ms late, as on the venue. */
const JITTER_MS = 7

export const nextFundingAt = (world: World, of: Listed, at: EpochMs): EpochMs => {
  const interval = world.fundingIntervalMs(of.instrument, at)
  return (Math.floor(at / interval) + 1) * interval
}

/** Of delivery symbols rate and next time are empty. */
export function premiumIndex(world: World, of: Listed, now: EpochMs): unknown {
  const isRated = isPerpetual(of)
  const index = world.index(of.instrument.base, now)
  return {
    symbol: of.symbol,
    ...(of.market === 'coinm' ? { pair: of.pair } : {}),
    markPrice: markText(world.mark(of.instrument, now)),
    indexPrice: markText(index),
    estimatedSettlePrice: markText(index),
    lastFundingRate: isRated ? world.fundingRate(of.instrument, now).toFixed(8) : '',
    interestRate: isRated ? '0.00010000' : '',
    nextFundingTime: isRated ? nextFundingAt(world, of, now) : 0,
    time: now,
  }
}

/** Oldest first from startTime; without times the newest. */
export function fundingRates(world: World, of: Listed, p: Parameters): unknown {
  if (!isPerpetual(of)) return []
  const limit = p.limit(100, 1000)
  const start = p.time('startTime')
  const end = Math.min(p.time('endTime') ?? p.now, p.now)
  const found = world
    .settlements(of.instrument, (start ?? of.instrument.listedAt) - 1 - JITTER_MS, end)
    .filter((row) => {
      const stamped = row.ts + jitter(row.ts)
      return stamped <= end && (start === undefined || stamped >= start)
    })
  const page = start === undefined ? found.slice(-limit) : found.slice(0, limit)
  return page.map(({ ts, rate, mark }) => ({
    symbol: of.symbol,
    fundingTime: ts + jitter(ts),
    fundingRate: rate.toFixed(8),
    markPrice: markText(mark),
    ...(of.market === 'usdm' ? { rateType: 'Regular' } : {}),
  }))
}

const jitter = (ts: EpochMs): DurationMs => (ts / HOUR_MS) % (JITTER_MS + 1)

/** Exceptions alone. */
export function fundingInfo(world: World, listed: readonly Listed[], now: EpochMs): unknown {
  return listed.filter(isPerpetual).flatMap((of) => {
    const interval = world.fundingIntervalMs(of.instrument, now)
    if (interval === DEFAULT_FUNDING_MS) return []
    return [
      {
        symbol: of.symbol,
        adjustedFundingRateCap: '0.02000000',
        adjustedFundingRateFloor: '-0.02000000',
        fundingIntervalHours: interval / HOUR_MS,
        disclaimer: false,
      },
    ]
  })
}

/** Contracts of COIN-M at the mark price. */
function amount(world: World, of: Listed, coins: number, at: EpochMs): string {
  if (of.contractUsd === 0) return coins.toFixed(of.sizeDigits)
  return String(Math.round((coins * world.mark(of.instrument, at)) / of.contractUsd))
}

export function openInterest(world: World, of: Listed, now: EpochMs): unknown {
  const coins = world.openInterest(of.instrument, now)
  return {
    symbol: of.symbol,
    ...(of.market === 'coinm' ? { pair: of.pair, contractType: of.contractType } : {}),
    openInterest: amount(world, of, coins, now),
    time: now,
  }
}

const PERIODS: readonly string[] = ['5m', '15m', '30m', '1h', '2h', '4h', '6h', '12h', '1d']

export function openInterestHistory(world: World, of: Listed, p: Parameters): unknown {
  const period = p.needed('period')
  const ms = BAR_MS[period]
  if (ms === undefined || !PERIODS.includes(period))
    throw new BinanceRefusal(400, -1130, "Parameter 'period' is invalid.")
  const limit = p.limit(30, 500)
  const [start, end] = [p.time('startTime'), Math.min(p.time('endTime') ?? p.now, p.now)]
  if (start !== undefined && start < p.now - STATISTICS_MS)
    throw new BinanceRefusal(400, -1130, "parameter 'startTime' is invalid.")
  const first = Math.ceil(Math.max(start ?? 0, of.instrument.listedAt, p.now - STATISTICS_MS) / ms) * ms
  const last = Math.floor(end / ms) * ms
  const rows: unknown[] = []
  for (let at = Math.max(first, last - (limit - 1) * ms); at <= last; at += ms) {
    const coins = world.openInterest(of.instrument, at)
    const isCoin = of.market === 'coinm'
    rows.push({
      ...(isCoin ? { pair: of.pair, contractType: of.contractType } : { symbol: of.symbol }),
      sumOpenInterest: isCoin ? amount(world, of, coins, at) : coins.toFixed(8),
      sumOpenInterestValue: (isCoin ? coins : coins * world.mark(of.instrument, at)).toFixed(8),
      timestamp: at,
    })
  }
  return rows
}
