/** Owns who reads what: readers by event type and, for bars, by interval, in registry order. Built once. */
import type { Decider } from '#core/decider'
import type { EventEnvelope } from '#core/envelope'
import { QuantbotError } from '#core/errors'
import { INTERVALS } from '#core/time'
import { EVENT_TYPES } from '#events/catalogue'

/** One registered agent and its state. */
export interface Slot {
  readonly decider: Decider<unknown>
  /** Its functions and its name: deciders have many shapes, slots one, so that delivering costs no search. */
  readonly evolve: Decider<unknown>['evolve']
  readonly decide: Decider<unknown>['decide']
  readonly name: string
  readonly index: number
  state: unknown
  /** Decides; evolves in any case unless faulted. */
  running: boolean
  /** Its state was discarded; it sees nothing until it is restored. */
  faulted: boolean
}

export function slotOf(decider: Decider<unknown>, index: number, state: unknown, running: boolean): Slot {
  const { evolve, decide, name } = decider
  return { decider, evolve, decide, name, index, state, running, faulted: false }
}

interface Route {
  readonly type: string
  readonly version: number
  readonly all: readonly Slot[]
  readonly byInterval: ReadonlyMap<string, readonly Slot[]> | undefined
  /** Readers of the interval asked for last: bars come in rows of the same. */
  interval: string
  readers: readonly Slot[]
}

const BARS = new Set(['BarClosed', 'BarAggregated'])
const NOBODY: readonly Slot[] = []
const UNKNOWN: Route = { type: '', version: 0, all: NOBODY, byInterval: undefined, interval: '', readers: NOBODY }

export class Routes {
  readonly #routes = new Map<string, Route>()
  /** Route asked for last: an instant brings many events of one type. */
  #last: Route = UNKNOWN

  constructor(slots: readonly Slot[]) {
    const types = new Set([...EVENT_TYPES.keys(), ...slots.flatMap((slot) => slot.decider.reads)])
    for (const type of types) {
      const all = slots.filter((slot) => slot.decider.reads.includes(type))
      this.#routes.set(type, {
        type,
        version: EVENT_TYPES.get(type)?.v ?? 0,
        all,
        byInterval: BARS.has(type) ? byInterval(all) : undefined,
        interval: '',
        readers: NOBODY,
      })
    }
  }

  #routeOf(type: string): Route {
    if (type !== this.#last.type) this.#last = this.#routes.get(type) ?? UNKNOWN
    return this.#last
  }

  /** Version of a type's payload; 0 of one that the catalogue does not know. */
  versionOf(type: string): number {
    return this.#routeOf(type).version
  }

  readersOf(event: EventEnvelope): readonly Slot[] {
    const route = this.#routeOf(event.type)
    if (route.byInterval === undefined) return route.all
    const { interval } = event.data as { readonly interval: string } // bars alone have byInterval
    if (interval !== route.interval) {
      route.interval = interval
      route.readers = route.byInterval.get(interval) ?? NOBODY
    }
    return route.readers
  }
}

function byInterval(slots: readonly Slot[]): ReadonlyMap<string, readonly Slot[]> {
  return new Map(
    INTERVALS.map((interval) => [
      interval,
      slots.filter((slot) => slot.decider.intervals === undefined || slot.decider.intervals.includes(interval)),
    ]),
  )
}

/** Checks a registry: unique names, known dependencies, no circle, dependencies first, nobody reading what it emits. */
export function checkRegistry(deciders: readonly Decider<unknown>[]): void {
  const names = deciders.map((decider) => decider.name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw new QuantbotError('AGENT_UNKNOWN', `agent ${twice} is registered twice`)
  const dependenciesOf = new Map(deciders.map((decider) => [decider.name, decider.dependencies]))
  for (const decider of deciders) {
    for (const dependency of decider.dependencies)
      if (!dependenciesOf.has(dependency))
        throw new QuantbotError(
          'AGENT_UNKNOWN',
          `agent ${decider.name} depends on ${dependency}, which is not registered`,
        )
    const own = decider.reads.find((type) => decider.emits.includes(type))
    if (own !== undefined) throw new QuantbotError('AGENT_CYCLE', `agent ${decider.name} reads ${own}, which it emits`)
  }
  for (const name of names) refuseCircle(name, dependenciesOf, [])
  for (const decider of deciders)
    for (const dependency of decider.dependencies)
      if (names.indexOf(dependency) > names.indexOf(decider.name))
        throw new QuantbotError(
          'AGENT_CYCLE',
          `agent ${decider.name} is registered before ${dependency}, on which it depends`,
        )
}

function refuseCircle(
  name: string,
  dependenciesOf: ReadonlyMap<string, readonly string[]>,
  path: readonly string[],
): void {
  if (path.includes(name))
    throw new QuantbotError('AGENT_CYCLE', `agents depend on each other: ${[...path, name].join(' → ')}`)
  for (const dependency of dependenciesOf.get(name) ?? []) refuseCircle(dependency, dependenciesOf, [...path, name])
}
