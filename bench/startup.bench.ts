/** From nothing to the answer: commands that are told at once, and a run to its first line, against a bare Node beside them. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildProgram } from '#cli/main'
import { invariant } from '#core/invariant'
import { canSpawn, compiled, runToEnd, runUntil } from './child.js'
import { type Bench, type Figure, median, medianRatio, type Scale, timed } from './figures.js'
import { inScratch } from './scratch.js'

const ROUNDS: Readonly<Record<Scale, number>> = { full: 15, tiny: 1 }

const MAIN = compiled('src/cli/main.js')
const RUN = ['run', '--json', '--speed', 'max', '--no-web', '--run']

interface Round {
  readonly bareMs: number
  readonly bareBytes: number
  readonly versionMs: number
  readonly versionBytes: number
  readonly statusMs: number
  readonly newRunMs: number
  readonly restartMs: number
}

/** One after the other, so that a busy machine is as busy for each. */
async function round(home: string, i: number): Promise<Round> {
  const quantbot = (...args: readonly string[]) => runToEnd(MAIN, ['--home', home, ...args], home)
  const isSaid = (line: string): boolean => line.includes('resumedAt')
  const nothing = await runToEnd(join(home, 'nothing.mjs'), [], home)
  const version = await quantbot('--version')
  const status = await quantbot('status', 'done')
  const newRun = await runUntil(MAIN, ['--home', home, ...RUN, `new-${i}`], isSaid)
  const restart = await runUntil(MAIN, ['--home', home, ...RUN, 'done'], isSaid)
  invariant((JSON.parse(restart.line) as { resumedAt: number }).resumedAt > 0, 'a restart began anew') // the command's own line
  return {
    bareMs: nothing.ms,
    bareBytes: nothing.peakBytes,
    versionMs: version.ms,
    versionBytes: version.peakBytes,
    statusMs: status.ms,
    newRunMs: newRun.ms,
    restartMs: restart.ms,
  }
}

async function inChildren(scale: Scale): Promise<readonly Figure[]> {
  return inScratch(async (home) => {
    writeFileSync(join(home, 'nothing.mjs'), '')
    await runToEnd(MAIN, ['--home', home, ...RUN, 'done', '--days', '30'], home)
    const rounds: Round[] = []
    for (let i = 0; i < ROUNDS[scale]; i++) rounds.push(await round(home, i))
    const of = (key: keyof Round): number[] => rounds.map((each) => each[key])
    const times = (what: string, key: keyof Round, max?: number): Figure => ({
      what,
      value: medianRatio(of(key), of('bareMs')),
      unit: '×',
      note: `of a bare Node; ${median(of(key)).toFixed(0)} ms`,
      ...(max === undefined ? {} : { target: { max } }),
    })
    return [
      { what: 'Node with an empty program', value: median(of('bareMs')), unit: 'ms' },
      times('`quantbot --version`', 'versionMs', 2.5),
      times('`quantbot status` of a run that has stopped', 'statusMs', 3.5),
      times('`quantbot run`, a new one, to its first line', 'newRunMs'),
      times('`quantbot run`, one of 30 days, to its first line', 'restartMs'),
      {
        what: '`quantbot --version`, peak memory',
        value: medianRatio(of('versionBytes'), of('bareBytes')),
        unit: '×',
        note: `of a bare Node; ${(median(of('versionBytes')) / 1e6).toFixed(0)} MB`,
        target: { max: 1.5 },
      },
    ]
  })
}

/** Without processes to start: what every command does before its own work. */
async function inProcess(): Promise<readonly Figure[]> {
  const ms = await timed(() => invariant(buildProgram().commands.length > 20, 'commands are missing'))
  return [{ what: 'all commands registered', value: ms, unit: 'ms', target: { max: 100 } }]
}

export const startupBench: Bench = {
  name: 'startup',
  run: (scale) => (canSpawn ? inChildren(scale) : inProcess()),
}
