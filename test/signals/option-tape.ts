/** Owns tapes of option chains for the specs of the option signals; must never be imported by the program. */
import type { EventEnvelope } from '#core/envelope'
import { DAY_MS, HOUR_MS } from '#core/time'
import type { OptionChainObserved } from '#events/market.events'
import type { PackageChanged } from '#events/package.events'
import { black76, type OptionSide, yearsTo } from '#quant/black76'
import { event } from '#test/given'
import { type AnyDecider, play } from './play.js'

/** 2026-01-05, a Monday, 00:00 UTC. */
export const MONDAY = 1_767_571_200_000
/** An expiry: 08:00 UTC so many days after MONDAY. */
export const expiry = (days: number): number => MONDAY + days * DAY_MS + 8 * HOUR_MS

const TICK = 0.0001

export interface ChainShape {
  readonly forward?: number
  readonly index?: number | null
  /** Volatility of a strike, decimal. */
  readonly vol?: (strike: number, side: OptionSide) => number
  /** Volatility points between bid and ask. */
  readonly width?: number
  readonly step?: number
  readonly currency?: string
  readonly seq?: number
  /** Changes or drops a row. */
  readonly mend?: (row: Row) => Row | undefined
}
export type Row = OptionChainObserved['data']['options'][number]

/** A chain priced by Black-76; `name`: begin of the instruments, one an expiry. */
export function chain(at: number, expiresAt: number, shape: ChainShape = {}): OptionChainObserved {
  const { forward = 100_000, vol = () => 0.6, width = 1, step = 1000, currency = 'BTC', mend = (row) => row } = shape
  const years = yearsTo(expiresAt, at)
  const options: Row[] = []
  const first = Math.ceil((0.4 * forward) / step) * step
  for (let strike = first; strike <= 1.8 * forward; strike += step)
    for (const option of ['call', 'put'] as const) {
      const iv = vol(strike, option)
      const coin = (sigma: number): number => black76(option, forward, strike, years, sigma)?.priceCoin ?? 0
      const bid = coin(iv - width / 200)
      const row = mend({
        instrument: `deribit.option.${currency}-E${(expiresAt - MONDAY) / HOUR_MS}-${strike}-${option === 'call' ? 'C' : 'P'}`,
        strike,
        option,
        // Nobody bids less than a tick, and nobody offers for less.
        bid: bid >= TICK ? bid : null,
        ask: Math.max(TICK, coin(iv + width / 200)),
        mark: coin(iv),
        markIv: iv,
        delta: null,
        vega: null,
        openInterest: null,
      })
      if (row !== undefined) options.push(row)
    }
  const data = {
    venue: 'deribit',
    currency,
    expiresAt,
    at,
    underlyingPrice: forward,
    indexPrice: shape.index === undefined ? forward : shape.index,
    options,
  }
  return event('OptionChainObserved', data, { ts: at, seq: shape.seq ?? 7 })
}

export const now = (ts: number): EventEnvelope =>
  event('InstantClosed', { instant: ts, intervals: ['1h'], missing: [] }, { ts, seq: 9 })

export const doubt = (subject: string, isBad: boolean, ts: number): EventEnvelope =>
  event('DataQualityChanged', { subject, check: 'outlier', isBad, detail: 'a spec' }, { ts, seq: 11 })

export interface Word {
  readonly ts: number
  readonly data: PackageChanged['data']
}

/** Everything that was said of packages, as the log would say it. */
export function words(decider: AnyDecider, tape: readonly EventEnvelope[], reviveAt = -1): Word[] {
  return play(decider, tape, reviveAt).said.map(({ ts, data }) => {
    return { ts, data: data as unknown as PackageChanged['data'] } // option signals say nothing else
  })
}

export const term = ({ data }: Word, name: string): number | null | undefined =>
  data.terms.find((one) => one.name === name)?.value

export const leg = ({ data }: Word, role: string) => data.legs.find((one) => one.role === role)

/** By the log: Σ ratio × delta of the legs, and the coins that the unit keeps. */
export function usdDelta(word: Word): number {
  const legs = word.data.legs.reduce((sum, { ratio, delta }) => sum + ratio * delta, 0)
  return legs + (term(word, 'cashCoin') ?? Number.NaN)
}
