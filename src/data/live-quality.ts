/**
 * Owns the checks of data as it comes: stale and crossed quotes, outliers among bars, venues that disagree, clocks that are
 * off. Says when a check begins and ceases to fail, never how often it looks. Keeps no history beyond its windows.
 */
import type { DurationMs, EpochMs } from '#core/time'
import type { DataQualityChanged } from '#events/market.events'
import { medianInPlace, robustSd } from './robust-scale.js'

type Check = DataQualityChanged['data']['check']
type Verdict = DataQualityChanged['data']

/** Returns behind the robust scale of an outlier, and how many are needed first (ours). */
const RETURNS = 120
const RETURNS_MIN = 30
/** Robust standard deviations, and the least move, that make an outlier (ours: as the lake's report, and 1 %). */
const OUTLIER_SD = 10
const OUTLIER_MIN = 0.01

export interface LiveQualityOptions {
  /** Instruments whose quotes or marks must stay fresh, with the coin that makes prices of venues comparable. */
  readonly instruments: readonly { readonly instrument: string; readonly base: string; readonly quote: string }[]
  readonly staleMs: DurationMs
  readonly maxDeviationBps: number
  readonly maxClockOffsetMs: DurationMs
  readonly startedAt: EpochMs
  readonly onVerdict: (verdict: Verdict) => void
}

/** Checks that fail, by instrument or connector. */
export type Doubts = { readonly [subject: string]: readonly Check[] }

interface Subject {
  readonly instrument: string
  readonly group: string
  seenAt: EpochMs
  /** Latest mark, or middle of the quote; 0 for none. */
  price: number
  lastClose: number
  readonly returns: number[]
  readonly bad: Set<Check>
}

/** USD and the coins that stand for it are one money here. */
const DOLLARS = /^(?:USD|USDT|USDC|BUSD|FDUSD)$/

export class LiveQuality {
  readonly #options: LiveQualityOptions
  readonly #subjects = new Map<string, Subject>()
  readonly #groups = new Map<string, Subject[]>()
  readonly #offClocks = new Set<string>()
  readonly #counts = new Map<Check, number>()

  constructor(options: LiveQualityOptions) {
    this.#options = options
    for (const { instrument, base, quote } of options.instruments) {
      const group = `${base} ${DOLLARS.test(quote) ? 'USD' : quote}`
      const subject: Subject = {
        instrument,
        group,
        seenAt: options.startedAt,
        price: 0,
        lastClose: 0,
        returns: [],
        bad: new Set(),
      }
      this.#subjects.set(instrument, subject)
      const members = this.#groups.get(group)
      if (members) members.push(subject)
      else this.#groups.set(group, [subject])
    }
  }

