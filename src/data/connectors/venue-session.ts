/**
 * Owns one venue at work: clock, instruments, sockets, polls, gap-fill, and which records become inputs. May be opened and
 * run again after a failure: what was given once is not given twice. Never talks to the supervisor or the log.
 */
import { setMaxListeners } from 'node:events'
import type { InstrumentId } from '#core/ids'
import { invariant } from '#core/invariant'
import { type EpochMs, floorTo, intervalMs, MINUTE_MS, SECOND_MS } from '#core/time'
import type { Want } from './adapter.port.js'
import { BarFeed } from './bar-feed.js'
import { BookFeed } from './book-feed.js'
import { ChainFeed } from './chain-feed.js'
import { ClockOffset } from './clock-offset.js'
import { networkHeaders, resolveEndpoints } from './endpoints.js'
import { every } from './every.js'
import { FrameRecorder } from './frame-recorder.js'
import { InstrumentBook } from './instrument-book.js'
import type { BarRecord, InstrumentFacts } from './normal.js'
import { Quarantine } from './quarantine.js'
import { RateBudget } from './rate-budget.js'
import { RecordInputs } from './record-inputs.js'
import { RecordRouter } from './record-router.js'
import { RestClient } from './rest-client.js'
import type { SessionEvents, SessionStats, VenueSessionOptions } from './session.port.js'
import { SettlementFeed } from './settlement-feed.js'
import { SocketGroup } from './socket-group.js'
import { TermsWatch } from './terms-watch.js'
import { closed, listed, settled } from './to-inputs.js'
import { WantedStreams } from './wanted-streams.js'

/** Between two measurements of the venue's clock (ours). */
const CLOCK_MS = 5 * MINUTE_MS

export class VenueSession {
  readonly #options: VenueSessionOptions
  readonly #events: SessionEvents
  readonly #budget: RateBudget
  readonly #client: RestClient
  readonly #clock: ClockOffset
  readonly #quarantine: Quarantine
  readonly #recorder: FrameRecorder | undefined
  readonly #instruments: InstrumentBook
  readonly #bars: BarFeed
  readonly #settlements: SettlementFeed
  readonly #books: BookFeed
  readonly #inputs: RecordInputs
  readonly #sockets: SocketGroup
  readonly #router: RecordRouter
  readonly #chains: readonly ChainFeed[]
  /** Gone while nobody looked; to be told. */
  readonly #lost: InstrumentId[] = []
  readonly #streams: WantedStreams
  readonly #terms: TermsWatch
  #missing = 0
  #failed = 0

