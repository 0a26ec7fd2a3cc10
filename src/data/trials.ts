/**
 * Owns var/trials.ndjson: one line an evaluation of a configuration, appended and never changed, so that the deflated Sharpe
 * ratio knows how often one has looked. Never reads a clock: `at` is handed in.
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

/** One evaluation. Sharpe per day, not annual; kurtosis full (3 for the normal). */
export interface TrialRecord {
  readonly configHash: string
  /** Name of the signal, or `portfolio`. */
  readonly signal: string
  /** First and last day, `YYYY-MM-DD`, both inclusive. */
  readonly from: string
  readonly to: string
  readonly fingerprint: string
  /** Null where it is not defined (no variation): counts as a trial, not in their variance. */
  readonly sharpePerPeriod: number | null
  readonly periods: number
  readonly skew: number | null
  readonly kurt: number | null
  /** When, ISO 8601. */
  readonly at?: string
}

export interface Trials {
  readonly trials: readonly TrialRecord[]
  /** Lines that are no trial (torn by a crash, edited): each counts as one more trial of everything, never as none. */
  readonly damaged: number
}

export const NO_TRIALS: Trials = { trials: [], damaged: 0 }

/** The file within a home. */
export function trialsFile(home: string): string {
  return join(home, 'trials.ndjson')
}

/** All trials ever recorded under a home; none when there is no file. */
export function readTrials(home: string): Trials {
  const path = trialsFile(home)
  if (!existsSync(path)) return NO_TRIALS
  const trials: TrialRecord[] = []
  let damaged = 0
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    if (line === '') continue
    const trial = parseTrial(line)
    if (trial) trials.push(trial)
    else damaged++
  }
  return { trials, damaged }
}

/** Appends trials in one write and syncs. A torn last line is ended first, so that it damages no other. */
export function appendTrials(home: string, trials: readonly TrialRecord[]): void {
  if (trials.length === 0) return
  const path = trialsFile(home)
  mkdirSync(dirname(path), { recursive: true })
  const file = openSync(path, 'a+')
  try {
    const { size } = fstatSync(file)
    const last = Buffer.alloc(1)
    if (size > 0) readSync(file, last, 0, 1, size - 1)
    const start = size > 0 && last.toString() !== '\n' ? '\n' : ''
    writeSync(file, `${start}${trials.map((trial) => `${JSON.stringify(trial)}\n`).join('')}`)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

function parseTrial(line: string): TrialRecord | undefined {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return undefined
  }
  return isTrial(value) ? value : undefined
}

function isTrial(value: unknown): value is TrialRecord {
  if (typeof value !== 'object' || value === null) return false
  const fields = value as Record<string, unknown> // any object may be asked for its fields
  const texts = ['configHash', 'signal', 'from', 'to', 'fingerprint']
  const numbers = ['sharpePerPeriod', 'skew', 'kurt']
  return (
    texts.every((key) => typeof fields[key] === 'string') &&
    numbers.every((key) => fields[key] === null || Number.isFinite(fields[key])) &&
    Number.isInteger(fields.periods)
  )
}
