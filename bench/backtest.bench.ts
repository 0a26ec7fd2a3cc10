/** Bars a second through the whole pipeline with its log on; flat in symbols and in length; the whole command's time and memory. */
import { invariant } from '#core/invariant'
import { type BookTape, bookTape } from './book-tape.js'
import { canSpawn, compiled, runToEnd } from './child.js'
import { agreed, type Bench, type Figure, marginalUs, median, medianRatio, type Scale } from './figures.js'
import { type BenchLake, makeLake, tapeOf } from './lake.js'
import { type Pass, passLogged, passUnlogged } from './passes.js'
import { inScratch } from './scratch.js'
import { type MemoryTape, simBars, simConfiguration, simTape } from './sim-tape.js'

const perSecond = ({ bars, ms }: Pass): number => bars / (ms / 1000)
const costUs = ({ bars, ms }: Pass): number => (ms * 1000) / bars
/** More than this is not flat (ours; below 10 % is noise). */
const FLAT = 1.25

async function wholeTape(lake: BenchLake, runs: number): Promise<{ figures: Figure[]; fingerprint: string }> {
  const tape = await tapeOf(lake)
  const logged: Pass[] = []
  const unlogged: Pass[] = []
  for (let run = 0; run <= runs; run++) {
    const first = await passLogged(lake.home, `whole-${run}`, tape)
    const second = passUnlogged(tape)
    if (run === 0) continue
    logged.push(first)
    unlogged.push(second)
  }
  const fingerprint = agreed([...logged, ...unlogged].map((pass) => pass.fingerprint))
  const { bars, events } = logged[0]!
  const symbols = lake.config.universe.length
  const note = `${bars.toLocaleString('en-US')} ${lake.source}, ${symbols} symbols`
  const times = (passes: readonly Pass[]): number[] => passes.map(({ ms }) => ms)
  return {
    fingerprint,
    figures: [
      {
        what: 'bars a second, chained and synced log on',
        value: median(logged.map(perSecond)),
        unit: 'bars/s',
        target: { min: 500_000 },
        note,
        fingerprint,
      },
      { what: 'derived events a bar', value: events / bars, unit: 'events' },
      { what: 'without the log', value: median(unlogged.map(perSecond)), unit: 'bars/s', fingerprint },
      { what: 'log on : off, time', value: medianRatio(times(logged), times(unlogged)), unit: '×' },
      {
        what: 'processor time : wall time',
        value: median(logged.map(({ cpuMs, ms }) => cpuMs / ms)),
        unit: '×',
        note: 'the pipeline is one thread; what is above 1 is the garbage collector and the compiler',
      },
    ],
  }
}

/** A tape of fewer bars is decided more than once a turn, at most four times: short passes are noisy. */
const LASTING = 500_000

/** Cost a bar of several tapes, interleaved. */
async function costs(home: string, name: string, tapes: readonly MemoryTape[], runs: number): Promise<Pass[][]> {
  const found: Pass[][] = tapes.map(() => [])
  for (let run = 0; run <= runs; run++) {
    for (const [i, tape] of tapes.entries()) {
      const times = run === 0 ? 1 : Math.max(1, Math.min(4, Math.floor(LASTING / tape.plan.bars)))
      for (let time = 0; time < times; time++) {
        const pass = await passLogged(home, `${name}-${i}-${run}-${time}`, tape)
        if (run > 0) found[i]!.push(pass)
      }
    }
  }
  return found
}

const medianCost = (passes: readonly Pass[]): number => median(passes.map(costUs))

async function bySymbols(lake: BenchLake, counts: readonly number[], runs: number): Promise<Figure[]> {
  const tapes: MemoryTape[] = []
  for (const count of counts) tapes.push(await tapeOf(lake, count))
  const found = await costs(lake.home, 'symbols', tapes, runs)
  const figures = found.map<Figure>((passes, i) => ({
    what: `cost a bar, ${counts[i]} symbols`,
    value: medianCost(passes),
    unit: 'µs',
    note: `${passes[0]!.bars.toLocaleString('en-US')} bars, ${(passes[0]!.events / passes[0]!.bars).toFixed(3)} events a bar`,
    fingerprint: agreed(passes.map(({ fingerprint }) => fingerprint)),
  }))
  const value = medianCost(found.at(-1)!) / medianCost(found[0]!)
  const what = `cost a bar, ${counts.at(-1)} symbols : ${counts[0]}`
  return [...figures, { what, value, unit: '×', target: { max: FLAT } }]
}

