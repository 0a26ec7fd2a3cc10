/** Owns what a command prints of a whole run at its end: fingerprint, events and trades of all its processes. */
import { fingerprintOf } from '#events/log/fingerprint'
import { forEachGroup } from '#events/log/reader'

export interface RunTotals {
  readonly fingerprint: string
  readonly events: number
  /** Fills. */
  readonly trades: number
}

/** Quotes within texts are escaped in the log, so this stands nowhere but in an envelope. */
const FILL = Buffer.from('"type":"OrderFilled"')

/** Of the segments that are there. O(bytes). */
export function runTotals(runDir: string): RunTotals {
  let events = 0
  let trades = 0
  forEachGroup(
    runDir,
    (lines, { count }) => {
      events += count
      for (let at = lines.indexOf(FILL); at >= 0; at = lines.indexOf(FILL, at + 1)) trades++
    },
    { absent: 'skip' },
  )
  return { fingerprint: fingerprintOf(runDir, { absent: 'skip' }), events, trades }
}
