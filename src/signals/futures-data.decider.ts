/**
 * Owns what each dated future pays over its index now, and which one of a chain is the front. A chain is what one venue lists
 * of one base and quote. Rolls by the calendar of quant, seven days before expiry (methods.md 7). Has no opinion on trades.
 */
import type { Decider } from '#core/decider'
import { SILENCE } from '#core/decider'
import { parseInstrument } from '#core/ids'
import { DAY_MS, MINUTE_MS } from '#core/time'
import type { InstrumentDelisted, InstrumentListed, MarkChanged } from '#events/market.events'
import type { BasisChanged, FuturesRolled } from '#events/market-view.events'
import { annualisedBasis } from '#quant/basis'
import { type FrontSpan, frontAt, rollCalendar } from '#quant/roll-calendar'

/** methods.md 7: roll at seven days or less. */
const ROLL_DAYS = 7
/** Below it a basis point of noise is more than a percent a year. */
const DAYS_MIN = 3
/** A basis speaks when it moved by both since its last word (ours). */
const BAND_APR = 0.005
const BAND_BASIS = 0.0001
/**
 * Where a mark comes without an index (OKX), that of the venue's other instruments of the same base and quote stands in, else
 * that of another venue, not older than this (ours). Indices of venues differ by some basis points of their price.
 */
const INDEX_AGE_MS = MINUTE_MS

interface Future {
  base: string
  expiresAt: number
  /** Last word; null before the first. */
  said: { apr: number; basis: number } | null
}

interface Index {
  /** Quote a coin. */
  index: number
  /** Time of the venue; 0: none yet. */
  at: number
}

interface Chain extends Index {
  venue: string
  base: string
  quote: string
  /** Front by time, of all contracts that are listed. */
  spans: FrontSpan[]
  front: string | null
}

/** Bounded by the instruments that are listed. */
export interface FuturesDataState {
  /** Chain of every future, perpetual and pair: their marks tell the index. */
  chainOf: { [instrument: string]: string }
  futures: { [instrument: string]: Future }
  chains: { [chain: string]: Chain }
  /** Newest index of any venue, by base and quote. */
  indices: { [pair: string]: Index }
}

type In = InstrumentListed | InstrumentDelisted | MarkChanged
type Draft =
  | { readonly type: 'BasisChanged'; readonly data: BasisChanged['data'] }
  | { readonly type: 'FuturesRolled'; readonly data: FuturesRolled['data'] }

function list(state: FuturesDataState, listing: InstrumentListed['data']): void {
  const { instrument, kind, base, quote, expiresAt } = listing
  if (kind.endsWith('Option')) return
  const venue = parseInstrument(instrument)?.venue ?? ''
  const name = `${venue} ${base} ${quote}`
  state.chainOf[instrument] = name
  state.chains[name] ??= { venue, base, quote, spans: [], front: null, index: 0, at: 0 }
  if (!kind.endsWith('Future') || expiresAt === undefined) return
  const known = state.futures[instrument]
  if (known?.expiresAt === expiresAt) return
  state.futures[instrument] = { base, expiresAt, said: known?.said ?? null }
  plan(state, name)
}

function delist(state: FuturesDataState, instrument: string): void {
  const name = state.chainOf[instrument]
  delete state.chainOf[instrument]
  if (name === undefined || state.futures[instrument] === undefined) return
  delete state.futures[instrument]
  plan(state, name)
}

/** When each was listed does not count: what is listed now may be the front now. */
function plan(state: FuturesDataState, name: string): void {
  const contracts = Object.entries(state.futures)
    .filter(([instrument]) => state.chainOf[instrument] === name)
    .map(([instrument, { expiresAt }]) => ({ instrument, expiresAt }))
  const chain = state.chains[name]
  if (chain !== undefined) chain.spans = rollCalendar(contracts, { kind: 'days', daysBefore: ROLL_DAYS })
}

function takeIndex(state: FuturesDataState, { instrument, index, at }: MarkChanged['data']): void {
  const chain = state.chains[state.chainOf[instrument] ?? '']
  if (chain === undefined || index === null) return
  const pair = `${chain.base} ${chain.quote}`
  if (at >= (state.indices[pair]?.at ?? 0)) state.indices[pair] = { index, at }
  if (at < chain.at) return
  chain.index = index
  chain.at = at
}

function rolled(chain: Chain, now: number): Draft | undefined {
  const front = frontAt(chain.spans, now)
  if (front === undefined || front.instrument === chain.front) return undefined
  const { venue, base, quote, front: from } = chain
  const to = front.instrument
  return { type: 'FuturesRolled', data: { base, quote, venue, from, to, at: front.from ?? now } }
}

/** `indices`: in the order in which they count; the first holds that of this very mark already, where it has one. */
function moved(
  future: Future,
  indices: readonly (Index | undefined)[],
  { instrument, mark, at }: MarkChanged['data'],
): Draft | undefined {
  const daysToExpiry = (future.expiresAt - at) / DAY_MS
  const fresh = indices.find((one) => one !== undefined && Math.abs(at - one.at) <= INDEX_AGE_MS)
  if (daysToExpiry < DAYS_MIN || fresh === undefined) return undefined
  const { index } = fresh
  const found = annualisedBasis(index, mark, daysToExpiry)
  if (found === null) return undefined
  const { basis, simple } = found
  const { base, expiresAt, said } = future
  const isSame =
    said !== null && (Math.abs(simple - said.apr) <= BAND_APR || Math.abs(basis - said.basis) <= BAND_BASIS)
  if (isSame) return undefined
  return {
    type: 'BasisChanged',
    data: { instrument, base, expiresAt, mark, index, basis, aprSimple: simple, daysToExpiry },
  }
}

function decide(state: FuturesDataState, event: In): readonly Draft[] {
  if (event.type !== 'MarkChanged') return SILENCE
  const { instrument } = event.data
  const chain = state.chains[state.chainOf[instrument] ?? '']
  if (chain === undefined) return SILENCE
  const future = state.futures[instrument]
  const indices = [chain, state.indices[`${chain.base} ${chain.quote}`]]
  const drafts = [rolled(chain, event.ts), future && moved(future, indices, event.data)]
  return drafts.filter((draft) => draft !== undefined)
}

/** The decider `data/futures`: the roadmap's FuturesData. O(log contracts of the chain) a mark. */
export function createFuturesData(): Decider<FuturesDataState, In, BasisChanged | FuturesRolled> {
  return {
    name: 'data/futures',
    version: '1',
    dependencies: [],
    reads: ['InstrumentListed', 'InstrumentDelisted', 'MarkChanged'],
    emits: ['BasisChanged', 'FuturesRolled'],
    warmupMs: 0,
    onOrderPath: false,
    initial: () => ({ chainOf: {}, futures: {}, chains: {}, indices: {} }),
    evolve(state, event) {
      switch (event.type) {
        case 'InstrumentListed':
          list(state, event.data)
          break
        case 'InstrumentDelisted':
          delist(state, event.data.instrument)
          break
        case 'MarkChanged':
          takeIndex(state, event.data)
          break
        case 'FuturesRolled': {
          const chain = state.chains[`${event.data.venue} ${event.data.base} ${event.data.quote}`]
          if (chain !== undefined) chain.front = event.data.to
          break
        }
        default: {
          const future = state.futures[event.data.instrument]
          if (future !== undefined) future.said = { apr: event.data.aprSimple, basis: event.data.basis }
        }
      }
      return state
    },
    decide,
  }
}
