/** Owns the view of a venue's connections by kind of stream: how old each kind's newest frame is, and how often it was lost. Pure. */
import type { DurationMs } from '#core/time'
import type { StreamKind, TopicPlan } from './adapter.port.js'
import type { SocketStats } from './stream-events.js'

/** One kind of stream of a venue, over all its connections. */
export interface StreamStats {
  readonly stream: StreamKind
  /** Since the newest frame of any of its topics; null: none yet on these connections. */
  readonly ageMs: DurationMs | null
  readonly topics: number
  /** Topics without data for too long on every connection that has them. */
  readonly silent: number
  /** Times that connections which carry it were lost. */
  readonly reconnects: number
}

/** Topics of one plan, and the connections that carry them: copies of each other. */
export interface CarriedTopics {
  readonly topics: readonly TopicPlan[]
  readonly sockets: readonly Pick<SocketStats, 'ages' | 'silent' | 'drops'>[]
}

interface Sum {
  ageMs: DurationMs | null
  topics: number
  silent: number
  reconnects: number
}

/** In the order in which kinds are met. O(topics × connections). */
export function streamKinds(lanes: readonly CarriedTopics[]): StreamStats[] {
  const sums = new Map<StreamKind, Sum>()
  for (const { topics, sockets } of lanes) {
    const quiet = sockets.map(({ silent }) => new Set(silent))
    const carried = new Set<StreamKind>()
    for (const { name, wants } of topics) {
      const ages = sockets.map(({ ages: of }) => of[name]).filter((age) => age !== null && age !== undefined)
      const isSilent = quiet.length > 0 && quiet.every((names) => names.has(name))
      for (const kind of new Set(wants.map((want) => want.kind))) {
        carried.add(kind)
        const sum = sums.get(kind) ?? { ageMs: null, topics: 0, silent: 0, reconnects: 0 }
        sums.set(kind, sum)
        sum.topics++
        if (isSilent) sum.silent++
        for (const age of ages) sum.ageMs = Math.min(sum.ageMs ?? age, age)
      }
    }
    const drops = sockets.reduce((total, socket) => total + socket.drops, 0)
    for (const kind of carried) sums.get(kind)!.reconnects += drops
  }
  return [...sums].map(([stream, sum]) => ({ stream, ...sum }))
}
