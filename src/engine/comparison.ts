/**
 * Owns comparing what is decided again with what was recorded, byte by byte, group by group.
 * Takes the recorded lines in chunks of any size; never holds more than a chunk of each side.
 */

/** The first difference: the line that was recorded and the one decided now; undefined where one side ended. */
export interface Divergence {
  readonly recorded: string | undefined
  readonly decided: string | undefined
}

const NEWLINE = 10

export class LineComparison {
  /** Next chunk of recorded lines (whole lines), or undefined at the end. */
  readonly #next: () => Uint8Array | undefined
  #chunk: Uint8Array = new Uint8Array(0)
  #at = 0
  #divergence: Divergence | undefined

  constructor(next: () => Uint8Array | undefined) {
    this.#next = next
  }

  get divergence(): Divergence | undefined {
    return this.#divergence
  }

  /** Compares whole lines decided now with as many recorded bytes. False from the first difference on. */
  take(decided: Uint8Array): boolean {
    if (this.#divergence !== undefined) return false
    let at = 0
    while (at < decided.length) {
      if (this.#at === this.#chunk.length && !this.#refill()) {
        this.#divergence = { recorded: undefined, decided: lineAt(decided, at) }
        return false
      }
      const count = Math.min(decided.length - at, this.#chunk.length - this.#at)
      const equal = sameBytes(decided, at, this.#chunk, this.#at, count)
      if (equal < count) {
        this.#divergence = { recorded: lineAt(this.#chunk, this.#at + equal), decided: lineAt(decided, at + equal) }
        return false
      }
      at += count
      this.#at += count
    }
    return true
  }

  /** Nothing more will be decided: whatever is still recorded is a difference. */
  end(): boolean {
    if (this.#divergence !== undefined) return false
    if (this.#at < this.#chunk.length || this.#refill())
      this.#divergence = { recorded: lineAt(this.#chunk, this.#at), decided: undefined }
    return this.#divergence === undefined
  }

  #refill(): boolean {
    for (;;) {
      const chunk = this.#next()
      if (chunk === undefined) return false
      if (chunk.length === 0) continue
      this.#chunk = chunk
      this.#at = 0
      return true
    }
  }
}

/** Number of equal bytes from the two positions on, at most `count`. Compared natively; walked only where they differ. */
function sameBytes(a: Uint8Array, atA: number, b: Uint8Array, atB: number, count: number): number {
  if (Buffer.compare(a.subarray(atA, atA + count), b.subarray(atB, atB + count)) === 0) return count
  let i = 0
  while (a[atA + i] === b[atB + i]) i++
  return i
}

function lineAt(bytes: Uint8Array, at: number): string {
  let start = Math.min(at, bytes.length - 1)
  while (start > 0 && bytes[start - 1] !== NEWLINE) start--
  let end = at
  while (end < bytes.length && bytes[end] !== NEWLINE) end++
  return new TextDecoder().decode(bytes.subarray(start, end))
}
