/**
 * Owns the words of the option signals: the numbers of the unit that is held, and when and how a package of options is spoken of. Must
 * never change what is held.
 */
import { type DecideContext, SILENCE } from '#core/decider'
import { DAY_MS } from '#core/time'
import type { PackageChanged } from '#events/package.events'
import { hoursToMs, residualDelta, unitShock, unitVega } from './delta-hedge.js'
import type { Desk, DeskConfig } from './option-desk.js'
import { hearPackage, type PackageDraft, type PackageTerm, packageDraft, packageSpeaks } from './package-voice.js'

/** Shock of the worst case (methods.md 9). */
const SHOCK = 0.3
/** Volatility points of the vega limit (methods.md 9). */
const VEGA_POINTS = 10

/** Of the unit that is held: exposures and what ±30 % would do, quote a unit, and the worse of the two as a fraction of NAV. */
export function unitTerms({ unit, voice }: Desk, config: DeskConfig, grossVega: boolean): PackageTerm[] {
  if (unit === null) return []
  const vega = unitVega(unit, grossVega)
  const [down, up] = [unitShock(unit, -SHOCK), unitShock(unit, SHOCK)]
  return [
    { name: 'daysToExpiry', value: (unit.expiresAt - unit.chainAt) / DAY_MS },
    { name: 'forward', value: unit.forward },
    { name: 'cashCoin', value: unit.cash },
    { name: 'delta', value: residualDelta(unit), threshold: config.hedgeDelta },
    { name: 'hedgeRatio', value: unit.hedge.ratio },
    { name: 'vegaPerPoint', value: vega },
    {
      name: 'vegaOfNav',
      value: (voice.target * VEGA_POINTS * Math.abs(vega)) / voice.price,
      threshold: config.vegaLimit,
    },
    { name: 'worstDown30', value: down },
    { name: 'worstUp30', value: up },
    { name: 'worstOfNav', value: (voice.target * Math.min(down, up)) / voice.price },
  ]
}

/** What is to be said at `event`, if anything. `terms`: the signal's own, put before those of the unit. */
export function speak(
  agent: string,
  desk: Desk,
  config: DeskConfig,
  context: DecideContext,
  terms: () => readonly PackageTerm[],
  inputs: readonly number[],
): readonly PackageDraft[] {
  const { voice, unit } = desk
  if (!packageSpeaks(voice, config.band)) return SILENCE
  const validMs = unit === null ? hoursToMs(config.maxAgeHours) : unit.expiresAt - voice.asOf
  if (voice.reason !== 'stale') return [packageDraft(agent, voice, validMs, terms(), inputs)]
  const ageHours = (context.ts - (unit?.chainAt ?? voice.asOf)) / hoursToMs(1)
  return [
    packageDraft(agent, voice, validMs, [{ name: 'ageHours', value: ageHours, threshold: config.maxAgeHours }], []),
  ]
}

export const hearOwn = (desk: Desk, { data }: PackageChanged): void => hearPackage(desk.voice, data)
