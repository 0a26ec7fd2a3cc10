/** Owns the sentences of signals and of the blend: values against thresholds, confidences, weights. Never decides anything. */
import { symbolOf } from '#core/ids'
import { HOUR_MS } from '#core/time'
import type { PortfolioBlended } from '#events/portfolio.events'
import type { SignalChanged } from '#events/signal.events'
import type { RunFacts } from './run-facts.js'
import { sayBlendedPackage } from './say-packages.js'
import { sayTerm } from './say-terms.js'
import { figure, percent, ratio, when } from './words.js'

const REASONS: Readonly<Record<string, string>> = {
  momentum: 'on momentum',
  neutral: 'nothing speaks for a side',
  'missing-bar': 'a close of its window is missing, so the last opinion is held',
  'missing-bars': 'a breakout refused: too many bars of the channel are missing',
  breakout: 'on a breakout',
  'exit-channel': 'the close broke the exit channel',
  'trailing-stop': 'its trailing stop was crossed',
  choppy: 'a breakout refused: the trend is too weak',
  reversion: 'on a stretched price',
  stop: 'its stop was crossed',
  vwap: 'the price is back at its average',
  'time-stop': 'the time for the trade is over',
  cascade: 'an entry refused: the bar of a cascade',
  illiquid: 'an entry refused: too little volume',
  funding: 'an entry refused: funding leans too far to one side',
  'funding-missing': 'an entry refused: no settled funding is known',
  stale: 'its data is too old',
  delisted: 'the instrument trades no more',
  'warming-up': 'too little is known yet',
  'new-longs': 'price and open interest rise: new longs',
  'new-shorts': 'price falls while open interest rises: new shorts',
  'long-unwind': 'price and open interest fall: longs are given up',
  'short-covering': 'price rises while open interest falls: shorts are covered',
  winner: 'among the best of its ranking',
  loser: 'among the worst of its ranking',
  middle: 'in the middle of its ranking',
  'too-few': 'too few coins are ranked',
  'outside-universe': 'it is not ranked',
}

/** `held-outlier` → the check that fails; any other code is named as it is. */
const heldOr = (reason: string): string =>
  reason.startsWith('held-') ? `its last word stands while the check "${reason.slice(5)}" of its data fails` : reason

export function saySignal({ by, ts, data }: SignalChanged): string {
  const { instrument, side, reason, price, confidence, targetWeight, terms, asOf } = data
  const went = side === 'flat' ? 'is flat in' : `went ${side}`
  const why = REASONS[reason] ?? heldOr(reason)
  const close = price > 0 && reason !== 'delisted' ? ` at a close of ${figure(price)}` : ''
  const values = terms.length === 0 ? '' : `: ${terms.map(sayTerm).join(', ')}`
  const age = asOf > 0 && ts - asOf > HOUR_MS ? ` (on the bar that closed ${when(asOf)})` : ''
  const target = `confidence ${ratio(confidence)} → target ${percent(targetWeight)} of NAV`
  return `${by} ${went} ${symbolOf(instrument)} at ${when(ts)}${close}${age}, ${why}${values}; ${target}`
}

type Row = PortfolioBlended['data']['rows'][number]
type Part = Row['parts'][number]
type BlendedPackage = NonNullable<PortfolioBlended['data']['packages']>[number]

/** The signal's own settings by the name under which it speaks to the blender. */
const SETTINGS: Readonly<Record<string, string>> = { meanrev: 'meanReversion' }

/** One instrument of a blend: how many signals, how far they agree, what is wanted. */
export function sayBlend({ by, ts, data }: PortfolioBlended, row: Row, facts: RunFacts): string {
  const agreement = `agreement ${ratio(row.agreement)}${limitOf(facts.setting('blender', 'minAgreement'))}`
  const outcome =
    row.outcome === 'conflict'
      ? `the signals contradict each other (${agreement}), so nothing is wanted`
      : row.outcome === 'flat'
        ? 'no signal wants a position'
        : `wants ${percent(row.weight)} of NAV (${agreement})`
  const scheduled = data.scheduled ? ' at the scheduled rebalance' : ''
  const count = row.parts.length === 1 ? 'one signal' : `${row.parts.length} signals`
  return `${by} blended ${count} on ${symbolOf(row.instrument)} at ${when(ts)}${scheduled}: ${outcome}`
}

const limitOf = (limit: number | undefined): string => (limit === undefined ? '' : ` against ${ratio(limit)}`)

/** `tsmom: target -24.6 % divided among 17 instruments = -1.45 %, × confidence 0.42 × budget 1 of 2 → adds -0.3 %`. */
export function sayPart(part: Part, row: Row, signal: SignalChanged | undefined, facts: RunFacts): string {
  const { weight, confidence, budget, contribution } = part
  const bound = facts.setting('signals', SETTINGS[part.signal] ?? part.signal, 'maxAbsWeight')
  const from = shareOf(weight, signal?.data.targetWeight, bound)
  const budgets = row.parts.reduce((sum, each) => sum + each.budget, 0)
  return `${part.signal}: ${from}, × confidence ${ratio(confidence)} × budget ${ratio(budget)} of ${ratio(budgets)} → adds ${percent(contribution)}`
}

/** How the signal's target became its weight: divided by its eligible instruments, then capped. */
function shareOf(weight: number, target: number | undefined, bound: number | undefined): string {
  if (target === undefined || weight === 0) return `weight ${percent(weight)}`
  if (bound !== undefined && Math.abs(weight) >= bound) return `target ${percent(target)}, capped at ${percent(weight)}`
  const count = Math.round(target / weight)
  // Weights are logged to 8 decimals: a count that is no whole number within that is not claimed.
  if (count < 1 || Math.abs(weight * count - target) > count * 1e-6)
    return `target ${percent(target)} → weight ${percent(weight)}`
  return `target ${percent(target)} divided among ${count} instrument${count === 1 ? '' : 's'} = ${percent(weight)}`
}

export function sayBlendOfBook({ by, ts, data }: PortfolioBlended): string {
  const packages = (data.packages ?? []).map((row) => `${row.package} ${percent(row.weight)}`)
  const rows = [...data.rows.map((row) => `${symbolOf(row.instrument)} ${percent(row.weight)}`), ...packages]
  if (rows.length === 0) return `${by} found no target changed at the scheduled rebalance of ${when(ts)}`
  return `${by} blended at ${when(ts)}${data.scheduled ? ' (scheduled)' : ''}: ${rows.join(', ')} of NAV`
}

/** One package of a blend: what its signal wanted, and each factor that the bucket put on it. */
export function sayBlendOfPackage({ by, ts, data }: PortfolioBlended, row: BlendedPackage): string {
  const scheduled = data.scheduled ? ' at the scheduled rebalance' : ''
  return `${by} blended the market-neutral bucket at ${when(ts)}${scheduled}: ${sayBlendedPackage(row)}`
}