/** The market is the same all along, so that a bar costs more only if the code makes it so. */
async function byLength(home: string, symbols: number, bars: readonly number[], runs: number): Promise<Figure[]> {
  const config = simConfiguration(symbols, 100)
  const hours = bars.map((count) => Math.ceil(count / symbols))
  const series = simBars(config, hours.at(-1)!)
  const tapes = hours.map((count) => simTape(config, series, count))
  const found = await costs(home, 'length', tapes, runs)
  const sizes = found.map((passes) => passes[0]!.bars)
  const added = marginalUs(
    found.map((passes) => median(passes.map(({ ms }) => ms))),
    sizes,
  )
  const figures = added.map<Figure>((value, i) => {
    const [from, to] = [found[i]!, found[i + 1]!]
    const events = (to[0]!.events - from[0]!.events) / (sizes[i + 1]! - sizes[i]!)
    return {
      what: `cost of an added bar, ${sizes[i]!.toLocaleString('en-US')} to ${sizes[i + 1]!.toLocaleString('en-US')} bars`,
      value,
      unit: 'µs',
      note: `built-in market, ${symbols} symbols, ${events.toFixed(3)} events a bar`,
      fingerprint: agreed(to.map(({ fingerprint }) => fingerprint)),
    }
  })
  const value = added.at(-1)! / added[0]!
  return [...figures, { what: 'cost of an added bar, last : first', value, unit: '×', target: { max: FLAT } }]
}

const SWITCHES = [
  ...(['fundingCarry', 'oiPrice', 'crossSectional', 'cashCarry', 'xExchangeFunding'] as const),
  ...(['volRiskPremium', 'skewWhipsaw', 'ssr', 'mvrv'] as const),
]

/** Twelve signals; those on futures and options have nothing to go by here. */
const WHOLE_BOOK = { signals: Object.fromEntries(SWITCHES.map((key) => [key, { enabled: true }])) }

/** Everything at once: bars, settlements, open interest, on-chain series; twelve signals, packages, overlays. */
async function wholeBook(home: string, tape: BookTape, runs: number): Promise<Figure[]> {
  const passes: Pass[] = []
  for (let run = 0; run <= runs; run++) {
    const pass = await passLogged(home, `book-${run}`, tape)
    if (run > 0) passes.push(pass)
  }
  const { events } = passes[0]!
  const fingerprint = agreed(passes.map((pass) => pass.fingerprint))
  const note = `${tape.marketEvents.toLocaleString('en-US')} market events, ${tape.plan.bars.toLocaleString('en-US')} of them bars of ${tape.config.universe.length} series`
  return [
    {
      what: 'the whole book, market events a second, chained and synced log on',
      value: tape.marketEvents / (median(passes.map(({ ms }) => ms)) / 1000),
      unit: 'events/s',
      target: { min: 350_000 },
      note,
      fingerprint,
    },
    { what: 'the whole book, derived events a market event', value: events / tape.marketEvents, unit: 'events' },
    { what: 'the whole book, derived events a bar', value: events / tape.plan.bars, unit: 'events' },
  ]
}

interface BacktestJson {
  readonly fingerprint: string
  readonly barsPerSecond: number
}

/** `quantbot backtest` as a person runs it, statistics and report included. Its result must be that of the passes in memory. */
async function wholeCommand(lake: BenchLake, fingerprint: string, runs: number): Promise<Figure[]> {
  if (!canSpawn) return []
  const wall: number[] = []
  const peak: number[] = []
  const deciding: number[] = []
  for (let run = 0; run < runs; run++) {
    const args = ['--home', lake.home, '--json', 'backtest', '--config', lake.configPath]
    const span = ['--from', lake.from, '--to', lake.to, '--run', `command-${run}`]
    const { ms, peakBytes, stdout } = await runToEnd(compiled('src/cli/main.js'), [...args, ...span], lake.home)
    const told = JSON.parse(stdout) as BacktestJson // the command's own document
    invariant(told.fingerprint === fingerprint, 'the command decided otherwise than the passes in memory')
    wall.push(ms)
    peak.push(peakBytes / 1e6)
    deciding.push(told.barsPerSecond)
  }
  return [
    {
      what: '`quantbot backtest`, whole command',
      value: median(wall) / 1000,
      unit: 's',
      note: 'start, tape, deciding, each signal alone, statistics, report',
      fingerprint,
    },
    { what: '`quantbot backtest`, deciding, cold', value: median(deciding), unit: 'bars/s' },
    {
      what: '`quantbot backtest`, peak memory',
      value: Math.max(...peak),
      unit: 'MB',
      target: { max: 512 },
      note: 'resident set of the process',
    },
  ]
}

async function figures(home: string, scale: Scale): Promise<readonly Figure[]> {
  const isFull = scale === 'full'
  const runs = isFull ? 5 : 1
  const lake = await makeLake(home, scale)
  const whole = await wholeTape(lake, runs)
  const symbols = await bySymbols(lake, isFull ? [1, 5, 20] : [1, 3], runs)
  const lengths = isFull ? [100_000, 500_000, 1_000_000, 2_000_000] : [1_000, 2_000, 3_000]
  const length = await byLength(home, isFull ? 20 : 2, lengths, isFull ? 3 : 1)
  const book = bookTape(isFull ? 20 : 10, isFull ? 450 : 10, isFull ? 24 * 365 * 4 : 24 * 20, WHOLE_BOOK)
  const together = await wholeBook(home, book, isFull ? 3 : 1)
  return [
    ...whole.figures,
    ...together,
    ...symbols,
    ...length,
    ...(await wholeCommand(lake, whole.fingerprint, isFull ? 3 : 1)),
  ]
}

export const backtestBench: Bench = {
  name: 'backtest',
  run: (scale) => inScratch((home) => figures(home, scale)),
}
