/** A package is followed from its settlements to its last cash flow, in the currency of each leg; its tables add up to the balances. */
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { explain } from '#audit/explain'
import { auditExport, auditExportAll, EXPORT_TABLES } from '#audit/export'
import type { RoundTrip } from '#audit/round-trips'
import { auditTrades, type TradeRow } from '#audit/trades'
import { tripLine } from '#audit/trades-text'
import type { ExplainNode } from '#audit/tree'
import { configSchema } from '#core/config/schema'
import { formatUnits, parseUnits } from '#core/decimal'
import { Sfc32 } from '#core/random'
import type { InstrumentKind } from '#events/market.events'
import { applyFill, createLedger, createPosition } from '#risk/ledger'
import { type AuditRun, FROM, givenRun, removeFolders, tempFolder } from './runs.js'

const HOUR = 3_600_000
const SPOT = 'binance.spot.BTCUSDT'
const FUTURE = 'binance.coinm.BTCUSD_220325'
const ID = `basis/${FUTURE}`
const config = configSchema.parse({
  capital: '1000000',
  universe: [{ instrument: SPOT, role: 'leg', base: 'BTC', tick: '0.01', lot: '0.00001' }],
})
const terms = (kind: InstrumentKind, settle: string) => ({
  kind,
  base: 'BTC',
  quote: 'USDT',
  settle,
  tick: '0.1',
  lot: '1',
})
const spotLeg = { role: 'spot', instrument: SPOT, ratio: 1, delta: 1, terms: terms('spot', 'USDT') }
const futureLeg = { role: 'future', instrument: FUTURE, ratio: -1, delta: 1, terms: terms('inverseFuture', 'BTC') }
const said = {
  signal: 'basis',
  package: ID,
  kind: 'basis',
  reason: 'basis',
  strength: -1,
  confidence: 1,
  targetWeight: 0.04,
  asOf: FROM,
  validUntil: FROM + 24 * HOUR,
  price: 40_000,
  legs: [futureLeg, spotLeg],
  terms: [],
}
const at = (hours: number, type: string, by: string, cause: number, data: unknown) => ({
  ts: FROM + hours * HOUR,
  type,
  by,
  cause,
  data,
})
const order = (id: string, instrument: string, side: string, quantity: string, purpose = 'package') => ({
  order: id,
  instrument,
  side,
  quantity,
  reduceOnly: false,
  purpose,
  package: ID,
  referencePrice: '40000',
  weightBefore: 0,
  weightAfter: 0.04,
  ...(instrument === FUTURE ? { terms: futureLeg.terms } : {}),
})
const fill = (
  id: string,
  instrument: string,
  side: string,
  quantity: string,
  price: string,
  fee: string,
  feeCurrency: string,
) => ({
  order: id,
  instrument,
  trade: `t-${id}`,
  side,
  price,
  quantity,
  remaining: '0',
  fee,
  feeCurrency,
  liquidity: 'taker',
  referencePrice: price,
  slippageBps: 0,
})
const blended = {
  package: ID,
  signal: 'basis',
  weight: 0.04,
  wanted: 0.04,
  confidence: 1,
  budget: 1,
  bucket: 1,
  betaScale: 1,
  seq: 2,
}
const assessed = { package: ID, wanted: 0.04, approved: 0.04, units: '1', unitsBefore: '0', residualDelta: 0 }
const imbalanced = {
  package: ID,
  signal: 'basis',
  excessDelta: 1,
  excessWeight: 0.04,
  tolerance: 0.01,
  attempts: 0,
  action: 'unwinds',
  legs: [
    { instrument: FUTURE, wanted: '0', held: '0' },
    { instrument: SPOT, wanted: '0', held: '1' },
  ],
  isHalted: false,
}

