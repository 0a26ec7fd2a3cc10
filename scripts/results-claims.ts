/** Owns the roadmap's table as held against what was measured: one row a claim, a verdict, and what would have to be true. Never softens. */
import type { Backtest, Book, Carry, Interval, OiWarning } from './results-types.js'

export interface Measured {
  readonly daily: Backtest
  readonly hourly: Backtest
  readonly all: Backtest
  readonly bear: Backtest
  readonly windows: readonly { readonly title: string; readonly result: Backtest }[]
  readonly warning: OiWarning
  /** Text of docs/benchmarks.md. */
  readonly benchmarks: string
}

export const percent = (value: number | null, digits = 1): string =>
  value === null ? '–' : `${(value * 100).toFixed(digits)} %`
export const ratio = (value: number | null, digits = 2): string => (value === null ? '–' : value.toFixed(digits))
export const interval = (ci: Interval | null): string => (ci === null ? '–' : `${ratio(ci.low)} … ${ratio(ci.high)}`)

type Row = readonly [claim: string, threshold: string, measured: string, verdict: string, needs: string]

const extent = ({ from, to, days, calendarDays }: Book): string =>
  `${from} to ${to}${days === calendarDays ? '' : `, ${days} days with data`}`
const sharpe = (book: Book): string =>
  `${ratio(book.sharpe)} [${interval(book.sharpeCi)}], PSR(0) ${ratio(book.psr0)}, DSR ${ratio(book.dsr)} of ${book.trials} trials; ${extent(book)}`

/** What would have to be true for a claim that does not hold. Written before the figures, and not about them. */
const NEEDS: Readonly<Record<string, string>> = {
  tsmom:
    'trends of a month that pay twice 7 bp and the funding of a long book on coins chosen before the fact, and a turnover cap that does not starve entries',
  donchian: 'breakouts held at more than a few per cent of NAV without the trailing stop of risk taking them out',
  meanrev: 'reversals of three days larger than the round trip of 14 bp and impact: maker fills, or a cheaper venue',
  oi: 'quadrants of price and open interest that lead the next days, with open interest of each venue at the time, not a daily sum',
  xsection: 'a universe point in time with its dead coins, and an edge that is not one coin’s',
  carry:
    'funding above the round trip of two legs and above bills for longer than it takes to reverse: as in 2021, not 2022–23',
  basis:
    'annual premia above 8 % net after margin in most years, coins that were won sold at once, synchronous prices of both legs',
  dispersion: 'bars of its own for each venue, so that prices of the legs may part; fees of a market maker',
  vrp: 'years of chains in all regimes: what is kept are samples of 2021 and 2025–26',
  skew: 'more than a handful of triggers: +15 points at 30 days is rare',
  ssr: 'a control: many regimes, not one path',
  mvrv: 'Z above 7 or below −1 in the span: rare by construction',
}

function signalRows(label: string, name: string, runs: readonly (readonly [string, Backtest])[]): Row[] {
  return runs.map(([span, { signals }]): Row => {
    const signal = signals[name]
    if (signal === undefined)
      return [`${label}, ${span}`, 'Sharpe > 0.8', 'it did not run', 'NOT TESTABLE', NEEDS[name]!]
    const { kind, text } = signal.verdict
    const measured = signal.figures.live === null ? text.replace(/^NOT TESTABLE - /, '') : sharpe(signal)
    const share = signal.figures.proxyShare ?? 0
    const onProxy = share > 0 ? `; ${percent(share, 0)} of what was held on stand-in bars` : ''
    const excess =
      signal.figures.carry === null ? '' : `; over bills ${percent(signal.figures.carry.excessReturn, 2)} a year`
    return [`${label}, ${span}`, 'Sharpe > 0.8', `${measured}${excess}${onProxy}`, kind, NEEDS[name]!]
  })
}

function carryRows(all: Backtest): Row[] {
  const carry = all.signals.carry
  const claim = ['FundingCarry, 2022–23', 'Sharpe > 1.0'] as const
  if (carry?.window == null) return [[...claim, 'the window is not in the span', 'NOT TESTABLE', NEEDS.carry!]]
  const { summary, figures, verdict } = carry.window
  const told = (own: Carry): string =>
    `Lo ${ratio(own.sharpeLo)}; ${percent(own.annualReturn, 2)} a year against bills ${percent(own.billsReturn, 2)}: excess ${percent(own.excessReturn, 2)}, Sharpe ${ratio(own.excessSharpe)}; accruals alone ${ratio(own.accrualOnlySharpe)} (meaningless)`
  return [
    [...claim, `${sharpe(summary)}; ${told(figures)}`, verdict.kind, NEEDS.carry!],
    [
      'FundingCarry, whole span',
      'reported',
      carry.figures.carry === null ? '–' : `${sharpe(carry)}; ${told(carry.figures.carry)}`,
      'no gate',
      'the window is the claim: a year of 30 % funding does not stand for it',
    ],
  ]
}

function warningRows({ kpi, variants }: OiWarning): Row[] {
  const judged = variants.map(({ variant, verdict, test }): Row => {
    const c = test.prediction
    const share = (value: number | null, ci: readonly [number, number] | null): string =>
      `${percent(value)}${ci === null ? '' : ` [${percent(ci[0])}, ${percent(ci[1])}]`}`
    const measured = `${c.tpAlerts} of ${c.alerts} alerts true: precision ${share(c.precision, c.precisionInterval)}; ${c.hitEvents} of ${c.events} events warned of: recall ${share(c.recall, c.recallInterval)}; ${test.from?.slice(0, 10) ?? '–'} to ${test.to?.slice(0, 10) ?? '–'}`
    return [
      `OI early warning, ${variant} variant`,
      'precision and recall > 0.7',
      measured,
      verdict,
      'onsets that open interest and funding announce a day before; a nowcast is no prediction',
    ]
  })
  return [
    ...judged,
    [
      'OI early warning, the claim (hourly events)',
      `precision and recall > ${kpi.threshold}`,
      kpi.reason,
      kpi.verdict,
      'hourly open interest with hourly bars and funding over years',
    ],
  ]
}