  /** How often each check began to fail. */
  get counts(): Readonly<Partial<Record<Check, number>>> {
    return Object.fromEntries(this.#counts)
  }

  /** Checks that fail now, by subject. */
  get failing(): readonly { readonly subject: string; readonly checks: readonly Check[] }[] {
    const subjects = [...this.#subjects.values()].filter(({ bad }) => bad.size > 0)
    return [
      ...subjects.map(({ instrument, bad }) => ({ subject: instrument, checks: [...bad] })),
      ...[...this.#offClocks].map((subject) => ({ subject, checks: ['clock' as const] })),
    ]
  }

  /** Silence counts from here on. `doubts`: what was said before and never withdrawn; it stands until its check passes. */
  begin(now: EpochMs, doubts: Doubts = {}): void {
    for (const subject of this.#subjects.values()) subject.seenAt = Math.max(subject.seenAt, now)
    for (const [name, checks] of Object.entries(doubts)) for (const check of checks) this.#inherit(name, check, now)
  }

  #inherit(name: string, check: Check, now: EpochMs): void {
    const subject = this.#subjects.get(name)
    if (check === 'clock') this.#offClocks.add(name)
    // Nobody looks at it any more, or it was over when it was said.
    else if (subject === undefined || check === 'gap')
      this.#say({ subject: name, check, isBad: false, detail: 'from before the start' })
    else {
      subject.bad.add(check)
      if (check === 'stale') subject.seenAt = now - this.#options.staleMs - 1
    }
  }

  mark(instrument: string, price: number, at: EpochMs): void {
    const subject = this.#subjects.get(instrument)
    if (subject === undefined) return
    subject.seenAt = at
    subject.price = price
  }

  /** Null where a side is empty. */
  quote(instrument: string, bid: number | null, ask: number | null, at: EpochMs): void {
    const subject = this.#subjects.get(instrument)
    if (subject === undefined || bid === null || ask === null) return
    subject.seenAt = at
    const isCrossed = bid >= ask
    if (!isCrossed) subject.price = (bid + ask) / 2
    if (isCrossed !== subject.bad.has('crossed')) this.#judge(subject, 'crossed', isCrossed, `bid ${bid} ask ${ask}`)
  }

  /** A closed bar, before anybody decides on it. O(window · log window). */
  bar(instrument: string, close: number): void {
    const subject = this.#subjects.get(instrument)
    if (subject === undefined) return
    const { lastClose, returns } = subject
    subject.lastClose = close
    if (!(lastClose > 0) || !(close > 0)) return
    const change = Math.log(close / lastClose)
    const scale = returns.length >= RETURNS_MIN ? scaleOf(returns) : Number.POSITIVE_INFINITY
    const isOutlier = Math.abs(change) > Math.max(OUTLIER_MIN, OUTLIER_SD * scale)
    const detail = `close ${close} behind ${lastClose}: ${(100 * change).toFixed(2)} %, ${(Math.abs(change) / scale).toFixed(1)} robust standard deviations`
    if (isOutlier !== subject.bad.has('outlier')) this.#judge(subject, 'outlier', isOutlier, detail)
    returns.push(change)
    if (returns.length > RETURNS) returns.shift()
  }

  /** The machine's clock against that of a venue; positive: the venue is ahead. */
  clock(connector: string, offsetMs: number): void {
    const isOff = Math.abs(offsetMs) > this.#options.maxClockOffsetMs
    if (isOff === this.#offClocks.has(connector)) return
    if (isOff) this.#offClocks.add(connector)
    else this.#offClocks.delete(connector)
    this.#say({ subject: connector, check: 'clock', isBad: isOff, detail: `${Math.round(offsetMs)} ms` })
  }

  /** Looks at everything that time alone makes bad. Call about once a second. O(instruments). */
  look(now: EpochMs): void {
    const { staleMs } = this.#options
    for (const subject of this.#subjects.values()) {
      const ageMs = now - subject.seenAt
      const isStale = ageMs > staleMs
      if (isStale !== subject.bad.has('stale')) this.#judge(subject, 'stale', isStale, `${ageMs} ms without news`)
    }
    for (const members of this.#groups.values()) this.#compare(members)
  }

  /** Where three or more agree, the one that does not is bad; of two, both are. */
  #compare(members: readonly Subject[]): void {
    const fresh = members.filter(({ price, bad }) => price > 0 && !bad.has('stale'))
    const middle = fresh.length < 2 ? 0 : medianInPlace(Float64Array.from(fresh, ({ price }) => price))
    for (const subject of members) {
      const bps = middle > 0 && fresh.includes(subject) ? Math.abs(subject.price / middle - 1) * 10_000 : 0
      const isOff = bps > this.#options.maxDeviationBps
      if (isOff !== subject.bad.has('deviation'))
        this.#judge(subject, 'deviation', isOff, `${bps.toFixed(0)} bp from the venues' median ${middle}`)
    }
  }

  #judge(subject: Subject, check: Check, isBad: boolean, detail: string): void {
    if (isBad) subject.bad.add(check)
    else subject.bad.delete(check)
    this.#say({ subject: subject.instrument, check, isBad, detail })
  }

  #say(verdict: Verdict): void {
    if (verdict.isBad) this.#counts.set(verdict.check, (this.#counts.get(verdict.check) ?? 0) + 1)
    this.#options.onVerdict(verdict)
  }
}

function scaleOf(returns: readonly number[]): number {
  return robustSd(Float64Array.from(returns), medianInPlace(Float64Array.from(returns)))
}