  /** CONFIG_INVALID when the configuration names endpoints that the venue does not have. */
  constructor(options: VenueSessionOptions, events: SessionEvents) {
    const { adapter, config, time, seed, home } = options
    const { venue } = adapter
    const endpoints = resolveEndpoints(adapter, config)
    this.#options = options
    this.#events = events
    this.#quarantine = new Quarantine(home)
    this.#recorder = options.keepFrames ? new FrameRecorder(home, venue) : undefined
    this.#budget = new RateBudget({ ...config, venue, pools: adapter.pools, time })
    this.#client = new RestClient({
      adapter,
      endpoints,
      headers: networkHeaders(adapter, config),
      budget: this.#budget,
      time,
      seed,
      quarantine: this.#quarantine,
      remeasure: () => this.#clock.measure(),
      ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
      ...(this.#recorder ? { tap: (at, url, body) => this.#recorder?.answer(at, url, body) } : {}),
    })
    this.#clock = new ClockOffset(time, (signal) => this.#client.send(adapter.serverTime(), { signal, tries: 1 }))
    this.#instruments = new InstrumentBook(adapter, this.#client, options.watch, options.chains?.currencies ?? [])
    const venueNow = (): EpochMs => this.#clock.now()
    this.#bars = new BarFeed({
      time,
      venueNow,
      overdueMs: adapter.barsEndSilently === true ? SECOND_MS : 2 * SECOND_MS,
      fetch: (facts, interval, from, to, signal) =>
        this.#client.all(adapter.bars(facts, interval, from, to), { signal }),
      onBar: (bar) => this.#onBar(bar),
      onMissing: (...hole) => this.#onMissing(...hole),
    })
    this.#settlements = new SettlementFeed({
      time,
      venueNow,
      fetch: async (facts, from, to, signal) => {
        const call = adapter.settlements(facts, from, to)
        return call === undefined ? [] : this.#client.all(call, { signal })
      },
      onSettled: (row, knownMs) => {
        this.#emit('FundingSettled', settled(row, knownMs))
        options.tap?.(row, time.now())
      },
    })
    this.#books = new BookFeed({
      time,
      rule: (facts) => adapter.bookRule(facts.instrument.split('.')[1] ?? ''),
      snapshot: async (facts, signal) => {
        const call = adapter.bookSnapshot(facts)
        invariant(call !== undefined, () => `${facts.instrument}: its book has no snapshot by REST`)
        return this.#client.send(call, { signal })
      },
      resubscribe: (...which) => this.#sockets.resubscribe('book', ...which),
    })
    this.#inputs = new RecordInputs({
      time,
      settlements: this.#settlements,
      isTraded: options.isTraded,
      emit: ({ type, data }) => this.#emit(type, data),
    })
    this.#chains = (options.chains?.currencies ?? []).map(
      (currency) =>
        new ChainFeed({
          venue,
          currency,
          everyMs: options.chains?.everyMs ?? MINUTE_MS,
          time,
          venueNow,
          facts: (instrument) => this.#instruments.get(instrument),
          onChain: (chain) => this.#emit('OptionChainObserved', chain),
        }),
    )
    this.#router = new RecordRouter({
      bars: this.#bars,
      books: this.#books,
      chains: this.#chains,
      inputs: this.#inputs,
      facts: (instrument) => this.#instruments.get(instrument),
      onDelisted: (instrument) => this.#delist(instrument, 'delisted'),
      tap: options.tap,
    })
    this.#sockets = new SocketGroup({
      adapter,
      endpoints,
      time,
      seed,
      copies: config.sockets,
      knowledge: this.#knowledge,
      quarantine: this.#quarantine,
      maxLifeMs: options.maxLifeMs,
      ...(this.#recorder ? { tap: (at, topic, text, market) => this.#recorder?.frame(at, topic, text, market) } : {}),
      onRecords: (records, receivedAt, socketId) => {
        for (const record of records) this.#router.take(record, receivedAt, socketId)
      },
      onGone: (socketId) => this.#books.drop(socketId),
      ...events,
    })
    this.#streams = new WantedStreams({
      adapter,
      sockets: this.#sockets,
      client: this.#client,
      knowledge: this.#knowledge,
      time,
      onRecords: (records) => {
        for (const record of records) this.#router.take(record, time.now(), 0)
      },
    })
    this.#terms = new TermsWatch({
      time,
      venueNow,
      instruments: this.#instruments,
      onChanged: (facts) => this.#onTerms(facts),
      onGone: (instrument) => this.#delist(instrument, 'gone from the venue’s list'),
      replan: () => this.#streams.change(this.#wants()),
    })
  }

  /** The shared budget: order gateways of the venue use the same. */
  get budget(): RateBudget {
    return this.#budget
  }

  facts(instrument: InstrumentId): InstrumentFacts | undefined {
    return this.#instruments.get(instrument)
  }

  venueNow(): EpochMs {
    return this.#clock.now()
  }

  /** Best bid and ask of a book that is wanted, whole and new: [price, size] each. */
  top(
    instrument: InstrumentId,
  ): { readonly bid: readonly [number, number]; readonly ask: readonly [number, number] } | undefined {
    const book = this.#books.book(instrument)
    const bid = book?.bids.at(0)
    const ask = book?.asks.at(0)
    return bid === undefined || ask === undefined ? undefined : { bid, ask }
  }

  /** Measures the clock and reads the terms. VENUE_REFUSED for an instrument that the venue does not have. */
  async open(signal: AbortSignal): Promise<void> {
    await this.#recorder?.open()
    await this.#clock.measure(signal)
    const { lastBars, lastSettlements, interval, watch, wasListed } = this.#options
    this.#lost.push(...(await this.#instruments.load(signal, (instrument) => wasListed?.(instrument) === true)))
    const now = this.#clock.now()
    const stepMs = intervalMs(interval)
    for (const { instrument, kinds } of watch) {
      const facts = this.#instruments.get(instrument)
      if (facts === undefined) continue
      const last = lastBars.get(instrument)
      if (kinds.includes('bars'))
        this.#bars.add(facts, interval, last === undefined ? floorTo(now, stepMs) : last + stepMs)
      const since = lastSettlements?.get(instrument) ?? now
      if (kinds.includes('funding') && this.#options.adapter.settlements(facts, since, now) !== undefined)
        this.#settlements.add(facts, since)
    }
  }

  /** Reads until it is aborted. Outages of the network do not end it. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = new AbortController()
    setMaxListeners(0, stop.signal) // each poll and each question that waits listens to it
    const onAbort = (): void => stop.abort(signal.reason)
    const measure = (): Promise<unknown> => this.#clock.measure(stop.signal)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      for (const facts of this.#instruments.listed) this.#emit('InstrumentListed', listed(facts, this.#options.fees))
      for (const instrument of this.#lost.splice(0)) this.#tellDelisted(instrument, 'gone from the venue’s list')
      this.#books.start(stop.signal)
      this.#streams.start(this.#wants())
      await Promise.all([
        this.#bars.run(stop.signal),
        this.#settlements.run(stop.signal),
        every(this.#options.time, CLOCK_MS, stop.signal, measure, () => this.#failed++),
        this.#terms.run(stop.signal),
        ...this.#chains.map((chain) => chain.run(stop.signal)),
      ])
    } finally {
      signal.removeEventListener('abort', onAbort)
      stop.abort()
      this.#terms.stop()
      this.#streams.stop()
      this.#inputs.stop()
    }
  }

  hold(isHeld: boolean): void {
    this.#inputs.hold(isHeld)
  }

  /** Fulfilled when files are written and connections closed. */
  async close(): Promise<void> {
    this.#client.close()
    await this.#recorder?.close()
    await this.#quarantine.settled()
  }

  /** Topics that are given up, with why. */
  get doubts(): readonly string[] {
    return this.#sockets.doubts
  }

  stats(): SessionStats {
    const { asked, failed } = this.#streams.stats
    return {
      venue: this.#options.adapter.venue,
      clock: this.#clock.last,
      budget: this.#budget.status(),
      sockets: this.#sockets.stats(),
      streams: this.#sockets.streams(),
      bars: { ...this.#bars.stats, missing: this.#missing },
      bookGaps: this.#books.gaps,
      polls: { asked, failed: failed + this.#terms.failed + this.#failed },
      doubts: this.doubts,
      quarantine: this.#quarantine.stats,
      frames: this.#recorder?.stats ?? { frames: 0, dropped: 0 },
    }
  }

  get #knowledge() {
    return {
      facts: (instrument: InstrumentId) => this.#instruments.get(instrument),
      price: (instrument: InstrumentId) => this.#router.price(instrument),
    }
  }

  #onBar(bar: BarRecord): void {
    this.#router.priced(bar.instrument, bar.close)
    this.#emit('BarClosed', closed(bar))
    this.#options.tap?.(bar, this.#options.time.now())
  }

  #onMissing(instrument: InstrumentId, openTimes: readonly EpochMs[]): void {
    this.#missing += openTimes.length
    const detail = `${openTimes.length} bars of ${this.#options.interval} from ${openTimes[0]} that the venue does not have`
    for (const isBad of [true, false])
      this.#emit('DataQualityChanged', { subject: instrument, check: 'gap', isBad, detail })
  }

  #wants(): Want[] {
    const { chains, interval } = this.#options
    return this.#instruments.wants(interval, this.#clock.now(), (base) => {
      const chain = this.#chains[chains?.currencies.indexOf(base) ?? -1]
      return chain?.underlyingPrice
    })
  }

  #onTerms(facts: InstrumentFacts): void {
    this.#settlements.update(facts)
    if (this.#instruments.isListed(facts.instrument)) this.#emit('InstrumentListed', listed(facts, this.#options.fees))
  }

  #delist(instrument: InstrumentId, reason: string): void {
    if (!this.#instruments.remove(instrument)) return
    this.#bars.remove(instrument)
    this.#settlements.remove(instrument)
    this.#terms.replanSoon()
    this.#tellDelisted(instrument, reason)
  }

  #tellDelisted(instrument: InstrumentId, reason: string): void {
    this.#emit('InstrumentDelisted', { instrument, reason: reason.slice(0, 120) })
  }

  #emit(type: Parameters<SessionEvents['onInput']>[0]['type'], data: object): void {
    this.#events.onInput({ type, data })
  }
}
