/** Owns what `quantbot audit trades` prints. */
import type { RoundTrip } from '#audit/round-trips'
import { auditTrades, type TradeRow, type TradesSummary } from '#audit/trades'
import { totalsText, tradeLine, tradesHeader, tripLine, tripsHeader } from '#audit/trades-text'
import { QuantbotError } from '#core/errors'
import { seqProgress } from './audit-progress.js'
import { findRun, type GlobalOptions, homeOf } from './home.js'
import { endProgress, paint, say, sayJson } from './terminal.js'

export interface TradesCommandOptions extends GlobalOptions {
  readonly symbol?: string
  readonly limit?: string
  readonly trips?: boolean
}

/** What is listed: lines as they are read, or the last ones once all were read. */
class Listing<T> {
  readonly #limit: number
  readonly #streams: boolean
  readonly #line: (row: T) => string
  readonly kept: T[] = []
  #count = 0

  constructor(header: string, line: (row: T) => string, limit: number, isJson: boolean) {
    this.#limit = limit
    this.#line = line
    this.#streams = !isJson && limit === Number.POSITIVE_INFINITY
    if (!isJson) say(paint('bold', header))
  }

  add = (row: T): void => {
    this.#count++
    if (this.#streams) {
      endProgress()
      say(this.#line(row))
      return
    }
    this.kept.push(row)
    if (this.kept.length > 2 * this.#limit) this.kept.splice(0, this.kept.length - this.#limit)
  }

  /** The last rows, as far as they are kept. */
  last(): T[] {
    return this.kept.length > this.#limit ? this.kept.slice(this.kept.length - this.#limit) : this.kept
  }

  /** What was not printed yet. */
  print(): void {
    if (this.#streams) return
    const rows = this.last()
    for (const row of rows) say(this.#line(row))
    if (this.#count > rows.length) say(`the last ${rows.length} of ${this.#count}; the sums are of all`)
  }
}

export function auditTradesCommand(run: string, options: TradesCommandOptions): void {
  const limit = limitOf(options.limit)
  const runDir = findRun(homeOf(options), run)
  const isJson = options.json === true
  const request = { symbol: options.symbol, onProgress: seqProgress('read') }
  if (options.trips === true) {
    const trips = new Listing<RoundTrip>(tripsHeader(), tripLine, limit, isJson)
    const summary = auditTrades(runDir, { ...request, onTrade: () => undefined, onRoundTrip: trips.add })
    finish(summary, trips, 'trips', isJson)
    return
  }
  const trades = new Listing<TradeRow>(tradesHeader(), coloured, limit, isJson)
  finish(auditTrades(runDir, { ...request, onTrade: trades.add }), trades, 'trades', isJson)
}

function finish<T>(summary: TradesSummary, listing: Listing<T>, name: string, isJson: boolean): void {
  endProgress()
  if (isJson) {
    const rows = listing.last()
    sayJson({ ...summary, shown: rows.length, [name]: rows })
    return
  }
  listing.print()
  say('')
  say(totalsText(summary))
}

function coloured(row: TradeRow): string {
  const line = tradeLine(row)
  return row.realised.startsWith('-') ? paint('red', line) : line
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return Number.POSITIVE_INFINITY
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new QuantbotError('USAGE', `--limit ${JSON.stringify(text)} is no number of trades`)
}
