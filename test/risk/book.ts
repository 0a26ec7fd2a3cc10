/** What the specs of risk share: a universe, event makers, and a runner that plays the paper venue by hand. */
import { expect } from 'vitest'
import { configSchema, type UniverseEntry } from '#core/config/schema'
import { formatUnits, parseUnits } from '#core/decimal'
import { DAY_MS, type Interval } from '#core/time'
import { StepContext } from '#engine/step-context'
import type { AnyEvent } from '#events/catalogue'
import { EventEncoder } from '#events/codec'
import { LineBuffer } from '#events/line-buffer'
import { createRiskEngine, type RiskInput, type RiskOutput, type RiskState } from '#risk/engine.decider'
import { event } from '../given.js'

const entry = (symbol: string): UniverseEntry => ({
  instrument: `test.perp.${symbol}`,
  base: symbol,
  quote: 'USDT',
  tick: '0.01',
  lot: '0.001',
  minNotional: '5',
})
export const universe = [entry('BTC'), entry('ETH'), entry('SOL')]
export const [BTC, ETH, SOL] = ['test.perp.BTC', 'test.perp.ETH', 'test.perp.SOL'] as const

export type Draft = { readonly type: string; readonly data: Record<string, unknown> }

/** Runs risk/engine as the dispatcher does, over JSON round trips: whatever the state cannot say is lost at once. */
export class Desk {
  readonly decider
  readonly config
  state: RiskState
  seq = 0
  ts = 0
  readonly said: Draft[] = []
  /** Whether each event is also taken by a twin out of JSON, and `decide` watched for touching the state. */
  #checks = true
  readonly #filled = new Map<string, Map<string, bigint>>()
  readonly #context = new StepContext(1)
  readonly #encoder = new EventEncoder()
  readonly #lines = new LineBuffer()

  constructor(
    risk: object = {},
    interval: Interval = '1d',
    capital = '100000',
    entries: readonly UniverseEntry[] = universe,
  ) {
    this.config = configSchema.parse({ risk, capital })
    this.decider = createRiskEngine(
      { risk: this.config.risk, capital, blender: this.config.blender },
      entries,
      interval,
    )
    this.state = this.decider.initial()
  }

  /** Delivers one event; gives what was decided, quantised as the log would say it. */
  send<T extends RiskInput['type']>(type: T, data: Extract<AnyEvent, { type: T }>['data'], ts = this.ts): Draft[] {
    this.ts = ts
    this.seq += 10
    const input = event(type as AnyEvent['type'], data as never, { seq: this.seq, ts }) as unknown as RiskInput // data is of `type` by the signature
    const before = this.#checks ? JSON.stringify(this.state) : ''
    this.state = this.decider.evolve(this.state, input)
    const twin = this.#checks ? JSON.stringify(this.decider.evolve(JSON.parse(before) as RiskState, input)) : ''
    if (this.#checks) expect(JSON.parse(twin)).toStrictEqual(this.state)
    this.#context.beginStep(this.seq)
    this.#context.focus(input, 'risk/engine')
    const drafts = this.decider.decide(this.state, input, this.#context)
    if (this.#checks) expect(JSON.stringify(this.state)).toBe(twin)
    drafts.forEach((draft, i) => {
      const output = {
        seq: this.seq + 1 + i,
        ts,
        type: draft.type,
        v: 1,
        by: 'risk/engine',
        cause: this.seq,
        data: draft.data,
      }
      this.#encoder.encode(this.#lines, output)
      this.#lines.truncate(0)
      this.state = this.decider.evolve(this.state, output as unknown as RiskOutput) // made of a RiskOutput draft
    })
    this.said.push(...(drafts as unknown as Draft[]))
    this.heard(type, data)
    for (const draft of drafts) this.heard(draft.type, draft.data)
    return drafts as unknown as Draft[] // drafts of any type, read by the specs
  }

  /** Every event, what risk said included, after risk took it: for what reads beside it. */
  heard(_type: string, _data: unknown): void {}

  bar(
    instrument: string,
    day: number,
    close: number,
    range: { open?: number; high?: number; low?: number } = {},
  ): void {
    const { open = close, high = Math.max(open, close), low = Math.min(open, close) } = range
    const data = { instrument, interval: '1d', openTime: day * DAY_MS, open, high, low, close, volume: 1000 }
    this.send('BarClosed', data, (day + 1) * DAY_MS)
  }

  instant(day: number): Draft[] {
    return this.send(
      'InstantClosed',
      { instant: (day + 1) * DAY_MS, intervals: ['1d'], missing: [] },
      (day + 1) * DAY_MS,
    )
  }

  blend(weights: Readonly<Record<string, number>>, signal = 'tsmom'): Draft[] {
    const rows = Object.entries(weights).map(([instrument, weight]) => ({
      instrument,
      weight,
      agreement: 1,
      outcome: weight === 0 ? ('flat' as const) : ('blended' as const),
      parts: [{ signal, weight, confidence: 1, budget: 1, contribution: weight, seq: 1 }],
    }))
    return this.send('PortfolioBlended', { instant: this.ts, scheduled: true, rows })
  }

  /** Fills an approved order at a price, whole unless a quantity is given. */
  fill(
    draft: Draft,
    price: number,
    quantity?: string,
    trade = `t-${draft.data.order}-${quantity ?? 'all'}`,
    fee = '0.5',
    remaining?: string,
  ): Draft[] {
    const { order, instrument, side } = draft.data as { order: string; instrument: string; side: 'buy' | 'sell' }
    return this.send('OrderFilled', {
      order,
      instrument,
      trade,
      side,
      price: String(price),
      quantity: quantity ?? String(draft.data.quantity),
      remaining: remaining ?? this.#remaining(draft, trade, quantity),
      fee,
      feeCurrency: 'USDT',
      liquidity: 'taker',
      referencePrice: String(price),
      slippageBps: 0,
    })
  }

  /** What an honest venue would say is left of the approved quantity. */
  #remaining(draft: Draft, trade: string, quantity: string | undefined): string {
    const order = String(draft.data.order)
    const trades = this.#filled.get(order) ?? new Map<string, bigint>()
    this.#filled.set(order, trades)
    trades.set(trade, parseUnits(quantity ?? String(draft.data.quantity)))
    const left = [...trades.values()].reduce((sum, part) => sum - part, parseUnits(String(draft.data.quantity)))
    return formatUnits(left > 0n ? left : 0n)
  }

  command(command: 'halt' | 'resume' | 'flatten'): Draft[] {
    return this.send('OperatorCommanded', { command, reason: 'because' })
  }

  /** Bars of `days` days at one price with a daily range, so that there is an ATR; gives the next day. */
  warm(days: number, price = 100, range = 2): number {
    this.#checks = false
    for (let day = 0; day < days; day++) {
      // A small alternation, so that the covariance knows a small volatility.
      const close = price * (day % 2 === 0 ? 1 : 1.001)
      for (const { instrument } of universe)
        this.bar(instrument, day, close, { high: price + range / 2, low: price - range / 2 })
      this.instant(day)
    }
    this.#checks = true
    return days
  }
}

export const typed = (drafts: readonly Draft[], type: string): Draft[] => drafts.filter((draft) => draft.type === type)
export const types = (drafts: readonly Draft[]): string[] => drafts.map((draft) => draft.type)
