/**
 * Owns the small market in which every agent of the catalogue remembers something: trends, carry, bases, chains of options, on-chain
 * values, quotes, doubts, halts. Deterministic, by the hour. Imported by scripts/golden.ts too, so never by way of vitest.
 */
import type { Fills } from '#actors/catalogue'
import { type Config, configSchema } from '#core/config/schema'
import { Sfc32 } from '#core/random'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '#core/time'
import type { Input } from '#engine/dispatcher'
import { black76, type OptionSide, yearsTo } from '#quant/black76'

/** 2026-01-05, a Monday, 00:00 UTC. */
const START = 1_767_571_200_000
/** Quotes are many: their story ends earlier. */
const DAYS = { nextOpen: 64, quote: 12, venue: 12 } as const
const COINS = ['BTC', 'ETH', 'AAA', 'BBB', 'CCC', 'DDD', 'EEE', 'FFF']
const perp = (coin: string): string => `binance.usdm.${coin}USDT`
const SPOT = 'binance.spot.BTCUSDT'
const ELSEWHERE = 'bybit.linear.BTCUSDT'
const COIN_PERP = 'deribit.perpetual.BTC-PERPETUAL'
/** Days after START at which futures end, and options. */
const FUTURE_ENDS = [24, 160]
const OPTION_ENDS = [11, 25, 39, 53, 67, 81, 109]
/** Comes late, ends early. */
const NEWCOMER = 'EEE'
const LEAVER = { coin: 'DDD', day: 38 }

const ON = { enabled: true }
const SIGNALS = {
  tsmom: { lookbackDays: 8, skipDays: 2, volCom: 12 },
  donchian: { entryDays: 8, exitDays: 4, adxMin: 5 },
  meanReversion: { minQuoteVolume: 0, maxFundingBps: 50, entryZ: 1, windowHours: 24, vwapHours: 24 },
  oiPrice: { ...ON, warningFundingDays: 20, warningDays: 3 },
  crossSectional: { ...ON, rankDays: 8, holdDays: 3, minListedDays: 5, volumeDays: 5, minAssets: 4 },
  fundingCarry: ON,
  cashCarry: ON,
  xExchangeFunding: { ...ON, halfLifeDays: 12, settlementDays: 1 },
  volRiskPremium: ON,
  skewWhipsaw: { ...ON, entryPoints: 8 },
  ssr: { ...ON, windowDays: 15 },
  mvrv: { ...ON, minObservations: 15, euphoriaThreshold: 1, valueThreshold: -1 },
}

export function worldConfig(fills: Fills): Config {
  const entry = (instrument: string, base: string) => ({ instrument, base, tick: '0.01', lot: '0.001' })
  return configSchema.parse({
    seed: 5,
    interval: '1h',
    capital: '1000000',
    universe: [
      ...COINS.map((coin) => entry(perp(coin), coin)),
      { ...entry(SPOT, 'BTC'), role: 'leg' },
      { ...entry(ELSEWHERE, 'BTC'), role: 'leg' },
    ],
    signals: SIGNALS,
    blender: { performanceDays: 35, covarianceDays: 40, betaDays: 35, directionalMethod: 'erc' },
    risk: { turnoverMonthly: 8, drawdownHalt: 0.15, stopAtr: 1, stopAtrDays: 5, coinCap: 0.3, venueCap: 0.8 },
    execution: fills === 'quote' ? { orderType: 'limit', limitOffsetBps: 1 } : {},
  })
}

type Send = (type: Input['type'], ts: number, data: object) => void

/** What a walk through the world asks of who runs it. */
export interface WorldHost {
  /** Takes an input; timers that are due before it come first. */
  readonly send: Send
  /** Instruments with an order at work. */
  readonly waiting: () => readonly string[]
}

/** Words of the world that stand as keys in a memory: ids, coins, venues, series. */
export const WORLD_WORDS: readonly string[] = [...COINS, 'USDT', 'USD', 'binance', 'bybit', 'deribit']

/** The story up to a day, hour by hour; the whole without one. `fills`: opens of bars or quotes come where an order waits. */
export function playWorld(fills: Fills, host: WorldHost, days: number = DAYS[fills]): void {
  new World(fills, host).play(Math.min(days, DAYS[fills]))
}

