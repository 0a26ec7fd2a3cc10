/** Owns counting trials: how often a signal has been looked at, and how far the looks scatter. Pure; no file is touched here. */

import type { TrialRecord, Trials } from '#data/trials'
import { variance } from '#quant/moments'

/** The trials of one signal, the run in hand included. */
export interface TrialCount {
  /** Distinct configuration hashes, plus damaged lines of the record. At least 1. */
  readonly trials: number
  /** Variance of their per-period Sharpe ratios (ddof 1); null below two defined ones. */
  readonly variance: number | null
}

export interface CurrentTrial {
  readonly signal: string
  readonly configHash: string
  readonly sharpePerPeriod: number | null
}

/** Counts distinct configuration hashes of `current.signal`; of a hash evaluated twice the last evaluation stands. */
export function countTrials(record: Trials, current: CurrentTrial): TrialCount {
  const byHash = new Map<string, number | null>()
  for (const trial of record.trials)
    if (trial.signal === current.signal) byHash.set(trial.configHash, trial.sharpePerPeriod)
  byHash.set(current.configHash, current.sharpePerPeriod)
  const ratios = [...byHash.values()].filter((ratio) => ratio !== null)
  return { trials: byHash.size + record.damaged, variance: ratios.length < 2 ? null : variance(ratios, 1) }
}

export type { TrialRecord, Trials }
