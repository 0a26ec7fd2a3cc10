/**
 * Owns report.html: one file that asks for nothing from outside, light and dark, on a desk and on a phone. Names are
 * untrusted: they reach the page escaped, and a content policy lets no script run but the two that stand in it.
 */
import { createHash } from 'node:crypto'
import type { BacktestRecording } from './recording.js'
import { chartAssets } from './report/assets.js'
import { CLIENT } from './report/client.js'
import { type AloneCurve, chartData } from './report/data.js'
import { html, type Markup, raw, scriptJson } from './report/html.js'
import {
  bookTable,
  cards,
  contributionTable,
  correlationTable,
  costTable,
  dataTable,
  haltList,
  metricNotes,
  monthTable,
  NO_SCRIPT,
  rowsTable,
  symbolTable,
  tallyTable,
  verdictList,
} from './report/sections.js'
import { STYLE } from './report/style.js'
import type { BacktestStatistics } from './statistics.js'
import { percent } from './table-format.js'
import { carryRows, dataRows, overlayRows, triggerRows } from './table-signals.js'

export interface ReportMeta {
  readonly runId: string
  readonly fingerprint: string
  readonly configHash: string
  /** First and last day, both inclusive. */
  readonly from: string
  readonly to: string
  readonly seed: number
  /** Share of instrument-days whose bars are those of another instrument. */
  readonly proxyShare: number
  /** Instruments without funding in the lake. */
  readonly absentFunding: readonly string[]
  /** Paid by the benchmarks at entry: taker fee and half spread. 0 when absent. */
  readonly benchmarkCostBps?: number
  readonly codeVersion?: string
  /** Books of the signals alone, for their curves. */
  readonly standAlone?: readonly AloneCurve[]
  /** Further remarks, one sentence each. */
  readonly notes?: readonly string[]
}

