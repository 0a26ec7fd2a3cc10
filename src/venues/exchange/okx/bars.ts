/** Owns the bars that the simulated OKX offers: names, lengths, and the ones that open at UTC+8. */
import { DAY_MS, type DurationMs, type EpochMs, floorTo, HOUR_MS, MINUTE_MS } from '#core/time'
import type { World, WorldBar, WorldInstrument } from '../world.port.js'

export interface BarSpec {
  readonly ms: DurationMs
  /** How long before midnight UTC a day opens: 8 h for those in Hong Kong's time. */
  readonly shiftMs: DurationMs
}

const spec = (ms: DurationMs, shiftMs: DurationMs = 0): BarSpec => ({ ms, shiftMs })
const HONG_KONG = 8 * HOUR_MS

/** Seconds, weeks and months are not played. */
export const BARS = new Map<string, BarSpec>([
  ['1m', spec(MINUTE_MS)],
  ['3m', spec(3 * MINUTE_MS)],
  ['5m', spec(5 * MINUTE_MS)],
  ['15m', spec(15 * MINUTE_MS)],
  ['30m', spec(30 * MINUTE_MS)],
  ['1H', spec(HOUR_MS)],
  ['2H', spec(2 * HOUR_MS)],
  ['4H', spec(4 * HOUR_MS)],
  ['6H', spec(6 * HOUR_MS, HONG_KONG)],
  ['12H', spec(12 * HOUR_MS, HONG_KONG)],
  ['1D', spec(DAY_MS, HONG_KONG)],
  ['6Hutc', spec(6 * HOUR_MS)],
  ['12Hutc', spec(12 * HOUR_MS)],
  ['1Dutc', spec(DAY_MS)],
])

/** Open time of the bar that holds an instant. */
export function openOf({ ms, shiftMs }: BarSpec, at: EpochMs): EpochMs {
  return floorTo(at + shiftMs, ms) - shiftMs
}

/** As `World.bars`; shifted ones are put together from hours. */
export function barsOf(
  world: World,
  instrument: WorldInstrument,
  bar: BarSpec,
  from: EpochMs,
  to: EpochMs,
  now: EpochMs,
): readonly WorldBar[] {
  if (bar.shiftMs % bar.ms === 0) return world.bars(instrument, bar.ms, from, to, now)
  const first = openOf(bar, from + bar.ms - 1)
  const merged = new Map<EpochMs, WorldBar>()
  for (const hour of world.bars(instrument, HOUR_MS, first, to + bar.ms, now)) {
    const openTime = openOf(bar, hour.openTime)
    if (openTime >= to) break
    const known = merged.get(openTime)
    merged.set(openTime, known === undefined ? { ...hour, openTime } : joined(known, hour))
  }
  return [...merged.values()]
}

function joined(bar: WorldBar, next: WorldBar): WorldBar {
  return {
    openTime: bar.openTime,
    open: bar.open,
    high: Math.max(bar.high, next.high),
    low: Math.min(bar.low, next.low),
    close: next.close,
    volume: bar.volume + next.volume,
    quoteVolume: bar.quoteVolume + next.quoteVolume,
    trades: bar.trades + next.trades,
  }
}
