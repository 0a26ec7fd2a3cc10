/** Owns the way from records to inputs: what may be conflated is, at most once or twice a second and when changed; the rest never. */
import type { InstrumentId } from '#core/ids'
import type { TimePort } from '#core/ports'
import { SECOND_MS } from '#core/time'
import { Conflator } from './conflate.js'
import type { Normal } from './normal.js'
import type { SettlementFeed } from './settlement-feed.js'
import { type MarketInput, marked, openInterest, quoted, rateChanged, volatility } from './to-inputs.js'

export interface RecordInputsOptions {
  readonly time: TimePort
  readonly settlements: Pick<SettlementFeed, 'learn' | 'intervalMs'>
  readonly isTraded: (instrument: InstrumentId) => boolean
  readonly emit: (input: MarketInput) => void
}

const GAP_MS = SECOND_MS
/** Of funding, which is to be with its readers within a second: what waits must leave time for the rest of the way. */
const FUNDING_GAP_MS = SECOND_MS / 2

export class RecordInputs {
  readonly #options: RecordInputsOptions
  readonly #conflator: Conflator<MarketInput>
  readonly #funding: Conflator<MarketInput>
  /** Venue time of the newest of each key: two sockets may be apart. */
  readonly #newest = new Map<string, number>()

  constructor(options: RecordInputsOptions) {
    this.#options = options
    const { time, emit } = options
    this.#conflator = new Conflator({ time, gapMs: GAP_MS, emit, isSame: saysTheSame })
    this.#funding = new Conflator({ time, gapMs: FUNDING_GAP_MS, emit, isSame: saysTheSame })
  }

  hold(isHeld: boolean): void {
    this.#conflator.hold(isHeld)
    this.#funding.hold(isHeld)
  }

  stop(): void {
    this.#conflator.reset()
    this.#funding.reset()
    this.#newest.clear()
  }

  take(record: Normal): void {
    const { settlements, isTraded } = this.#options
    switch (record.kind) {
      case 'mark':
        this.#offer('MarkChanged', record.instrument, record.ts, () => marked(record))
        return
      case 'funding':
        settlements.learn(record)
        this.#offer('FundingRateChanged', record.instrument, record.ts, () =>
          rateChanged(record, settlements.intervalMs(record.instrument)),
        )
        return
      case 'openInterest':
        this.#offer('OpenInterestChanged', record.instrument, record.ts, () => openInterest(record))
        return
      case 'volatilityIndex':
        this.#offer('VolatilityIndexChanged', record.currency, record.ts, () => volatility(record))
        return
      case 'quote':
        if (isTraded(record.instrument)) this.#offer('QuoteChanged', record.instrument, record.ts, () => quoted(record))
        return
      default:
        return
    }
  }

  #offer(type: MarketInput['type'], subject: string, ts: number | null, data: () => object | undefined): void {
    const key = `${type} ${subject}`
    if (ts !== null) {
      if (ts < (this.#newest.get(key) ?? 0)) return
      this.#newest.set(key, ts)
    }
    const value = data()
    if (value === undefined) return
    const conflator = type === 'FundingRateChanged' ? this.#funding : this.#conflator
    conflator.offer(key, { type, data: value })
  }
}

/** All fields are equal but the time. */
function saysTheSame(a: MarketInput, b: MarketInput): boolean {
  const left: Readonly<Record<string, unknown>> = { ...a.data }
  const right: Readonly<Record<string, unknown>> = { ...b.data }
  return Object.keys(right).every((key) => key === 'at' || left[key] === right[key])
}
