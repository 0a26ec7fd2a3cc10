/** The ledger against an accountant who reads only the log: cash, positions, fees, funding, orders, caps, halts. */
import { describe, expect, it } from 'vitest'
import { DAY_MS } from '#core/time'
import type { RiskState } from '#risk/engine.decider'
import { equity } from '#risk/engine.decider'
import { type Books, keepBooks, unitsOf } from './books.js'
import { countTypes, type Decided, decideTape, only } from './decide.js'
import { type ConfigPatch, syntheticTape, TAPE_START, type TapeSpec } from './tape.js'

const SPEC: TapeSpec = {
  seed: 21,
  days: 320,
  interval: '1d',
  symbols: [
    { symbol: 'AAA', funding: 'recorded', drift: 1, annualVol: 0.9 },
    { symbol: 'BBB', funding: 'recorded', fromDay: 30, gapDays: [150, 151], tick: '0.0001', lot: '0.000001' },
    { symbol: 'CCC', toDay: 260, tick: '0.01', lot: '1' },
    // Thin: fills are partial.
    { symbol: 'DDD', dailyVolume: 3000, annualVol: 1.2 },
  ],
}
const BUSY: ConfigPatch = {
  signals: {
    tsmom: { lookbackDays: 10, skipDays: 2 },
    donchian: { entryDays: 15, exitDays: 7, adxMin: 10 },
    meanReversion: { minQuoteVolume: 0, maxFundingBps: 5 },
  },
  risk: { turnoverMonthly: 3, grossCap: 0.5 },
}
/** A slide during a long uptrend, so that a long book meets the drawdown halt. */
const CRASH: TapeSpec = {
  seed: 22,
  days: 240,
  interval: '1d',
  symbols: ['AAA', 'BBB', 'CCC'].map((symbol) => ({
    symbol,
    drift: 4,
    annualVol: 0.4,
    crash: { day: 150, days: 8, total: -0.9 },
  })),
}
const BRAVE: ConfigPatch = {
  signals: { donchian: { enabled: false }, meanReversion: { enabled: false }, tsmom: { volTarget: 2 } },
  blender: { norm: 'active' },
  risk: {
    netCap: 1,
    grossCap: 1,
    volTarget: 5,
    maxAbsWeight: 1,
    drawdownHalt: 0.1,
    stopAtr: 50,
    turnoverLimiter: false,
  },
}

const limitsOf = ({ config }: ReturnType<typeof syntheticTape>) => ({
  netCap: config.risk.netCap,
  grossCap: config.risk.grossCap,
  takerFeeBps: config.execution.takerFeeBps,
})

function booksOf(spec: TapeSpec, patch: ConfigPatch, extra: Partial<Parameters<typeof decideTape>[0]> = {}) {
  const tape = syntheticTape(spec, patch)
  const decided = decideTape({ ...tape, ...extra })
  return { decided, books: keepBooks(decided.lines, tape.config.capital, limitsOf(tape)), tape }
}

function expectSameBooks(decided: Decided, books: Books): void {
  const state = decided.dispatcher.stateOf<RiskState>('risk/engine')
  const cost = state.slots.reduce((sum, { position }) => sum + unitsOf(position.cost), 0n)
  expect(unitsOf(state.ledger.balance) - cost).toBe(books.cash)
  expect(unitsOf(state.ledger.fees)).toBe(books.fees)
  expect(unitsOf(state.ledger.funding)).toBe(books.funding)
  for (const { instrument, position } of state.slots)
    expect(unitsOf(position.quantity), instrument).toBe(books.positions.get(instrument) ?? 0n)
}

