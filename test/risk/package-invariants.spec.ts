/** Whatever signals wish, venues answer and prices do: the promises that risk/engine makes about packages hold. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatUnits, parseUnits } from '#core/decimal'
import { equity } from '#risk/engine.decider'
import { coinsValue } from '#risk/instruments/accounts'
import { imbalanceOf } from '#risk/packages/balance'
import { coinsHeld, isInFlight } from '#risk/packages/package-state'
import type { PackageWish } from '#risk/packages/wishes'
import { CAP_DRIFT, runPipeline } from '#risk/pipeline'
import { createVirtualBook } from '#risk/virtual-book'
import { type Draft, typed } from './book.js'
import {
  BASIS,
  CARRY,
  COIN_PERP,
  FUTURE,
  type LegSpec,
  NEXT_FUTURE,
  PackageDesk,
  PERP,
  STRADDLE,
} from './package-desk.js'

const SHAPES: Readonly<Record<string, readonly LegSpec[]>> = {
  carry: CARRY,
  basis: BASIS,
  dispersion: [
    { role: 'perpetual', instrument: PERP, ratio: -1 },
    { role: 'otherPerpetual', instrument: COIN_PERP, ratio: 1 },
  ],
  vrp: STRADDLE,
}
const NAMES = Object.keys(SHAPES)

const hour = fc.record({
  move: fc.integer({ min: -60, max: 60 }).map((m) => 1 + m / 1000),
  wishes: fc.array(
    fc.tuple(
      fc.constantFrom(...NAMES),
      fc.integer({ min: 0, max: 30 }).map((w) => w / 100),
    ),
    { maxLength: 3 },
  ),
  hedge: fc.integer({ min: -20, max: 20 }).map((r) => r / 100),
  rolls: fc.boolean(),
  directional: fc.option(
    fc.integer({ min: -40, max: 40 }).map((w) => w / 100),
    { nil: null },
  ),
  shares: fc.array(fc.constantFrom(0, 0.3, 0.995, 1, 1, 1, 1), { minLength: 1, maxLength: 5 }),
  funding: fc.option(fc.integer({ min: -50, max: 50 }), { nil: null }),
  transfer: fc.option(fc.tuple(fc.constantFrom('USDT', 'BTC'), fc.integer({ min: -3, max: 30 })), {
    nil: null,
    freq: 5,
  }),
  command: fc.option(fc.constantFrom('halt' as const, 'resume' as const, 'flatten' as const), { nil: null, freq: 8 }),
})

/** Exact balances beside the ledger, from the events alone. */
class Cash {
  readonly of: Record<string, bigint> = { USDT: parseUnits('1000000'), BTC: 0n }
  take(drafts: readonly Draft[]): void {
    for (const { data } of typed(drafts, 'PositionSettled')) {
      const currency = String(data.currency ?? 'USDT')
      this.of[currency]! += parseUnits(String(data.realised))
    }
    for (const { data } of typed(drafts, 'FundingAccrued'))
      for (const row of data.rows as { cash: string; currency?: string }[])
        this.of[row.currency ?? 'USDT']! += parseUnits(row.cash)
  }
}

function promises(desk: PackageDesk, drafts: readonly Draft[]): void {
  for (const { data } of typed(drafts, 'OrderApproved')) {
    if (data.package === undefined) continue
    expect(data.reduceOnly).toBe(false)
    if (desk.state.halted) expect(data.purpose).toBe('unwind')
    expect(['package', 'unwind']).toContain(data.purpose)
  }
  for (const { data } of typed(drafts, 'RiskAssessed')) {
    const steps = data.steps as { step: string; grossAfter: number; netAfter: number }[]
    const capped = steps.find(({ step }) => step === 'grossCap')!
    expect(capped.grossAfter).toBeLessThanOrEqual(1 + 1e-6)
    // Coins that were paid in may be more than the cap by themselves; then nothing is added to them.
    const coins = Math.abs(coinsValue(desk.state)) / Number(data.nav)
    expect(Math.abs(capped.netAfter)).toBeLessThanOrEqual(Math.max(0.3, coins) + 1e-6)
    for (const row of (data.packages ?? []) as {
      package: string
      approved: number
      refusal?: string
      units: string
      unitsBefore: string
    }[])
      if (row.refusal === undefined && Number(row.units) > Number(row.unitsBefore) && !row.package.startsWith('vrp'))
        expect(row.approved).toBeLessThanOrEqual(0.2 * (1 + CAP_DRIFT))
  }
}

