/** What the specs of packages share: legs of every kind, what signal and blender say, and a venue that fills, rejects, or half fills. */
import type { UniverseEntry } from '#core/config/schema'
import { formatUnits, parseUnits, roundToStep } from '#core/decimal'
import { HOUR_MS, type Interval } from '#core/time'
import type { LegRole, LegTerms, PackageKind } from '#events/package.events'
import type { PackageState } from '#risk/packages/package-state'
import { Desk, type Draft, typed } from './book.js'

export const SPOT = 'binance.spot.BTCUSDT'
export const PERP = 'binance.usdm.BTCUSDT'
export const COIN_PERP = 'deribit.perpetual.BTC-PERPETUAL'
export const FUTURE = 'deribit.future.BTC-27MAR26'
export const NEXT_FUTURE = 'deribit.future.BTC-26JUN26'
export const CALL = 'deribit.option.BTC-27MAR26-60000-C'
export const PUT = 'deribit.option.BTC-27MAR26-60000-P'
export const WING_CALL = 'deribit.option.BTC-27MAR26-70000-C'
export const WING_PUT = 'deribit.option.BTC-27MAR26-50000-P'

const entry = (instrument: string, lot: string, tick: string): UniverseEntry => ({
  instrument,
  base: 'BTC',
  quote: 'USDT',
  tick,
  lot,
  minNotional: '5',
})
export const marketUniverse = [entry(PERP, '0.001', '0.1'), { ...entry(SPOT, '0.00001', '0.01'), role: 'leg' as const }]

/** Hours after which futures and options end. */
export const END_HOURS = 100
const inverse = (kind: LegTerms['kind'], lot: string, more: object = {}): LegTerms => ({
  kind,
  base: 'BTC',
  quote: 'USD',
  settle: 'BTC',
  tick: kind === 'inverseOption' ? '0.0001' : '0.5',
  lot,
  ...more,
})
const linear = (kind: LegTerms['kind'], lot: string): LegTerms => ({
  kind,
  base: 'BTC',
  quote: 'USDT',
  settle: 'USDT',
  tick: '0.1',
  lot,
})
const option = (strike: number, kind: 'call' | 'put'): LegTerms =>
  inverse('inverseOption', '0.1', { expiresAt: END_HOURS * HOUR_MS, strike, option: kind })

export const TERMS: Readonly<Record<string, LegTerms>> = {
  [SPOT]: linear('spot', '0.00001'),
  [PERP]: linear('linearPerpetual', '0.001'),
  [COIN_PERP]: inverse('inversePerpetual', '10'),
  [FUTURE]: inverse('inverseFuture', '10', { expiresAt: END_HOURS * HOUR_MS }),
  [NEXT_FUTURE]: inverse('inverseFuture', '10', { expiresAt: 10 * END_HOURS * HOUR_MS }),
  [CALL]: option(60_000, 'call'),
  [PUT]: option(60_000, 'put'),
  [WING_CALL]: option(70_000, 'call'),
  [WING_PUT]: option(50_000, 'put'),
}

export interface LegSpec {
  readonly role: LegRole
  readonly instrument: string
  readonly ratio: number
  readonly delta?: number
}
export const CARRY: readonly LegSpec[] = [
  { role: 'spot', instrument: SPOT, ratio: 1 },
  { role: 'perpetual', instrument: PERP, ratio: -1 },
]
export const BASIS: readonly LegSpec[] = [
  { role: 'spot', instrument: SPOT, ratio: 1 },
  { role: 'future', instrument: FUTURE, ratio: -1 },
]
export const STRADDLE: readonly LegSpec[] = [
  { role: 'call', instrument: CALL, ratio: -1, delta: 0.5 },
  { role: 'put', instrument: PUT, ratio: -1, delta: -0.5 },
  { role: 'wingCall', instrument: WING_CALL, ratio: 0.4, delta: 0.2 },
  { role: 'wingPut', instrument: WING_PUT, ratio: 0.4, delta: -0.2 },
  { role: 'hedge', instrument: COIN_PERP, ratio: 0.05 },
]

const inOwnUnits = (instrument: string, coins: number, price: number): number =>
  TERMS[instrument]!.settle === 'BTC' && TERMS[instrument]!.option === undefined ? coins * price : coins

/** A desk of hours with BTC at 60 000. */
export class PackageDesk extends Desk {
  hour = 0
  price = 60_000
  readonly marks: Record<string, number> = {
    [FUTURE]: 61_500,
    [NEXT_FUTURE]: 63_000,
    [COIN_PERP]: 60_000,
    [CALL]: 0.03,
    [PUT]: 0.03,
    [WING_CALL]: 0.008,
    [WING_PUT]: 0.008,
  }
  /** Orders approved and not yet answered. */
  waiting: Draft[] = []
  #trade = 0

  constructor(risk: object = {}, capital = '1000000', interval: Interval = '1h') {
    super({ turnoverLimiter: false, ...risk }, interval, capital, marketUniverse)
  }

  /** The next hour at a price: bars, marks of futures, the chain, then the instant. */
  next(price = this.price, silent: readonly string[] = []): Draft[] {
    const before = this.price
    this.price = price
    this.hour++
    const ts = this.hour * HOUR_MS
    for (const instrument of [SPOT, PERP]) {
      if (silent.includes(instrument)) continue
      const bar = {
        open: before,
        high: Math.max(before, price),
        low: Math.min(before, price),
        close: price,
        volume: 100,
      }
      this.send('BarClosed', { instrument, interval: '1h', openTime: ts - HOUR_MS, ...bar }, ts)
    }
    for (const instrument of [FUTURE, NEXT_FUTURE, COIN_PERP])
      if (!silent.includes(instrument)) this.mark(instrument, this.marks[instrument]!, ts)
    if (!silent.includes(CALL)) this.chain(ts)
    const drafts = this.send('InstantClosed', { instant: ts, intervals: ['1h'], missing: [] }, ts)
    this.take(drafts)
    return drafts
  }

