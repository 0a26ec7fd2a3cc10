/** Owns what options quote and trade: Black-76 on the forward, a smile, a spread. Prices in coins, sensitivities in quote. */
import { DAY_MS, type EpochMs, floorTo, MINUTE_MS } from '#core/time'
import type { WorldInstrument, WorldOption, WorldTrade } from '../world.port.js'
import { seedOf } from './basis.js'
import { unit } from './hash-noise.js'
import { optionValue, smile } from './option-model.js'
import { fromSteps, stepOf } from './steps.js'

const YEAR_MS = 365 * DAY_MS
/** One trade in each of these. */
const TRADE_EVERY_MS = 10 * MINUTE_MS

export interface OptionMarket {
  /** Price of the future that expires with it. */
  readonly forward: number
  /** Volatility at the money, decimal a year. */
  readonly atm: number
}

export function optionAt(instrument: WorldInstrument, at: EpochMs, { forward, atm }: OptionMarket): WorldOption {
  const { strike, expiresAt, option, tick, lot } = instrument
  if (strike === null || expiresAt === null || option === null)
    throw new RangeError(`${instrument.id} is no option: it has no strike, expiry or side`)
  const years = Math.max(0, (expiresAt - at) / YEAR_MS)
  const vol = smile(atm, { forward, strike, years })
  const value = optionValue({ forward, strike, years, vol, isCall: option === 'call' })
  const mark = value.price / forward
  const step = stepOf(tick)
  const ticks = (mark * step.denominator) / step.numerator
  const half = 1 + ticks * 0.01
  const bid = fromSteps(Math.max(0, Math.floor(ticks - half)), step)
  const ask = fromSteps(Math.ceil(ticks + half), step)
  // By the slope: exact enough for a spread of a few ticks.
  const ivAt = (price: number): number =>
    value.vega < 1e-9 ? vol : Math.max(0, vol + ((price - mark) * forward) / (value.vega * 100))
  const seed = seedOf(0, instrument.id)
  const size = (side: number): number =>
    fromSteps(5 + Math.floor(unit(seed, floorTo(at, MINUTE_MS), side) * 200), stepOf(lot))
  return {
    bid,
    ask,
    bidSize: bid > 0 ? size(1) : 0,
    askSize: size(2),
    mark,
    markIv: vol,
    bidIv: bid > 0 ? ivAt(bid) : 0,
    askIv: ivAt(ask),
    delta: value.delta,
    gamma: value.gamma,
    vega: value.vega,
    theta: value.theta,
    underlyingPrice: forward,
  }
}

/** Trades in `(from, to]` at the mark, rounded to the step. */
export function optionTrades(
  instrument: WorldInstrument,
  from: EpochMs,
  to: EpochMs,
  seed: number,
  optionOf: (instrument: WorldInstrument, at: EpochMs) => WorldOption,
): WorldTrade[] {
  const own = seedOf(seed, `trades ${instrument.id}`)
  const step = stepOf(instrument.tick)
  const last = Math.min(to, (instrument.expiresAt ?? to) - 1)
  const first = Math.max(from + 1, instrument.listedAt)
  const rows: WorldTrade[] = []
  const epoch = floorTo(instrument.listedAt, TRADE_EVERY_MS)
  for (let slot = floorTo(first, TRADE_EVERY_MS); slot <= last; slot += TRADE_EVERY_MS) {
    const ts = slot + Math.floor(unit(own, slot) * TRADE_EVERY_MS)
    if (ts < first || ts > last) continue
    const { mark } = optionOf(instrument, ts)
    rows.push({
      ts,
      // Nothing is traded before the listing within its slot: then the first id is 2.
      id: (slot - epoch) / TRADE_EVERY_MS + 1,
      price: fromSteps(Math.max(1, Math.round((mark * step.denominator) / step.numerator)), step),
      size: fromSteps(1 + Math.floor(unit(own, slot, 1) * 20), stepOf(instrument.lot)),
      aggressor: unit(own, slot, 2) < 0.5 ? 'buy' : 'sell',
      isLiquidation: false,
    })
  }
  return rows
}
