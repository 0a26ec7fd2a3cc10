/** Owns trades as lines of a table and their sums as text. Digits are those of the log; only thousands are set apart. */
import { symbolOf } from '#core/ids'
import type { RoundTrip } from './round-trips.js'
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
  ['in', 4, 'left', (row) => row.currency],
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
  const { totals, opening, balance, transfers, converted, quote, fills, settlements, positions, duplicates } = summary
  const lines: (readonly [string, string, string])[] = [
    ['realised', totals.realised, 'at average cost, before fees'],
    ['fees', totals.fees, 'paid; negative is a rebate'],
    ['funding', totals.funding, 'positive is received'],
    ['net', totals.net, 'realised - fees + funding'],
    ['slippage', totals.slippage, 'against the reference prices; part of the prices already'],
  ]
  if (opening !== null && balance !== null)
    lines.push(
      ['opening', opening, 'balance at the start'],
      ...(transfers === '0' ? [] : [['transfers', transfers, 'paid in, less what was taken out'] as const]),
      ...(converted === undefined
        ? []
        : [['converted', converted, 'for coins that were sold, less for those bought'] as const]),
      ['balance', balance, identityOf(transfers !== '0', converted !== undefined)],
    )
  const width = Math.max(...lines.map(([, amount]) => exact(amount).length))
  const count = `${exact(String(fills))} fills${settlements === 0 ? '' : `, ${settlements} settlements`}`
  return [
    `${count}${duplicates === 0 ? '' : `, ${duplicates} reported twice and counted once`}`,
    ...lines.map(([name, amount, means]) => `${name.padEnd(9)} ${exact(amount).padStart(width)} ${quote}  ${means}`),
    ...othersText(summary),
    ...tripsText(summary),
    ...positions.map(
      ({ package: id, instrument, quantity, averagePrice }) =>
        `open      ${symbolOf(instrument)} ${exact(quantity)} at ${exact(averagePrice)}${id === null ? '' : `, a leg of ${id}`}`,
    ),
  ].join('\n')
}

const identityOf = (hasTransfers: boolean, hasConverted: boolean): string =>
  `opening + ${hasTransfers ? 'transfers + ' : ''}${hasConverted ? 'converted + ' : ''}net`

/** Accounts beside the book's own: to the last digit, for they may be coins. */
function othersText({ currencies, quote }: TradesSummary): string[] {
  return Object.entries(currencies)
    .filter(([currency]) => currency !== quote)
    .map(([currency, { realised, fees, funding, net, converted, balance }]) => {
      const parts = `realised ${exact(realised)} - fees ${exact(fees)} + funding ${exact(funding)} = net ${exact(net)}`
      const bought = converted === undefined ? '' : `; converted ${exact(converted)}`
      return `${currency.padEnd(9)} ${parts}${bought}; balance ${exact(balance)}`
    })
}

function tripsText({ roundTrips: { packages, directional } }: TradesSummary): string[] {
  if (packages === 0) return []
  const of = (count: number, what: string): string => `${exact(String(count))} ${what}${count === 1 ? '' : 's'}`
  return [`round trips of ${of(packages, 'package')}, ${of(directional, 'directional position')} (--trips lists them)`]
}

export function tripsHeader(): string {
  return `${'opened (UTC)'.padEnd(16)}  ${'closed (UTC)'.padEnd(16)}  ${'what'.padEnd(32)}  ${'fills'.padStart(5)}  made`
}

/** `carry/…  realised 12 - fees 3 + funding 40 = net 49 USDT`. */
export function tripLine({ package: id, instruments, openedAt, closedAt, fills, made }: RoundTrip): string {
  const what = id ?? symbolOf(instruments[0] ?? '')
  const sums = Object.entries(made).map(
    ([currency, { realised, fees, funding, net }]) =>
      `realised ${exact(realised)} - fees ${exact(fees)} + funding ${exact(funding)} = net ${exact(net)} ${currency}`,
  )
  return `${when(openedAt).padEnd(16)}  ${when(closedAt).padEnd(16)}  ${what.padEnd(32)}  ${String(fills).padStart(5)}  ${sums.join('; ')}`
}
