/** Owns tapes for the specs of `quantbot check`: synthetic series whose future can be hidden or altered as that of a lake. */
import { bindExternal } from '#actors/external-signals'
import { changed, type TapeSource } from '#backtest/check-tape'
import type { TapeSeries } from '#backtest/tape'
import { planTape } from '#backtest/tape-plan'
import type { Config } from '#core/config/schema'
import type { Rows } from '#data/rows'
import { type BarSignalRules, barSignal } from '#signals/toolkit'
import { type ConfigPatch, configOf, type TapeSpec } from '../pipeline/tape.js'

/** Stands between rows and tape: a loader that looks ahead is planted here. */
export type Loader = (series: readonly TapeSeries[]) => readonly TapeSeries[]

export function sourceOf(config: Config, series: readonly TapeSeries[], loader: Loader = (rows) => rows): TapeSource {
  const last = Math.max(...series.map(({ rows }) => rows.availableAt.at(-1) ?? 0))
  const first = Math.min(...series.map(({ rows }) => rows.availableAt[0] ?? last))
  // What the files of a lake tell of listings, whatever of their rows is seen.
  const listed = series.map((one) => (one.kind === 'bars' ? { ...one, expectedFrom: first, expectedTo: last } : one))
  const nothing = series.map(
    (one) => ({ ...one, rows: changed(one, rowsOf(one), 'truncated', 0) }) as unknown as TapeSeries,
  ) // the same columns, empty
  const history = planTape(config, nothing)
  return (other) => {
    if (other === undefined) return Promise.resolve({ plan: planTape(config, loader(listed)), history })
    const { future, instant } = other
    const seen = listed.map(
      (one) => ({ ...one, rows: changed(one, rowsOf(one), future, instant) }) as unknown as TapeSeries,
    ) // as above, shorter or altered
    const until = future === 'truncated' ? { until: instant } : {}
    return Promise.resolve({ plan: planTape(config, loader(seen), { feeds: [], ...until }), history })
  }
}

const rowsOf = ({ rows }: TapeSeries): Rows => rows as unknown as Rows // columns of numbers, by name

const OFF = { tsmom: { enabled: false }, donchian: { enabled: false }, meanReversion: { enabled: false } }

/** A configuration with one signal of the user's own, as if its module had been loaded. */
export function ownSignal<S>(spec: TapeSpec, name: string, rules: BarSignalRules<S>, more: ConfigPatch = {}): Config {
  const module = `./${name}.js`
  const config = configOf(spec, { signals: { ...OFF, external: [{ module }] }, ...more })
  bindExternal(config.signals.external[0]!, {
    name,
    sha256: '',
    source: new Uint8Array(),
    create: (place) => barSignal(rules, place),
  })
  return config
}
