/** Owns what `quantbot audit trades` prints. */
import { auditTrades, type TradeRow } from '#audit/trades'
import { totalsText, tradeLine, tradesHeader } from '#audit/trades-text'
import { QuantbotError } from '#core/errors'
import { seqProgress } from './audit-progress.js'
import { findRun, type GlobalOptions, homeOf } from './home.js'
import { endProgress, paint, say, sayJson } from './terminal.js'

export interface TradesCommandOptions extends GlobalOptions {
  readonly symbol?: string
  readonly limit?: string
}

/** Without `--limit`, lines are printed as they are read; with it, the last ones once all were read. */
export function auditTradesCommand(run: string, options: TradesCommandOptions): void {
  const limit = limitOf(options.limit)
  const runDir = findRun(homeOf(options), run)
  const streams = options.json !== true && limit === Number.POSITIVE_INFINITY
  const kept: TradeRow[] = []
  let count = 0
  if (streams) say(paint('bold', tradesHeader()))
  const onTrade = (row: TradeRow): void => {
    count++
    if (streams) {
      endProgress()
      say(coloured(row))
      return
    }
    kept.push(row)
    if (kept.length > 2 * limit) kept.splice(0, kept.length - limit)
  }
  const summary = auditTrades(runDir, { symbol: options.symbol, onTrade, onProgress: seqProgress('read') })
  endProgress()
  const trades = kept.length > limit ? kept.slice(kept.length - limit) : kept
  if (options.json === true) {
    sayJson({ ...summary, shown: trades.length, trades })
    return
  }
  if (!streams) {
    say(paint('bold', tradesHeader()))
    for (const row of trades) say(coloured(row))
    if (count > trades.length) say(`the last ${trades.length} of ${count}; the sums are of all`)
  }
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