/** The whole page. Deterministic: the same run gives the same bytes. */
export function renderReport(stats: BacktestStatistics, recording: BacktestRecording, meta: ReportMeta): string {
  const { script, style } = chartAssets()
  const costBps = meta.benchmarkCostBps ?? 0
  const standAlone = meta.standAlone ?? []
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src ${hashOf(script)} ${hashOf(CLIENT)}; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Backtest ${meta.runId}</title>
<style>${raw(style)}${raw(STYLE)}</style>
</head>
<body>
<main>
${heading(stats, recording, meta)}
${charts(costBps, standAlone.length > 0)}
${tables(stats, recording, meta)}
</main>
<script type="application/json" id="data">${scriptJson(chartData(recording, costBps, standAlone))}</script>
<script>${raw(script)}</script>
<script>${raw(CLIENT)}</script>
</body>
</html>
`
  return page.text
}

function hashOf(script: string): Markup {
  return raw(`'sha256-${createHash('sha256').update(script).digest('base64')}'`)
}

function heading(stats: BacktestStatistics, recording: BacktestRecording, meta: ReportMeta): Markup {
  const { instruments, signals } = recording
  const counted = `${instruments.length} ${instruments.length === 1 ? 'instrument' : 'instruments'}`
  return html`<header>
<h1>Backtest ${meta.runId}</h1>
<p class="muted">${meta.from} to ${meta.to}, ${counted}, ${signals.join(', ')}</p>
${cards(stats)}
${verdictList(stats)}
${NO_SCRIPT}
</header>`
}

const ALONE = html`<h2>Each signal alone</h2>
<p class="note">Its own book through risk and costs, 100 at the start: what it is judged by.</p>
<div class="chart" id="alone"></div>`

function charts(costBps: number, hasAlone: boolean): Markup {
  const entry = costBps > 0 ? `${costBps} bp paid at entry` : 'no cost at entry'
  return html`<section>
<h2>Equity</h2>
<div class="bar"><label><input type="checkbox" id="log"> Logarithmic</label><span class="note">100 at the start, after all costs. Holding: ${entry}, no funding. Drag to zoom, double-click to go back; click a name to hide its line.</span></div>
<div class="chart" id="equity"></div>
<h2>Drawdown</h2>
<div class="chart" id="drawdown"></div>
<h2>Exposure</h2>
<p class="note">At the close of each day, fractions of NAV.</p>
<div class="chart" id="exposure"></div>
${hasAlone ? ALONE : ''}
<h2>Contribution of the signals</h2>
<p class="note">Cumulative profit on the starting capital. Each position is divided among the signals by what they add to its target; the legs of a package are wholly its signal’s; the lines add up to the portfolio. A signal is judged by its book alone, below.</p>
<div class="chart" id="contribution"></div>
<h2>Trades on price</h2>
<div class="bar"><select id="instrument" aria-label="Instrument"></select><label><input type="checkbox" id="price-log"> Logarithmic</label>
<span><i class="key buy"></i> bought</span><span><i class="key sell"></i> sold</span><span><i class="key stop"></i> by a stop, a halt or a delisting</span></div>
<div class="chart" id="price"></div>
</section>`
}

function tables(stats: BacktestStatistics, recording: BacktestRecording, meta: ReportMeta): Markup {
  return html`<section>
<h2>Months</h2>
${monthTable(stats.portfolio.monthly)}
<h2>Statistics</h2>
<p class="note">The portfolio, and the book of each signal alone through risk and costs.</p>
${bookTable([stats.portfolio, ...stats.signals])}
<h2>Data, triggers, legging</h2>
<p class="note">Ratios of a signal are over the days on which it had data. Stand-ins: evenings and instruments held on the bars of another instrument.</p>
${rowsTable(dataRows(stats))}
<details><summary>Triggers by reason</summary>${rowsTable(triggerRows(stats))}</details>
<h2>Carry</h2>
<p class="note">Marked to market, every leg: that is what counts. A Sharpe ratio of accruals alone is smooth by construction and says nothing. Bills: 3-month US Treasury, approximate annual means, on the days of the signal.</p>
${rowsTable(carryRows(stats))}
<h2>Overlays</h2>
<p class="note">They take no position: the blended book with each, and without it.</p>
${rowsTable(overlayRows(stats))}
<h2>Correlation</h2>
<p class="note">Daily returns of the books alone, over the days on which both had data; a dash: fewer than 30 of them, or no variation.</p>
${correlationTable(stats)}
<h2>Contribution</h2>
${contributionTable(stats)}
<h2>Symbols</h2>
<p class="note">Profit of each symbol on the NAV of the portfolio. Intervals are of one symbol each, not of the best of them.</p>
${symbolTable(stats.symbols)}
<h2>Costs</h2>
${costTable(stats, recording)}
<h2>Orders refused, rejected, cancelled</h2>
${tallyTable('Code', recording.refusals)}
<h2>Halts</h2>
${haltList(recording)}
<h2>Data</h2>
${dataNotes(recording, meta)}
${dataTable(recording)}
<h3>Decisions without a datum (filter skipped)</h3>
${tallyTable('Signal: term', recording.missingTerms)}
<h3>Changes of mind</h3>
${tallyTable('Signal: reason', recording.signalChanges)}
<h2>This run</h2>
${provenance(meta)}
<h2>What the figures mean</h2>
${metricNotes()}
</section>`
}

function dataNotes(recording: BacktestRecording, meta: ReportMeta): Markup {
  const notes = [`${percent(meta.proxyShare)} of instrument-days stand on the bars of another instrument.`]
  if (meta.absentFunding.length > 0)
    notes.push(`No funding on record for ${meta.absentFunding.join(', ')}: stand-ins were used.`)
  if (recording.carriedDays > 0) notes.push(`${recording.carriedDays} days had no daily instant and are carried flat.`)
  if (recording.faults.length > 0)
    notes.push(`Faults: ${recording.faults.map(([what, n]) => `${what} (${n})`).join(', ')}.`)
  notes.push(
    `NAV of risk and the sum of fills, fees, funding, settlements and transfers differ by at most ${recording.ledgerGap.toPrecision(2)}.`,
  )
  notes.push(...(meta.notes ?? []))
  return html`<ul>${notes.map((note) => html`<li>${note}</li>`)}</ul>`
}

function provenance(meta: ReportMeta): Markup {
  const lines: [string, string][] = [
    ['Run', meta.runId],
    ['Fingerprint', meta.fingerprint],
    ['Configuration', meta.configHash],
    ['Span', `${meta.from} to ${meta.to}, both inclusive, UTC`],
    ['Seed', String(meta.seed)],
  ]
  if (meta.codeVersion !== undefined) lines.push(['quantbot', meta.codeVersion])
  return html`<dl>${lines.map(([name, value]) => html`<dt>${name}</dt><dd><code>${value}</code></dd>`)}</dl>`
}