/** Opened with both legs, delivered, the leg that is left taken back. Seqs are places in the list. */
const EVENTS = [
  at(0, 'MarkChanged', 'connector/binance', 0, { instrument: FUTURE, mark: 40_400, index: 40_000, at: FROM }), // 1
  at(0, 'PackageChanged', 'signal/basis', 1, { ...said, inputs: [1] }), // 2
  at(0, 'InstantClosed', 'market/bars', 0, { instant: FROM, intervals: ['1h'], missing: [] }), // 3
  at(0, 'PortfolioBlended', 'portfolio/blender', 3, { instant: FROM, scheduled: false, rows: [], packages: [blended] }), // 4
  at(0, 'RiskAssessed', 'risk/engine', 4, { nav: 1_000_000, steps: [], rows: [], packages: [assessed] }), // 5
  at(0, 'OrderApproved', 'risk/engine', 4, order('o-4-1', FUTURE, 'sell', '40000')), // 6
  at(0, 'OrderApproved', 'risk/engine', 4, order('o-4-2', SPOT, 'buy', '1')), // 7
  at(1, 'OrderFilled', 'venue/paper', 0, fill('o-4-1', FUTURE, 'sell', '40000', '40000', '0.0005', 'BTC')), // 8
  at(1, 'OrderFilled', 'venue/paper', 0, fill('o-4-2', SPOT, 'buy', '1', '40000', '40', 'USDT')), // 9
  at(2, 'InstantClosed', 'market/bars', 0, { instant: FROM + 2 * HOUR, intervals: ['1h'], missing: [] }), // 10
  at(2, 'PositionSettled', 'risk/engine', 10, {
    instrument: FUTURE,
    quantity: '-40000',
    price: '50000',
    realised: '-0.2',
    cause: 'delivery',
    currency: 'BTC',
    deliveryPrice: '50000',
    package: ID,
  }), // 11
  at(3, 'InstantClosed', 'market/bars', 0, { instant: FROM + 3 * HOUR, intervals: ['1h'], missing: [] }), // 12
  at(3, 'PackageImbalanced', 'risk/engine', 12, imbalanced), // 13
  at(3, 'OrderApproved', 'risk/engine', 12, order('o-12-1', SPOT, 'sell', '1', 'unwind')), // 14
  at(4, 'OrderFilled', 'venue/paper', 0, fill('o-12-1', SPOT, 'sell', '1', '50000', '50', 'USDT')), // 15
  at(5, 'FundsTransferred', 'operator', 0, { currency: 'USDT', amount: '-2500.5', reason: 'costs' }), // 16
]

let run: AuditRun
beforeAll(async () => {
  run = await givenRun(EVENTS, config)
})
afterAll(removeFolders)

const flat = (nodes: readonly ExplainNode[]): ExplainNode[] => nodes.flatMap((node) => [node, ...flat(node.because)])
const seqs = (nodes: readonly ExplainNode[]): number[] =>
  [...new Set(flat(nodes).map(({ seq }) => seq))].sort((a, b) => a - b)

describe('a package is explained', () => {
  it('from the order of a leg down to the mark that its signal decided on', () => {
    const { cause } = explain(run.runDir, 'o-4-1')
    expect(seqs(cause)).toEqual([1, 2, 3, 4, 5, 6, 8])
    expect(
      flat(cause)
        .find(({ type }) => type === 'PortfolioBlended')
        ?.because.map(({ seq }) => seq),
    ).toEqual([2, 3])
  })

  it('from an order that takes a leg back, by the legging risk it mends', () => {
    const { cause, summary } = explain(run.runDir, 'o-12-1')
    expect(summary).toBe('order o-12-1: sell 1 BTC of BTCUSDT, filled')
    expect(cause[0]?.because.map(({ type }) => type)).toEqual(['PackageImbalanced'])
    expect(seqs(cause)).toEqual([1, 2, 3, 4, 5, 12, 13, 14, 15])
  })

  it('from the signal on: blend, risk, both legs, their fills', () => {
    const { effects } = explain(run.runDir, '2')
    expect(effects.map(({ seq }) => seq)).toEqual([4, 5, 6, 7, 8, 9])
  })

  it('from its end on, and from legs that do not match', () => {
    expect(explain(run.runDir, '11').effects.map(({ seq }) => seq)).toEqual([13])
    expect(explain(run.runDir, '13').effects.map(({ seq }) => seq)).toEqual([14, 15])
    expect(explain(run.runDir, '11').cause[0]?.because.map(({ seq }) => seq)).toEqual([5, 10])
  })
})