class World {
  readonly #fills: Fills
  readonly #host: WorldHost
  readonly #random = Sfc32.seeded(77)
  readonly #prices = new Map(COINS.map((coin, i) => [coin, i === 0 ? 60_000 : 100 * (i + 1)]))
  #openInterest = 80_000
  #elsewhere = 0

  constructor(fills: Fills, host: WorldHost) {
    this.#fills = fills
    this.#host = host
  }

  play(days: number): void {
    this.#list(START)
    for (let hour = 1; hour <= days * 24; hour++) {
      const ts = START + hour * HOUR_MS
      if (hour === 10 * 24) this.#listing(START + 10 * DAY_MS, perp(NEWCOMER), 'linearPerpetual', NEWCOMER)
      this.#bars(ts, hour)
      this.#derivatives(ts, hour)
      if (hour % 8 === 0) this.#settle(ts, hour)
      if (hour % 6 === 0) this.#options(ts)
      if (hour % 24 === 0) this.#day(ts, hour / 24)
      this.#trouble(ts, hour)
      this.#send('InstantClosed', ts, { instant: ts, intervals: hour % 24 === 0 ? ['1h', '1d'] : ['1h'], missing: [] })
      this.#trade(ts)
    }
  }

  #send(type: Input['type'], ts: number, data: object): void {
    this.#host.send(type, ts, data)
  }

  #price(coin: string): number {
    return this.#prices.get(coin)!
  }

  #listing(ts: number, instrument: string, kind: string, base: string, more: object = {}): void {
    const terms = { quote: 'USDT', tick: '0.01', lot: '0.001', minNotional: '5', makerFeeBps: 2, takerFeeBps: 5 }
    this.#send('InstrumentListed', ts, { instrument, kind, base, ...terms, ...more })
  }

  #list(ts: number): void {
    for (const coin of COINS) if (coin !== NEWCOMER) this.#listing(ts, perp(coin), 'linearPerpetual', coin)
    this.#listing(ts, SPOT, 'spot', 'BTC')
    this.#listing(ts, ELSEWHERE, 'linearPerpetual', 'BTC')
    const inverse = { quote: 'USD', tick: '0.5', lot: '10' }
    this.#listing(ts, COIN_PERP, 'inversePerpetual', 'BTC', inverse)
    for (const day of FUTURE_ENDS)
      this.#listing(ts, futureOf(day), 'inverseFuture', 'BTC', { ...inverse, expiresAt: endOf(day) })
  }

  #bars(ts: number, hour: number): void {
    for (const [i, coin] of COINS.entries()) {
      const day = hour / 24
      const before = this.#price(coin)
      const shock = coin === 'BTC' && hour % 97 === 0 ? 0.03 : 0
      const slide = day > 42 && day < 44 ? -0.006 : 0
      const drift = (day < 24 ? 0.0006 : -0.0005) * (i % 3 === 2 ? -1 : 1)
      const price = cents(before * Math.exp(drift + slide + shock + 0.006 * this.#random.normal()))
      this.#prices.set(coin, price)
      if (coin === LEAVER.coin && day >= LEAVER.day) continue
      if (coin === NEWCOMER && day <= 10) continue
      const range = { open: before, high: Math.max(before, price), low: Math.min(before, price), close: price }
      const volume = 1e6 * Math.exp(0.4 * this.#random.normal())
      const ids = coin === 'BTC' ? [perp(coin), SPOT, ELSEWHERE] : [perp(coin)]
      // An hour that nobody saw.
      if (coin === 'CCC' && hour % 211 === 0) continue
      for (const instrument of ids)
        this.#send('BarClosed', ts, { instrument, interval: '1h', openTime: ts - HOUR_MS, ...range, volume })
    }
  }

  #derivatives(ts: number, hour: number): void {
    const btc = this.#price('BTC')
    const at = ts - MINUTE_MS
    for (const day of FUTURE_ENDS) {
      const left = (endOf(day) - ts) / (365 * DAY_MS)
      if (left <= 0) continue
      // Rich at first, then nothing is left of it.
      const basis = hour < 30 * 24 ? 0.14 : 0.005
      this.#send('MarkChanged', ts, {
        instrument: futureOf(day),
        mark: cents(btc * (1 + basis * left)),
        index: btc,
        at,
      })
    }
    this.#send('MarkChanged', ts, { instrument: COIN_PERP, mark: cents(btc * 1.0001), index: btc, at })
    this.#openInterest *= 1 + 0.01 * this.#random.normal() + 0.0005
    this.#send('OpenInterestChanged', ts, { instrument: perp('BTC'), openInterest: this.#openInterest, at })
    for (const [instrument, rate] of [
      [perp('BTC'), rateOf(hour)],
      [ELSEWHERE, this.#elsewhere],
    ] as const)
      this.#send('FundingRateChanged', ts, {
        instrument,
        rate,
        intervalHours: 8,
        nextFundingAt: ts - (ts % (8 * HOUR_MS)) + 8 * HOUR_MS,
        at,
      })
    for (const day of FUTURE_ENDS)
      if (endOf(day) === ts) this.#send('InstrumentDelisted', ts, { instrument: futureOf(day), reason: 'expired' })
  }

  #settle(ts: number, hour: number): void {
    const settled = (instrument: string, rate: number): void =>
      this.#send('FundingSettled', ts, { instrument, settledAt: ts, rate, intervalHours: 8, proxy: false })
    for (const coin of COINS)
      if (coin !== NEWCOMER || hour > 240) settled(perp(coin), coin === 'BTC' ? rateOf(hour) : 0.0001)
    // What is dear there stays so for some days.
    this.#elsewhere = 0.9 * this.#elsewhere + 0.00003 * this.#random.normal()
    settled(ELSEWHERE, this.#elsewhere)
    settled(COIN_PERP, 0.0001)
  }

  /** Three expiries, dear beside what was realised, and puts dearer still on some days. */
  #options(ts: number): void {
    const btc = this.#price('BTC')
    // It grows for a fortnight and is gone.
    const fear = (0.9 * ((ts - START) % (14 * DAY_MS))) / (14 * DAY_MS)
    for (const expiresAt of OPTION_ENDS.map(endOf)
      .filter((end) => end > ts)
      .slice(0, 3)) {
      const left = yearsTo(expiresAt, ts)
      const options = strikesAround(btc).flatMap((strike) =>
        (['call', 'put'] as const).map((side) => quoted(side, strike, btc, left, fear, expiresAt)),
      )
      const data = { venue: 'deribit', currency: 'BTC', expiresAt, at: ts - MINUTE_MS }
      this.#send('OptionChainObserved', ts, { ...data, underlyingPrice: btc, indexPrice: btc, options })
    }
    this.#send('VolatilityIndexChanged', ts, { venue: 'deribit', currency: 'BTC', value: 0.9, at: ts - MINUTE_MS })
  }

  #day(ts: number, day: number): void {
    const publish = (series: string, value: number, revision = 0): void => {
      const [source = '', asset = '', metric = ''] = series.split('.')
      const periodStart = ts - DAY_MS
      const data = { source, asset, metric, periodStart, periodMs: DAY_MS, availableAt: ts, value, revision }
      this.#send('OnChainPublished', ts, data)
    }
    const noise = this.#random.normal()
    publish('coinmetrics.btc.CapMrktCurUSD', 1e12 * (1 + 0.01 * day + 0.1 * noise))
    publish('coinmetrics.btc.CapMVRVCur', 2 + Math.sin(day / 4))
    publish('defillama.stablecoins.supply_usd', 1e11 * (1 + 0.002 * day))
    if (day % 9 === 0) publish('coinmetrics.btc.CapMrktCurUSD', 1e12 * (1 + 0.01 * day), 1)
    if (day === LEAVER.day) this.#send('InstrumentDelisted', ts, { instrument: perp(LEAVER.coin), reason: 'left' })
  }

  #trouble(ts: number, hour: number): void {
    const doubt = (subject: string, check: string, isBad: boolean): void =>
      this.#send('DataQualityChanged', ts, { subject, check, isBad, detail: 'of the story' })
    const command = (word: string): void =>
      this.#send('OperatorCommanded', ts, { command: word, reason: 'of the story' })
    const doubted = [perp('BTC'), perp('AAA'), futureOf(FUTURE_ENDS[1]!), COIN_PERP]
    if (hour % (9 * 24) === 5) for (const subject of doubted) doubt(subject, 'outlier', true)
    if (hour % (9 * 24) === 12) for (const subject of doubted) doubt(subject, 'outlier', false)
    if (hour === 12 * 24)
      this.#send('FundsTransferred', ts, { amount: '5000', currency: 'USDT', reason: 'of the story' })
    if (hour === 27 * 24 + 1) command('halt')
    if (hour === 27 * 24 + 9) command('resume')
    if (hour === 28 * 24) this.#send('ClockStepped', ts, { backMs: 2000 })
    if (hour === 29 * 24) this.#send('FeedInterrupted', ts, { feed: 'connector/world', reason: 'of the story' })
    if (hour === 29 * 24 + 2) this.#send('FeedRestored', ts, { feed: 'connector/world', downMs: 1500 })
    if (hour === 31 * 24) this.#send('LogStalled', ts, { stalledMs: 2500, code: 'LOG_STALLED' })
    if (hour === 31 * 24 + 1) command('resume')
    if (hour === 45 * 24) command('resume')
    if (hour === 47 * 24) command('flatten')
  }

  /** Prices for what waits, some hours too small to fill it whole and some not at all. */
  #trade(ts: number): void {
    for (const [k, instrument] of this.#host.waiting().entries()) {
      const price = this.#priceOf(instrument, ts)
      if (price === undefined || this.#random.next() < 0.15) continue
      const size = this.#random.next() < 0.3 ? 0.5 : 5e4
      const [later, half] = [ts + 3000 + 7 * k, price * 0.0002]
      if (this.#fills === 'nextOpen')
        this.#send('BarOpened', ts, { instrument, interval: '1h', openTime: ts, open: price, liquidity: 20 * size })
      else
        this.#send('QuoteChanged', later, {
          ...{ instrument, bid: price - half, ask: price + half, bidSize: size, askSize: size },
        })
    }
  }

  #priceOf(instrument: string, ts: number): number | undefined {
    const coin = COINS.find((each) => instrument === perp(each))
    if (coin !== undefined) return this.#price(coin)
    const [, strike = '', side = ''] = /-(\d+)-([CP])$/.exec(instrument) ?? []
    const btc = this.#price('BTC')
    if (strike === '') return btc
    const end = Number(/BTC-E(\d+)-/.exec(instrument)?.[1]) * DAY_MS + START + 8 * HOUR_MS
    const worth = black76(side === 'C' ? 'call' : 'put', btc, Number(strike), yearsTo(end, ts), 0.9)?.priceCoin ?? 0
    return worth >= 0.001 ? worth : undefined
  }
}

