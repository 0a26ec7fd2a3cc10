/** Owns the way of one sink: its route, its spool, its queue, put together. */
import { InvariantError } from '#core/invariant'
import { SECOND_MS } from '#core/time'
import { type Letter, letterOf } from './letter.js'
import type { NotifierOptions } from './notify.port.js'
import { due, nextDueAt, type RoutePolicy } from './routing.js'
import { type Sink, SinkQueue } from './sink-queue.js'
import { Spool } from './spool.js'
import { type SinkState, spoolOf } from './store.js'

export interface Lane {
  readonly sink: Sink
  readonly policy: RoutePolicy
  readonly state: SinkState
  readonly spool: Spool
  readonly queue: SinkQueue
}

/** `isKnown`: a position was kept, so that letters behind the last one of `state` are made again from the log. */
export function laneOf(options: NotifierOptions, sink: Sink, state: SinkState, isKnown: boolean): Lane {
  const { config, folder, facts, time, random = Math.random, onTrouble } = options
  const { name } = sink
  const own = config[name]
  if (own === undefined) throw new InvariantError(`no configuration of ${name}`)
  const committed = isKnown ? state.last : Number.POSITIVE_INFINITY
  const spool = new Spool({ path: spoolOf(folder, name), sink: name, run: facts.run, committed })
  state.last = Math.max(state.last, spool.lastNumber)
  const policy = {
    minSeverity: own.minSeverity,
    digest: own.digest,
    groupMs: config.groupSeconds * SECOND_MS,
    maxPerHour: config.maxPerHour,
  }
  const queue = new SinkQueue({
    sink,
    spool,
    tally: state.tally,
    time,
    random,
    ...(onTrouble === undefined ? {} : { onTrouble }),
  })
  return { sink, policy, state, spool, queue }
}

/** Letters whose time has come, numbered. */
export function lettersOf({ state, policy, sink }: Lane, run: string, now: number, all: boolean): Letter[] {
  return due(state.route, policy, now, all).map((draft) => {
    state.last++
    return letterOf(draft, state.last, sink.name, run)
  })
}

/** When one of them has something next, machine’s clock. */
export const nextOf = (lanes: readonly Lane[]): number =>
  Math.min(...lanes.map(({ state }) => nextDueAt(state.route) ?? Number.POSITIVE_INFINITY))
