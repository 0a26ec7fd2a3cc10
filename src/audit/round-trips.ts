/**
 * Owns round trips: of a package from flat to flat over all its legs, of an instrument by itself from flat to flat or to the other
 * side. What a trip made is summed a currency, exactly. Memory is one trip a package or instrument.
 */
import { formatUnits, type Units } from '#core/decimal'
import type { Totals } from './book.js'
import type { Change } from './run-ledger.js'

export interface RoundTrip {
  /** Null for an instrument by itself. */
  readonly package: string | null
  /** Legs, in the order in which they were first traded. */
  readonly instruments: readonly string[]
  readonly openedAt: number
  readonly openedSeq: number
  readonly closedAt: number
  readonly closedSeq: number
  readonly fills: number
  readonly settlements: number
  /** `realised − fees + funding = net`, by currency. */
  readonly made: Readonly<Record<string, Totals>>
}

interface Made {
  realised: Units
  fees: Units
  funding: Units
}

interface Trip {
  readonly package: string | null
  readonly openedAt: number
  readonly openedSeq: number
  /** Quantity by leg. */
  readonly legs: Map<string, Units>
  readonly made: Map<string, Made>
  fills: number
  settlements: number
}

export class RoundTrips {
  readonly #give: (trip: RoundTrip) => void
  readonly #open = new Map<string, Trip>()

  constructor(give: (trip: RoundTrip) => void) {
    this.#give = give
  }

  take(change: Change): void {
    const { position, seq, ts } = change
    if (position === null) return
    const key = position.package ?? position.instrument
    let trip = this.#open.get(key)
    if (trip === undefined) {
      // Funding or an end of what this log never saw opened belongs to no trip.
      if (change.kind !== 'fill' && change.kind !== 'carried') return
      trip = {
        package: position.package,
        openedAt: ts,
        openedSeq: seq,
        legs: new Map(),
        made: new Map(),
        fills: 0,
        settlements: 0,
      }
      this.#open.set(key, trip)
    }
    const before = trip.legs.get(position.instrument) ?? 0n
    trip.legs.set(position.instrument, position.quantity)
    book(trip, change)
    const isFlat = [...trip.legs.values()].every((quantity) => quantity === 0n)
    const isTurned = position.package === null && before !== 0n && before > 0n !== position.quantity > 0n
    if (!isFlat && !isTurned) return
    this.#open.delete(key)
    this.#give(told(trip, change))
    if (isFlat) return
    const legs = new Map([[position.instrument, position.quantity]])
    this.#open.set(key, { ...trip, openedAt: ts, openedSeq: seq, legs, made: new Map(), fills: 0, settlements: 0 })
  }
}

function book(trip: Trip, { kind, currency, realised, funding, fee, feeCurrency }: Change): void {
  if (kind === 'fill') trip.fills++
  if (kind === 'settlement') trip.settlements++
  const made = madeIn(trip, currency)
  made.realised += realised
  made.funding += funding
  if (fee !== 0n) madeIn(trip, feeCurrency).fees += fee
}

function madeIn({ made }: Trip, currency: string): Made {
  let one = made.get(currency)
  if (one === undefined) {
    one = { realised: 0n, fees: 0n, funding: 0n }
    made.set(currency, one)
  }
  return one
}

function told(trip: Trip, { seq, ts }: Change): RoundTrip {
  const made = [...trip.made].map(([currency, { realised, fees, funding }]): [string, Totals] => [
    currency,
    {
      realised: formatUnits(realised),
      fees: formatUnits(fees),
      funding: formatUnits(funding),
      net: formatUnits(realised - fees + funding),
    },
  ])
  return {
    package: trip.package,
    instruments: [...trip.legs.keys()],
    openedAt: trip.openedAt,
    openedSeq: trip.openedSeq,
    closedAt: ts,
    closedSeq: seq,
    fills: trip.fills,
    settlements: trip.settlements,
    made: Object.fromEntries(made),
  }
}