describe('the ledger of a whole backtest', () => {
  const { decided, books, tape } = booksOf(SPEC, BUSY)

  it('saw what makes bookkeeping hard', () => {
    const counts = countTypes(decided.events)
    for (const type of ['OrderFilled', 'FundingAccrued']) expect(counts[type], type).toBeGreaterThan(100)
    for (const type of ['StopTriggered', 'PositionSettled', 'OrderRefused', 'OrderCancelled'])
      expect(counts[type], type).toBeGreaterThan(0)
    const partial = only(decided.events, 'OrderFilled').filter((event) => event.data.remaining !== '0')
    expect(partial.length).toBeGreaterThan(0)
    const rounded = only(decided.events, 'OrderFilled').filter(
      ({ data }) => (unitsOf(data.price) * unitsOf(data.quantity)) % 100_000_000n !== 0n,
    )
    expect(rounded.length).toBeGreaterThan(10)
    expect(only(decided.events, 'FundingAccrued').some(({ data }) => data.rows.some((row) => row.proxy))).toBe(true)
  })

  it('agrees to the last digit with what the log alone says', () => {
    expect(books.wrong).toEqual([])
    expectSameBooks(decided, books)
  })

  it('marks the equity that the log and the closes give', () => {
    const marks = new Map<string, number>()
    let cash = Number(tape.config.capital)
    const positions = new Map<string, number>()
    let checked = 0
    for (const event of decided.events) {
      if (event.type === 'BarClosed') marks.set(event.data.instrument, event.data.close)
      if (event.type === 'OrderFilled') {
        const change = Number(event.data.quantity) * (event.data.side === 'buy' ? 1 : -1)
        cash -= change * Number(event.data.price) + Number(event.data.fee)
        positions.set(event.data.instrument, (positions.get(event.data.instrument) ?? 0) + change)
      }
      if (event.type === 'FundingAccrued') for (const row of event.data.rows) cash += Number(row.cash)
      if (event.type === 'PositionSettled') {
        cash += Number(event.data.quantity) * Number(event.data.price)
        positions.set(event.data.instrument, 0)
      }
      if (event.type !== 'RiskAssessed') continue
      let value = cash
      for (const [instrument, quantity] of positions) value += quantity * marks.get(instrument)!
      expect(Math.abs(event.data.nav - value)).toBeLessThan(0.011)
      checked++
    }
    expect(checked).toBeGreaterThan(50)
  })

  it('is caught lying when a single digit of a single fill is changed', () => {
    const at = decided.lines.findIndex((line) => line.includes('"type":"OrderFilled"'))
    const forged = decided.lines.map((line, i) => (i === at ? line.replace(/"fee":"(\d+)/, '"fee":"1$1') : line))
    const other = keepBooks(forged, tape.config.capital, limitsOf(tape))
    expect(other.wrong.length).toBeGreaterThan(0)
    expect(() => expectSameBooks(decided, other)).toThrow()
  })
})

describe('a drawdown halt', () => {
  const halts: { ts: number; drawdown: number }[] = []
  let peak = 0
  const { decided, books } = booksOf(CRASH, BRAVE, {
    onInstant: (ts, dispatcher) => {
      const now = equity(dispatcher.stateOf<RiskState>('risk/engine'))
      peak = Math.max(peak, now)
      halts.push({ ts, drawdown: now / peak - 1 })
    },
  })

  it('comes at the first close beyond the limit, and never before', () => {
    const halted = only(decided.events, 'TradingHalted')
    expect(halted.map((event) => event.data.reason)).toEqual(['drawdown'])
    const first = halts.find((point) => point.drawdown <= -0.1)!
    expect(halted[0]!.ts).toBe(first.ts)
  })

  it('closes the book and never adds risk afterwards', () => {
    expect(books.wrong).toEqual([])
    expectSameBooks(decided, books)
    expect(books.fillsInHalt).toBeGreaterThan(0)
    expect([...books.positions.values()].every((quantity) => quantity === 0n)).toBe(true)
    const halt = only(decided.events, 'TradingHalted')[0]!
    const later = only(decided.events, 'OrderApproved').filter((event) => event.seq > halt.seq)
    expect(later.length).toBeGreaterThan(0)
    expect(later.every((event) => event.data.reduceOnly)).toBe(true)
    // The signals want to go on: it is risk that says no.
    const wanted = only(decided.events, 'PortfolioBlended').filter((event) => event.seq > halt.seq)
    expect(wanted.some((event) => event.data.rows.some((row) => row.weight !== 0))).toBe(true)
  })

  it('lasts until an operator resumes, who starts with a new peak', () => {
    const ts = TAPE_START + 200 * DAY_MS
    const run = booksOf(CRASH, BRAVE, { commands: [{ ts, command: 'resume', reason: 'looked at' }] })
    expect(run.books.wrong).toEqual([])
    expectSameBooks(run.decided, run.books)
    expect(only(run.decided.events, 'TradingResumed').map((event) => event.ts)).toEqual([ts])
    expect(only(run.decided.events, 'OrderFilled').some((event) => event.ts > ts)).toBe(true)
  })

  it('of an operator keeps positions, and flatten closes them', () => {
    const at = (day: number) => TAPE_START + day * DAY_MS
    const { decided: run, books: kept } = booksOf(SPEC, BUSY, {
      commands: [
        { ts: at(120), command: 'halt', reason: 'lunch' },
        { ts: at(180), command: 'resume', reason: 'back' },
        { ts: at(220), command: 'flatten', reason: 'enough' },
      ],
    })
    expect(kept.wrong).toEqual([])
    expectSameBooks(run, kept)
    const adding = only(run.events, 'OrderApproved').filter((event) => !event.data.reduceOnly)
    expect(adding.some((event) => event.ts > at(120) && event.ts <= at(180))).toBe(false)
    expect(adding.some((event) => event.ts > at(180) && event.ts <= at(220))).toBe(true)
    expect(adding.some((event) => event.ts > at(220))).toBe(false)
    expect(kept.positions.get('test.usdm.AAA')).toBe(0n)
  })
})
