/** Owns hours of a place as instants, by the time zone database of the runtime. Never assumes a fixed offset. */
import { type DurationMs, type EpochMs, HOUR_MS, SECOND_MS } from '#core/time'

export type Zone = 'Europe/London' | 'America/Chicago'

const formats = new Map<Zone, Intl.DateTimeFormat>()

function formatOf(zone: Zone): Intl.DateTimeFormat {
  let format = formats.get(zone)
  if (format === undefined) {
    const two = '2-digit'
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: two,
      day: two,
      hour: two,
      minute: two,
      second: two,
    })
    formats.set(zone, format)
  }
  return format
}

/** What clocks of the zone show at `ts` less UTC; whole seconds. */
function offsetAt(zone: Zone, ts: EpochMs): DurationMs {
  const parts: Record<string, number> = {}
  for (const { type, value } of formatOf(zone).formatToParts(ts)) parts[type] = Number(value)
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = parts
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(ts / SECOND_MS) * SECOND_MS
}

/** Instant at which clocks of the zone show that full hour of a civil day (its UTC midnight). Not for hours that a change of clocks skips. */
export function instantAt(zone: Zone, day: EpochMs, hour: number): EpochMs {
  const shown = day + hour * HOUR_MS
  const first = shown - offsetAt(zone, shown)
  return shown - offsetAt(zone, first)
}
