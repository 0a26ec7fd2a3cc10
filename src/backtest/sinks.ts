/** Owns where a backtest's derived lines go: a log with their fingerprint, a fingerprint alone, or a comparison. */
import { createHash } from 'node:crypto'
import type { LogPort } from '#core/ports'
import type { LineComparison } from '#engine/comparison'
import type { GroupSink } from './tape-driver.js'

/** SHA-256 over the derived lines, in order, with their newlines: equal runs have equal fingerprints. */
export class FingerprintSink implements GroupSink {
  readonly #hash = createHash('sha256')
  events = 0

  group(lines: Uint8Array, count: number, _lastSeq: number, _lastTs: number): void {
    this.#hash.update(lines)
    this.events += count
  }

  /** Hex; may be asked for once more lines have come. */
  fingerprint(): string {
    return this.#hash.copy().digest('hex')
  }
}

/** Makes each group durable and keeps the fingerprint. Throws what the log throws: a backtest does not go on without its log. */
export class LogSink extends FingerprintSink {
  readonly #log: LogPort

  constructor(log: LogPort) {
    super()
    this.#log = log
  }

  override group(lines: Uint8Array, count: number, lastSeq: number, lastTs: number): void {
    super.group(lines, count, lastSeq, lastTs)
    this.#log.commitSync(lines, count, lastSeq, lastTs)
  }
}

/** Thrown through the driver at the first difference: nothing after it means anything. */
export class Diverged extends Error {
  override readonly name = 'Diverged'
}

/** Compares with recorded lines and keeps the fingerprint of what is decided now. */
export class ComparisonSink extends FingerprintSink {
  readonly #comparison: LineComparison

  constructor(comparison: LineComparison) {
    super()
    this.#comparison = comparison
  }

  override group(lines: Uint8Array, count: number, lastSeq: number, lastTs: number): void {
    super.group(lines, count, lastSeq, lastTs)
    if (!this.#comparison.take(lines)) throw new Diverged()
  }
}
