/** Owns the tables and notes of the report as markup. Pure; every text is escaped by the template. */
import { symbolOf } from '#core/ids'
import { isoTime } from '#core/time'
import type { BacktestRecording, Tally } from '../recording.js'
import type { YearRow } from '../series.js'
import type { BacktestStatistics } from '../statistics.js'
import type { Summary } from '../statistics-summary.js'
import {
  amount,
  isNegative,
  METRICS,
  type Metric,
  MONTHS,
  NONE,
  percent,
  ratio,
  SYMBOL_METRICS,
} from '../table-format.js'
import { type Rows, verdictsOf } from '../table-signals.js'
import { html, type Markup, raw } from './html.js'

const cell = (text: string): Markup => (isNegative(text) ? html`<td class="neg">${text}</td>` : html`<td>${text}</td>`)
const heads = (names: readonly string[]): Markup[] => names.map((name) => html`<th scope="col">${name}</th>`)

function table(header: readonly string[], rows: readonly Markup[], className = ''): Markup {
  return html`<div class="scroll" tabindex="0"><table class="${className}"><thead><tr>${heads(header)}</tr></thead><tbody>${rows}</tbody></table></div>`
}

/** Metrics down, books across. */
export function bookTable(books: readonly Summary[], metrics: readonly Metric[] = METRICS): Markup {
  const rows = metrics.map(({ name, of, means }) => {
    const className = name.startsWith(' ') ? 'sub' : ''
    return html`<tr class="${className}"><th scope="row" title="${means}">${name.trim()}</th>${books.map((book) => cell(of(book)))}</tr>`
  })
  return table(['', ...books.map(({ name }) => name)], rows)
}

/** Symbols down, metrics across. */
export function symbolTable(symbols: readonly Summary[]): Markup {
  const rows = symbols.map(
    (symbol) =>
      html`<tr><th scope="row" title="${symbol.name}">${symbolOf(symbol.name)}</th>${SYMBOL_METRICS.map(({ of }) => cell(of(symbol)))}</tr>`,
  )
  return table(['Symbol', ...SYMBOL_METRICS.map(({ name }) => name)], rows)
}

export function contributionTable(stats: BacktestStatistics): Markup {
  const rows = stats.contributions.map(
    (line) =>
      html`<tr><th scope="row">${line.signal}</th>${[amount(line.profit), percent(line.onCapital, 2), ratio(line.sharpe)].map(cell)}</tr>`,
  )
  const profit = stats.contributions.reduce((sum, line) => sum + line.profit, 0)
  const whole = html`<tr><th scope="row">Portfolio</th>${[amount(profit), percent(stats.portfolio.totalReturn, 2), ratio(stats.portfolio.sharpe)].map(cell)}</tr>`
  return table(['Signal', 'Profit', 'On capital', 'Sharpe'], [...rows, whole])
}

/** Months as a heat map; full colour at ±10 %. */
export function monthTable(rows: readonly YearRow[]): Markup {
  const heat = (value: number | null): Markup => {
    if (value === null) return html`<td></td>`
    const strength = Math.min(0.62, Math.abs(value) * 6.2).toFixed(2)
    return html`<td class="${value < 0 ? 'down' : 'up'}" style="--v:${strength}">${percent(value).slice(0, -1)}</td>`
  }
  const body = rows.map(
    ({ year, months, total }) => html`<tr><th scope="row">${year}</th>${[...months, total].map(heat)}</tr>`,
  )
  return table(['%', ...MONTHS, 'Year'], body, 'heat')
}

/** Fees, slippage and funding: quote, and a year's share of the capital. */
export function costTable({ portfolio }: BacktestStatistics, recording: BacktestRecording): Markup {
  const years = Math.max(1, portfolio.days) / 365
  const lines: [string, number][] = [
    ['Fees', -portfolio.fees],
    ['Slippage (spread and impact)', -portfolio.slippage],
    ['Funding', portfolio.funding],
    ['Together', portfolio.funding - portfolio.fees - portfolio.slippage],
  ]
  const rows = lines.map(
    ([name, value]) =>
      html`<tr><th scope="row">${name}</th>${[amount(value), percent(value / recording.capital, 2), percent(value / recording.capital / years, 2)].map(cell)}</tr>`,
  )
  return table(['', 'Quote', 'Of capital', 'Of capital a year'], rows)
}

