/** Owns how the open-interest signal explains itself: the numbers that decided, and the events they came from. Must never decide. */
import type { OiPriceConfig } from '#core/config/signals-schema'
import type { DecideContext } from '#core/decider'
import { HOUR_MS } from '#core/time'
import type { CascadeWarningChanged } from '#events/signal.events'
import { knownCoins } from '#indicators/open-interest'
import { levelOf, type OiInstrument, weightedStepChange } from './oi-pool.js'
import { draft, type SignalDraft, type Term, VALID_INTERVALS } from './voice.js'

type WarningDraft = { readonly type: 'CascadeWarningChanged'; readonly data: CascadeWarningChanged['data'] }
export type OiDraft = SignalDraft | WarningDraft

const AGENT = 'signal/oi'

const hours = (ms: number): number => ms / HOUR_MS

function freshOf(coin: readonly OiInstrument[], now: number): OiInstrument[] {
  return coin.filter(({ voice, track }) => !voice.delisted && knownCoins(track, now) > 0)
}

/** The last word on an instrument; `coin` are all instruments of its coin. */
export function sayOpinion(
  config: OiPriceConfig,
  one: OiInstrument,
  coin: readonly OiInstrument[],
  context: DecideContext,
): SignalDraft {
  const { voice, stepMs } = one
  if (voice.reason === 'delisted') return draft(AGENT, voice, stepMs, [], [])
  const ofInterest: Term = {
    name: 'openInterestAgeHours',
    value: one.oiAgeMs === null ? null : hours(one.oiAgeMs),
    threshold: config.maxAgeHours,
  }
  if (voice.reason === 'stale') {
    const age = { value: hours(context.ts - voice.asOf), threshold: hours(VALID_INTERVALS * stepMs) }
    return draft(AGENT, voice, stepMs, [{ name: 'ageHours', ...age }, ofInterest], [])
  }
  const pool = freshOf(coin, one.newest)
  const { total, volumeWeighted } = levelOf(pool, one.newest, null)
  const terms: Term[] = [
    { name: 'priceChange', value: one.priceChange, threshold: config.priceBand },
    { name: 'openInterestChange', value: one.oiChange, threshold: config.openInterestBand },
    { name: 'annualVol', value: one.annualVol },
    { name: 'divergence', value: one.divergence },
    { name: 'openInterest', value: pool.length === 0 ? null : total },
    { name: 'weightedOpenInterest', value: pool.length === 0 ? null : volumeWeighted },
    { name: 'weightedStepChange', value: weightedStepChange(one, config.horizonHours) },
    { name: 'reporting', value: pool.length },
    ofInterest,
    { name: 'stepHours', value: hours(stepMs) },
  ]
  return draft(AGENT, voice, stepMs, terms, [one.barSeq, ...pool.map(({ track }) => track.seq)])
}

/** The warning as it was judged last, on or off. */
export function sayWarning(config: OiPriceConfig, one: OiInstrument, coin: readonly OiInstrument[]): WarningDraft {
  const { judged, voice, newest } = one
  const terms: Term[] = [
    { name: 'buildZ', value: judged?.z ?? null, threshold: config.warningZ },
    { name: 'absFundingApr', value: judged?.absApr ?? null, ...limit(judged?.aprQuantile) },
    { name: 'openInterestToVolume', value: judged?.ratio ?? null, ...limit(judged?.ratioDecile) },
  ]
  return {
    type: 'CascadeWarningChanged',
    data: {
      signal: AGENT.slice('signal/'.length),
      instrument: voice.instrument,
      isOn: judged?.isOn ?? false,
      isConfirmed: judged?.isConfirmed ?? false,
      asOf: newest,
      terms,
      inputs: [one.barSeq, ...freshOf(coin, newest).map(({ track }) => track.seq)].filter((seq) => seq > 0),
    },
  }
}

const limit = (threshold: number | null | undefined): { threshold?: number } =>
  threshold === null || threshold === undefined ? {} : { threshold }
