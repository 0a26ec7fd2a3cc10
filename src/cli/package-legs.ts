/** Owns saying, before a run begins, which packages its configuration cannot hold: a signal that is on and lacks legs or data. Pure. */
import type { Config, UniverseEntry } from '#core/config/schema'
import { parseInstrument } from '#core/ids'
import { isPerpetual, kindOfId } from '#events/instrument-kind'

/** One line each, without an end; empty: every package signal has what it needs. O(instruments²). */
export function packageLacks({ universe, marketData, feeds, signals }: Config): string[] {
  const { fundingCarry, xExchangeFunding, cashCarry, volRiskPremium, skewWhipsaw } = signals
  const perpetuals = universe.filter(({ instrument }) => isPerpetual(kindOfId(instrument)))
  const spots = new Set(universe.filter(({ instrument }) => isSpot(instrument)).map(({ base }) => base))
  const lacks: string[] = []
  if (fundingCarry.enabled) lacks.push(...carryLacks(lookedAt(perpetuals, fundingCarry.perpetuals), spots))
  if (xExchangeFunding.enabled) lacks.push(...dispersionLacks(lookedAt(perpetuals, xExchangeFunding.perpetuals)))
  if (cashCarry.enabled) {
    if (spots.size === 0) lacks.push('basis: the universe has no spot to hold against dated futures')
    if (feeds.futures.length === 0 && !marketData.watch.some(isDatedFuture))
      lacks.push('basis: marketData.watch names no dated future')
  }
  for (const [name, { enabled, currency, venue, hedge }] of [
    ['vrp', volRiskPremium],
    ['skew', skewWhipsaw],
  ] as const) {
    if (!enabled) continue
    if (!marketData.optionChains.some((one) => one === currency))
      lacks.push(`${name}: marketData.optionChains does not name ${currency}`)
    const known = [...marketData.watch, ...universe.map(({ instrument }) => instrument)]
    const perpetual = `${venue}.perpetual.${currency}-PERPETUAL`
    if (hedge === 'perpetual' && !known.includes(perpetual))
      lacks.push(`${name}: nothing brings prices of its hedge ${perpetual}: name it in marketData.watch`)
    if (hedge === 'future' && !known.some((id) => isDatedFuture(id) && id.startsWith(`${venue}.future.${currency}-`)))
      lacks.push(`${name}: marketData.watch names no future of ${currency} on ${venue} to hedge with`)
  }
  return lacks
}

const isSpot = (instrument: string): boolean => parseInstrument(instrument)?.market === 'spot'
const isDatedFuture = (instrument: string): boolean => kindOfId(instrument).endsWith('Future')

function lookedAt(perpetuals: readonly UniverseEntry[], named: readonly string[]): readonly UniverseEntry[] {
  return named.length === 0 ? perpetuals : perpetuals.filter(({ instrument }) => named.includes(instrument))
}

function carryLacks(perpetuals: readonly UniverseEntry[], spots: ReadonlySet<string>): string[] {
  if (perpetuals.length === 0) return ['carry: the universe has no perpetual']
  return perpetuals
    .filter(({ base }) => !spots.has(base))
    .map(({ instrument, base }) => `carry: ${instrument} has no spot of ${base} in the universe`)
}

function dispersionLacks(perpetuals: readonly UniverseEntry[]): string[] {
  const counts = new Map<string, number>()
  for (const { base } of perpetuals) counts.set(base, (counts.get(base) ?? 0) + 1)
  if ([...counts.values()].some((count) => count > 1)) return []
  return ['dispersion: no coin of the universe has perpetuals on two venues']
}
