/**
 * Owns the exported tables of the book: positions (a row a change), cash (a row a flow of money), equity (a row an assessment of risk)
 * and packages (what blender and risk let them be, and legs that did not match). Never writes a file, never guesses a price.
 */
import { formatUnits, type Units } from '#core/decimal'
import { DAY_MS, floorTo } from '#core/time'
import type { AnyEvent } from '#events/catalogue'
import { averagePriceOf } from './book.js'
import { table } from './export-tables.js'
import type { RunFacts } from './run-facts.js'
import { type Change, RunLedger } from './run-ledger.js'
import type { Cell } from './table-file.js'

/** A change of a position as it was then: the book goes on. */
export interface PositionRow {
  readonly change: Change
  readonly quantity: string
  readonly averagePrice: string
  readonly realised: string
  readonly fees: string
  readonly funding: string
}

export const POSITIONS_TABLE = table<PositionRow>({
  seq: ['integer', ({ change }) => change.seq],
  ts: ['integer', ({ change }) => change.ts],
  time: ['time', ({ change }) => change.ts],
  change: ['text', ({ change }) => change.kind],
  package: ['text', ({ change }) => change.position?.package],
  instrument: ['text', ({ change }) => change.position?.instrument],
  currency: ['text', ({ change }) => change.position?.currency],
  quantity: ['decimal', (row) => row.quantity],
  average_price: ['decimal', (row) => row.averagePrice],
  realised: ['decimal', (row) => row.realised],
  fees: ['decimal', (row) => row.fees],
  funding: ['decimal', (row) => row.funding],
  quantity_change: ['decimal', ({ change }) => formatUnits(change.quantity)],
  price: ['decimal', ({ change }) => change.price],
  realised_change: ['decimal', ({ change }) => formatUnits(change.realised)],
  fee: ['decimal', ({ change }) => formatUnits(change.fee)],
  fee_currency: ['text', ({ change }) => change.feeCurrency],
  funding_change: ['decimal', ({ change }) => formatUnits(change.funding)],
  order_id: ['text', ({ change }) => change.order],
})

export interface CashRow {
  readonly change: Change
  readonly flow: 'opening' | 'transfer' | 'conversion' | 'realised' | 'fee' | 'funding'
  readonly currency: string
  readonly amount: string
}

export const CASH_TABLE = table<CashRow>({
  seq: ['integer', ({ change }) => change.seq],
  ts: ['integer', ({ change }) => change.ts],
  time: ['time', ({ change }) => change.ts],
  flow: ['text', (row) => row.flow],
  currency: ['text', (row) => row.currency],
  amount: ['decimal', (row) => row.amount],
  package: ['text', ({ change }) => change.position?.package],
  instrument: ['text', ({ change }) => change.position?.instrument],
  order_id: ['text', ({ change }) => change.order],
})

/** What a change moved, a row each: their sum in a currency is its balance, to the last digit. */
function cashRows(change: Change): CashRow[] {
  const rows: CashRow[] = []
  const add = (flow: CashRow['flow'], amount: Units, currency: string): void => {
    if (amount !== 0n) rows.push({ change, flow, currency, amount: formatUnits(amount) })
  }
  const { kind } = change
  add(kind === 'transfer' || kind === 'conversion' ? kind : 'opening', change.moved, change.currency)
  add('realised', change.realised, change.currency)
  add('fee', -change.fee, change.feeCurrency)
  add('funding', change.funding, change.currency)
  return rows
}

export interface EquityRow {
  readonly seq: number
  readonly ts: number
  readonly kind: 'assessed' | 'measured' | 'transfer' | 'end'
  /** As risk said; null where it said nothing: marks are not in every log. */
  readonly nav: number | null
  readonly gross: number | null
  readonly net: number | null
  readonly currency: string
  readonly balance: string
  readonly transfers: string
  readonly balances: string
  isLastOfDay: boolean
}

export const EQUITY_TABLE = table<EquityRow>({
  seq: ['integer', (row) => row.seq],
  ts: ['integer', (row) => row.ts],
  time: ['time', (row) => row.ts],
  kind: ['text', (row) => row.kind],
  is_last_of_day: ['flag', (row) => row.isLastOfDay],
  nav: ['number', (row) => row.nav],
  gross: ['number', (row) => row.gross],
  net: ['number', (row) => row.net],
  currency: ['text', (row) => row.currency],
  balance: ['decimal', (row) => row.balance],
  transfers: ['decimal', (row) => row.transfers],
  balances: ['text', (row) => row.balances],
})

/** Gives the rows of one of the tables of the book, event by event. */
export interface BookReader {
  take(event: AnyEvent): void
  finish(): void
}

