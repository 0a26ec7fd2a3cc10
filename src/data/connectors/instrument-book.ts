/** Owns the terms of a venue's instruments as they were read last. Says what changed; never guesses a symbol. */
import { QuantbotError } from '#core/errors'
import { type InstrumentId, parseInstrument } from '#core/ids'
import type { EpochMs, Interval } from '#core/time'
import type { VenueAdapter, Want } from './adapter.port.js'
import { chosenOptions } from './chain-choice.js'
import type { InstrumentFacts } from './normal.js'
import type { RestClient } from './rest-client.js'
import type { WatchedInstrument } from './session.port.js'

export interface TermsChange {
  /** Watched ones whose terms are others than before. */
  readonly changed: readonly InstrumentFacts[]
  readonly gone: readonly InstrumentId[]
}

/** Market in which a venue's options are. */
const OPTIONS = 'option'

export class InstrumentBook {
  readonly #adapter: Pick<VenueAdapter, 'venue' | 'instruments'>
  readonly #client: RestClient
  readonly #watch: ReadonlyMap<InstrumentId, WatchedInstrument>
  readonly #currencies: readonly string[]
  readonly #gone = new Set<InstrumentId>()
  #facts = new Map<InstrumentId, InstrumentFacts>()
  /** Options in the order in which they are wanted. */
  #order: readonly InstrumentId[] = []
  #places: ReadonlySet<InstrumentId> = new Set()

  /** `currencies`: of these the option chains are read as well. */
  constructor(
    adapter: Pick<VenueAdapter, 'venue' | 'instruments'>,
    client: RestClient,
    watch: readonly WatchedInstrument[],
    currencies: readonly string[],
  ) {
    this.#adapter = adapter
    this.#client = client
    this.#watch = new Map(watch.map((entry) => [entry.instrument, entry]))
    this.#currencies = currencies
  }

  get(instrument: InstrumentId): InstrumentFacts | undefined {
    return this.#facts.get(instrument)
  }

  /** VENUE_REFUSED, naming the nearest one that there is. */
  need(instrument: InstrumentId): InstrumentFacts {
    const facts = this.#facts.get(instrument)
    if (facts !== undefined) return facts
    const near = nearest(instrument, this.#facts.keys())
    const hint = near === undefined ? '' : `; the nearest is ${near}`
    throw new QuantbotError('VENUE_REFUSED', `${this.#adapter.venue} has no ${instrument}${hint}`)
  }

  /** Whether its listing becomes an input. */
  isListed(instrument: InstrumentId): boolean {
    return this.#watch.get(instrument)?.isListed === true
  }

  /** Terms of those whose listing becomes an input, in the order of the configuration. */
  get listed(): InstrumentFacts[] {
    return [...this.#watch.values()].flatMap(({ instrument, isListed }) => {
      const facts = this.#facts.get(instrument)
      return isListed && facts !== undefined ? [facts] : []
    })
  }

  /** All that is to be read of the venue; what has expired is not. `price` of a coin, quote, orders the options. */
  wants(interval: Interval, now: EpochMs, price: (base: string) => number | undefined): Want[] {
    const watched = [...this.#watch.values()].flatMap(({ instrument, kinds }) => {
      const facts = this.#facts.get(instrument)
      if (facts === undefined || hasExpired(facts, now)) return []
      return kinds.map((kind): Want => (kind === 'bars' ? { kind, facts, interval } : { kind, facts }))
    })
    return [...watched, ...statusWants(watched), ...this.#chainWants(now, price)]
  }

  /** When the next of those expires that are read; infinity: none does. */
  nextExpiry(now: EpochMs): EpochMs {
    let next = Number.POSITIVE_INFINITY
    for (const facts of this.#facts.values()) {
      const isRead = this.#watch.has(facts.instrument) || this.#isOfChain(facts)
      if (isRead && facts.expiresAt !== null && facts.expiresAt > now) next = Math.min(next, facts.expiresAt)
    }
    return next
  }

