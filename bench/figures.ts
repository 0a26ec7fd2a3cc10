/** Owns what a benchmark gives, and how it is told. */
import { invariant } from '#core/invariant'

/** One measured number. `target` says what it must reach; `ratio` compares two numbers of the same run. */
export interface Figure {
  readonly what: string
  readonly value: number
  readonly unit: string
  /** At least (`min`) or at most (`max`) this. */
  readonly target?: { readonly min: number } | { readonly max: number }
  readonly note?: string
  /** Hash of what the measured work decided, where it decided something: equal work has equal hashes. */
  readonly fingerprint?: string
}

/** `tiny` runs in a moment, so that a benchmark is also a test and never rots. */
export type Scale = 'full' | 'tiny'

export interface Bench {
  readonly name: string
  run(scale: Scale): Promise<readonly Figure[]>
}

export function isMet({ value, target }: Figure): boolean | undefined {
  if (target === undefined) return undefined
  return 'min' in target ? value >= target.min : value <= target.max
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** Median of the quotients of numbers that were measured side by side. */
export function medianRatio(a: readonly number[], b: readonly number[]): number {
  return median(a.map((value, i) => value / b[i]!))
}

/**
 * What one more unit of work costs between sizes that follow each other: fixed costs (warming up, compiling) are in every
 * size and cancel out. `ms` and `units` by size, ascending; one value fewer.
 */
export function marginalUs(ms: readonly number[], units: readonly number[]): number[] {
  return ms.slice(1).map((value, i) => ((value - ms[i]!) * 1000) / (units[i + 1]! - units[i]!))
}

/** The one hash of runs that must agree; throws when they do not. */
export function agreed(fingerprints: readonly string[]): string {
  const [first] = fingerprints
  invariant(first !== undefined, 'agreed: no run')
  invariant(new Set(fingerprints).size === 1, () => `runs differ: ${[...new Set(fingerprints)].join(', ')}`)
  return first
}

/** Wall milliseconds of a call. */
export async function timed(work: () => unknown): Promise<number> {
  const begun = performance.now()
  await work()
  return performance.now() - begun
}

/** Median of `runs` calls after one that does not count. */
export async function medianMs(runs: number, work: () => unknown): Promise<number> {
  await work()
  const times: number[] = []
  for (let i = 0; i < runs; i++) times.push(await timed(work))
  return median(times)
}

export function format(value: number): string {
  const magnitude = Math.abs(value)
  if (magnitude >= 1000) return Math.round(value).toLocaleString('en-US')
  return value.toFixed(magnitude >= 100 ? 0 : magnitude >= 10 ? 1 : magnitude >= 0.1 ? 2 : 3)
}
