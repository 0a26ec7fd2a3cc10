/** Owns what a child run takes over: the end of its parent's log, its book, and the place of its market in time. */
import { catalogue } from '#actors/catalogue'
import { refoldUntil } from '#actors/refold-log'
import type { Config } from '#core/config/schema'
import { QuantbotError } from '#core/errors'
import { DAY_MS, isoDay, parseDay } from '#core/time'
import type { PushedInput } from '#engine/live'
import { lockOwner } from '#events/log/lock'
import type { RunManifest } from '#events/log/manifest'
import { LogCursor } from '#events/log/reader'
import { carriedState, type RiskState } from '#risk/engine.decider'
import { findRun } from './home.js'
import { openRecordedRun } from './recorded-run.js'
import { fillsOf } from './redecide-full-log.js'
import { historyOf } from './run-history.js'

export interface Parent {
  readonly parent: NonNullable<RunManifest['parent']>
  readonly carried: readonly PushedInput[]
  /** The child's configuration: the built-in market goes on where the parent's ended, at the next start of a day. */
  readonly config: Config
}

/** Reads the parent's log to its end. RUN_LOCKED while it is being written; CONFIG_INVALID when the market would be another. */
export async function parentOf(home: string, run: string, config: Config): Promise<Parent> {
  const dir = findRun(home, run)
  if (lockOwner(dir) !== undefined) throw new QuantbotError('RUN_LOCKED', `${dir}: stop the parent first`)
  const recorded = await openRecordedRun(dir)
  const end = endOf(dir)
  const states = refoldUntil(
    {
      runDir: dir,
      deciders: catalogue(recorded.config, fillsOf(recorded.manifest.mode)),
      runSeed: recorded.config.seed,
      history: await historyOf(home, recorded),
    },
    end.seq,
  )
  const book = carriedState(states.get('risk/engine') as RiskState) // the state of that agent
  const { run: parent } = recorded.manifest
  return {
    parent: { run: parent, seq: end.seq, hash: end.hash },
    carried: [{ type: 'StateCarried', by: 'supervisor/root', data: { parent, ...book } }],
    config: recorded.manifest.mode === 'sim' ? carriedOn(config, recorded.config, end.ts) : config,
  }
}

function endOf(dir: string): { readonly seq: number; readonly ts: number; readonly hash: string } {
  const cursor = new LogCursor(dir, { absent: 'skip' })
  try {
    while (cursor.next());
    const { last } = cursor.end()
    if (last === undefined) throw new QuantbotError('RUN_NOT_FOUND', `${dir}: the log of the parent is empty`)
    return { seq: last.lastSeq, ts: last.lastTs, hash: last.hash }
  } finally {
    cursor.close()
  }
}

/** The same simulated market, later: its path follows from the first day of its history, which stays where it was. */
function carriedOn(config: Config, parent: Config, ts: number): Config {
  const { start, historyDays, ...market } = config.sim
  const { start: parentStart, historyDays: parentDays, ...parentMarket } = parent.sim
  if (config.seed !== parent.seed || JSON.stringify(market) !== JSON.stringify(parentMarket))
    throw new QuantbotError('CONFIG_INVALID', 'seed or sim: a child run goes on in the market of its parent')
  const day = (Math.floor(ts / DAY_MS) + 1) * DAY_MS
  const sinceParent = Math.round((day - (parseDay(parentStart) ?? day)) / DAY_MS)
  return { ...config, sim: { ...config.sim, start: isoDay(day), historyDays: parentDays + sinceParent } }
}