describe('the trades of a package', () => {
  it('are legs with their decision, settled in their own currency, and a round trip', () => {
    const rows: TradeRow[] = []
    const trips: RoundTrip[] = []
    const summary = auditTrades(run.runDir, {
      onTrade: (row) => rows.push(row),
      onRoundTrip: (trip) => trips.push(trip),
    })
    expect(
      rows.map(({ kind, package: id, currency, realised, decision }) => [kind, id, currency, realised, decision]),
    ).toEqual([
      ['fill', ID, 'BTC', '0', `${ID} 4 % (basis)`],
      ['fill', ID, 'USDT', '0', `${ID} 4 % (basis)`],
      ['settlement', ID, 'BTC', '-0.2', 'the future was delivered'],
      ['fill', ID, 'USDT', '10000', 'legs did not match: unwinds'],
    ])
    expect(summary).toMatchObject({
      quote: 'USDT',
      opening: '1000000',
      transfers: '-2500.5',
      balance: '1007409.5',
      positions: [],
      roundTrips: { packages: 1, directional: 0 },
      feesByCurrency: { BTC: '0.0005', USDT: '90' },
    })
    expect(summary.currencies.BTC).toMatchObject({ realised: '-0.2', fees: '0.0005', balance: '-0.2005' })
    expect(trips).toHaveLength(1)
    expect(trips[0]).toMatchObject({ package: ID, openedSeq: 8, closedSeq: 15, fills: 3, settlements: 1 })
    expect(tripLine(trips[0]!)).toContain(
      'realised -0.2 - fees 0.0005 + funding 0 = net -0.2005 BTC; realised 10,000 - fees 90 + funding 0 = net 9,910 USDT',
    )
    const ofPackage = auditTrades(run.runDir, { symbol: ID, onTrade: () => undefined })
    expect([ofPackage.fills, ofPackage.settlements, ofPackage.opening]).toEqual([3, 1, null])
  })
})

async function query(sql: string): Promise<Record<string, unknown>[]> {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  const rows = (await connection.runAndReadAll(sql)).getRowObjectsJson()
  connection.closeSync()
  instance.closeSync()
  return rows
}

describe('the exported tables', () => {
  it('are written all at once, typed, and add up to the balances', async () => {
    const out = join(tempFolder(), 'tables')
    const reports = await auditExportAll(run.runDir, { format: 'parquet', out })
    expect(reports.map(({ what, rows }) => [what, rows])).toEqual([
      ['events', 16],
      ['signals', 2],
      ['packages', 4],
      ['orders', 3],
      ['fills', 4],
      ['positions', 4],
      ['cash', 7],
      ['equity', 3],
    ])
    const cash = `SELECT currency, SUM(amount_exact)::VARCHAR AS sum FROM '${out}/cash.parquet' GROUP BY 1 ORDER BY 1`
    expect((await query(cash)).map(({ currency, sum }) => [currency, formatUnits(parseUnits(String(sum)))])).toEqual([
      ['BTC', '-0.2005'],
      ['USDT', '1007409.5'],
    ])
    const types = await query(
      `SELECT name, type FROM parquet_schema('${out}/positions.parquet') WHERE name IN ('ts', 'quantity')`,
    )
    expect(types.map(({ name, type }) => [name, type])).toEqual([
      ['ts', 'INT64'],
      ['quantity', 'DOUBLE'],
    ])
    const held = `SELECT change, quantity, currency, typeof(time) AS type FROM '${out}/positions.parquet' ORDER BY seq`
    expect((await query(held)).map((row) => [row.change, row.quantity, row.currency, row.type])).toEqual([
      ['fill', -40_000, 'BTC', 'TIMESTAMP'],
      ['fill', 1, 'USDT', 'TIMESTAMP'],
      ['settlement', 0, 'BTC', 'TIMESTAMP'],
      ['fill', 0, 'USDT', 'TIMESTAMP'],
    ])
    const [first, , last] = await query(`SELECT * FROM '${out}/equity.parquet' ORDER BY seq`)
    expect(first).toMatchObject({ kind: 'assessed', nav: 1_000_000, balance: 1_000_000, is_last_of_day: false })
    expect(last).toMatchObject({ kind: 'end', nav: null, transfers: -2500.5, is_last_of_day: true })
    expect(JSON.parse(String(last?.balances))).toEqual({ USDT: '1007409.5', BTC: '-0.2005' })
    const legs = await query(`SELECT instrument, leg_role, side, leg_weight FROM '${out}/signals.parquet'`)
    expect(legs.map((row) => [row.instrument, row.leg_role, row.side, row.leg_weight])).toEqual([
      [FUTURE, 'future', 'short', -0.04],
      [SPOT, 'spot', 'long', 0.04],
    ])
  })

  it('go again where one cannot be written', async () => {
    const out = join(tempFolder(), 'tables')
    await auditExport(run.runDir, { what: 'cash', format: 'csv', out })
    await expect(auditExportAll(run.runDir, { format: 'csv', out })).rejects.toMatchObject({ code: 'TARGET_EXISTS' })
    expect(EXPORT_TABLES).toContain('equity')
  })
})

