/** Owns which recorder a configuration gets. */
import { Recorder } from '#backtest/recorder'
import type { Config } from '#core/config/schema'
import type { DaySpan } from './spans.js'

/** Switched-on signals by the names under which they speak. */
export function enabledSignals(config: Config): string[] {
  const { tsmom, donchian, meanReversion } = config.signals
  return [
    tsmom.enabled ? 'tsmom' : '',
    donchian.enabled ? 'donchian' : '',
    meanReversion.enabled ? 'meanrev' : '',
  ].filter(Boolean)
}

/** The configuration with one signal alone. */
export function onlySignal(config: Config, signal: string): Config {
  const { tsmom, donchian, meanReversion } = config.signals
  return {
    ...config,
    signals: {
      tsmom: { ...tsmom, enabled: signal === 'tsmom' },
      donchian: { ...donchian, enabled: signal === 'donchian' },
      meanReversion: { ...meanReversion, enabled: signal === 'meanrev' },
    },
  }
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
