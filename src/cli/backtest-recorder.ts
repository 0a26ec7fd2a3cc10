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

export function recorderFor(config: Config, span: DaySpan): Recorder {
  return new Recorder({
    start: span.fromDay,
    capital: Number(config.capital),
    instruments: config.universe.map(({ instrument, barsOf }) => ({
      id: instrument,
      ...(barsOf === undefined ? {} : { proxyOf: barsOf }),
    })),
    signals: enabledSignals(config),
  })
}
