/** Owns what a redecide and a look at states need to refold a recorded run: its deciders, seed and history. */
import { catalogue } from '#actors/catalogue'
import { type RefoldOptions, restoredState } from '#actors/refold-log'
import type { RecordedRun } from './recorded-run.js'
import { fillsOf } from './redecide-full-log.js'
import type { History } from './run-history.js'

export function refoldOptions(run: RecordedRun, history: History): RefoldOptions {
  return {
    runDir: run.dir,
    deciders: catalogue(run.config, fillsOf(run.manifest.mode)),
    runSeed: run.config.seed,
    history,
  }
}

/** The state that a faulted agent was given back, as the host did: refolded from the log. */
export function restoredAgent(
  run: RecordedRun,
  history: History,
): (agent: string, restored: { readonly seq: number }) => unknown {
  return restoredState(refoldOptions(run, history))
}
