/** Owns the redecide of sim, paper and live runs: their inputs are in the log. */
import { catalogue } from '#actors/catalogue'
import { redecideLog } from '#backtest/redecide-log'
import { fingerprintOf } from '#events/log/fingerprint'
import type { RecordedRun } from './recorded-run.js'
import type { Replay } from './replay-again.js'
import { restoredAgent } from './restored-agent.js'
import type { History } from './run-history.js'

/** Whether the venue of a run was simulated. */
export const fillsOf = (mode: string): 'quote' | 'venue' | 'nextOpen' =>
  mode === 'live' ? 'venue' : mode === 'backtest' || mode === 'replay' ? 'nextOpen' : 'quote'

export function redecideFullLog(run: RecordedRun, history: History): Replay {
  const begun = performance.now()
  const deciders = catalogue(run.config, fillsOf(run.manifest.mode))
  const { divergence, derivedEvents } = redecideLog({
    runDir: run.dir,
    deciders,
    runSeed: run.config.seed,
    history: history(),
    restored: restoredAgent(run, history),
  })
  const fingerprint = fingerprintOf(run.dir)
  return {
    identical: divergence === undefined,
    fingerprint,
    derivedEvents,
    divergence,
    wallMs: performance.now() - begun,
  }
}