export function positionRows(facts: RunFacts, give: (row: PositionRow) => void): BookReader {
  return new RunLedger(facts, (change) => {
    const { position } = change
    if (position === null) return
    give({
      change,
      quantity: formatUnits(position.quantity),
      averagePrice: averagePriceOf(position),
      realised: formatUnits(position.realised),
      fees: formatUnits(position.fees),
      funding: formatUnits(position.funding),
    })
  })
}

export function cashFlowRows(facts: RunFacts, give: (row: CashRow) => void): BookReader {
  return new RunLedger(facts, (change) => {
    for (const row of cashRows(change)) give(row)
  })
}

/** One row an assessment, a measurement of the book (one a day and after large moves) and a transfer, and one at the end of the log; each is held back until the next tells whether its day ended. */
export function equityRows(facts: RunFacts, give: (row: EquityRow) => void): BookReader {
  let waiting: EquityRow | undefined
  let last = { seq: 0, ts: 0 }
  const tell = (row: EquityRow): void => {
    if (waiting !== undefined)
      give({ ...waiting, isLastOfDay: floorTo(waiting.ts, DAY_MS) !== floorTo(row.ts, DAY_MS) })
    waiting = row
  }
  const ledger = new RunLedger(facts, ({ kind, seq, ts }) => {
    if (kind === 'transfer') tell(rowOf(seq, ts, 'transfer', null, null, null))
  })
  function rowOf(
    seq: number,
    ts: number,
    kind: EquityRow['kind'],
    nav: number | null,
    gross: number | null,
    net: number | null,
  ): EquityRow {
    const { book, currency } = ledger
    const { balance = '0', transfers = '0' } = book.totals()[currency] ?? {}
    const balances = JSON.stringify(book.balances())
    return { seq, ts, kind, nav, gross, net, currency, balance, transfers, balances, isLastOfDay: false }
  }
  return {
    take(event) {
      last = event
      ledger.take(event)
      if (event.type === 'RiskMeasured')
        tell(rowOf(event.seq, event.ts, 'measured', event.data.nav, event.data.gross, event.data.net))
      if (event.type !== 'RiskAssessed') return
      const end = event.data.steps.at(-1)
      tell(rowOf(event.seq, event.ts, 'assessed', event.data.nav, end?.grossAfter ?? null, end?.netAfter ?? null))
    },
    finish() {
      ledger.finish()
      if (last.seq === 0) return
      tell(rowOf(last.seq, last.ts, 'end', null, null, null))
      if (waiting !== undefined) give({ ...waiting, isLastOfDay: true })
    },
  }
}

export interface PackageRow {
  readonly event: AnyEvent
  readonly package: string
  readonly signal: string | null
  readonly cells: Readonly<Record<string, Cell>>
}

const cell = (name: string) => (row: PackageRow) => row.cells[name] ?? null

export const PACKAGES_TABLE = table<PackageRow>({
  seq: ['integer', ({ event }) => event.seq],
  ts: ['integer', ({ event }) => event.ts],
  time: ['time', ({ event }) => event.ts],
  event: ['text', ({ event }) => event.type],
  package: ['text', (row) => row.package],
  signal: ['text', (row) => row.signal],
  instrument: ['text', cell('instrument')],
  wanted: ['number', cell('wanted')],
  weight: ['number', cell('weight')],
  confidence: ['number', cell('confidence')],
  budget: ['number', cell('budget')],
  size: ['number', cell('size')],
  bucket: ['number', cell('bucket')],
  beta_scale: ['number', cell('betaScale')],
  approved: ['number', cell('approved')],
  units: ['decimal', cell('units')],
  units_before: ['decimal', cell('unitsBefore')],
  residual_delta: ['number', cell('residualDelta')],
  refusal: ['text', cell('refusal')],
  action: ['text', cell('action')],
  attempts: ['integer', cell('attempts')],
  excess_delta: ['number', cell('excessDelta')],
  excess_weight: ['number', cell('excessWeight')],
  leg_wanted: ['decimal', cell('legWanted')],
  leg_held: ['decimal', cell('legHeld')],
})

/** What an event says of packages: a row a package, of legs that do not match a row a leg. */
export function packageRows(event: AnyEvent): PackageRow[] {
  switch (event.type) {
    case 'PortfolioBlended':
      return (event.data.packages ?? []).map((row) => ({ event, package: row.package, signal: row.signal, cells: row }))
    case 'RiskAssessed':
      return (event.data.packages ?? []).map((row) => ({ event, package: row.package, signal: null, cells: row }))
    case 'PackageImbalanced': {
      const { package: id, signal, legs, action, attempts, excessDelta, excessWeight } = event.data
      return legs.map(({ instrument, wanted, held }) => ({
        event,
        package: id,
        signal,
        cells: { action, attempts, excessDelta, excessWeight, instrument, legWanted: wanted, legHeld: held },
      }))
    }
    default:
      return []
  }
}