function blenderRows({ daily, hourly, all }: Measured): Row[] {
  const row = (label: string, { blender: b }: Backtest): Row => [
    label,
    'beats the mean Sharpe of its signals',
    `${ratio(b.portfolioSharpe)} against ${ratio(b.meanSharpe)} of ${b.signals.length}, on the same calendar days`,
    b.verdict.kind,
    'a difference of points: its interval holds 0',
  ]
  return [
    row('Blender, price signals, daily', daily),
    row('Blender, price signals, hourly', hourly),
    row('Blender v2, all signals', all),
  ]
}

function overlayRows({ overlays }: Backtest): Row[] {
  return (['ssr', 'mvrv'] as const).map((name): Row => {
    const effect = overlays[name]
    const label = `${name.toUpperCase()} overlay`
    if (effect === undefined || effect.liveDays === 0)
      return [label, 'reported', effect?.verdict.text ?? 'it did not run', 'NOT TESTABLE', NEEDS[name]!]
    const { with: a, without: b } = effect
    const regimes = effect.triggers.map(([what, count]) => `${what.replace('regime: ', '')} ${count}`).join(', ')
    const measured = `blended Sharpe ${ratio(a.sharpe, 3)} with, ${ratio(b.sharpe, 3)} without; drawdown ${percent(a.maxDrawdown)} and ${percent(b.maxDrawdown)}; ${effect.liveDays} days; ${regimes}`
    return [label, 'reported', measured, 'no gate', NEEDS[name]!]
  })
}

/** A line of the benchmarks as it stands there. */
function benchmarkRow(benchmarks: string, label: string, line: string, limit: string, needs: string): Row {
  const found = benchmarks.split('\n').find((text) => text.startsWith(`| ${line} |`))
  const cells = found?.split('|').map((cell) => cell.trim())
  if (cells === undefined) return [label, limit, 'not measured', 'PENDING', needs]
  const verdict = cells[4]?.includes('missed') ? 'FAIL' : cells[4] === 'met' ? 'PASS' : 'reported'
  return [label, limit, `${cells[2]} on simulated venues (${line}; docs/benchmarks.md)`, verdict, needs]
}

function operationRows(benchmarks: string): Row[] {
  const venue = 'the same against real venues over a real network: these are simulated ones'
  return [
    benchmarkRow(
      benchmarks,
      'DataConnector latency',
      'venue time to committed mark, faults on, p99',
      '< 1500 ms end to end',
      venue,
    ),
    benchmarkRow(
      benchmarks,
      'FundingData, frame to cache',
      'venue time to funding in the cache, faults on, p99.9',
      '< 1 s',
      venue,
    ),
    [
      'FundingData uptime',
      '99.9 %',
      'needs time: no hours observed on venues',
      'PENDING',
      'months on the air, outages counted',
    ],
    ['Paper trading', 'two weeks', 'needs time: no hours observed', 'PENDING', 'fourteen days without a reset'],
    ['Live profit', '–', 'nothing was ever traded for money', 'PENDING', 'all of the above'],
  ]
}

function stressRows({ bear, windows }: Measured): Row[] {
  const depth = bear.portfolio.maxDrawdown
  const others = windows
    .filter(({ result }) => result !== bear)
    .map(
      ({ title, result }): Row => [
        `Stress, ${title}`,
        'reported',
        `drawdown ${percent(result.portfolio.maxDrawdown)}, price signals`,
        'no gate',
        '–',
      ],
    )
  return [
    [
      'Drawdown in the bear market of 2018, price signals',
      '< 15 %',
      percent(depth),
      depth > -0.15 ? 'PASS' : 'FAIL',
      'it holds because the book is small; at the volatility target it would be several times that',
    ],
    [
      'Drawdown in 2018, the other signals',
      '< 15 %',
      'no funding, open interest or options of 2018',
      'NOT TESTABLE',
      'data that were not kept',
    ],
    ...others,
    [
      'Mania of 2017',
      'reported',
      'no bars before 2017-08-17, warm-up until January 2018',
      'NOT TESTABLE',
      'older bars',
    ],
  ]
}

/** The whole table as markdown. */
export function claimsTable(measured: Measured): string {
  const { daily, hourly, all, warning, benchmarks } = measured
  const price = [['daily', daily] as const, ['hourly', hourly] as const, ['all signals', all] as const]
  const whole = [['all signals', all] as const]
  const rows: Row[] = [
    ...signalRows('TSMOM', 'tsmom', price),
    ...signalRows('Donchian', 'donchian', price),
    ...signalRows('Mean reversion', 'meanrev', price),
    ...carryRows(all),
    ...signalRows('OIPrice', 'oi', whole),
    ...warningRows(warning),
    ...signalRows('CrossSectional', 'xsection', whole),
    ...signalRows('CashCarry', 'basis', whole),
    ...signalRows('XExchangeFunding', 'dispersion', whole),
    ...signalRows('VolRiskPremium', 'vrp', whole),
    ...signalRows('SkewWhipsaw', 'skew', whole),
    ...overlayRows(all),
    ...blenderRows(measured),
    ...stressRows(measured),
    ...operationRows(benchmarks),
  ]
  const head = '| claim | threshold | measured | verdict | what would have to be true |\n|---|---|---|---|---|'
  return `${head}\n${rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}`
}
