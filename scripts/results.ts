/**
 * Owns `npm run results -- SHARED`: what real history says about the roadmap's claims, written to docs/results.md. Imports the data
 * into a home of its own, so that its trials are just these; every variant counts as a trial, and the judged runs come last.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse, stringify } from 'yaml'

interface Book {
  readonly sharpe: number | null
  readonly sharpeSe: number | null
  readonly sharpeCi: { readonly low: number; readonly high: number } | null
  readonly dsr: number | null
  readonly psrGate: number | null
  readonly trials: number
  readonly totalReturn: number
  readonly annualVol: number | null
  readonly maxDrawdown: number
  readonly exposureGross: number
  readonly turnoverMonthly: number
  readonly fees: number
  readonly slippage: number
  readonly funding: number
  readonly verdict: { readonly kind: string }
}

interface Backtest {
  readonly fingerprint: string
  readonly bars: number
  readonly portfolio: Book
  readonly signals: Readonly<Record<string, Book>>
}

interface Plan {
  readonly title: string
  readonly config: string
  readonly from: string
  readonly to: string
  readonly patch?: Readonly<Record<string, unknown>>
  readonly symbols?: readonly string[]
}

const main = fileURLToPath(new URL('../src/cli/main.js', import.meta.url))
const shared = process.argv[2] ?? join('..', 'shared')
const DAILY = { config: 'examples/price-signals.yaml', from: '2017-08-17', to: '2024-12-31' }
const HOURLY = { config: 'examples/price-signals-hourly.yaml', from: '2017-08-17', to: '2023-06-17' }

const VARIANTS: readonly Plan[] = [
  { title: 'daily, no turnover limiter', ...DAILY, patch: { risk: { turnoverLimiter: false } } },
  { title: 'daily, no stops of risk', ...DAILY, patch: { risk: { stopAtr: 1000 } } },
  { title: 'daily, neither', ...DAILY, patch: { risk: { turnoverLimiter: false, stopAtr: 1000 } } },
  { title: 'BTC alone, daily', ...DAILY, symbols: ['BTC'] },
  {
    title: 'BTC alone, neither limiter nor stops',
    ...DAILY,
    symbols: ['BTC'],
    patch: { risk: { turnoverLimiter: false, stopAtr: 1000 } },
  },
  {
    title: 'BTC alone until March 2022, no limiter, stops, Kelly or sleeve cap: nearest to the replication',
    ...DAILY,
    to: '2022-03-01',
    symbols: ['BTC'],
    patch: { risk: { turnoverLimiter: false, stopAtr: 1000, volTarget: 10, kellyFraction: 0 } },
  },
]
const WINDOWS: readonly Plan[] = [
  { title: 'winter 2018: 2017-12-17 to 2018-12-15', config: DAILY.config, from: '2017-12-17', to: '2018-12-15' },
  { title: 'calendar 2018', config: DAILY.config, from: '2018-01-01', to: '2018-12-31' },
  { title: 'bull 2020–21: 2020-03-13 to 2021-11-08', config: DAILY.config, from: '2020-03-13', to: '2021-11-08' },
  { title: 'crash 2022: 2021-11-09 to 2022-11-21', config: DAILY.config, from: '2021-11-09', to: '2022-11-21' },
]
const JUDGED: readonly Plan[] = [
  { title: 'hourly, 20 symbols', ...HOURLY },
  { title: 'daily, 17 symbols', ...DAILY },
]

function quantbot(home: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, '--home', home, '--json', ...args], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  if (status !== 0) throw new Error(`quantbot ${args.join(' ')}: ${stderr}`)
  return stdout
}

function importAll(home: string): void {
  const bars = join(shared, 'data', 'ohlcv', 'binance')
  const funding = join(shared, 'data', 'funding', 'binance')
  const files = (folder: string, end: RegExp): string[] =>
    readdirSync(folder)
      .filter((name) => end.test(name))
      .map((name) => join(folder, name))
  quantbot(home, ['import', ...files(bars, /-1d\.csv$/), '--kind', 'bars', '--venue', 'binance', '--interval', '1d'])
  quantbot(home, [
    'import',
    ...files(bars, /-1h\.parquet$/),
    '--kind',
    'bars',
    '--venue',
    'binance',
    '--interval',
    '1h',
  ])
  quantbot(home, ['import', ...files(funding, /\.csv$/), '--kind', 'funding', '--venue', 'binance', '--market', 'usdm'])
}

function backtest(home: string, plan: Plan): Backtest {
  const config = parse(readFileSync(plan.config, 'utf8')) as { universe: { base: string }[] } // our own example
  const universe =
    plan.symbols === undefined ? config.universe : config.universe.filter(({ base }) => plan.symbols?.includes(base))
  const file = join(home, 'config.yaml')
  writeFileSync(file, stringify({ ...config, ...plan.patch, universe }))
  process.stderr.write(`${plan.title} …\n`)
  return JSON.parse(quantbot(home, ['backtest', '--config', file, '--from', plan.from, '--to', plan.to])) as Backtest
}

const percent = (value: number | null): string => (value === null ? '–' : `${(value * 100).toFixed(1)} %`)
const ratio = (value: number | null): string => (value === null ? '–' : value.toFixed(2))
const interval = ({ sharpeCi }: Book): string =>
  sharpeCi === null ? '–' : `${ratio(sharpeCi.low)} … ${ratio(sharpeCi.high)}`

function row(name: string, book: Book): string {
  const cells = [
    name,
    ratio(book.sharpe),
    interval(book),
    ratio(book.dsr),
    String(book.trials),
    percent(book.totalReturn),
    percent(book.annualVol),
    percent(book.maxDrawdown),
    percent(book.exposureGross),
    percent(book.turnoverMonthly),
  ]
  return `| ${cells.join(' | ')} | ${Math.round(book.fees + book.slippage).toLocaleString('en-US')} | ${Math.round(book.funding).toLocaleString('en-US')} |`
}

const HEAD =
  '| | Sharpe | 95 % interval | DSR | trials | return | volatility | max drawdown | gross | turnover a month | fees + slippage | funding |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|'

function section(plan: Plan, result: Backtest): string {
  const rows = [
    row('portfolio', result.portfolio),
    ...Object.entries(result.signals).map(([name, book]) => row(`${name} alone`, book)),
  ]
  return `### ${plan.title}\n\n\`${plan.config}\`, ${plan.from} to ${plan.to}, ${result.bars.toLocaleString('en-US')} bars, fingerprint \`${result.fingerprint}\`.\n\n${HEAD}\n${rows.join('\n')}\n`
}

function claims(daily: Backtest, hourly: Backtest, bear: Backtest): string {
  const gate = (label: string, name: string): string[] =>
    [['daily', daily] as const, ['hourly', hourly] as const].map(([span, { signals }]) => {
      const book = signals[name]
      if (book === undefined) return `| ${label}, ${span} | Sharpe > 0.8 | – | NOT TESTABLE |`
      return `| ${label}, ${span} | Sharpe > 0.8 | ${ratio(book.sharpe)} [${interval(book)}], DSR ${ratio(book.dsr)}, ${book.trials} trials | ${book.verdict.kind} |`
    })
  const blended = [['daily', daily] as const, ['hourly', hourly] as const].map(([span, { portfolio, signals }]) => {
    const books = Object.values(signals)
    const mean = books.reduce((sum, { sharpe }) => sum + (sharpe ?? 0), 0) / books.length
    const better = (portfolio.sharpe ?? Number.NEGATIVE_INFINITY) > mean
    return `| Blender v1, ${span} | beats the mean Sharpe of its signals | ${ratio(portfolio.sharpe)} against ${ratio(mean)} | ${better ? 'PASS' : 'FAIL'} |`
  })
  const depth = bear.portfolio.maxDrawdown
  return [
    '| claim | threshold | measured | verdict |',
    '|---|---|---|---|',
    ...gate('TSMOM', 'tsmom'),
    ...gate('Donchian', 'donchian'),
    ...gate('Mean reversion', 'meanrev'),
    ...blended,
    `| Drawdown in the bear market of 2018 | < 15 % | ${percent(depth)} | ${depth > -0.15 ? 'PASS' : 'FAIL'} |`,
    '| Mania of 2017 | reported | no bars before 2017-08-17, warm-up until January 2018 | NOT TESTABLE |',
  ].join('\n')
}

const NOTES = readFileSync(join('docs', 'results-notes.md'), 'utf8')

if (!existsSync(join(shared, 'data', 'ohlcv'))) {
  process.stderr.write(`no market data in ${shared}: nothing to judge\n`)
  process.exit(2)
}
const home = mkdtempSync(join(tmpdir(), 'quantbot-results-'))
try {
  importAll(home)
  const variants = VARIANTS.map((plan) => section(plan, backtest(home, plan)))
  const windows = WINDOWS.map((plan) => ({ plan, result: backtest(home, plan) }))
  const [hourly, daily] = JUDGED.map((plan) => ({ plan, result: backtest(home, plan) })) as [
    { plan: Plan; result: Backtest },
    { plan: Plan; result: Backtest },
  ]
  const bear = windows[1]!.result
  const windowRows = windows.flatMap(({ plan, result }) => [
    row(plan.title, result.portfolio),
    ...Object.entries(result.signals).map(([name, book]) => row(`· ${name} alone`, book)),
  ])
  mkdirSync('docs', { recursive: true })
  writeFileSync(
    join('docs', 'results.md'),
    `<!-- Generated by \`npm run results\`; the words are in results-notes.md. -->\n\n# What the real data say\n\n## The roadmap's claims\n\n${claims(daily.result, hourly.result, bear)}\n\n${NOTES}\n## The judged runs\n\n${section(daily.plan, daily.result)}\n${section(hourly.plan, hourly.result)}\n## Windows\n\n${HEAD}\n${windowRows.join('\n')}\n\n## Variants (each is a trial)\n\n${variants.join('\n')}`,
  )
} finally {
  rmSync(home, { recursive: true, force: true })
}