export function tallyTable(what: string, tally: Tally): Markup {
  if (tally.length === 0) return html`<p class="note">None.</p>`
  const rows = tally.map(
    ([name, times]) => html`<tr><th scope="row" title="${name}">${name}</th>${cell(amount(times))}</tr>`,
  )
  return table([what, 'Times'], rows)
}

/** A table of names and cells; nothing where there are no rows. */
export function rowsTable({ header, rows }: Rows): Markup {
  if (rows.length === 0) return html`<p class="note">None.</p>`
  const body = rows.map(
    ([name = '', ...cells]) => html`<tr><th scope="row" title="${name}">${name}</th>${cells.map(cell)}</tr>`,
  )
  return table(header, body)
}

/** Correlations as a heat map; full colour at ±1. */
export function correlationTable(stats: BacktestStatistics): Markup {
  const { signals, matrix, days } = stats.correlations
  if (signals.length === 0) return html`<p class="note">None.</p>`
  const heat = (a: number, b: number): Markup => {
    const value = a === b ? 1 : matrix[a]![b]!
    if (value === null) return html`<td title="${days[a]![b]!} days in common">${NONE}</td>`
    const strength = a === b ? '0' : (Math.abs(value) * 0.62).toFixed(2)
    return html`<td class="${value < 0 ? 'down' : 'up'}" style="--v:${strength}" title="${days[a]![b]!} days in common">${ratio(value)}</td>`
  }
  const rows = signals.map((name, a) => html`<tr><th scope="row">${name}</th>${signals.map((_, b) => heat(a, b))}</tr>`)
  return table(['', ...signals], rows, 'heat plain')
}

export function verdictList(stats: BacktestStatistics): Markup {
  const items = verdictsOf(stats).map(({ name, verdict }) => {
    const className = verdict.kind === 'PASS' ? 'pass' : verdict.kind === 'FAIL' ? 'fail' : 'open'
    return html`<li class="${className}"><b>${name}</b> ${verdict.text}</li>`
  })
  return html`<ul class="verdicts">${items}</ul>`
}

/** What stood for what, and what was missing, by instrument. */
export function dataTable(recording: BacktestRecording): Markup {
  const rows = recording.instruments.map(({ id, proxyOf }, i) => {
    const marked = recording.marks[i]!.reduce((days, mark, point) => days + (point > 0 && mark > 0 ? 1 : 0), 0)
    const share = recording.days === 0 ? 0 : marked / recording.days
    const settled = recording.fundingSettlements[i]!
    const byProxy = settled === 0 ? NONE : percent(recording.fundingByProxy[i]! / settled, 0)
    return html`<tr><th scope="row" title="${id}">${id}</th>${[percent(share, 0), proxyOf === undefined ? '0%' : '100%'].map(cell)}<td class="text">${proxyOf ?? NONE}</td>${[amount(recording.missingBars[i]!), byProxy].map(cell)}</tr>`
  })
  const header = ['Instrument', 'Days with prices', 'of them on proxy', 'Proxy', 'Missing bars', 'Funding by proxy']
  return table(header, rows)
}

export function haltList({ halts }: BacktestRecording): Markup {
  if (halts.length === 0) return html`<p class="note">Trading was never halted.</p>`
  const items = halts.map(({ ts, reason, detail }) => html`<li>${isoTime(ts)}: ${reason} (${detail})</li>`)
  return html`<ul>${items}</ul>`
}

export function metricNotes(): Markup {
  return html`<dl>${METRICS.map(({ name, means }) => html`<dt>${name.trim()}</dt><dd>${means}</dd>`)}</dl>`
}

export function cards({ portfolio: p }: BacktestStatistics): Markup {
  const ci = p.sharpeCi ? `Sharpe, 95% ${ratio(p.sharpeCi.low)} to ${ratio(p.sharpeCi.high)}` : 'Sharpe'
  const shown: [string, string][] = [
    [percent(p.totalReturn), `total return, ${percent(p.cagr)} a year`],
    [ratio(p.sharpe), ci],
    [percent(p.maxDrawdown), 'max drawdown'],
    [percent(p.annualVol), 'volatility'],
    [percent(p.turnoverMonthly), 'turnover a month'],
    [ratio(p.dsr, 3), `deflated Sharpe, ${p.trials} ${p.trials === 1 ? 'trial' : 'trials'}`],
  ]
  const items = shown.map(([value, label]) => html`<div class="card"><b>${value}</b><span>${label}</span></div>`)
  return html`<div class="cards">${items}</div>`
}

export const NO_SCRIPT = raw(
  '<noscript><p class="note">Charts need JavaScript; every table works without.</p></noscript>',
)
