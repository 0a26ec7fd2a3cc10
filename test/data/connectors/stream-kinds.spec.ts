/** Owns the checks of a venue's streams by kind: the newest frame counts, a copy that speaks is enough, losses reach all that was carried. */
import { describe, expect, it } from 'vitest'
import type { StreamKind, TopicPlan } from '#data/connectors/adapter.port'
import { streamKinds } from '#data/connectors/stream-kinds'

const topic = (name: string, ...kinds: StreamKind[]): TopicPlan => ({
  name,
  // The kind alone is read; facts of an instrument are long.
  wants: kinds.map((kind) => ({ kind })) as unknown as TopicPlan['wants'],
  maxSilenceMs: 1000,
})
const socket = (ages: Record<string, number | null>, silent: string[] = [], drops = 0) => ({ ages, silent, drops })

describe('streams by kind', () => {
  it('are as old as the newest frame of any topic on any copy', () => {
    const topics = [topic('btc@bar', 'bars'), topic('eth@bar', 'bars')]
    const sockets = [socket({ 'btc@bar': 900, 'eth@bar': null }), socket({ 'btc@bar': 40, 'eth@bar': null })]
    expect(streamKinds([{ topics, sockets }])).toEqual([
      { stream: 'bars', ageMs: 40, topics: 2, silent: 0, reconnects: 0 },
    ])
  })

  it('have no age before the first frame', () => {
    const [bars] = streamKinds([{ topics: [topic('a', 'bars')], sockets: [socket({ a: null })] }])
    expect(bars!.ageMs).toBe(null)
  })

  it('are silent where no copy speaks', () => {
    const topics = [topic('a', 'mark'), topic('b', 'mark')]
    const [mark] = streamKinds([{ topics, sockets: [socket({}, ['a', 'b']), socket({}, ['b'])] }])
    expect(mark).toMatchObject({ topics: 2, silent: 1 })
  })

  it('share a topic and the losses of what carries it', () => {
    const lanes = [
      { topics: [topic('tickers', 'mark', 'funding')], sockets: [socket({ tickers: 5 }, [], 2)] },
      { topics: [topic('bars', 'bars'), topic('mark', 'mark')], sockets: [socket({ bars: 7, mark: 3 }, [], 1)] },
    ]
    expect(streamKinds(lanes)).toEqual([
      { stream: 'mark', ageMs: 3, topics: 2, silent: 0, reconnects: 3 },
      { stream: 'funding', ageMs: 5, topics: 1, silent: 0, reconnects: 2 },
      { stream: 'bars', ageMs: 7, topics: 1, silent: 0, reconnects: 1 },
    ])
  })
})
