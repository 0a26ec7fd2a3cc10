/**
 * Owns cross-sectional momentum of coins against BTC (methods, section 6): Liu, Tsyvinski & Wu, JF 2022, held in overlapping daily
 * tranches (Jegadeesh & Titman, JF 1993). Must never trade the benchmark, nor know a coin before it was listed.
 *
 * Decides on the last bar of the day that can be expected (before the instant closes, so that the blender hears it in time), at the latest when
 * the day's instant closes, on the days that came: a coin whose bar is missing is not ranked that day, and held as the tranches
 * of other days have it. Without the benchmark nothing is ranked: the tranches are held for two days, then the book is `stale` and flat.
 *
 * The blender divides every weight of a signal by the number n_k of instruments on which it has an opinion (portfolio/blender-state.ts,
 * shareOf). A weight of the book is therefore said n times as large, n the instruments with an opinion: the share that remains is the
 * weight of the book, gross at most 1. `maxAbsWeight` clips that share: 0.25 binds where a side has less than two coins a tranche.
 */
import type { UniverseEntry } from '#core/config/schema'
import type { CrossSectionalConfig } from '#core/config/signals-schema'
import { type DecideContext, type Decider, SILENCE } from '#core/decider'
import { DAY_MS, HOUR_MS, isAligned } from '#core/time'
import type { DataQualityChanged, InstantClosed, InstrumentDelisted } from '#events/market.events'
import type { SignalChanged } from '#events/signal.events'
import { overlapTranches, withoutCoin } from '#quant/cross-section'
import {
  BETA_DAYS,
  betaOf,
  type CrossSectionalState,
  createState,
  rankCoins,
  takeDay,
  trancheOf,
} from './cross-sectional-coins.js'
import type { Bar } from './single-instrument.js'
import {
  draft,
  expires,
  goFlat,
  hear,
  isAboutHolding,
  judgeInput,
  refresh,
  type Side,
  type SignalDraft,
  speaks,
  type Term,
  takeSide,
  VALID_INTERVALS,
} from './voice.js'

type In = Bar | InstantClosed | InstrumentDelisted | DataQualityChanged
export type CrossSectionalDecider = Decider<CrossSectionalState, In, SignalChanged>

const AGENT = 'signal/xsection'
/** Reasons without an opinion: the blender does not count them (portfolio/blender-state.ts). */
const WITHDRAWN: ReadonlySet<string> = new Set(['', 'stale', 'delisted'])
/** Weights below this are rounding of a mean of tranches. */
const NOTHING = 1e-12

/** Weights of the book by coin: mean of the last `hold` tranches. */
export function bookOf(state: CrossSectionalState, hold: number): number[] {
  const book = overlapTranches(
    state.tranches.map(({ weights }) => weights),
    hold,
  )
  return state.coins.map((_, i) => (Math.abs(book[i] ?? 0) < NOTHING ? 0 : book[i]!))
}

function dropCoin(state: CrossSectionalState, index: number): void {
  for (const tranche of state.tranches) tranche.weights = withoutCoin(tranche.weights, index)
}

/** Whether every coin that had a bar in the last days has that of this day. */
function isDayIn(state: CrossSectionalState, openTime: number): boolean {
  return state.coins.every(
    ({ voice, newest }) => voice.delisted || newest === openTime || newest < openTime - VALID_INTERVALS * DAY_MS,
  )
}

/** Ranks the day that ended at `instant`, once. */
function endDay(config: CrossSectionalConfig, state: CrossSectionalState, instant: number): void {
  if (!isAligned(instant, DAY_MS) || instant <= state.rankedAt) return
  expire(state, instant)
  const order = rankCoins(config, state, instant)
  if (order === null) {
    if (state.rankedAt >= 0 && instant > state.rankedAt + VALID_INTERVALS * DAY_MS) endBook(state)
    return
  }
  if (order.length === 0 && state.tranches.length === 0) return
  state.rankedAt = instant
  state.ranked = order.length
  state.tranches.push({ day: instant, weights: trancheOf(config, order, state.coins.length) })
  while (state.tranches.length > config.holdDays || state.tranches[0]!.day <= instant - config.holdDays * DAY_MS)
    state.tranches.shift()
  opine(config, state, instant)
}

