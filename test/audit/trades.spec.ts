/** Trades add up to the ledger of risk to the last digit, each once, each with its decision. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { auditTrades, type TradeRow, type TradesSummary } from '#audit/trades'
import { totalsText, tradeLine, tradesHeader } from '#audit/trades-text'
import { formatUnits, parseUnits } from '#core/decimal'
import { type AuditRun, copied, FROM, givenRun, pipelineRun, removeFolders } from './runs.js'

let run: AuditRun

beforeAll(async () => {
  run = await pipelineRun('derived', 120)
}, 60_000)
afterAll(removeFolders)

function tradesOf(runDir: string, symbol?: string): { rows: TradeRow[]; summary: TradesSummary } {
  const rows: TradeRow[] = []
  const summary = auditTrades(runDir, { symbol, onTrade: (row) => rows.push(row) })
  return { rows, summary }
}

const sum = (amounts: readonly string[]): string =>
  formatUnits(amounts.reduce((total, one) => total + parseUnits(one), 0n))

interface Ledger {
  readonly realised: string
  readonly fees: string
  readonly funding: string
  readonly balance: string
  readonly opening: string
}

describe('the trades of a run', () => {
  it('add up to the ledger of risk, to the last digit, from a copied folder', () => {
    const { rows, summary } = tradesOf(copied(run.runDir))
    const { ledger } = run.dispatcher!.stateOf<{ ledger: Ledger }>('risk/engine')
    expect(rows.length).toBeGreaterThan(20)
    const { realised, fees, funding, net } = summary.totals
    expect({ realised, fees, funding, balance: summary.balance, opening: summary.opening }).toEqual({
      realised: ledger.realised,
      fees: ledger.fees,
      funding: ledger.funding,
      balance: ledger.balance,
      opening: ledger.opening,
    })
    expect(Number(realised)).not.toBe(0)
    expect(Number(funding)).not.toBe(0)
    expect(sum(rows.map((row) => row.realised))).toBe(realised)
    expect(sum(rows.map((row) => row.fee))).toBe(fees)
    expect(sum([realised, funding, `-${fees}`])).toBe(net)
  })

  it('are those of the log, each with its decision', () => {
    const { rows } = tradesOf(run.runDir)
    const fills = run.events.filter(({ type }) => type === 'OrderFilled')
    expect(rows.filter(({ kind }) => kind === 'fill').map(({ seq }) => seq)).toEqual(fills.map(({ seq }) => seq))
    for (const row of rows.filter(({ purpose }) => purpose === 'rebalance'))
      expect(row.decision).toMatch(/(?:tsmom|donchian|meanrev) (?:long|short|flat) \([a-z-]+\)/)
    expect(
      rows.filter(({ purpose }) => purpose === 'stop').every(({ decision }) => decision.startsWith('stop of the')),
    ).toBe(true)
    for (const { approvedSeq, order } of rows) {
      const approval = run.events.find(({ seq }) => seq === approvedSeq)!
      expect((approval.data as { order: string }).order).toBe(order)
    }
  })

  it('of the symbols add up to those of the book', () => {
    const parts = ['AAAUSDT', 'test.usdm.BBBUSDT', 'CCCUSDT'].map((symbol) => tradesOf(run.runDir, symbol).summary)
    const { summary } = tradesOf(run.runDir)
    expect(sum(parts.map(({ totals }) => totals.net))).toBe(summary.totals.net)
    expect(parts.reduce((count, { fills }) => count + fills, 0)).toBe(summary.fills)
    expect(parts[0]?.opening).toBeNull()
    expect(tradesOf(run.runDir, 'NOPE').rows).toEqual([])
  })

  it('are written in columns that line up', () => {
    const { rows, summary } = tradesOf(run.runDir)
    const at = tradesHeader().indexOf('decision')
    for (const row of rows) expect(tradeLine(row).slice(at)).toBe(row.decision)
    expect(totalsText(summary)).toContain('realised - fees + funding')
  })
})

const A = 'test.usdm.AAAUSDT'
const fill = (trade: string, side: string, quantity: string, price: string, fee = '0') => ({
  ts: FROM,
  type: 'OrderFilled',
  by: 'venue/real',
  cause: 0,
  data: {
    order: `o-${trade}`,
    instrument: A,
    trade,
    side,
    price,
    quantity,
    remaining: '0',
    fee,
    feeCurrency: 'USDT',
    liquidity: 'maker',
    referencePrice: price,
    slippageBps: 0,
  },
})

describe('realised profit', () => {
  it('is at average cost, over adds, cuts, flips, settlement; a trade told twice counts once', async () => {
    const carried = { parent: 'r0', balance: '500', positions: [], stops: [], halted: false }
    const settled = { instrument: A, quantity: '-1', price: '90', realised: '30' }
    const { runDir } = await givenRun([
      { ts: FROM, type: 'StateCarried', by: 'host', cause: 0, data: carried },
      fill('1', 'buy', '1', '100', '0.1'),
      fill('2', 'buy', '2', '103', '-0.01'),
      fill('2', 'buy', '2', '103', '-0.01'),
      fill('3', 'sell', '1', '105'),
      fill('4', 'sell', '3', '120'),
      { ts: FROM, type: 'PositionSettled', by: 'risk/engine', cause: 6, data: settled },
    ])
    const { rows, summary } = tradesOf(runDir)
    expect(rows.map(({ kind, realised }) => [kind, realised])).toEqual([
      ['fill', '0'],
      ['fill', '0'],
      ['fill', '3'],
      ['fill', '36'],
      ['settlement', '30'],
    ])
    expect(summary).toMatchObject({
      duplicates: 1,
      opening: '500',
      balance: '568.91',
      totals: { realised: '69', fees: '0.09', net: '68.91' },
      positions: [],
    })
  })
})