/** Whenever no order of a package is in flight and none was told off, its legs match. */
function balanced(desk: PackageDesk, drafts: readonly Draft[]): void {
  const told = new Set(typed(drafts, 'PackageImbalanced').map(({ data }) => data.package))
  const settled = new Set(typed(drafts, 'PositionSettled').map(({ data }) => data.package))
  for (const pkg of desk.state.packages) {
    if (isInFlight(desk.state, pkg.package) || told.has(pkg.package) || settled.has(pkg.package)) continue
    if (pkg.status === 'stuck' || desk.state.closing !== 'none') continue
    expect(imbalanceOf(desk.state, pkg).legs).toEqual([])
    const largest = Math.max(0, ...pkg.legs.map((leg) => Math.abs(coinsHeld(leg))))
    const delta = pkg.legs.reduce((sum, leg) => sum + leg.delta * coinsHeld(leg), 0)
    // All but the straddle are neutral by their ratios: 1 % of each leg, and the lots.
    if (pkg.signal !== 'vrp') expect(Math.abs(delta)).toBeLessThanOrEqual(0.03 * largest + 0.002)
  }
}

describe('packages, over any history', () => {
  it('balance exactly in each currency, keep caps and deltas, never add while halted', () => {
    fc.assert(
      fc.property(fc.array(hour, { minLength: 1, maxLength: 14 }), fc.boolean(), (hours, nearEnd) => {
        const desk = new PackageDesk()
        const cash = new Cash()
        if (nearEnd) desk.hour = 93
        desk.next()
        for (const one of hours) {
          const price = Math.max(5_000, Math.round(desk.price * one.move))
          desk.marks[FUTURE] = Math.round(price * 1.01)
          desk.marks[NEXT_FUTURE] = Math.round(price * 1.03)
          desk.marks[COIN_PERP] = price
          if (one.funding !== null)
            for (const instrument of [PERP, COIN_PERP])
              desk.send('FundingSettled', {
                instrument,
                settledAt: desk.ts + 1,
                rate: one.funding / 10_000,
                intervalHours: 8,
                proxy: false,
              })
          const instant = desk.next(price)
          cash.take(instant)
          promises(desk, instant)
          balanced(desk, instant)
          for (const [name, weight] of one.wishes) {
            let legs = SHAPES[name]!
            if (name === 'vrp') legs = legs.map((leg) => (leg.role === 'hedge' ? { ...leg, ratio: one.hedge } : leg))
            if (name === 'basis' && one.rolls)
              legs = legs.map((leg) => (leg.role === 'future' ? { ...leg, instrument: NEXT_FUTURE } : leg))
            promises(
              desk,
              desk.wish(
                name,
                weight,
                legs.filter(({ ratio }) => ratio !== 0),
              ),
            )
          }
          if (one.directional !== null) promises(desk, desk.blendPackages({}, { [PERP]: one.directional }))
          const before = desk.waiting.length
          const bookedBefore = booked(desk)
          desk.answer((instrument) => one.shares[(instrument.length + before) % one.shares.length]!, '0.00012345')
          expect(booked(desk) >= bookedBefore).toBe(true)
          if (one.transfer !== null) {
            const [currency, amount] = one.transfer
            const drawdown = desk.state.peak > 0 ? equity(desk.state) / desk.state.peak : 0
            desk.send('FundsTransferred', { currency, amount: String(amount), reason: 'test' })
            expect(equity(desk.state) / desk.state.peak).toBeCloseTo(drawdown, 10)
          }
          if (one.command !== null) {
            const drafts = desk.command(one.command)
            desk.take(drafts)
            promises(desk, drafts)
          }
          identity(desk)
        }
        expect(Number.isFinite(equity(desk.state))).toBe(true)
      }),
      { numRuns: 60 },
    )
  }, 60_000)
})

const booked = (desk: PackageDesk): number => desk.state.orders.closed.length