  #isOfChain({ base, option }: InstrumentFacts): boolean {
    return option !== null && this.#currencies.includes(base)
  }

  /** One option of each wanted currency for its volatility index, and all of them, the most telling first. */
  #chainWants(now: EpochMs, price: (base: string) => number | undefined): Want[] {
    const live = [...this.#facts.values()].filter((facts) => this.#isOfChain(facts) && !hasExpired(facts, now))
    const first = this.#currencies.flatMap((currency) => live.find(({ base }) => base === currency) ?? [])
    return [
      ...first.map((facts) => ({ kind: 'volatilityIndex', facts }) as const),
      ...this.#ordered(live, now, price).map((facts) => ({ kind: 'options', facts }) as const),
    ]
  }

  /** Ordered anew when options came or went, at least once a day: not with every move of the price. */
  #ordered(
    live: readonly InstrumentFacts[],
    now: EpochMs,
    price: (base: string) => number | undefined,
  ): InstrumentFacts[] {
    const isSame = live.length === this.#order.length && live.every(({ instrument }) => this.#places.has(instrument))
    if (!isSame) {
      this.#order = chosenOptions(live, now, price).map(({ instrument }) => instrument)
      this.#places = new Set(this.#order)
    }
    return this.#order.flatMap((instrument) => this.#facts.get(instrument) ?? [])
  }

  /** Reads them for the first time; gives those that `wasListed` and are gone. VENUE_REFUSED for others that are not there. */
  async load(signal: AbortSignal, wasListed: (instrument: InstrumentId) => boolean): Promise<readonly InstrumentId[]> {
    this.#facts = await this.#read(signal)
    const lacking = [...this.#watch.keys()].filter((id) => !this.#facts.has(id) && !this.#gone.has(id))
    for (const instrument of lacking) if (wasListed(instrument)) this.#gone.add(instrument)
    for (const instrument of lacking) if (!this.#gone.has(instrument)) this.need(instrument)
    return lacking
  }

  /** Reads them again. What became of instruments that nobody watches is not told. */
  async reload(signal: AbortSignal): Promise<TermsChange> {
    const before = this.#facts
    const now = await this.#read(signal)
    this.#facts = now
    const changed: InstrumentFacts[] = []
    const gone: InstrumentId[] = []
    for (const instrument of this.#watch.keys()) {
      const old = before.get(instrument)
      const facts = now.get(instrument)
      if (facts === undefined && old !== undefined) {
        // Told by remove(), which needs it to be known.
        this.#facts.set(instrument, old)
        gone.push(instrument)
      } else if (facts !== undefined && JSON.stringify(facts) !== JSON.stringify(old)) changed.push(facts)
    }
    return { changed, gone }
  }

  /** Forgets one that trades no more; false when it was forgotten already. */
  remove(instrument: InstrumentId): boolean {
    if (!this.#watch.has(instrument) || this.#gone.has(instrument)) return false
    this.#gone.add(instrument)
    return this.#facts.delete(instrument)
  }

  async #read(signal: AbortSignal): Promise<Map<InstrumentId, InstrumentFacts>> {
    const markets = new Set([...this.#watch.keys()].map((instrument) => parseInstrument(instrument)?.market ?? ''))
    if (this.#currencies.length > 0) markets.add(OPTIONS)
    const facts = new Map<InstrumentId, InstrumentFacts>()
    for (const market of markets)
      for await (const rows of this.#client.pages(this.#adapter.instruments(market), { signal }))
        for (const row of rows) if (!this.#gone.has(row.instrument)) facts.set(row.instrument, row)
    return facts
  }
}

/** The venue's word on each market that is watched: what is delisted is known at once, not with the next look at the terms. */
function statusWants(watched: readonly Want[]): Want[] {
  const markets = new Set(watched.filter(({ kind }) => kind === 'status').map(marketOf))
  return watched.flatMap((want): Want[] => {
    const market = marketOf(want)
    if (markets.has(market)) return []
    markets.add(market)
    return [{ kind: 'status', facts: want.facts }]
  })
}

const marketOf = ({ facts }: Want): string => parseInstrument(facts.instrument)?.market ?? ''
const hasExpired = ({ expiresAt }: InstrumentFacts, now: EpochMs): boolean => expiresAt !== null && expiresAt <= now

/** The id with the fewest edits between, when they are few: to say what may have been meant. */
function nearest(wanted: InstrumentId, known: Iterable<InstrumentId>): InstrumentId | undefined {
  let best: InstrumentId | undefined
  let bestEdits = Math.ceil(wanted.length / 2)
  for (const id of known) {
    const edits = distance(wanted.toUpperCase(), id.toUpperCase(), bestEdits)
    if (edits < bestEdits) {
      best = id
      bestEdits = edits
    }
  }
  return best
}

/** Levenshtein distance, given up at `limit`. O(a × b). */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]!
}
