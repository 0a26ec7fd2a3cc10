/**
 * Owns how the trading thread tells how far the log has come: one number in shared memory, and at most one message on its way, however
 * many groups are committed meanwhile. Costs the writer an atomic store. Never waits.
 */

const BYTES = 16

export class SeqMark {
  readonly memory: SharedArrayBuffer
  readonly #seq: BigInt64Array
  /** 1: the reader was woken and has not looked yet. */
  readonly #woken: Int32Array

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(BYTES)) {
    this.memory = memory
    this.#seq = new BigInt64Array(memory, 0, 1)
    this.#woken = new Int32Array(memory, 8, 1)
  }

  /** Whether the reader must be woken. */
  put(seq: number): boolean {
    Atomics.store(this.#seq, 0, BigInt(seq))
    return Atomics.exchange(this.#woken, 0, 1) === 0
  }

  /** Of the reader that was woken: what is put behind this look wakes it again. */
  take(): number {
    Atomics.store(this.#woken, 0, 0)
    return Number(Atomics.load(this.#seq, 0))
  }
}
