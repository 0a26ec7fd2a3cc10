/** Owns under which name each configured signal speaks, and what it speaks of. The name of its agent is `signal/<name>`. */
import type { Config } from './schema.js'

type Signals = Config['signals']
export type BuiltInKey = Exclude<keyof Signals, 'external'>
/** `weights`: SignalChanged, one instrument each; `packages`: PackageChanged; `overlay`: RegimeChanged. */
export type SignalClass = 'weights' | 'packages' | 'overlay'

export interface SignalName {
  readonly key: BuiltInKey
  readonly name: string
  readonly speaksOf: SignalClass
  /** Sleeve whose volatility or size risk caps. */
  readonly sleeve: 'trend' | 'carry' | 'options' | 'other'
}

/** In the order of the registry. */
export const SIGNAL_NAMES: readonly SignalName[] = [
  { key: 'tsmom', name: 'tsmom', speaksOf: 'weights', sleeve: 'trend' },
  { key: 'donchian', name: 'donchian', speaksOf: 'weights', sleeve: 'trend' },
  { key: 'meanReversion', name: 'meanrev', speaksOf: 'weights', sleeve: 'other' },
  { key: 'oiPrice', name: 'oi', speaksOf: 'weights', sleeve: 'other' },
  { key: 'crossSectional', name: 'xsection', speaksOf: 'weights', sleeve: 'other' },
  { key: 'fundingCarry', name: 'carry', speaksOf: 'packages', sleeve: 'carry' },
  { key: 'cashCarry', name: 'basis', speaksOf: 'packages', sleeve: 'carry' },
  { key: 'xExchangeFunding', name: 'dispersion', speaksOf: 'packages', sleeve: 'carry' },
  { key: 'volRiskPremium', name: 'vrp', speaksOf: 'packages', sleeve: 'options' },
  { key: 'skewWhipsaw', name: 'skew', speaksOf: 'packages', sleeve: 'options' },
  { key: 'ssr', name: 'ssr', speaksOf: 'overlay', sleeve: 'other' },
  { key: 'mvrv', name: 'mvrv', speaksOf: 'overlay', sleeve: 'other' },
]

/** Name under which the signal of a module speaks: `my-signal` for `./my-signal.js`. */
export function externalName(module: string): string {
  return (module.split(/[\\/]/).at(-1) ?? module).replace(/\.[cm]?[jt]s$/, '')
}

/** Names of all signals that are switched on, overlays and those of modules included. */
export function enabledSignals(signals: Signals): string[] {
  const builtIn = SIGNAL_NAMES.filter(({ key }) => signals[key].enabled).map(({ name }) => name)
  return [...builtIn, ...signals.external.map(({ module }) => externalName(module))]
}

/** The same signals, but only those of these names switched on. */
export function onlySignals(signals: Signals, names: readonly string[]): Signals {
  const switched = SIGNAL_NAMES.map(({ key, name }) => [
    key,
    { ...signals[key], enabled: signals[key].enabled && names.includes(name) },
  ])
  return {
    ...(Object.fromEntries(switched) as Omit<Signals, 'external'>), // every key once, its own record
    external: signals.external.filter(({ module }) => names.includes(externalName(module))),
  }
}
