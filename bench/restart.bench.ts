/** A run of ten million events, killed, is trading again: from the start of a new process to its first durable decision. */
import { invariant } from '#core/invariant'
import { canSpawn, compiled, runUntil } from './child.js'
import { type Bench, type Figure, median, type Scale } from './figures.js'
import { type Restart, RUN, restart, restartConfiguration } from './restart.js'
import { inScratch } from './scratch.js'
import { openSimProcess, runToSeq } from './sim-process.js'

interface Size {
  readonly events: number
  readonly restarts: number
}

const SIZES: Readonly<Record<Scale, Size>> = {
  full: { events: 10_000_000, restarts: 5 },
  tiny: { events: 8_000, restarts: 1 },
}

interface Timed extends Restart {
  /** From outside: the start of the program included. */
  readonly ms: number
}

/** Written, then killed in full flight; each restart is killed as well, so that every one recovers from a crash. */
async function inChildren(home: string, scale: Scale): Promise<Timed[]> {
  const { events, restarts } = SIZES[scale]
  const script = compiled('bench/restart-child.js')
  await runUntil(script, ['write', home, scale], (line) => Number(line) >= events)
  const found: Timed[] = []
  for (let i = 0; i < restarts; i++) {
    const { ms, line } = await runUntil(script, ['restart', home, scale], () => true)
    found.push({ ...(JSON.parse(line) as Restart), ms }) // the child's own line
  }
  return found
}

/** The same without a process to kill: stopped in good order. */
async function inProcess(home: string, scale: Scale): Promise<Timed[]> {
  const config = restartConfiguration(scale)
  await runToSeq(openSimProcess(home, RUN, config, 'none'), SIZES[scale].events)
  const begun = performance.now()
  const { opened, ...told } = await restart(home, config, () => performance.now() - begun)
  await opened.process.stop('finished', 'bench')
  return [{ ...told, ms: told.decidedMs }]
}

async function figures(home: string, scale: Scale): Promise<readonly Figure[]> {
  const found = canSpawn ? await inChildren(home, scale) : await inProcess(home, scale)
  for (const { resumedAt, provedFrom, decision } of found)
    invariant(
      resumedAt >= SIZES[scale].events && provedFrom > 0 && decision !== '',
      'a restart began anew or without a snapshot',
    )
  const middle = (of: (each: Timed) => number): number => median(found.map(of))
  const { resumedAt, decision } = found[0]!
  const ending = canSpawn ? 'killed (SIGKILL)' : 'stopped'
  return [
    {
      what: 'events of the run',
      value: resumedAt,
      unit: 'events',
      note: `built-in market, ${restartConfiguration(scale).sim.symbols} symbols, ${ending}`,
    },
    {
      what: 'start of the process to the first durable decision',
      value: middle(({ ms }) => ms) / 1000,
      unit: 's',
      target: { max: 2 },
      note: `first: ${decision.replace(/, seq.*/, '')}; the chain proved from the oldest snapshot on, the rest in the background`,
    },
    {
      what: 'the same, slowest of the restarts',
      value: Math.max(...found.map(({ ms }) => ms)) / 1000,
      unit: 's',
      target: { max: 2 },
    },
    { what: 'of it until the program is loaded', value: middle(({ loadedMs }) => loadedMs) / 1000, unit: 's' },
    { what: 'of it until all states are recovered', value: middle(({ recoveredMs }) => recoveredMs) / 1000, unit: 's' },
    { what: 'events refolded behind the snapshots', value: middle(({ refolded }) => refolded), unit: 'events' },
  ]
}

export const restartBench: Bench = {
  name: 'restart',
  run: (scale) => inScratch((home) => figures(home, scale)),
}
