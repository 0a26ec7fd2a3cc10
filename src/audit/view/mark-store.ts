/** Owns what we did in each instrument, for a chart: fills, decisions, stops, refusals, settlements. Bounded; the oldest go first. */
import type { AnyEvent } from '#events/catalogue'
import type { RunFacts } from '../run-facts.js'
import { wordsOf } from '../say.js'
import { firstAbove } from './thinning.js'
import type { MarksDoc } from './view.port.js'

/** Chosen here: some five a screen's pixel. */
const MAX_MARKS = 5000

type Mark = MarksDoc['marks'][number]

export class MarkStore {
  readonly #facts: RunFacts
  readonly #marks = new Map<string, Mark[]>()
  /** Side that a signal took last, by signal and instrument: a decision is a change of it. */
  readonly #sides = new Map<string, string>()

  constructor(facts: RunFacts) {
    this.#facts = facts
  }

  take(event: AnyEvent): void {
    const mark = this.#markOf(event)
    if (mark === undefined || !('instrument' in event.data)) return
    const { instrument } = event.data
    const marks = this.#marks.get(instrument) ?? []
    this.#marks.set(instrument, marks)
    marks.push({
      ...mark,
      seq: event.seq,
      ts: event.ts,
      says: wordsOf(event, this.#facts, instrument, () => undefined).says,
    })
    if (marks.length > MAX_MARKS) marks.splice(0, MAX_MARKS >> 2)
  }

  /** Of seqs in `(after, until]`. */
  query(instrument: string, after = 0, until = Number.POSITIVE_INFINITY): MarksDoc {
    const marks = this.#marks.get(instrument) ?? []
    const above = (seq: number): number => firstAbove(marks.length, seq, (i) => marks[i]!.seq)
    return { instrument, marks: marks.slice(above(after), above(until)) }
  }

  #markOf(event: AnyEvent): Omit<Mark, 'seq' | 'ts' | 'says'> | undefined {
    switch (event.type) {
      case 'OrderFilled': {
        const { side, price, quantity, order } = event.data
        return { kind: 'fill', side, price: Number(price), quantity, of: order }
      }
      case 'SignalChanged': {
        const { signal, instrument, side, price } = event.data
        const key = `${signal}|${instrument}`
        const before = this.#sides.get(key)
        this.#sides.set(key, side)
        if (before === side || (before === undefined && side === 'flat')) return undefined
        return { kind: 'decision', side, price: price > 0 ? price : null, quantity: '', of: signal }
      }
      case 'StopTriggered': {
        const { side, price } = event.data
        return { kind: 'stop', side, price, quantity: '', of: 'risk/engine' }
      }
      case 'OrderRefused': {
        const { side, quantity, code } = event.data
        return { kind: 'refusal', side, price: null, quantity, of: code }
      }
      case 'PositionSettled': {
        const { price, quantity } = event.data
        return { kind: 'settlement', side: 'flat', price: Number(price), quantity, of: event.data.cause ?? 'delisted' }
      }
      default:
        return undefined
    }
  }
}
