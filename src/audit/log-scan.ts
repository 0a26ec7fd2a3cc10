/**
 * Owns how the auditor reads a log: one forward pass that parses only the lines asked for, and later look-ups by seq through
 * the places noted on the way (one a MiB, so that memory does not grow with the log's lines). Never writes.
 */
import { invariant } from '#core/invariant'
import type { AnyEvent } from '#events/catalogue'
import { parseTrusted } from '#events/codec'
import { type LogPoint, pointOf, readSeq } from '#events/log/chain'
import { type ReadManifest, readManifest } from '#events/log/manifest'
import { forEachLine, LogCursor, type ReadEnd } from '#events/log/reader'

/** Distance of noted places; chosen here: a look-up reads about as much. */
const PLACE_BYTES = 1024 * 1024
/** Reading on is cheaper than opening anew within this; chosen here. */
const JUMP_BYTES = 8 * PLACE_BYTES

const COMMA = 0x2c
const QUOTE = 0x22
const TS_GAP = ',"ts":'.length
const TYPE_GAP = ',"type":"'.length

/** Type of the event line at `start`; its header is fixed (architecture.md, section 5). */
export function typeOfLine(bytes: Buffer, start: number, end: number): string {
  let at = start + 1
  while (at < end && bytes[at] !== COMMA) at++
  at += TS_GAP
  while (at < end && bytes[at] !== COMMA) at++
  at += TYPE_GAP
  let to = at
  while (to < end && bytes[to] !== QUOTE) to++
  return bytes.toString('latin1', at, to)
}

export interface Scan {
  /** Types to parse; every event when absent. */
  readonly types?: ReadonlySet<string>
  /** Lines of these types are parsed only where they hold the text. */
  readonly holding?: { readonly types: ReadonlySet<string>; readonly text: Buffer }
  /** Parsed too, whatever its type. */
  readonly seq?: number
  /** Begins behind the noted place before this seq. */
  readonly from?: number
  /** Archived segments: `refuse` (default) throws LOG_CORRUPT, `skip` begins behind them. */
  readonly absent?: 'refuse' | 'skip'
  /** Called after each group with the last seq. */
  readonly onGroup?: (lastSeq: number) => void
}

/** A run's committed events. The chain is checked on every way through it. */
export class AuditLog {
  readonly runDir: string
  readonly read: ReadManifest
  #places: LogPoint[] = []

  constructor(runDir: string) {
    this.runDir = runDir
    this.read = readManifest(runDir)
  }

  /** Visits events in order; return `false` to stop. A pass from the start notes places for later look-ups. O(bytes). */
  scan(scan: Scan, visit: (event: AnyEvent) => unknown): ReadEnd {
    const place = scan.from === undefined ? undefined : this.#before(scan.from)
    const cursor = new LogCursor(this.runDir, place ? { from: place } : { absent: scan.absent ?? 'refuse' })
    if (!place) this.#places = []
    try {
      let goOn = true
      while (goOn && cursor.next()) {
        forEachLine(cursor.lines(), (bytes, start, end) => {
          if (goOn && wanted(scan, bytes, start, end))
            goOn = visit(parseTrusted(bytes.toString('utf8', start, end))) !== false
        })
        const point = pointOf(cursor.commit())
        this.#note(point)
        scan.onGroup?.(point.seq)
      }
      return cursor.end()
    } finally {
      cursor.close()
    }
  }

  /** Events with these seqs, as far as the log holds them. O(seqs × 1 MiB), and a sealed segment once. */
  fetch(seqs: readonly number[]): Map<number, AnyEvent> {
    const found = new Map<number, AnyEvent>()
    const sorted = [...new Set(seqs)].sort((a, b) => a - b)
    for (let i = 0; i < sorted.length; ) i = this.#fetchRun(sorted, i, found)
    return found
  }

  /** Events with seq in [first, last]. */
  range(first: number, last: number): AnyEvent[] {
    const events: AnyEvent[] = []
    if (first > last) return events
    this.scan({ from: first, absent: 'skip' }, (event) => {
      if (event.seq >= first && event.seq <= last) events.push(event)
      return event.seq < last
    })
    return events
  }

  /** Reads on from the place before `sorted[i]` while that pays; gives the index of the first seq not looked up yet. */
  #fetchRun(sorted: readonly number[], from: number, found: Map<number, AnyEvent>): number {
    let i = from
    const place = this.#before(sorted[i]!)
    const cursor = new LogCursor(this.runDir, place ? { from: place } : { absent: 'skip' })
    try {
      while (i < sorted.length && cursor.next()) {
        const point = pointOf(cursor.commit())
        if (point.seq < sorted[i]!) {
          if (this.#pays(point, sorted[i]!)) return i
          continue
        }
        forEachLine(cursor.lines(), (bytes, start, end) => {
          const seq = readSeq(bytes, start, end)
          while (i < sorted.length && sorted[i]! < seq) i++
          if (sorted[i] === seq) found.set(seq, parseTrusted(bytes.toString('utf8', start, end)))
        })
        while (i < sorted.length && sorted[i]! <= point.seq) i++
      }
      return sorted.length
    } finally {
      cursor.close()
    }
  }

  #pays(here: LogPoint, seq: number): boolean {
    const place = this.#before(seq)
    if (place === undefined || place.seq <= here.seq) return false
    return place.segment > here.segment || place.offset > here.offset + JUMP_BYTES
  }

  #note(point: LogPoint): void {
    const last = this.#places.at(-1)
    if (last && point.seq <= last.seq) return
    if (!last || last.segment !== point.segment || point.offset - last.offset >= PLACE_BYTES) this.#places.push(point)
  }

  #before(seq: number): LogPoint | undefined {
    let low = 0
    let high = this.#places.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#places[middle]!.seq < seq) low = middle + 1
      else high = middle
    }
    const place = this.#places[low - 1]
    invariant(place === undefined || place.seq < seq, 'a noted place lies behind the seq')
    return place
  }
}

function wanted(scan: Scan, bytes: Buffer, start: number, end: number): boolean {
  if (scan.seq !== undefined && readSeq(bytes, start, end) === scan.seq) return true
  if (scan.types === undefined) return true
  const type = typeOfLine(bytes, start, end)
  if (scan.types.has(type)) return true
  return scan.holding?.types.has(type) === true && bytes.subarray(start, end).includes(scan.holding.text)
}