  mark(instrument: string, mark: number, ts = this.ts): void {
    this.send('MarkChanged', { instrument, mark, index: this.price, at: ts }, ts)
  }

  chain(ts = this.ts): void {
    const options = [CALL, PUT, WING_CALL, WING_PUT].map((instrument) => ({
      instrument,
      strike: TERMS[instrument]!.strike!,
      option: TERMS[instrument]!.option!,
      bid: null,
      ask: null,
      mark: this.marks[instrument]!,
      markIv: null,
      delta: null,
      vega: null,
      openInterest: null,
    }))
    const expiresAt = END_HOURS * HOUR_MS
    const of = { venue: 'deribit', currency: 'BTC', expiresAt, underlyingPrice: this.price, indexPrice: this.price }
    this.send('OptionChainObserved', { ...of, at: ts, options }, ts)
  }

  /** What the signal says, then the blender: a package of these legs at a weight. */
  wish(
    signal: string,
    weight: number,
    legs: readonly LegSpec[] = CARRY,
    kind: PackageKind = 'carry',
    id = 'BTC',
  ): Draft[] {
    const name = `${signal}/${id}`
    this.take(
      this.send('PackageChanged', {
        signal,
        package: name,
        kind,
        reason: 'test',
        strength: 1,
        confidence: 1,
        targetWeight: weight,
        asOf: this.ts,
        validUntil: this.ts + 1000 * HOUR_MS,
        price: this.price,
        legs: legs.map((leg) => ({ delta: 1, ...leg, terms: TERMS[leg.instrument]! })),
        terms: [],
        inputs: [],
      }),
    )
    return this.blendPackages({ [name]: weight })
  }

  blendPackages(weights: Readonly<Record<string, number>>, rows: Readonly<Record<string, number>> = {}): Draft[] {
    const packages = Object.entries(weights).map(([id, weight]) => ({
      package: id,
      signal: id.slice(0, id.indexOf('/')),
      weight,
      wanted: weight,
      confidence: 1,
      budget: 1,
      bucket: 0.5,
      betaScale: 1,
      seq: 1,
    }))
    const directional = Object.entries(rows).map(([instrument, weight]) => ({
      instrument,
      weight,
      agreement: 1,
      outcome: 'blended' as const,
      parts: [{ signal: 'tsmom', weight, confidence: 1, budget: 1, contribution: weight, seq: 1 }],
    }))
    const drafts = this.send('PortfolioBlended', { instant: this.ts, scheduled: true, rows: directional, packages })
    this.take(drafts)
    return drafts
  }

  take(drafts: readonly Draft[]): void {
    this.waiting.push(...typed(drafts, 'OrderApproved'))
  }

  priceFor(instrument: string): number {
    return this.marks[instrument] ?? this.price
  }

  /** The venue answers what waits: a share of each order is filled, what is left is cancelled; 0 rejects it. */
  answer(shareOf: (instrument: string) => number = () => 1, fee = '0'): void {
    const orders = this.waiting
    this.waiting = []
    for (const { data } of orders) {
      const { order, instrument, side, quantity } = data as Record<'order' | 'instrument' | 'quantity', string> & {
        side: 'buy' | 'sell'
      }
      const share = shareOf(instrument)
      if (share === 0) {
        this.send('OrderRejected', { order, instrument, code: 'venue', detail: 'no' })
        continue
      }
      const lot = parseUnits(TERMS[instrument]!.lot)
      const whole = parseUnits(quantity)
      const part = share === 1 ? whole : roundToStep((whole * BigInt(Math.round(share * 1000))) / 1000n, lot)
      const price = this.priceFor(instrument)
      if (part > 0n)
        this.take(
          this.send('OrderFilled', {
            order,
            instrument,
            trade: `t${this.#trade++}`,
            side,
            price: String(price),
            quantity: formatUnits(part),
            remaining: formatUnits(whole - part),
            fee,
            feeCurrency: TERMS[instrument]!.settle,
            liquidity: 'taker',
            referencePrice: String(price),
            slippageBps: 0,
          }),
        )
      if (part < whole)
        this.send('OrderCancelled', {
          order,
          instrument,
          reason: 'ioc-remainder',
          remaining: formatUnits(whole - part),
        })
    }
  }

  /** A package that is open at this weight, filled. */
  open(signal: string, weight: number, legs: readonly LegSpec[] = CARRY, kind: PackageKind = 'carry'): this {
    if (this.hour === 0) this.next()
    this.wish(signal, weight, legs, kind)
    this.answer()
    return this
  }

  package(id: string): PackageState {
    const found = this.state.packages.find((one) => one.package === id)
    if (found === undefined) throw new Error(`no package ${id}`)
    return found
  }

  /** Held quantities by instrument, as numbers. */
  held(id: string): Record<string, number> {
    const pkg = this.state.packages.find((one) => one.package === id)
    return Object.fromEntries((pkg?.legs ?? []).map((leg) => [leg.instrument, leg.position.quantityNumber]))
  }
}

export { inOwnUnits }
