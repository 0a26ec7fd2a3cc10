/** Owns choosing what a run is composed of by its mode, and opening its folder. */
import type { TradingOptions, TradingProcess } from '#actors/host'
import { machineScheduler } from '#actors/machine-scheduler'
import type { Surroundings } from '#actors/run-status'
import type { Parent } from './child-run.js'
import { freshRunId } from './new-run.js'
import { type OpenedRun, openRun } from './open-run.js'
import type { RunOptions, RunSettings } from './run-options.js'
import { checkStores, hasStores, loadStores, type RunStores, startStores } from './run-stores.js'
import { simConfig, simRun } from './sim-run.js'
import { note } from './terminal.js'

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

/** Fails as openRun, parentOf and the mode's own composition do. */
export async function composeRun(home: string, options: RunOptions, settings: RunSettings): Promise<ComposedRun> {
  if (settings.mode === 'paper') return (await import('./paper-run.js')).composePaper(home, options, settings)
  const createdAt = Date.now()
  const id = options.run ?? freshRunId('sim', createdAt)
  const lineage = await lineageOf(home, options, settings)
  const config = simConfig(lineage?.config ?? settings.config)
  checkStores(config)
  const parts = await loadStores(config)
  const { speed, days } = settings
  const sim = simRun({ config, scheduler: machineScheduler, speed, ...(days === undefined ? {} : { days }) })
  const parent = lineage && { parent: lineage.parent }
  const opened = openRun({ home, id, mode: 'sim', config, deciders: sim.deciders, createdAt, ...parent })
  const { watch, ...composed } = sim
  let process_: TradingProcess | undefined
  let stores: RunStores | undefined
  return {
    opened,
    trading: { ...composed, config, ...(lineage && { carried: lineage.carried }) },
    watch: (process) => {
      process_ = process
      watch(process.host.dispatcher)
    },
    begin: async () => {
      if (!hasStores(config)) return
      stores = await startStores(home, opened.dir, opened.manifest, config, process_!, parts)
      if (stores.api) note(`analytics API: ${stores.api.url}`)
    },
    close: async () => stores?.close(),
  }
}

async function lineageOf(home: string, { childOf }: RunOptions, { config }: RunSettings): Promise<Parent | undefined> {
  if (childOf === undefined) return undefined
  return (await import('./child-run.js')).parentOf(home, childOf, config)
}
