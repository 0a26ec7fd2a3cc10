/** Owns the events that the benchmarks of the log write: the mix of a backtest, made from a seed. */

import type { EventEnvelope } from '#core/envelope'
import { Sfc32 } from '#core/random'
import { EventEncoder } from '#events/codec'
import { LineBuffer } from '#events/line-buffer'

const SYMBOLS = ['BTC', 'ETH', 'SOL', 'XRP', 'ADA', 'LTC', 'DOT', 'BNB'].map((base) => `sim.perp.${base}USDT`)
const SIDES = ['long', 'short', 'flat'] as const

/** An event whose seq and ts are still to be set. */
type Pending = { -readonly [K in keyof EventEnvelope]: EventEnvelope[K] }

/** Signal changes of seqs 1 to `count`, made before anything is measured: making them is no part of encoding. */
export function makeSignals(count: number, random: Sfc32): Pending[] {
  return Array.from({ length: count }, (_, i) => signalChange(i + 1, random))
}

/** Encodes the first `count` of some events as those from seq `first` on. */
export function encodeAs(
  lines: LineBuffer,
  encoder: EventEncoder,
  events: readonly Pending[],
  first: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    const event = events[i]!
    event.seq = first + i
    event.ts = tsOf(event.seq)
    encoder.encode(lines, event)
  }
}

const tsOf = (seq: number): number => 1_700_000_000_000 + seq * 50

function signalChange(seq: number, random: Sfc32): Pending {
  const strength = random.next() * 2 - 1
  return {
    seq,
    ts: tsOf(seq),
    type: 'SignalChanged',
    v: 1,
    by: 'signal/tsmom',
    cause: 0,
    data: {
      signal: 'tsmom',
      instrument: SYMBOLS[seq % SYMBOLS.length],
      side: SIDES[seq % 3],
      reason: 'momentum',
      strength,
      confidence: random.next(),
      targetWeight: strength / 4,
      asOf: tsOf(seq),
      validUntil: tsOf(seq) + 172_800_000,
      price: 20_000 + random.next() * 1000,
      terms: [
        { name: 'momentum', value: strength / 10, threshold: 0 },
        { name: 'annualVol', value: random.next() },
      ],
      inputs: [seq],
    },
  }
}

export interface Groups {
  readonly groups: readonly {
    readonly bytes: Uint8Array
    readonly count: number
    readonly lastSeq: number
    readonly lastTs: number
  }[]
  readonly bytes: number
  readonly events: number
}

/** Encoded groups, kept apart in memory. */
export function makeGroups(events: number, perGroup: number): Groups {
  const encoder = new EventEncoder()
  const random = Sfc32.seeded(11)
  const groups = []
  let bytes = 0
  for (let first = 1; first <= events; first += perGroup) {
    const count = Math.min(perGroup, events - first + 1)
    const lines = new LineBuffer(count * 420)
    encodeAs(lines, encoder, makeSignals(count, random), first, count)
    const view = lines.view().slice()
    bytes += view.length
    const lastSeq = first + count - 1
    groups.push({ bytes: view, count, lastSeq, lastTs: 1_700_000_000_000 + lastSeq * 50 })
  }
  return { groups, bytes, events }
}
