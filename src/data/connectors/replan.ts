/**
 * Owns how sockets that are at work take up what is wanted now: topics stay where they are, new ones go where they fit, the
 * rest gets sockets of its own. Pure: never touches a socket.
 */
import type { SocketPlan, TopicPlan, Want } from './adapter.port.js'

export interface Replanned {
  /** For each plan that there was its new one, the same object where its topics stay; undefined: nothing is left for it. */
  readonly plans: readonly (SocketPlan | undefined)[]
  readonly added: readonly SocketPlan[]
}

/** `pack`: sockets of some wants within the venue's caps, first fit in their order (`VenueAdapter.sockets`). */
export function replan(
  current: readonly SocketPlan[],
  wanted: readonly SocketPlan[],
  pack: (wants: readonly Want[]) => readonly SocketPlan[],
): Replanned {
  const open = new Map<string, Map<string, TopicPlan>>()
  for (const plan of wanted) {
    const topics = open.get(placeOf(plan)) ?? new Map<string, TopicPlan>()
    open.set(placeOf(plan), topics)
    for (const topic of plan.topics) topics.set(topic.name, topic)
  }
  const kept = current.map((plan) => taken(open.get(placeOf(plan)), plan.topics))
  const plans = current.map((plan, i) => {
    const topics = [...kept[i]!, ...fitting(plan, kept[i]!, open.get(placeOf(plan)), pack)]
    if (topics.length === 0) return undefined
    return namesOf(topics) === namesOf(plan.topics) ? plan : { ...plan, topics }
  })
  const added = [...open.values()].flatMap((rest) =>
    packed([...rest.values()], pack)
      .map((plan) => ({ ...plan, topics: taken(rest, plan.topics) }))
      .filter(({ topics }) => topics.length > 0),
  )
  return { plans, added }
}

const placeOf = ({ endpoint, path }: SocketPlan): string => `${endpoint} ${path}`
const namesOf = (topics: readonly TopicPlan[]): string => topics.map(({ name }) => name).join('\n')

/** Those that are still open, as they are wanted now; they are open no more. */
function taken(open: Map<string, TopicPlan> | undefined, topics: readonly TopicPlan[]): TopicPlan[] {
  return topics.flatMap(({ name }) => {
    const topic = open?.get(name)
    open?.delete(name)
    return topic === undefined ? [] : [topic]
  })
}

/** As many of the open ones as fit beside those that stay. */
function fitting(
  plan: SocketPlan,
  kept: readonly TopicPlan[],
  open: Map<string, TopicPlan> | undefined,
  pack: (wants: readonly Want[]) => readonly SocketPlan[],
): TopicPlan[] {
  if (open === undefined || open.size === 0) return []
  const first = packed([...kept, ...open.values()], pack).find((other) => placeOf(other) === placeOf(plan))
  const names = new Set(first?.topics.map(({ name }) => name))
  return kept.every(({ name }) => names.has(name)) ? taken(open, first?.topics ?? []) : []
}

const packed = (
  topics: readonly TopicPlan[],
  pack: (wants: readonly Want[]) => readonly SocketPlan[],
): readonly SocketPlan[] => pack(topics.flatMap(({ wants }) => wants))
