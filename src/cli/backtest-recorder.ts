/** Owns which recorder a configuration gets. */
import { Recorder } from '#backtest/recorder'
import type { Config } from '#core/config/schema'
import * as names from '#core/config/signal-names'
import type { DaySpan } from './spans.js'

/** Switched-on signals by the names under which they speak. */
export function enabledSignals(config: Config): string[] {
  return names.enabledSignals(config.signals)
}

/** The configuration with one signal alone. */
export function onlySignal(config: Config, signal: string): Config {
  return { ...config, signals: names.onlySignals(config.signals, [signal]) }
}

/** Switched-on signals that take no position: factors on the weights of others. */
export function enabledOverlays(config: Config): string[] {
  return names.SIGNAL_NAMES.filter(({ key, speaksOf }) => speaksOf === 'overlay' && config.signals[key].enabled).map(
    ({ name }) => name,
  )
}

/** The configuration without one signal. */
export function withoutSignal(config: Config, signal: string): Config {
  const others = enabledSignals(config).filter((name) => name !== signal)
  return { ...config, signals: names.onlySignals(config.signals, others) }
}

export function recorderFor(config: Config, span: DaySpan): Recorder {
  const { perpetuals } = config.signals.fundingCarry
  const quote = (config.universe.find(({ role }) => role !== 'leg') ?? config.universe[0])?.quote
  return new Recorder({
    start: span.fromDay,
    capital: Number(config.capital),
    instruments: config.universe.map(({ instrument, barsOf, role }) => ({
      id: instrument,
      ...(barsOf === undefined ? {} : { proxyOf: barsOf }),
      ...(role === 'leg' ? { isLeg: true } : {}),
    })),
    signals: enabledSignals(config),
    overlays: enabledOverlays(config),
    ...(quote === undefined ? {} : { quote }),
    only: perpetuals.length === 0 ? {} : { carry: perpetuals },
  })
}
