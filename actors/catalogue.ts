/** Owns which deciders take part, in registry order. Imports no xstate: backtests and auditors use it too. */
import type { Config } from '#core/config/schema'
import type { Decider } from '#core/decider'
import { MINUTE_MS } from '#core/time'
import { createPaperVenue } from '#execution/paper-venue.decider'
import { createRouter } from '#execution/router.decider'
import { createBlender } from '#portfolio/blender.decider'
import { createRiskEngine } from '#risk/engine.decider'
import { createDonchian } from '#signals/donchian.decider'
import { createFundingData } from '#signals/funding-data.decider'
import { createFuturesData } from '#signals/futures-data.decider'
import { createMarketBars } from '#signals/market-bars.decider'
import { createMarketCoverage } from '#signals/market-coverage.decider'
import { createMeanReversion } from '#signals/mean-reversion.decider'
import { createOptionsData } from '#signals/options-data.decider'
import { createTsmom } from '#signals/tsmom.decider'
import { externalOf } from './external-signals.js'

/** How the simulated venue fills; `venue`: a real one answers, the paper venue is not registered. */
export type Fills = 'nextOpen' | 'quote' | 'venue'

export type AnyDecider = Decider<unknown>

/** The deciders of a configuration, dependencies first. Signals that are switched off are not registered. */
export function catalogue(config: Config, fills: Fills): readonly AnyDecider[] {
  const { universe, interval, signals } = config
  const single = universe.filter(({ role }) => role !== 'leg')
  const deciders: AnyDecider[] = [
    createMarketBars(universe, interval, { awaitsMissing: fills !== 'nextOpen' && readsVenues(config) }),
  ]
  if (fills !== 'nextOpen' && readsVenues(config))
    deciders.push(
      createMarketCoverage(),
      createFundingData(),
      createFuturesData(),
      createOptionsData(config.marketData.optionChainMinutes * MINUTE_MS),
    )
  if (signals.tsmom.enabled) deciders.push(createTsmom(signals.tsmom, single))
  if (signals.donchian.enabled) deciders.push(createDonchian(signals.donchian, single))
  if (signals.meanReversion.enabled) deciders.push(createMeanReversion(signals.meanReversion, single, interval))
  for (const entry of signals.external) {
    const { name, create } = externalOf(entry)
    deciders.push(create({ name, universe: single, interval, options: entry.options }))
  }
  deciders.push(createBlender({ blender: config.blender, signals }, universe))
  deciders.push(
    createRiskEngine({ risk: config.risk, capital: config.capital, blender: config.blender }, universe, interval),
  )
  deciders.push(createRouter(config.execution, universe, interval, { ackTimers: fills !== 'nextOpen' }))
  if (fills !== 'venue') deciders.push(createPaperVenue(config.execution, universe, { fills }))
  const names = new Set(deciders.map((decider) => decider.name))
  return deciders.map((decider) => ({
    ...decider,
    dependencies: decider.dependencies.filter((name) => names.has(name)),
  }))
}

/** Whether real venues bring the data of a run: then what was received and what venues pay is remembered. */
export function readsVenues({ universe }: Config): boolean {
  return universe.some(({ instrument }) => !instrument.startsWith('sim.'))
}

/** Longest warm-up of the agents. */
export function warmupMs(deciders: readonly AnyDecider[]): number {
  return Math.max(0, ...deciders.map((decider) => decider.warmupMs))
}

/** `Decider` as the manifest and `quantbot agents` tell of it. */
export function describeAgents(
  deciders: readonly AnyDecider[],
): { name: string; version: string; dependencies: string[] }[] {
  return deciders.map(({ name, version, dependencies }) => ({ name, version, dependencies: [...dependencies] }))
}