/** A coin without a bar for two days is out of all tranches; another bar brings it back into the next ones. */
function expire(state: CrossSectionalState, instant: number): void {
  state.coins.forEach((coin, i) => {
    if (coin.voice.reason === 'stale' || !expires(coin.voice, instant, DAY_MS)) return
    dropCoin(state, i)
    goFlat(coin.voice, 'stale')
    state.touched.push(i)
  })
}

/** Nothing could be compared for too long. */
function endBook(state: CrossSectionalState): void {
  state.tranches = []
  state.ranked = 0
  state.coins.forEach((coin, i) => {
    if (WITHDRAWN.has(coin.voice.reason)) return
    goFlat(coin.voice, 'stale')
    state.touched.push(i)
  })
}

/** Opinions on all coins that are ranked, held, or were spoken of. */
function opine(config: CrossSectionalConfig, state: CrossSectionalState, instant: number): void {
  const book = bookOf(state, config.holdDays)
  const isCounted = state.coins.map(
    ({ voice, rank }, i) => !voice.delisted && (rank > 0 || book[i] !== 0 || !WITHDRAWN.has(voice.reason)),
  )
  const count = isCounted.filter(Boolean).length
  const largest = book.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0)
  state.coins.forEach((coin, i) => {
    const { voice } = coin
    if (!isCounted[i]) return
    const weight = book[i]!
    if (coin.newest === instant - DAY_MS) refresh(voice, instant, newestClose(state, i))
    const side = Math.sign(weight) as Side // of a finite number
    takeSide(
      voice,
      side,
      reasonOf(config, state, i, side),
      largest === 0 ? 0 : weight / largest,
      side * side,
      weight * count,
    )
    state.touched.push(i)
  })
}

function reasonOf(config: CrossSectionalConfig, state: CrossSectionalState, index: number, side: Side): string {
  if (side !== 0) return side > 0 ? 'winner' : 'loser'
  if (state.ranked < config.minAssets) return 'too-few'
  return state.coins[index]!.rank > 0 ? 'middle' : 'outside-universe'
}

const newestClose = (state: CrossSectionalState, index: number): number => {
  const { at, capacity, values } = state.coins[index]!.closes
  return values[(at === 0 ? capacity : at) - 1]!
}

function evolve(
  config: CrossSectionalConfig,
  state: CrossSectionalState,
  event: In | SignalChanged,
): CrossSectionalState {
  if (event.type !== 'SignalChanged' && state.touched.length > 0) state.touched = []
  if (event.type === 'InstantClosed') {
    endDay(config, state, event.data.instant)
    return state
  }
  const at = state.index[event.type === 'DataQualityChanged' ? event.data.subject : event.data.instrument]
  if (at === undefined) return state
  const coin = state.coins[at]!
  if (event.type === 'SignalChanged') hear(coin.voice, event.data)
  else if (event.type === 'DataQualityChanged') {
    judgeInput(coin.voice, event.data.check, event.data.isBad)
    if (isAboutHolding(coin.voice)) state.touched.push(at)
  } else if (coin.voice.delisted) return state
  else if (event.type === 'InstrumentDelisted') {
    coin.voice.delisted = true
    dropCoin(state, at)
    if (coin.voice.reason !== '') goFlat(coin.voice, 'delisted')
    // One opinion less: the others' weights were said for one more.
    if (state.tranches.length > 0) opine(config, state, state.rankedAt)
    state.touched.push(at)
  } else if (event.data.interval === '1d') {
    takeDay(coin, event.data.openTime, event.data.close, event.data.volume, event.seq)
    if (isDayIn(state, event.data.openTime)) endDay(config, state, event.data.openTime + DAY_MS)
  }
  return state
}

