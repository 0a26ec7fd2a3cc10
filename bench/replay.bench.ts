/** Deciding a backtest again against the backtest that wrote it; refolding a full log, at two lengths of it. */
import { refoldLog } from '#actors/refold-log'
import { invariant } from '#core/invariant'
import { SnapshotStore } from '#snapshots/store'
import { agreed, type Bench, type Figure, marginalUs, median, medianRatio, type Scale } from './figures.js'
import { makeLake, tapeOf } from './lake.js'
import { type Pass, passAgain, passLogged } from './passes.js'
import { inScratch } from './scratch.js'
import { hashOfStates, openSimProcess, runToSeq, statesOf } from './sim-process.js'
import { simConfiguration } from './sim-tape.js'

async function redecide(home: string, scale: Scale, runs: number): Promise<Figure[]> {
  const lake = await makeLake(home, scale)
  const tape = await tapeOf(lake)
  const written: Pass[] = []
  const again: Pass[] = []
  for (let run = 0; run <= runs; run++) {
    const first = await passLogged(home, `replay-${run}`, tape)
    const second = passAgain(first.dir, tape)
    if (run === 0) continue
    written.push(first)
    again.push(second)
  }
  const fingerprint = agreed([...written, ...again].map((pass) => pass.fingerprint))
  const times = (passes: readonly Pass[]): number[] => passes.map(({ ms }) => ms)
  const rate = (passes: readonly Pass[]): number => median(passes.map(({ bars, ms }) => bars / (ms / 1000)))
  const note = `${tape.plan.bars.toLocaleString('en-US')} ${lake.source}, tape in memory`
  return [
    { what: 'backtest with its log', value: rate(written), unit: 'bars/s', note, fingerprint },
    { what: 'redecide, every byte compared', value: rate(again), unit: 'bars/s', note, fingerprint },
    {
      what: 'redecide : backtest, speed',
      value: medianRatio(times(written), times(again)),
      unit: '×',
      target: { min: 1.1 },
    },
  ]
}

interface Refold {
  readonly events: number
  readonly ms: number
  readonly hash: string
}

async function refold(home: string, scale: Scale, runs: number): Promise<Figure[]> {
  const [symbols, sizes] = scale === 'full' ? [20, [200_000, 600_000, 1_000_000]] : [2, [1_000, 2_500, 4_000]]
  // One day of history: warming up is no part of what an event costs.
  const config = simConfiguration(symbols, 1)
  const opened = openSimProcess(home, 'refold', config, 'none')
  await runToSeq(opened, sizes.at(-1)!)
  const { dir, sim } = opened
  const options = { runDir: dir, deciders: sim.deciders, runSeed: config.seed, history: sim.history }
  const whole = opened.process.host.dispatcher.seq
  const pass = (untilSeq: number): Refold => {
    const begun = performance.now()
    const nothing = { snapshots: new Map<string, never>(), from: undefined }
    const { events, resume } = refoldLog(options, new SnapshotStore(dir, 'look'), nothing, untilSeq)
    return { events, ms: performance.now() - begun, hash: hashOfStates(resume.states) }
  }
  const found: Refold[][] = sizes.map(() => [])
  for (let run = 0; run <= runs; run++) {
    for (const [i, size] of sizes.entries()) {
      const one = pass(i === sizes.length - 1 ? whole : size)
      if (run > 0) found[i]!.push(one)
    }
  }
  const hashes = found.map((passes) => agreed(passes.map(({ hash }) => hash)))
  invariant(hashes.at(-1) === hashOfStates(statesOf(opened)), 'the refold ends in other states than the run')
  const rates = found.map((passes) => median(passes.map(({ events, ms }) => events / (ms / 1000))))
  const figures = found.map<Figure>((passes, i) => ({
    what: `refold of ${passes[0]!.events.toLocaleString('en-US')} events`,
    value: rates[i]!,
    unit: 'events/s',
    target: { min: 200_000 },
    note: `full log, built-in market, ${symbols} symbols, no snapshot; the result is that of the states`,
    fingerprint: hashes[i]!,
  }))
  const times = found.map((passes) => median(passes.map(({ ms }) => ms)))
  const counts = found.map((passes) => passes[0]!.events)
  const added = marginalUs(times, counts)
  const value = added.at(-1)! / added[0]!
  const [a, b, c] = counts.map((count) => count.toLocaleString('en-US'))
  const what = `cost of an added event, ${b} to ${c} : ${a} to ${b}`
  return [...figures, { what, value, unit: '×', target: { max: 1.25 } }]
}

export const replayBench: Bench = {
  name: 'replay',
  run: (scale) =>
    inScratch(async (home) => {
      const runs = scale === 'full' ? 5 : 1
      return [...(await redecide(home, scale, runs)), ...(await refold(home, scale, Math.min(runs, 3)))]
    }),
}
