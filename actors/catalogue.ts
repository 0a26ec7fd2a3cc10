/** Owns which deciders take part, in registry order. Imports no xstate: backtests and auditors use it too. */
import type { Config } from '#core/config/schema'
import { SIGNAL_NAMES } from '#core/config/signal-names'
import type { Decider } from '#core/decider'
import { parseInstrument } from '#core/ids'
import { MINUTE_MS } from '#core/time'
import { createPaperVenue } from '#execution/paper-venue.decider'
import { createRouter } from '#execution/router.decider'
import { createBlender } from '#portfolio/blender.decider'
import { createRiskEngine } from '#risk/engine.decider'
import { createRiskMonitor } from '#risk/monitor.decider'
import { createCashCarry } from '#signals/cash-carry.decider'
import { createCrossSectional } from '#signals/cross-sectional.decider'
import { createDonchian } from '#signals/donchian.decider'
import { createFundingCarry } from '#signals/funding-carry.decider'
import { createFundingData } from '#signals/funding-data.decider'
import { createFuturesData } from '#signals/futures-data.decider'
import { createMarketBars } from '#signals/market-bars.decider'
import { createMarketCoverage } from '#signals/market-coverage.decider'
import { createMeanReversion } from '#signals/mean-reversion.decider'
import { createMvrv } from '#signals/mvrv.decider'
import { createOiPrice } from '#signals/oi-price.decider'
import { createOptionsData } from '#signals/options-data.decider'
import { createSkewWhipsaw } from '#signals/skew-whipsaw.decider'
import { createSsr } from '#signals/ssr.decider'
import { createTsmom } from '#signals/tsmom.decider'
import { createVolRiskPremium } from '#signals/vol-risk-premium.decider'
import { createXExchangeFunding } from '#signals/x-exchange-funding.decider'
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
  deciders.push(...dataAgents(config, fills), ...signalAgents(config, single))
  deciders.push(createBlender({ blender: config.blender, signals }, universe))
  deciders.push(
    createRiskEngine(
      { risk: config.risk, capital: config.capital, blender: config.blender, converts: fills !== 'venue' },
      universe,
      interval,
    ),
  )
  deciders.push(createRouter(config.execution, universe, interval, { ackTimers: fills !== 'nextOpen' }))
  if (fills !== 'venue') deciders.push(createPaperVenue(config.execution, universe, { fills, interval }))
  // Behind everything that an order passes: what it measures must not make an order wait.
  if (isMonitored(config))
    deciders.push(createRiskMonitor({ risk: config.risk, capital: config.capital }, universe, interval))
  const names = new Set(deciders.map((decider) => decider.name))
  return deciders.map((decider) => ({
    ...decider,
    dependencies: decider.dependencies.filter((name) => names.has(name)),
  }))
}

/** Signals of price alone, whose runs stay as they were where `risk.monitor` is absent. */
const OF_PRICE: ReadonlySet<string> = new Set(['tsmom', 'donchian', 'meanReversion'])

/** Whether risk/monitor takes part: as configured, else wherever a signal beyond those of price is enabled. */
export const isMonitored = ({ risk, signals }: Pick<Config, 'risk' | 'signals'>): boolean =>
  risk.monitor ?? SIGNAL_NAMES.some(({ key }) => !OF_PRICE.has(key) && signals[key].enabled)

/** What is made of market data besides bars: where a venue tells it, or where a signal asks for it. */
function dataAgents(config: Config, fills: Fills): AnyDecider[] {
  const { marketData, signals } = config
  const onVenues = fills !== 'nextOpen' && readsVenues(config)
  const deciders: AnyDecider[] = onVenues ? [createMarketCoverage(), createFundingData(), createFuturesData()] : []
  if (onVenues || signals.skewWhipsaw.enabled)
    deciders.push(createOptionsData(marketData.optionChainMinutes * MINUTE_MS))
  return deciders
}

/** `single`: what signals about one instrument see. */
function signalAgents({ universe, interval, signals }: Config, single: Config['universe']): AnyDecider[] {
  const deciders: AnyDecider[] = []
  if (signals.tsmom.enabled) deciders.push(createTsmom(signals.tsmom, single))
  if (signals.donchian.enabled) deciders.push(createDonchian(signals.donchian, single))
  if (signals.meanReversion.enabled) deciders.push(createMeanReversion(signals.meanReversion, single, interval))
  if (signals.oiPrice.enabled) deciders.push(createOiPrice(signals.oiPrice, single, interval))
  if (signals.crossSectional.enabled) deciders.push(createCrossSectional(signals.crossSectional, single))
  if (signals.fundingCarry.enabled)
    deciders.push(createFundingCarry(signals.fundingCarry, allowed(universe, signals.fundingCarry)))
  if (signals.cashCarry.enabled) deciders.push(createCashCarry(signals.cashCarry, universe))
  if (signals.xExchangeFunding.enabled)
    deciders.push(createXExchangeFunding(signals.xExchangeFunding, allowed(universe, signals.xExchangeFunding)))
  if (signals.volRiskPremium.enabled) deciders.push(createVolRiskPremium(signals.volRiskPremium, universe, interval))
  if (signals.skewWhipsaw.enabled) deciders.push(createSkewWhipsaw(signals.skewWhipsaw))
  if (signals.ssr.enabled) deciders.push(createSsr(signals.ssr))
  if (signals.mvrv.enabled) deciders.push(createMvrv(signals.mvrv))
  for (const entry of signals.external) {
    const { name, create } = externalOf(entry)
    deciders.push(create({ name, universe: single, interval, options: entry.options }))
  }
  return deciders
}

/** The universe without the perpetuals that a signal of packages is not to look at. */
function allowed(
  universe: Config['universe'],
  { perpetuals }: { readonly perpetuals: readonly string[] },
): Config['universe'] {
  if (perpetuals.length === 0) return universe
  return universe.filter(
    ({ instrument }) => perpetuals.includes(instrument) || parseInstrument(instrument)?.market === 'spot',
  )
}

/** Whether real venues bring the data of a run: then what was received and what venues pay is remembered. */
export function readsVenues({ universe }: Config): boolean {
  return universe.some(({ instrument }) => !instrument.startsWith('sim.'))
}

/** Longest warm-up of the agents that read bars; points of feeds may go back further. */
export function warmupMs(deciders: readonly AnyDecider[]): number {
  const barReaders = deciders.filter(({ reads }) => reads.includes('BarClosed') || reads.includes('BarAggregated'))
  return Math.max(0, ...barReaders.map((decider) => decider.warmupMs))
}

/** `Decider` as the manifest and `quantbot agents` tell of it. */
export function describeAgents(
  deciders: readonly AnyDecider[],
): { name: string; version: string; dependencies: string[] }[] {
  return deciders.map(({ name, version, dependencies }) => ({ name, version, dependencies: [...dependencies] }))
}