function termsOf(config: CrossSectionalConfig, state: CrossSectionalState, index: number, book: Book): Term[] {
  const coin = state.coins[index]!
  const today = state.tranches.at(-1)
  return [
    { name: 'rank', value: coin.rank === 0 ? null : coin.rank },
    { name: 'assets', value: state.ranked, threshold: config.minAssets },
    { name: 'momentum', value: coin.momentum, threshold: 0 },
    { name: 'trancheWeight', value: today === undefined ? null : today.weights[index]! },
    { name: 'bookWeight', value: book.weights[index]! },
    { name: 'tranches', value: state.tranches.length, threshold: config.holdDays },
    { name: 'medianQuoteVolume', value: coin.median },
    { name: 'beta', value: book.betas[index]! },
    { name: 'bookBeta', value: book.beta },
  ]
}

/** What all words of one decision say of the book. */
interface Book {
  readonly weights: readonly number[]
  readonly betas: readonly (number | null)[]
  readonly beta: number | null
}

/** The book with betas to the benchmark, which being dollar-neutral does not make 0; null while that of a coin in it is not known. */
function describeBook(config: CrossSectionalConfig, state: CrossSectionalState): Book {
  const weights = bookOf(state, config.holdDays)
  const touched = new Set(state.touched)
  // A coin that is neither held nor spoken of weighs nothing here.
  const betas = state.coins.map((coin, i) => (weights[i] !== 0 || touched.has(i) ? betaOf(state, coin) : null))
  const isKnown = weights.every((weight, i) => weight === 0 || betas[i] !== null)
  const beta = weights.reduce((sum, weight, i) => sum + weight * (betas[i] ?? 0), 0) + 0
  return { weights, betas, beta: isKnown ? beta : null }
}

function decide(
  config: CrossSectionalConfig,
  state: CrossSectionalState,
  context: DecideContext,
): readonly SignalDraft[] {
  if (state.touched.length === 0) return SILENCE
  const drafts: SignalDraft[] = []
  let book: Book | undefined
  for (const at of state.touched) {
    const coin = state.coins[at]!
    const { voice } = coin
    if (!speaks(voice, config.band)) continue
    if (voice.reason === 'delisted') drafts.push(draft(AGENT, voice, DAY_MS, [], []))
    else if (voice.reason === 'stale') {
      const age = { value: (context.ts - voice.asOf) / HOUR_MS, threshold: (VALID_INTERVALS * DAY_MS) / HOUR_MS }
      drafts.push(draft(AGENT, voice, DAY_MS, [{ name: 'ageHours', ...age }], []))
    } else {
      book ??= describeBook(config, state)
      const benchmark = state.coins[state.benchmark]?.barSeq ?? 0
      drafts.push(draft(AGENT, voice, DAY_MS, termsOf(config, state, at, book), [coin.barSeq, benchmark]))
    }
  }
  return drafts
}

/**
 * The decider `signal/xsection`. Momentum over `rankDays` relative to the benchmark; top and bottom quartile ±0.5/n each, or linear in the
 * rank; book: mean of the last `holdDays` daily targets, gross at most 1, dollar-neutral. Universe of a day: the `top` coins by median quote
 * volume (close × volume) of the last `volumeDays`, listed for `minListedDays`; a coin that is delisted leaves all tranches, the other side
 * shrinks with it. Confidence 1. Reasons: `winner`, `loser`, `middle`, `outside-universe`, `too-few`, `stale`, `delisted`.
 */
export function createCrossSectional(
  config: CrossSectionalConfig,
  universe: readonly UniverseEntry[],
): CrossSectionalDecider {
  const days = Math.max(config.rankDays, BETA_DAYS, config.volumeDays, config.minListedDays) + 1 + config.holdDays
  return {
    name: AGENT,
    version: '1',
    dependencies: ['market/bars'],
    reads: ['BarClosed', 'BarAggregated', 'InstantClosed', 'InstrumentDelisted', 'DataQualityChanged'],
    emits: ['SignalChanged'],
    intervals: ['1d'],
    warmupMs: days * DAY_MS,
    onOrderPath: false,
    initial: () => createState(config, universe),
    evolve: (state, event) => evolve(config, state, event),
    decide: (state, _event, context) => decide(config, state, context),
  }
}
