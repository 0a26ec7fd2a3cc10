/**
 * Owns why an order was given, in short: the signals whose words the blend stood on, or the stop, the halt, the command.
 * Bounded: the last words of each signal, and the reasons of the orders that may still trade.
 */
import { symbolOf } from '#core/ids'
import type { AnyEvent } from '#events/catalogue'
import type { PackageChanged } from '#events/package.events'
import type { OrderApproved } from '#events/risk.events'
import type { SignalChanged } from '#events/signal.events'
import { typesOf } from './event-kinds.js'
import { figure, percent } from './words.js'

/** Event types that {@link Decisions} must see. */
export const DECISION_TYPES = typesOf(
  'SignalChanged',
  'PackageChanged',
  'PackageImbalanced',
  'PortfolioBlended',
  'StopTriggered',
  'TradingHalted',
  'OrderApproved',
)

/** Orders whose reasons are kept; a trade later than so many further orders is told without them. */
const ORDERS_KEPT = 10_000

export interface Decision {
  readonly purpose: string
  /** `tsmom short (momentum), donchian flat (neutral)`, `stop at 41,900`. */
  readonly reason: string
  /** Seq of OrderApproved: `audit explain` goes on from there. */
  readonly seq: number
}

export class Decisions {
  /** By signal and instrument: what the newest words said. */
  readonly #said = new Map<string, { readonly seq: number; readonly text: string }>()
  /** By instrument: the row that the last order stood on. */
  readonly #blended = new Map<string, string>()
  /** By package: what its signal said last, and what was done about legs that did not match since. */
  readonly #packages = new Map<string, string>()
  readonly #mended = new Map<string, string>()
  readonly #stops = new Map<string, string>()
  readonly #orders = new Map<string, Decision>()
  #halt = ''

  /** Takes an event of {@link DECISION_TYPES}; others change nothing. */
  take(event: AnyEvent): void {
    switch (event.type) {
      case 'SignalChanged':
        this.#said.set(keyOf(event.data.signal, event.data.instrument), { seq: event.seq, text: words(event.data) })
        break
      case 'PortfolioBlended':
        for (const row of event.data.rows) {
          const parts = row.parts.map((part) => {
            const said = this.#said.get(keyOf(part.signal, row.instrument))
            return said === undefined ? part.signal : `${part.signal} ${said.text}`
          })
          this.#blended.set(
            row.instrument,
            row.outcome === 'conflict' ? `conflict: ${parts.join(', ')}` : parts.join(', '),
          )
        }
        break
      case 'PackageChanged':
        this.#packages.set(event.data.package, packageWords(event.data))
        this.#mended.delete(event.data.package)
        break
      case 'PackageImbalanced':
        this.#mended.set(event.data.package, `legs did not match: ${event.data.action}`)
        break
      case 'StopTriggered':
        this.#stops.set(event.data.instrument, `stop of the ${event.data.side} at ${figure(event.data.level)}`)
        break
      case 'TradingHalted':
        this.#halt = event.data.value === null ? event.data.reason : `${event.data.reason} ${percent(event.data.value)}`
        break
      case 'OrderApproved':
        this.#approve(event)
        break
    }
  }

  /** Why an order was given; undefined for one that was approved elsewhere or long ago. */
  of(order: string): Decision | undefined {
    return this.#orders.get(order)
  }

  #approve({ seq, data }: OrderApproved): void {
    const { order, instrument, purpose, package: id } = data
    const reason =
      id !== undefined
        ? this.#ofPackage(id)
        : purpose === 'rebalance'
          ? (this.#blended.get(instrument) ?? `weight of ${symbolOf(instrument)}`)
          : purpose === 'stop'
            ? (this.#stops.get(instrument) ?? 'stop')
            : this.#halt || 'command'
    this.#orders.set(order, { purpose, reason, seq })
    if (this.#orders.size > ORDERS_KEPT) this.#orders.delete(this.#orders.keys().next().value!)
  }

  #ofPackage(id: string): string {
    return this.#mended.get(id) ?? this.#packages.get(id) ?? `leg of ${id}`
  }
}

/** Signals speak under their agent's name, the blend under the part behind the slash. */
const keyOf = (signal: string, instrument: string): string => `${signal.replace(/^signal\//, '')} ${instrument}`

const words = ({ side, reason }: SignalChanged['data']): string => `${side} (${reason})`

const packageWords = ({ package: id, targetWeight, reason }: PackageChanged['data']): string =>
  `${id} ${targetWeight === 0 ? 'flat' : percent(targetWeight)} (${reason})`