describe('the auditor’s book', () => {
  const KINDS = ['spot', 'linearPerpetual', 'inverseFuture', 'inverseOption'] as const

  it.each([1, 2, 3, 4, 5, 6])('is that of risk after any fills of any kinds (seed %i)', async (seed) => {
    const random = Sfc32.seeded(seed)
    const legs = KINDS.map((kind, i) => ({
      instrument: `test.m${i}.X`,
      kind,
      settle: kind.startsWith('inverse') ? 'BTC' : 'USDT',
    }))
    const ledgers = { USDT: createLedger('1000000'), BTC: createLedger('0') }
    const positions = legs.map(() => createPosition())
    const said0 = { ...said, package: 'p/x', inputs: [] }
    const named = legs.map(({ instrument, kind, settle }) => ({ ...spotLeg, instrument, terms: terms(kind, settle) }))
    const events: Parameters<typeof givenRun>[0][number][] = [
      at(0, 'PackageChanged', 'signal/basis', 0, { ...said0, legs: named }),
    ]
    for (let i = 1; i <= 60; i++) {
      const place = Math.floor(random.next() * legs.length)
      const { instrument, kind, settle } = legs[place]!
      const side = random.next() < 0.5 ? 'buy' : 'sell'
      const price = (kind === 'inverseOption' ? random.next() + 0.001 : 1000 * random.next() + 1).toFixed(4)
      const [quantity, fee] = [(100 * random.next()).toFixed(3), (random.next() - 0.1).toFixed(8)]
      const feeCurrency = random.next() < 0.5 ? 'USDT' : 'BTC'
      const id = `o-${i}-1`
      const own = { ...order(id, instrument, side, quantity), package: 'p/x' }
      events.push(at(i, 'OrderApproved', 'risk/engine', 0, own))
      events.push(at(i, 'OrderFilled', 'venue/paper', 0, fill(id, instrument, side, quantity, price, fee, feeCurrency)))
      const booked = { side, price, quantity, fee } as const
      applyFill(ledgers[settle as 'USDT'], positions[place]!, booked, FROM + i, kind, ledgers[feeCurrency])
    }
    const { runDir } = await givenRun(events, config)
    const { currencies } = auditTrades(runDir, { onTrade: () => undefined })
    for (const currency of ['USDT', 'BTC'] as const) {
      const { realised, fees, balance } = ledgers[currency]
      expect(currencies[currency], `seed ${seed}`).toMatchObject({ realised, fees, balance })
    }
    const out = join(tempFolder(), 'cash.parquet')
    await auditExport(runDir, { what: 'cash', format: 'parquet', out })
    for (const { currency, sum } of await query(
      `SELECT currency, SUM(amount_exact)::VARCHAR AS sum FROM '${out}' GROUP BY 1`,
    ))
      expect(formatUnits(parseUnits(String(sum)))).toBe(ledgers[currency as 'USDT'].balance)
  })
})