const cents = (price: number): number => Math.round(price * 100) / 100
const endOf = (day: number): number => START + day * DAY_MS + 8 * HOUR_MS
const futureOf = (day: number): string => `deribit.future.BTC-E${day}`
/** Rich for three weeks, then turned. */
const rateOf = (hour: number): number => (hour < 22 * 24 ? 0.0005 : -0.0003)

function strikesAround(price: number): number[] {
  const middle = Math.round(price / 4000) * 4000
  return Array.from({ length: 17 }, (_, i) => middle + (i - 8) * 4000).filter((strike) => strike > 0)
}

function quoted(side: OptionSide, strike: number, forward: number, years: number, fear: number, expiresAt: number) {
  const iv = 0.9 + fear * Math.max(0, 1 - strike / forward)
  const coin = (vol: number): number => black76(side, forward, strike, years, vol)?.priceCoin ?? 0
  const bid = coin(iv - 0.01)
  const day = Math.round((expiresAt - START - 8 * HOUR_MS) / DAY_MS)
  return {
    instrument: `deribit.option.BTC-E${day}-${strike}-${side === 'call' ? 'C' : 'P'}`,
    strike,
    option: side,
    bid: bid >= 0.0001 ? bid : null,
    ask: Math.max(0.0001, coin(iv + 0.01)),
    mark: coin(iv),
    markIv: iv,
    delta: null,
    vega: null,
    openInterest: 10,
  }
}
