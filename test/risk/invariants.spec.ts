/** Whatever the market, the blender, the venue and the operator do: the promises of risk/engine hold. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatUnits, multiplyUnits, parseUnits } from '#core/decimal'
import { DAY_MS } from '#core/time'
import { equity } from '#risk/engine.decider'
import { CAP_DRIFT } from '#risk/pipeline'
import { BTC, Desk, type Draft, ETH, SOL, typed } from './book.js'

const INSTRUMENTS = [BTC, ETH, SOL] as const
const weight = fc.integer({ min: -40, max: 40 }).map((w) => w / 100)
const perInstrument = <T>(arb: fc.Arbitrary<T>) => fc.tuple(arb, arb, arb)
const day = fc.record({
  moves: perInstrument(fc.integer({ min: -150, max: 150 }).map((m) => 1 + m / 1000)),
  reach: fc.integer({ min: 0, max: 80 }).map((r) => r / 1000),
  weights: perInstrument(fc.option(weight, { nil: null })),
  /** Share of each order that fills; 0 cancels it; 11 leaves it in flight until the next day. */
  fills: fc.array(fc.integer({ min: 0, max: 11 }), { minLength: 1, maxLength: 8 }),
  funding: fc.option(fc.integer({ min: -50, max: 50 }), { nil: null }),
  command: fc.option(fc.constantFrom('halt' as const, 'resume' as const, 'flatten' as const), { nil: null, freq: 6 }),
  twice: fc.boolean(),
})

class World {
  readonly desk: Desk
  readonly prices = [100, 100, 100]
  cash: bigint
  readonly held = new Map<string, bigint>(INSTRUMENTS.map((id) => [id, 0n]))
  waiting: Draft[] = []
  trades = 0

  constructor(risk: object) {
    this.desk = new Desk(risk)
    this.desk.warm(41)
    this.cash = parseUnits('100000')
  }

  /** Checks what an approval promises at the moment it is given. */
  approve(drafts: readonly Draft[]): void {
    for (const { data } of typed(drafts, 'OrderApproved')) {
      const held = this.held.get(String(data.instrument))!
      const size = parseUnits(String(data.quantity))
      const after = held + (data.side === 'buy' ? size : -size)
      expect(size > 0n).toBe(true)
      if (data.reduceOnly) {
        expect(held !== 0n && (after === 0n || after > 0n === held > 0n)).toBe(true)
        expect(after * after < held * held).toBe(true)
      } else {
        expect(this.desk.state.halted).toBe(false)
        expect(data.purpose).toBe('rebalance')
      }
      if (data.purpose === 'rebalance') {
        const live = this.desk.state.orders.open.filter(
          (one) => this.desk.state.slots[one.slot]!.instrument === data.instrument,
        )
        expect(live).toHaveLength(1)
      }
    }
    this.waiting.push(...typed(drafts, 'OrderApproved'))
  }

  /** The venue: fills a share of each waiting order, capped at the position where it may only reduce; the rest is cancelled. */
  trade(shares: readonly number[], twice: boolean): void {
    const orders = this.waiting
    this.waiting = []
    orders.forEach((order, i) => {
      const share = shares[i % shares.length]!
      if (share === 11) {
        this.waiting.push(order)
        return
      }
      const id = String(order.data.instrument)
      const held = this.held.get(id)!
      let size = (parseUnits(String(order.data.quantity)) * BigInt(share)) / 10n
      if (order.data.reduceOnly) size = size < (held < 0n ? -held : held) ? size : held < 0n ? -held : held
      if (size > 0n) this.#fill(order, id, order.data.side === 'buy' ? size : -size, twice)
      const { order: name } = order.data as { order: string }
      this.desk.send('OrderCancelled', { order: name, instrument: id, reason: 'ioc-remainder', remaining: '0' })
    })
  }

