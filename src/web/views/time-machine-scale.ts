/** Owns the slider's arithmetic: seq to place on the track and back, keys, ticks, what a person types. Pure; must never touch the document. */
import type { SeriesDoc } from '#audit/view/view.port'

/** Seqs that the slider can stand on, both ends included. */
export interface Span {
  readonly first: number
  readonly last: number
}

export function clamp(seq: number, { first, last }: Span): number {
  return Math.min(last, Math.max(first, Math.round(seq)))
}

/** 0 at the first event, 1 at the last. */
export function fractionOf(seq: number, { first, last }: Span): number {
  return last <= first ? 1 : Math.min(1, Math.max(0, (seq - first) / (last - first)))
}

export function seqAtFraction(fraction: number, span: Span): number {
  return clamp(span.first + fraction * (span.last - span.first), span)
}

export interface Key {
  readonly key: string
  readonly shift: boolean
}

/** Where a key leads: arrows one event, with shift 100, page 1 % of the run, Home and End its ends; null: not ours. */
export function seqAfterKey({ key, shift }: Key, seq: number, span: Span): number | null {
  const one = shift ? 100 : 1
  const page = Math.max(1, Math.round((span.last - span.first) / 100))
  switch (key) {
    case 'ArrowLeft':
    case 'ArrowDown':
      return clamp(seq - one, span)
    case 'ArrowRight':
    case 'ArrowUp':
      return clamp(seq + one, span)
    case 'PageDown':
      return clamp(seq - page, span)
    case 'PageUp':
      return clamp(seq + page, span)
    case 'Home':
      return span.first
    case 'End':
      return span.last
    default:
      return null
  }
}

export type Moment = { readonly kind: 'seq'; readonly seq: number } | { readonly kind: 'time'; readonly ts: number }

const DATE = /^(\d{4})-(\d\d)-(\d\d)(?:[T ]+(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,3}))?)?)?Z?$/i

/** A seq (`1,234,567` too) or a UTC time (`2025-03-01`, `2025-03-01 14:30`); null: neither. */
export function parseMoment(text: string): Moment | null {
  const plain = text.trim()
  const digits = plain.replace(/(?<=\d)[,_' ](?=\d{3}(?!\d))/g, '')
  if (/^\d{1,15}$/.test(digits)) return { kind: 'seq', seq: Number(digits) }
  const found = DATE.exec(plain)
  if (found === null) return null
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map((part) => Number(part ?? 0))
  const ms = Number((found[7] ?? '0').padEnd(3, '0'))
  const ts = Date.UTC(year!, month! - 1, day!, hour, minute, second, ms)
  const date = new Date(ts)
  const isReal = date.getUTCMonth() === month! - 1 && date.getUTCDate() === day && date.getUTCHours() === hour
  return isReal && minute! < 60 && second! < 60 ? { kind: 'time', ts } : null
}

/** Where a time lies between two known events, as a share of the way; the search below and the axis labels guess with it. */
export function seqNear(
  ts: number,
  points: { readonly seq: readonly number[]; readonly ts: readonly number[] },
): number | null {
  const n = points.ts.length
  if (n === 0) return null
  let low = 0
  let high = n
  while (low < high) {
    const middle = (low + high) >> 1
    if (points.ts[middle]! <= ts) low = middle + 1
    else high = middle
  }
  if (low === 0) return points.seq[0]!
  if (low === n) return points.seq[n - 1]!
  const [t0, t1] = [points.ts[low - 1]!, points.ts[low]!]
  const [s0, s1] = [points.seq[low - 1]!, points.seq[low]!]
  return Math.round(s0 + ((ts - t0) / (t1 - t0)) * (s1 - s0))
}

/**
 * The last seq whose event is not later than `ts`, asking `tsOf` a few times: an interpolating search that falls back to halving. The first
 * seq when all are later. O(log n) questions at worst, about four where events come evenly.
 */
export async function seqAtTime(ts: number, span: Span, tsOf: (seq: number) => Promise<number>): Promise<number> {
  let [low, high] = [span.first, span.last]
  let [lowTs, highTs] = [await tsOf(low), await tsOf(high)]
  if (lowTs > ts) return low
  if (highTs <= ts) return high
  // low is not later than ts, high is.
  for (let step = 0; high - low > 1; step++) {
    const share = step % 2 === 0 && highTs > lowTs ? (ts - lowTs) / (highTs - lowTs) : 0.5
    const middle = Math.min(high - 1, Math.max(low + 1, Math.floor(low + share * (high - low))))
    const at = await tsOf(middle)
    if (at <= ts) [low, lowTs] = [middle, at]
    else [high, highTs] = [middle, at]
  }
  return low
}

export interface TimeLabel {
  readonly seq: number
  readonly ts: number
  readonly text: string
}

const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000]
const STEPS = [MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY]
const MONTH_STEPS = [1, 2, 3, 6, 12, 24, 60]

/** Round UTC times for under the track, at most `most`; the track runs in events, so equal times may stand unequally far apart. */
export function timeLabels(points: Pick<SeriesDoc, 'seq' | 'ts'>, most: number): TimeLabel[] {
  const [first, last] = [points.ts[0], points.ts.at(-1)]
  if (first === undefined || last === undefined || last <= first) return []
  const at = (ts: number, text: string): TimeLabel => ({ seq: seqNear(ts, points)!, ts, text })
  const step = STEPS.find((each) => (last - first) / each <= most)
  if (step !== undefined) {
    const labels: TimeLabel[] = []
    for (let ts = Math.ceil(first / step) * step; ts <= last; ts += step) {
      const iso = new Date(ts).toISOString()
      labels.push(at(ts, ts % DAY === 0 ? iso.slice(5, 10) : iso.slice(11, 16)))
    }
    return labels
  }
  const months = (last - first) / (30.44 * DAY)
  const stride = MONTH_STEPS.find((each) => months / each <= most) ?? 120
  const begin = new Date(first)
  const labels: TimeLabel[] = []
  for (
    let month = Math.ceil((begin.getUTCFullYear() * 12 + begin.getUTCMonth()) / stride) * stride;
    ;
    month += stride
  ) {
    const ts = Date.UTC(Math.floor(month / 12), month % 12, 1)
    if (ts > last) return labels
    const iso = new Date(ts).toISOString()
    if (ts >= first) labels.push(at(ts, stride % 12 === 0 ? iso.slice(0, 4) : iso.slice(0, 7)))
  }
}
