/** Owns walking a merged tape row by row without allocating. Pure; never looks past the instant it stands on, but for `openAt`. */
import { type EpochMs, INTERVALS, type Interval } from '#core/time'
import { type CursorKind, type MergedTape, ON_BAR, ON_FEED, ON_FUNDING, ON_INSTANT } from './tape.js'
import { CLOCK_BIT } from './tape-merger.js'

const NONE = new Uint32Array(0)

/**
 * `while (cursor.next())` gives the rows of an instant, then the instant itself, then the rows of the next one.
 * Read `kind` first: `seriesIndex` and `row` speak of the row; on an instant they keep their last values.
 */
export class TapeCursor {
  readonly tape: MergedTape
  /** What the cursor stands on. */
  kind: CursorKind = ON_INSTANT
  /** Index into `tape.series`. */
  seriesIndex = 0
  /** Index into that series' columns. */
  row = 0
  /** Time of the instant: `availableAt` of its rows. */
  ts: EpochMs = 0

  readonly #kinds: Uint8Array
  /** Rows consumed of each series; its next row is the first that opens at or after the instant. */
  readonly #consumed: Uint32Array
  #instant = -1
  #next = 0
  #end = 0

  constructor(tape: MergedTape) {
    this.tape = tape
    this.#kinds = Uint8Array.from(tape.series, ({ kind }) =>
      kind === 'bars' ? ON_BAR : kind === 'funding' ? ON_FUNDING : ON_FEED,
    )
    this.#consumed = new Uint32Array(tape.series.length)
  }

  /** Steps on; false past the last instant. */
  next(): boolean {
    if (this.kind === ON_INSTANT) {
      if (this.#instant + 1 >= this.tape.instants.length) return false
      this.#instant++
      this.#end = this.tape.rowsEnd[this.#instant]!
      this.ts = this.tape.instants[this.#instant]!
    }
    if (this.#next < this.#end) {
      const series = this.tape.order[this.#next++]!
      this.seriesIndex = series
      this.row = this.#consumed[series]!++
      this.kind = this.#kinds[series] as CursorKind // made of them above
    } else this.kind = ON_INSTANT
    return true
  }

  /** Intervals of which a bar was expected at this instant, short to long; none where only funding and feeds came. */
  intervals(): readonly Interval[] {
    const bits = this.tape.closed[this.#instant] ?? 0
    return intervalsOf(bits)
  }

  /** Whether the clock asked for this instant. */
  isTick(): boolean {
    return ((this.tape.closed[this.#instant] ?? 0) & CLOCK_BIT) !== 0
  }

  /** Series (indices, ascending) that had a bar expected at this instant and none there: between their first and last bar. */
  missing(): Uint32Array {
    const end = this.tape.missingEnd[this.#instant] ?? 0
    const start = this.#instant > 0 ? this.tape.missingEnd[this.#instant - 1]! : 0
    return start === end ? NONE : this.tape.missing.subarray(start, end)
  }

  /**
   * Row of the bar of `series`, which are bars, that opens at this instant, or −1: its open is the earliest fill of what is decided here.
   * Only its `open` may be read now, and its `volume` by a fill model that says so. Call it on an instant. O(1).
   */
  openAt(series: number): number {
    const row = this.#consumed[series]!
    return this.tape.series[series]?.rows.ts[row] === this.ts ? row : -1
  }
}

const known = new Map<number, readonly Interval[]>()

function intervalsOf(bits: number): readonly Interval[] {
  let intervals = known.get(bits)
  if (!intervals) {
    intervals = INTERVALS.filter((_, i) => (bits & (1 << i)) !== 0)
    known.set(bits, intervals)
  }
  return intervals
}