  #fill(order: Draft, id: string, change: bigint, twice: boolean): void {
    const price = this.prices[INSTRUMENTS.indexOf(id as (typeof INSTRUMENTS)[number])]!
    const quantity = formatUnits(change < 0n ? -change : change)
    const trade = `t${this.trades++}`
    this.desk.fill(order, price, quantity, trade, '0.12345678')
    if (twice) this.desk.fill(order, price, quantity, trade, '0.12345678')
    this.cash -= multiplyUnits(parseUnits(String(price)), change) + parseUnits('0.12345678')
    this.held.set(id, this.held.get(id)! + change)
  }

  fund(drafts: readonly Draft[]): void {
    for (const { data } of typed(drafts, 'FundingAccrued'))
      for (const row of data.rows as { cash: string }[]) this.cash += parseUnits(row.cash)
  }

  /** The exact ledger against a second, dumb one. */
  check(): void {
    const { state } = this.desk
    let cost = 0n
    INSTRUMENTS.forEach((id, i) => {
      const { position } = state.slots[i]!
      expect(parseUnits(position.quantity)).toBe(this.held.get(id))
      cost += parseUnits(position.cost)
    })
    expect(parseUnits(state.ledger.balance) - cost).toBe(this.cash)
  }
}

function assessed(world: World, drafts: readonly Draft[]): void {
  const { risk } = world.desk.config
  for (const { data } of typed(drafts, 'RiskAssessed')) {
    const steps = data.steps as { step: string; netAfter: number; grossAfter: number }[]
    const capped = steps.find(({ step }) => step === 'grossCap')!
    expect(Math.abs(capped.netAfter)).toBeLessThanOrEqual(risk.netCap + 1e-6)
    expect(capped.grossAfter).toBeLessThanOrEqual(risk.grossCap + 1e-6)
    // Orders in flight cannot be recalled and a halted book only shrinks leg by leg: the caps of the end are for free books.
    if (world.waiting.length > 0 || world.desk.state.halted) continue
    const last = steps.at(-1)!
    expect(Math.abs(last.netAfter)).toBeLessThanOrEqual(risk.netCap * (1 + CAP_DRIFT) + 0.002)
    expect(last.grossAfter).toBeLessThanOrEqual(risk.grossCap * (1 + CAP_DRIFT) + 0.002)
  }
}

describe('risk/engine, over any history', () => {
  it('balances exactly, keeps its caps, never flips by reducing, never adds while halted', () => {
    const anyRisk = fc.record({
      turnoverLimiter: fc.boolean(),
      stopAtr: fc.constantFrom(1, 3, 10),
      drawdownHalt: fc.constantFrom(0.02, 0.2),
    })
    fc.assert(
      fc.property(anyRisk, fc.array(day, { minLength: 1, maxLength: 12 }), (risk, days) => {
        const world = new World(risk)
        const { desk } = world
        for (const one of days) {
          const today = Math.floor(desk.ts / DAY_MS)
          INSTRUMENTS.forEach((id, i) => {
            const open = world.prices[i]!
            const close = Math.max(1, Math.round(open * one.moves[i]! * 100) / 100)
            world.prices[i] = close
            const [high, low] = [Math.max(open, close) * (1 + one.reach), Math.min(open, close) * (1 - one.reach)]
            desk.bar(id, today, close, { open, high, low })
          })
          if (one.funding !== null)
            desk.send('FundingSettled', {
              instrument: BTC,
              settledAt: desk.ts,
              rate: one.funding / 10_000,
              intervalHours: 8,
              proxy: false,
            })
          const instant = desk.instant(today)
          world.fund(instant)
          world.approve(instant)
          const targets = INSTRUMENTS.flatMap((id, i) => (one.weights[i] === null ? [] : [[id, one.weights[i]!]]))
          const drafts = desk.blend(Object.fromEntries(targets))
          assessed(world, drafts)
          world.approve(drafts)
          world.trade(one.fills, one.twice)
          if (one.command !== null) world.approve(desk.command(one.command))
          world.check()
        }
        expect(equity(desk.state)).toBeCloseTo(
          Number(formatUnits(world.cash)) +
            INSTRUMENTS.reduce(
              (sum, id, i) => sum + Number(formatUnits(world.held.get(id)!)) * desk.state.slots[i]!.mark,
              0,
            ),
          4,
        )
      }),
      { numRuns: 120 },
    )
  })
})
