/** Owns one restart of a run on the built-in market, and when in it trading goes on. */
import type { Committed } from '#actors/host'
import type { Config } from '#core/config/schema'
import type { Scale } from './figures.js'
import { openSimProcess, type SimProcess, startUntil } from './sim-process.js'
import { simConfiguration } from './sim-tape.js'

/**
 * The run that restarts: hourly bars, as much history and as many snapshots as `quantbot run` has by default. Groups are
 * short as those of a process in real time are, though this one runs as fast as it goes: else snapshots, one a group,
 * would lag, and the first decision wait for thousands of others. The tiny run has more snapshots, so that it has any.
 */
export function restartConfiguration(scale: Scale): Config {
  return scale === 'full'
    ? simConfiguration(20, 400, { log: { groupEvents: 256 } })
    : simConfiguration(2, 100, { log: { groupEvents: 128, snapshotEvents: 1000 } })
}

export const RUN = 'restart'

/** A restart as the process itself saw it; times in ms from its own begin. */
export interface Restart {
  /** Seq behind which it went on, and how many events were refolded to get there. */
  readonly resumedAt: number
  readonly refolded: number
  /** Up to there the chain is proved in the background, from there it was before anything was decided. */
  readonly provedFrom: number
  /** The program is loaded. */
  readonly loadedMs: number
  /** Log and snapshots are read, every state stands where the run ended. */
  readonly recoveredMs: number
  /** The first new decision is durable. */
  readonly decidedMs: number
  readonly decision: string
}

/** Signals, blends, assessments, orders; not what only derives market data. */
const isDecision = (by: string): boolean => /^(?:signal|portfolio|risk|execution)\//.test(by)

/** Recovers the run, starts its agents, and waits for the first new decision to be durable. The process goes on trading. */
export async function restart(
  home: string,
  config: Config,
  now: () => number,
): Promise<Restart & { readonly opened: SimProcess }> {
  const loadedMs = now()
  const opened = openSimProcess(home, RUN, config, 'fdatasync')
  const recoveredMs = now()
  const { resume, refolded, unprovedSeq } = opened.process.recovered
  let decision = ''
  const found = ({ events }: Committed): boolean => {
    const first = events.find((event) => event.cause !== 0 && isDecision(event.by))
    if (first === undefined || decision !== '') return false
    decision = `${first.type} by ${first.by}, seq ${first.seq}`
    return true
  }
  await startUntil(opened, found)
  return {
    resumedAt: resume.seq,
    refolded,
    provedFrom: unprovedSeq,
    loadedMs,
    recoveredMs,
    decidedMs: now(),
    decision,
    opened,
  }
}
