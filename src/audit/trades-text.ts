/** Owns trades as lines of a table and their sums as text. Digits are those of the log; only thousands are set apart. */
import { symbolOf } from '#core/ids'
import type { TradeRow, TradesSummary } from './trades.js'
import { exact, when } from './words.js'

type Align = 'left' | 'right'

/** Widths are fixed, so that lines may be printed as they come. */
const COLUMNS: readonly (readonly [name: string, width: number, align: Align, read: (row: TradeRow) => string])[] = [
  ['time (UTC)', 16, 'left', (row) => when(row.ts)],
  ['order', 12, 'left', (row) => row.order ?? '–'],
  ['symbol', 10, 'left', (row) => symbolOf(row.instrument)],
  ['side', 4, 'left', (row) => row.side],
  ['quantity', 14, 'right', (row) => exact(row.quantity)],
  ['price', 13, 'right', (row) => exact(row.price)],
  ['fee', 14, 'right', (row) => exact(row.fee)],
  ['slip bp', 8, 'right', (row) => (row.slippageBps === null ? '–' : row.slippageBps.toFixed(2))],
  ['realised', 18, 'right', (row) => exact(row.realised)],
  ['purpose', 10, 'left', (row) => row.purpose],
]

const padded = (text: string, width: number, align: Align): string =>
  align === 'left' ? text.padEnd(width) : text.padStart(width)

export function tradesHeader(): string {
  return [...COLUMNS.map(([name, width, align]) => padded(name, width, align)), 'decision'].join('  ')
}

export function tradeLine(row: TradeRow): string {
  return [...COLUMNS.map(([, width, align, read]) => padded(read(row), width, align)), row.decision].join('  ')
}

/** The sums, a line each. */
export function totalsText(summary: TradesSummary): string {
  const { totals, opening, balance, quote, fills, settlements, positions, duplicates } = summary
  const lines: (readonly [string, string, string])[] = [
    ['realised', totals.realised, 'at average cost, before fees'],
    ['fees', totals.fees, 'paid; negative is a rebate'],
    ['funding', totals.funding, 'positive is received'],
    ['net', totals.net, 'realised - fees + funding'],
    ['slippage', totals.slippage, 'against the reference prices; part of the prices already'],
  ]
  if (opening !== null && balance !== null)
    lines.push(['opening', opening, 'balance at the start'], ['balance', balance, 'opening + net'])
  const width = Math.max(...lines.map(([, amount]) => exact(amount).length))
  const count = `${exact(String(fills))} fills${settlements === 0 ? '' : `, ${settlements} settlements`}`
  return [
    `${count}${duplicates === 0 ? '' : `, ${duplicates} reported twice and counted once`}`,
    ...lines.map(([name, amount, means]) => `${name.padEnd(9)} ${exact(amount).padStart(width)} ${quote}  ${means}`),
    ...positions.map(
      ({ instrument, quantity, averagePrice }) =>
        `open      ${symbolOf(instrument)} ${exact(quantity)} at ${exact(averagePrice)}`,
    ),
  ].join('\n')
}