/** balance = opening + Σ realised − Σ fees + Σ funding + Σ transfers, by currency, and positions sum to it. */
function identity(desk: PackageDesk): void {
  const { state } = desk
  const ledgers = [{ currency: state.quote, ...state.ledger }, ...state.accounts]
  for (const ledger of ledgers) {
    const legs = state.packages.flatMap((pkg) => pkg.legs).filter(({ terms }) => terms.settle === ledger.currency)
    expect(formatUnits(parseUnits(ledger.balance))).toBe(
      formatUnits(
        parseUnits(ledger.opening) +
          parseUnits(ledger.realised) -
          parseUnits(ledger.fees) +
          parseUnits(ledger.funding) +
          parseUnits(ledger.transfers ?? '0') +
          parseUnits(ledger.converted ?? '0'),
      ),
    )
    for (const leg of legs) if (leg.position.quantity === '0') expect(leg.position.cost).toBe('0')
  }
}

describe('the pipeline with packages', () => {
  const wish = fc.record({
    signal: fc.constantFrom('carry', 'basis', 'dispersion', 'vrp', 'skew'),
    blended: fc.integer({ min: 0, max: 100 }).map((w) => w / 100),
    grossRatio: fc.integer({ min: 1, max: 40 }).map((r) => r / 10),
    deltaRatio: fc.integer({ min: -10, max: 10 }).map((r) => r / 10),
    held: fc.integer({ min: 0, max: 30 }).map((w) => w / 100),
    frozen: fc.boolean(),
  })
  const direction = fc.integer({ min: -40, max: 40 }).map((w) => w / 100)

  it('property: sleeve, net and gross caps hold for any wishes; what is frozen stays; nothing is scaled up', () => {
    const { config } = new PackageDesk()
    fc.assert(
      fc.property(
        fc.array(wish, { minLength: 1, maxLength: 6 }),
        fc.array(direction, { maxLength: 4 }),
        (raw, weights) => {
          const packages: PackageWish[] = raw.map((one) => ({
            ...one,
            heldGross: one.held * one.grossRatio,
            heldDelta: one.held * one.deltaRatio,
          }))
          const wishes = weights.map((blended) => ({ blended, trend: 0, carry: 0, held: 0, frozen: false }))
          const {
            packagesWanted,
            packages: settled,
            wanted,
            weights: passed,
          } = runPipeline(wishes, createVirtualBook(wishes.length, 0.94), 0, config.risk, packages)
          const sum = (of: (i: number) => number): number => packages.reduce((total, _, i) => total + of(i), 0)
          const [directGross, directNet] = [
            wanted.reduce((a, b) => a + Math.abs(b), 0),
            wanted.reduce((a, b) => a + b, 0),
          ]
          expect(directGross + sum((i) => packagesWanted[i]! * packages[i]!.grossRatio)).toBeLessThanOrEqual(1 + 1e-9)
          for (const name of ['carry', 'basis', 'dispersion']) {
            const own = (i: number, of: readonly number[]): number => (packages[i]!.signal === name ? of[i]! : 0)
            expect(sum((i) => own(i, packagesWanted))).toBeLessThanOrEqual(0.2 + 1e-9)
            const stuck = sum((i) => (packages[i]!.frozen ? own(i, settled.weights) : 0))
            if (stuck <= 0.2)
              expect(sum((i) => own(i, settled.weights))).toBeLessThanOrEqual(0.2 * (1 + CAP_DRIFT) + 1e-9)
          }
          expect(Math.abs(directNet + sum((i) => packagesWanted[i]! * packages[i]!.deltaRatio))).toBeLessThanOrEqual(
            0.3 + 1e-9,
          )
          packages.forEach(({ blended, held, frozen }, i) => {
            expect(packagesWanted[i]!).toBeLessThanOrEqual(blended + 1e-12)
            if (frozen) expect(settled.weights[i]).toBe(held)
            else expect(settled.weights[i]!).toBeLessThanOrEqual(Math.max(blended, held) + 1e-12)
          })
          const stuckGross = sum((i) => (packages[i]!.frozen ? packages[i]!.heldGross : 0))
          const all = settled.gross + passed.reduce((a, b) => a + Math.abs(b), 0)
          if (stuckGross <= 1) expect(all).toBeLessThanOrEqual(1 + 3 * CAP_DRIFT)
        },
      ),
      { numRuns: 500 },
    )
  })
})
