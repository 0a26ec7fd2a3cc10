/** Owns a synthetic run for tests: seeded prices, a book that trades them, its events, and a plain ledger of its own. */
import { Recorder } from '#backtest/recorder'
import type { BacktestRecording } from '#backtest/recording'
import { Sfc32 } from '#core/random'
import { DAY_MS, parseDay } from '#core/time'
import { event } from '../given.js'

export const START = parseDay('2022-01-01')!
const FEE_BPS = 5
const COST_BPS = 3

export interface SyntheticOptions {
  readonly instruments?: readonly string[]
  readonly signals?: readonly string[]
  readonly days?: number
  readonly seed?: number
  /** Daily drift of prices and of the weights' edge. */
  readonly edge?: number
}

/** Rebalances every fifth day to random weights split among signals; funding each day; a stop and a refusal now and then. */
export function syntheticRecording(options: SyntheticOptions = {}): BacktestRecording {
  const {
    instruments = ['test.usdm.AAAUSDT', 'test.usdm.BBBUSDT'],
    signals = ['tsmom', 'donchian'],
    days = 400,
    seed = 7,
    edge = 0,
  } = options
  const random = Sfc32.seeded(seed)
  const capital = 1_000_000
  const recorder = new Recorder({
    start: START,
    capital,
    instruments: instruments.map((id, i) => (i === 1 ? { id, proxyOf: 'test.spot.BBBUSDT' } : { id })),
    signals,
  })
  const price = instruments.map((_, i) => 100 * (i + 1))
  const held = instruments.map(() => 0)
  let cash = capital
  const bar = (i: number, ts: number): void => {
    const p = price[i]!
    const data = { open: p, high: p, low: p, close: p, volume: 1e6, openTime: ts - DAY_MS, interval: '1d' }
    recorder.observe(event('BarClosed', { instrument: instruments[i]!, ...data }, { ts }))
  }
  const nav = (): number => held.reduce((sum, q, i) => sum + q * price[i]!, cash)
  const fill = (i: number, target: number, order: string, ts: number): void => {
    const quantity = Math.round((target - held[i]!) * 1000) / 1000
    if (quantity === 0) return
    const reference = Math.round(price[i]! * 100) / 100
    const paid = Math.round(reference * (1 + (Math.sign(quantity) * COST_BPS) / 1e4) * 1e4) / 1e4
    const fee = Math.round(Math.abs(quantity) * paid * FEE_BPS * 1e-4 * 1e6) / 1e6
    cash -= quantity * paid + fee
    held[i]! += quantity
    recorder.observe(
      event(
        'OrderFilled',
        {
          order,
          instrument: instruments[i]!,
          trade: `t-${order}`,
          side: quantity > 0 ? 'buy' : 'sell',
          price: paid.toFixed(4),
          quantity: Math.abs(quantity).toFixed(3),
          remaining: '0',
          fee: fee.toFixed(6),
          feeCurrency: 'USDT',
          liquidity: 'taker',
          referencePrice: reference.toFixed(2),
          slippageBps: COST_BPS,
        },
        { ts },
      ),
    )
  }
  instruments.forEach((_, i) => {
    bar(i, START)
  })
  for (let d = 0; d < days; d++) {
    const ts = START + d * DAY_MS
    if (d % 5 === 0) {
      const rows = instruments.map((instrument) => {
        const parts = signals.map((signal, k) => ({
          signal,
          weight: 0.2,
          confidence: 1,
          budget: 1,
          contribution: (random.next() - 0.4 + edge * 20 + k * 0.05) / signals.length / 4,
          seq: 1,
        }))
        const weight = parts.reduce((sum, part) => sum + part.contribution, 0)
        return { instrument, weight, agreement: 1, outcome: 'blended' as const, parts }
      })
      recorder.observe(event('PortfolioBlended', { instant: ts, scheduled: true, rows }, { ts }))
      const worth = nav()
      rows.forEach((row, i) => {
        fill(i, (row.weight * worth) / price[i]!, `o-${d}-${i}`, ts)
      })
    }
    for (let i = 0; i < price.length; i++) {
      price[i]! *= Math.exp(edge + 0.02 * random.normal())
      bar(i, ts + DAY_MS)
    }
    const rows = instruments.map((instrument, i) => {
      const amount = Math.round(-held[i]! * price[i]! * 1e-5 * 1e6) / 1e6
      cash += amount
      return {
        instrument,
        quantity: held[i]!.toFixed(3),
        mark: price[i]!,
        rate: 1e-5,
        proxy: i === 1,
        cash: (amount === 0 ? 0 : amount).toFixed(6),
      }
    })
    recorder.observe(event('FundingAccrued', { rows }, { ts: ts + DAY_MS }))
    for (const { instrument, proxy } of rows) {
      const data = { instrument, settledAt: ts + DAY_MS, rate: 1e-5, intervalHours: 24, proxy }
      recorder.observe(event('FundingSettled', data, { ts: ts + DAY_MS }))
    }
    if (d % 90 === 89) {
      const submitted = { side: 'sell', type: 'stop', timeInForce: 'ioc', reduceOnly: true, purpose: 'stop' } as const
      const numbers = { quantity: '1', referencePrice: '1', expectedSpreadBps: 2, expectedImpactBps: 1 }
      const order = `stop-${d}`
      recorder.observe(
        event('OrderSubmitted', { order, instrument: instruments[0]!, ...submitted, ...numbers }, { ts: ts + DAY_MS }),
      )
      fill(0, 0, order, ts + DAY_MS)
      const refused = { instrument: instruments[0]!, side: 'buy', quantity: '1', code: 'stopped-out' } as const
      recorder.observe(event('OrderRefused', { ...refused, value: null, limit: null, wanted: 0.1 }))
    }
    recorder.day(ts + DAY_MS, nav())
  }
  return recorder.finish()
}
