/** Owns choosing what a run is composed of by its mode, and opening its folder. */
import type { TradingOptions, TradingProcess } from '#actors/host'
import { machineScheduler } from '#actors/machine-scheduler'
import type { Surroundings } from '#actors/run-status'
import { parentOf } from './child-run.js'
import { freshRunId } from './new-run.js'
import { type OpenedRun, openRun } from './open-run.js'
import { composePaper } from './paper-run.js'
import type { RunOptions, RunSettings } from './run-options.js'
import { simConfig, simRun } from './sim-run.js'

/** Everything that one mode brings to a process. */
export interface ComposedRun {
  readonly opened: OpenedRun
  readonly trading: Pick<
    TradingOptions,
    'deciders' | 'feeds' | 'history' | 'clockFrom' | 'startTs' | 'speed' | 'config' | 'carried' | 'restarts'
  >
  /** The process exists and has not started. */
  watch(process: TradingProcess): void
  /** What status tells beside the process; of no market but venues. */
  surroundings?(): Surroundings
  /** The process runs: what stands beside it may begin. */
  begin(): Promise<void>
  /** Everything is on disk. Must not throw. */
  close(): Promise<void>
}

const NOTHING = async (): Promise<void> => undefined

/** Fails as openRun, parentOf and the mode's own composition do. */
export async function composeRun(home: string, options: RunOptions, settings: RunSettings): Promise<ComposedRun> {
  if (settings.mode === 'paper') return composePaper(home, options, settings)
  const createdAt = Date.now()
  const id = options.run ?? freshRunId('sim', createdAt)
  const lineage = options.childOf === undefined ? undefined : await parentOf(home, options.childOf, settings.config)
  const config = simConfig(lineage?.config ?? settings.config)
  const { speed, days } = settings
  const sim = simRun({ config, scheduler: machineScheduler, speed, ...(days === undefined ? {} : { days }) })
  const parent = lineage && { parent: lineage.parent }
  const opened = openRun({ home, id, mode: 'sim', config, deciders: sim.deciders, createdAt, ...parent })
  const { watch, ...composed } = sim
  return {
    opened,
    trading: { ...composed, config, ...(lineage && { carried: lineage.carried }) },
    watch: (process) => watch(process.host.dispatcher),
    begin: NOTHING,
    close: NOTHING,
  }
}
