/** Owns rebuilding a faulted agent in a redecide, as the host did: refolded from the log up to the input that restored it. */
import type { AnyDecider } from '#actors/catalogue'
import { restoredState } from '#actors/refold-log'
import type { RecordedRun } from './recorded-run.js'
import { historyOf } from './run-history.js'

export function restoredAgent(
  run: RecordedRun,
  deciders: readonly AnyDecider[],
): (agent: string, restored: { readonly seq: number }) => unknown {
  return restoredState({ runDir: run.dir, deciders, runSeed: run.config.seed, history: () => historyOf(run) })
}
