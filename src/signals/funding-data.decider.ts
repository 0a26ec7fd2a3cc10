/**
 * Owns what each venue pays on perpetuals now, and the spread between venues for one coin. Rates are compared a year, each
 * by its own interval (methods.md 0 and 8: unscaled, an hour's rate beside eight hours' is wrong by 8). Has no opinion on trades.
 */
import type { Decider } from '#core/decider'
import { SILENCE } from '#core/decider'
import { HOUR_MS } from '#core/time'
import type { FundingRateChanged, FundingSettled, InstrumentDelisted, InstrumentListed } from '#events/market.events'
import type { FundingSpreadChanged } from '#events/market-view.events'
import { fundingApr } from '#quant/funding'

/** A rate that nobody renewed for so long takes no part (ours). */
const STALE_MS = 2 * HOUR_MS
/** A spread speaks when it moved by this fraction a year, or when other venues make it (ours: half a percent). */
const BAND_APR = 0.005

interface Rate {
  instrument: string
  apr: number
  at: number
}

interface Coin {
  rates: Rate[]
  /** Last word. */
  highest: string
  lowest: string
  spreadApr: number
}

/** Bounded by the instruments that are listed. */
export interface FundingDataState {
  /** Base currency by instrument, of perpetuals. */
  base: { [instrument: string]: string }
  coins: { [base: string]: Coin }
}

type In = InstrumentListed | InstrumentDelisted | FundingRateChanged | FundingSettled
type Draft = { readonly type: 'FundingSpreadChanged'; readonly data: FundingSpreadChanged['data'] }

function take(state: FundingDataState, instrument: string, apr: number, at: number): void {
  const base = state.base[instrument]
  if (base === undefined) return
  let coin = state.coins[base]
  if (coin === undefined) {
    coin = { rates: [], highest: '', lowest: '', spreadApr: 0 }
    state.coins[base] = coin
  }
  const known = coin.rates.find((rate) => rate.instrument === instrument)
  if (known === undefined) coin.rates.push({ instrument, apr, at })
  else if (at >= known.at) {
    known.apr = apr
    known.at = at
  }
}

function drop(state: FundingDataState, instrument: string): void {
  const coin = state.coins[state.base[instrument] ?? '']
  if (coin !== undefined) coin.rates = coin.rates.filter((rate) => rate.instrument !== instrument)
  delete state.base[instrument]
}

function spreadOf(base: string, coin: Coin, now: number): FundingSpreadChanged['data'] | undefined {
  const fresh = coin.rates.filter((rate) => now - rate.at <= STALE_MS)
  if (fresh.length < 2) return undefined
  const highest = fresh.reduce((a, b) => (b.apr > a.apr || (b.apr === a.apr && b.instrument < a.instrument) ? b : a))
  const lowest = fresh.reduce((a, b) => (b.apr < a.apr || (b.apr === a.apr && b.instrument > a.instrument) ? b : a))
  return {
    base,
    highest: highest.instrument,
    highestApr: highest.apr,
    lowest: lowest.instrument,
    lowestApr: lowest.apr,
    spreadApr: highest.apr - lowest.apr,
    venues: fresh.length,
  }
}

function decide(state: FundingDataState, event: In): readonly Draft[] {
  if (event.type === 'InstrumentListed' || event.type === 'InstrumentDelisted') return SILENCE
  const base = state.base[event.data.instrument]
  const coin = base === undefined ? undefined : state.coins[base]
  if (base === undefined || coin === undefined) return SILENCE
  const data = spreadOf(base, coin, event.ts)
  if (data === undefined) return SILENCE
  const isSame = data.highest === coin.highest && data.lowest === coin.lowest
  if (isSame && Math.abs(data.spreadApr - coin.spreadApr) <= BAND_APR) return SILENCE
  return [{ type: 'FundingSpreadChanged', data }]
}

/** The decider `data/funding`: the roadmap's FundingData. O(venues of the coin) an event. */
export function createFundingData(): Decider<FundingDataState, In, FundingSpreadChanged> {
  return {
    name: 'data/funding',
    version: '1',
    dependencies: [],
    reads: ['InstrumentListed', 'InstrumentDelisted', 'FundingRateChanged', 'FundingSettled'],
    emits: ['FundingSpreadChanged'],
    warmupMs: 0,
    onOrderPath: false,
    initial: () => ({ base: {}, coins: {} }),
    evolve(state, event) {
      switch (event.type) {
        case 'InstrumentListed':
          if (event.data.kind.endsWith('Perpetual')) state.base[event.data.instrument] = event.data.base
          break
        case 'InstrumentDelisted':
          drop(state, event.data.instrument)
          break
        case 'FundingRateChanged':
          take(state, event.data.instrument, fundingApr(event.data.rate, event.data.intervalHours), event.data.at)
          break
        case 'FundingSettled':
          if (!event.data.proxy)
            take(
              state,
              event.data.instrument,
              fundingApr(event.data.rate, event.data.intervalHours),
              event.data.settledAt,
            )
          break
        default: {
          const coin = state.coins[event.data.base]
          if (coin !== undefined) {
            coin.highest = event.data.highest
            coin.lowest = event.data.lowest
            coin.spreadApr = event.data.spreadApr
          }
        }
      }
      return state
    },
    decide,
  }
}
