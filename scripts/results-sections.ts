/** Owns the tables of docs/results.md beside the claims: books, carry, data, correlations. Words and figures only. */
import { interval, percent, ratio } from './results-claims.js'
import type { Backtest, Book, Carry } from './results-types.js'

const whole = (value: number): string => Math.round(value).toLocaleString('en-US')

export const HEAD =
  '| | Sharpe | 95 % interval | PSR(0) | DSR | trials | return | volatility | max drawdown | gross | net | days held | turnover a month | fees | slippage | funding |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|'

export function row(name: string, book: Book): string {
  const depth =
    book.drawdown === null
      ? percent(book.maxDrawdown)
      : `${percent(book.maxDrawdown)}, ${book.drawdown.peak} to ${book.drawdown.trough}`
  const cells = [
    name,
    ratio(book.sharpe),
    interval(book.sharpeCi),
    ratio(book.psr0),
    ratio(book.dsr),
    String(book.trials),
    percent(book.totalReturn),
    percent(book.annualVol),
    depth,
    percent(book.exposureGross),
    percent(book.exposureNet),
    percent(book.invested, 0),
    percent(book.turnoverMonthly),
    whole(book.fees),
    whole(book.slippage),
    whole(book.funding),
  ]
  return `| ${cells.join(' | ')} |`
}

export interface Titled {
  readonly title: string
  readonly config: string
  readonly from: string
  readonly to: string
}

export function section(plan: Titled, result: Backtest): string {
  const rows = [
    row('portfolio', result.portfolio),
    ...Object.entries(result.signals).map(([name, book]) => row(`${name} alone`, book)),
  ]
  return `### ${plan.title}\n\n\`${plan.config}\`, ${plan.from} to ${plan.to}, ${result.bars.toLocaleString('en-US')} bars, fingerprint \`${result.fingerprint}\`; NAV of risk and the sum of all flows differ by at most ${result.ledgerGap.toPrecision(2)}.\n\n${HEAD}\n${rows.join('\n')}\n`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), `|---|${'---:|'.repeat(head.length - 1)}`, ...rows.map(line)].join('\n')
}

const counts = (tally: readonly (readonly [string, number])[]): string =>
  tally.length === 0 ? '–' : tally.map(([what, count]) => `${what} ${count}`).join(', ')

/** What the run of all signals tells beside its books. */
export function details({ signals, overlays, correlations }: Backtest): string {
  const own = Object.entries(signals)
  const data = table(
    ['', 'from', 'to', 'days with data', 'entries', 'exits', 'settled', 'legging', 'on stand-ins'],
    own.map(([name, { figures: f }]) => [
      name,
      f.live?.from ?? '–',
      f.live?.to ?? '–',
      String(f.live?.days ?? 0),
      String(f.entries),
      String(f.exits),
      String(f.settlements),
      counts(f.legging),
      percent(f.proxyShare, 0),
    ]),
  )
  const line = (name: string, c: Carry): string[] => [
    name,
    ratio(c.sharpe),
    ratio(c.sharpeLo),
    ratio(c.accrualOnlySharpe),
    percent(c.annualReturn, 2),
    percent(c.billsReturn, 2),
    percent(c.excessReturn, 2),
    ratio(c.excessSharpe),
  ]
  const carry = table(
    ['', 'Sharpe, marked', 'Lo', 'accruals alone (meaningless)', 'return a year', 'bills', 'excess', 'Sharpe of it'],
    own.flatMap(([name, { figures, window }]) => [
      ...(figures.carry === null ? [] : [line(name, figures.carry)]),
      ...(window === null ? [] : [line(`${name}, 2022–23`, window.figures)]),
    ]),
  )
  const triggers = table(
    ['', 'triggers'],
    [
      ...own.map(([name, { figures }]) => [name, counts(figures.triggers)]),
      ...Object.entries(overlays).map(([name, { triggers: regimes }]) => [name, counts(regimes)]),
    ],
  )
  const { signals: names, matrix } = correlations
  const related = table(
    ['', ...names],
    names.map((name, a) => [name, ...names.map((_, b) => (a === b ? '1' : ratio(matrix[a]![b]!)))]),
  )
  return `#### Data and triggers\n\n${data}\n\n${triggers}\n\n#### The carry class\n\n${carry}\n\n#### Correlation of the books alone\n\n${related}\n`
}
