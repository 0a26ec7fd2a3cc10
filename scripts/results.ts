/**
 * Owns `npm run results -- SHARED`: what real history says about the roadmap's claims, written to docs/results.md. Imports the data
 * into a home of its own, so that its trials are just these; every variant counts as a trial, and the judged runs come last.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse, stringify } from 'yaml'
import { importHistory } from './history-import.js'
import { claimsTable } from './results-claims.js'
import { details, HEAD, row, section } from './results-sections.js'
import type { Backtest, OiWarning } from './results-types.js'

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
const ALL: Plan = {
  title: 'all signals',
  config: 'examples/all-signals.yaml',
  from: '2020-01-01',
  to: '2026-08-22',
}

function quantbot(home: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, '--home', home, '--json', ...args], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  if (status !== 0) throw new Error(`quantbot ${args.join(' ')}: ${stderr}`)
  return stdout
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

const NOTES = readFileSync(join('docs', 'results-notes.md'), 'utf8')

if (!existsSync(join(shared, 'data', 'ohlcv'))) {
  process.stderr.write(`no market data in ${shared}: nothing to judge\n`)
  process.exit(2)
}
const home = mkdtempSync(join(tmpdir(), 'quantbot-results-'))
try {
  await importHistory(shared, home, undefined, (line) => process.stderr.write(`${line}\n`))
  const variants = VARIANTS.map((plan) => section(plan, backtest(home, plan)))
  const windows = WINDOWS.map((plan) => ({ plan, result: backtest(home, plan) }))
  const [hourly, daily] = JUDGED.map((plan) => ({ plan, result: backtest(home, plan) })) as [
    { plan: Plan; result: Backtest },
    { plan: Plan; result: Backtest },
  ]
  const all = backtest(home, ALL)
  process.stderr.write('early warning …\n')
  const warning = JSON.parse(quantbot(home, ['report', 'oi-warning'])) as OiWarning
  const claims = claimsTable({
    daily: daily.result,
    hourly: hourly.result,
    all,
    bear: windows[1]!.result,
    windows: windows.map(({ plan, result }) => ({ title: plan.title, result })),
    warning,
    benchmarks: readFileSync(join('docs', 'benchmarks.md'), 'utf8'),
  })
  const windowRows = windows.flatMap(({ plan, result }) => [
    row(plan.title, result.portfolio),
    ...Object.entries(result.signals).map(([name, book]) => row(`· ${name} alone`, book)),
  ])
  mkdirSync('docs', { recursive: true })
  writeFileSync(
    join('docs', 'results.md'),
    [
      '<!-- Generated by `npm run results`; the words are in results-notes.md. -->\n',
      '# What the real data say\n',
      '## The roadmap’s claims\n',
      `${claims}\n`,
      NOTES,
      '## The judged runs\n',
      section(daily.plan, daily.result),
      section(hourly.plan, hourly.result),
      section(ALL, all),
      details(all),
      '## Windows\n',
      `${HEAD}\n${windowRows.join('\n')}\n`,
      '## Variants (each is a trial)\n',
      variants.join('\n'),
    ].join('\n'),
  )
} finally {
  rmSync(home, { recursive: true, force: true })
}
