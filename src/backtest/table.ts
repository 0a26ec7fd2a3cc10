/**
 * Owns the statistics as text tables for a terminal. Pure: width and colour are handed in. Plain padding instead of a table
 * library: cells are short ASCII, and what a library does not do, blocks of columns that fit the width, is most of this file.
 */
import { symbolOf } from '#core/ids'
import type { YearRow } from './series.js'
import type { BacktestStatistics } from './statistics.js'
import type { Summary } from './statistics-summary.js'
import type { VerdictKind } from './statistics-verdict.js'
import { amount, isNegative, METRICS, type Metric, MONTHS, percent, ratio, SYMBOL_METRICS } from './table-format.js'
import { carryRows, correlationRows, dataRows, overlayRows, verdictsOf } from './table-signals.js'

export interface TableOptions {
  /** Columns of the terminal; at least 40 are used. */
  readonly width: number
  /** ANSI colours; false where the output is no terminal. */
  readonly color: boolean
}

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow'
const CODES: Readonly<Record<Style, string>> = { bold: '1', dim: '2', red: '31', green: '32', yellow: '33' }

const VERDICT_STYLE: Readonly<Record<VerdictKind, Style>> = {
  PASS: 'green',
  'point pass, not significant': 'yellow',
  FAIL: 'red',
  'NOT TESTABLE': 'yellow',
  'NO GATE': 'dim',
}

/** Portfolio and signals, contributions, symbols, months, verdicts. Lines never exceed the width, but for words of verdicts. */
export function renderTables(stats: BacktestStatistics, options: TableOptions): string {
  const paint = painter(options.color)
  const width = Math.max(40, options.width)
  const judged = [stats.portfolio, ...stats.signals]
  const sections: [string, string[]][] = [
    ['Portfolio, and each signal alone', metricsByBook(judged, METRICS, width, paint)],
    [
      'Contribution of the signals to the portfolio',
      grid(
        ['', 'Profit', 'On capital', 'Sharpe'],
        stats.contributions.map((c) => [plain(c.signal), amount(c.profit), percent(c.onCapital), ratio(c.sharpe)]),
        width,
        paint,
      ),
    ],
    [
      'Symbols within the portfolio',
      grid(
        ['', ...SYMBOL_METRICS.map(({ name }) => name)],
        stats.symbols.map((s) => [plain(symbolOf(s.name)), ...SYMBOL_METRICS.map(({ of }) => of(s))]),
        width,
        paint,
      ),
    ],
    ['Months of the portfolio, %', monthGrid(stats.portfolio.monthly, width, paint)],
    ...(
      [
        ['Data, triggers, legging of the signals', dataRows(stats)],
        ['Carry: marked to market, and against bills', carryRows(stats)],
        ['Overlays: the blended book with and without', overlayRows(stats)],
        ['Correlation of the signals alone', correlationRows(stats)],
      ] as const
    ).flatMap(([title, { header, rows }]): [string, string[]][] =>
      rows.length === 0
        ? []
        : [
            [
              title,
              grid(
                header,
                rows.map(([name = '', ...cells]) => [plain(name), ...cells]),
                width,
                paint,
              ),
            ],
          ],
    ),
    [
      'Verdicts',
      verdictsOf(stats).flatMap(({ name, verdict }) =>
        wrap(`${plain(name)}: ${verdict.text}`, width).map((line) => paint(VERDICT_STYLE[verdict.kind], line)),
      ),
    ],
  ]
  return sections.map(([title, lines]) => [paint('bold', title), ...lines, ''].join('\n')).join('\n')
}

type Paint = (style: Style, text: string) => string

function painter(color: boolean): Paint {
  return color ? (style, text) => `\x1b[${CODES[style]}m${text}\x1b[0m` : (_, text) => text
}

/** Names come from files: a control character must not reach the terminal. */
function plain(text: string): string {
  return text.replace(/\p{C}/gu, '?')
}

function metricsByBook(books: readonly Summary[], metrics: readonly Metric[], width: number, paint: Paint): string[] {
  const rows = metrics.map(({ name, of }) => [name, ...books.map(of)])
  return grid(['', ...books.map(({ name }) => plain(name))], rows, width, paint)
}

function monthGrid(rows: readonly YearRow[], width: number, paint: Paint): string[] {
  const cell = (value: number | null): string => (value === null ? '' : percent(value).slice(0, -1))
  const body = rows.map(({ year, months, total }) => [String(year), ...months.map(cell), cell(total)])
  return grid(['', ...MONTHS, 'Year'], body, width, paint)
}

/** A table: first column to the left and in every block, the others to the right, in as many blocks as the width needs. */
function grid(header: readonly string[], rows: readonly (readonly string[])[], width: number, paint: Paint): string[] {
  const widths = header.map((title, c) => Math.max(title.length, ...rows.map((row) => row[c]?.length ?? 0)))
  const lead = Math.min(widths[0] ?? 0, Math.floor(width / 2))
  const lines: string[] = []
  for (let from = 1; from < header.length; ) {
    let to = from
    let used = lead
    while (to < header.length && (to === from || used + 2 + widths[to]! <= width)) used += 2 + widths[to++]!
    const line = (cells: readonly string[], dress: (cell: string) => string): string =>
      (cells[0] ?? '').slice(0, lead).padEnd(lead) +
      cells
        .slice(from, to)
        .map((cell, k) => `  ${dress(cell.padStart(widths[from + k]!))}`)
        .join('')
    if (lines.length > 0) lines.push('')
    lines.push(line(header, (cell) => paint('dim', cell)))
    for (const row of rows) lines.push(line(row, (cell) => (isNegative(cell) ? paint('red', cell) : cell)))
    from = to
  }
  return lines.map((text) => text.trimEnd())
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last === undefined) lines.push(word)
    else if (last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(`  ${word}`)
  }
  return lines
}
