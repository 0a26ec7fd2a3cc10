/** Sockets of a venue on loopback: second sockets, pauses of the process, topics that are given up, other plans. */
import { afterEach, describe, expect, it } from 'vitest'
import type { DataQualityChanged } from '#events/market.events'
import { openRig, type RigOptions, type SocketRig, want } from './socket-rig.js'

const rigs: SocketRig[] = []
afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.close()
})
const rigOf = async (options: RigOptions = {}): Promise<SocketRig> => {
  const rig = await openRig(options)
  rigs.push(rig)
  return rig
}
const all = (rig: SocketRig, ...symbols: string[]) => rig.adapter.sockets(symbols.map((symbol) => want(symbol)))
const marksOf = (rig: SocketRig, symbol: string): number[] =>
  rig.records.filter(({ instrument }) => instrument.endsWith(symbol)).map(({ mark }) => mark)
const told = (rig: SocketRig) =>
  rig.inputs.map(({ data }) => data as DataQualityChanged['data']).map(({ subject, isBad }) => [subject, isBad]) // all are

describe('two sockets for each plan', () => {
  it('lose nothing when one of them dies, and tell no outage', async () => {
    const rig = await rigOf({ copies: 2 })
    rig.group.start(all(rig, 'A', 'B'))
    await rig.until('both', () => rig.clients.filter(({ topics }) => topics.size === 2).length === 2)
    await rig.until('data', () => new Set(rig.records.map(({ socketId }) => socketId)).size === 2)
    const first = rig.records.at(-1)!.mark
    for (let i = 0; i < 4; i++) {
      rig.clients[i % 2]?.socket.terminate()
      const seen = rig.records.length
      await rig.until('both again', () => rig.clients.filter(({ topics }) => topics.size === 2).length === 2)
      await rig.until('more', () => rig.records.length > seen + 4)
    }
    const marks = new Set(marksOf(rig, 'A'))
    const last = Math.max(...marks)
    for (let mark = first; mark <= last; mark++) expect(marks.has(mark), `mark ${mark}`).toBe(true)
    expect(rig.states).toEqual([])
    expect(rig.group.stats().reduce((sum, { drops }) => sum + drops, 0)).toBe(4)
    expect(rig.gone.length).toBe(4)
  })

  it('are replaced each in its own time', async () => {
    const rig = await rigOf({ copies: 2, maxLifeMs: 30_000 })
    rig.group.start(all(rig, 'A'))
    await rig.until('rotations', () => rig.group.stats().every(({ rotations }) => rotations >= 2))
    const marks = [...new Set(marksOf(rig, 'A'))]
    expect(marks).toEqual(marks.map((_, i) => marks[0]! + i))
    expect(rig.group.stats().map(({ drops }) => drops)).toEqual([0, 0])
  })

  it('are an outage when both are gone', async () => {
    const rig = await rigOf({ copies: 2 })
    rig.group.start(all(rig, 'A'))
    await rig.until('data', () => rig.records.length > 3)
    rig.silent.add('mark:binance.usdm.A')
    await rig.until('degraded', () => rig.states.length === 1)
    rig.silent.clear()
    await rig.until('recovered', () => rig.states.length === 2)
    expect(rig.states).toEqual(['degraded no data on ws', 'recovered'])
  })
})

describe('sockets of a venue', () => {
  it('do not take a pause of the process for silence of the venue', async () => {
    const rig = await rigOf()
    rig.group.start(all(rig, 'A', 'B'))
    await rig.until('data', () => rig.records.length > 3)
    rig.stopTicking()
    for (let i = 0; i < 3; i++) {
      rig.tick()
      // Frames are on their way, and the process stands still for longer than any silence that is allowed.
      await new Promise((resolve) => setImmediate(resolve))
      rig.tick()
      const until = process.hrtime.bigint() + 150_000_000n
      while (process.hrtime.bigint() < until);
      const seen = rig.records.length
      await rig.until('what waited', () => rig.records.length > seen)
    }
    expect(rig.group.stats()[0]).toMatchObject({ drops: 0, silent: [] })
    expect(rig.states).toEqual([])
  })

  it('tell of instruments whose topics the venue refuses, and withdraw it when they are taken', async () => {
    const refuses = new Set(['mark:binance.usdm.B', 'trades:binance.usdm.A'])
    const rig = await rigOf({ refuses, speed: 1000 })
    rig.group.start(rig.adapter.sockets([want('A'), want('B'), want('A', 'trades')]))
    await rig.until('doubts', () => rig.inputs.length === 2)
    expect(told(rig)).toEqual([
      ['binance.usdm.B', true],
      ['connector/binance', true],
    ])
    expect(rig.group.doubts).toEqual([
      'ws mark:binance.usdm.B: refused by the venue',
      'ws trades:binance.usdm.A: refused by the venue',
    ])
    refuses.clear()
    await rig.until('taken', () => rig.inputs.length === 4, 1_200_000)
    expect(told(rig).slice(2).sort()).toEqual([
      ['binance.usdm.B', false],
      ['connector/binance', false],
    ])
    expect(rig.group.doubts).toEqual([])
  })

  it('give up a topic that stays silent after asking and connecting again, and tell it', async () => {
    const rig = await rigOf()
    rig.silent.add('mark:binance.usdm.B')
    rig.group.start(all(rig, 'A', 'B'))
    await rig.until('given up', () => rig.inputs.length > 0)
    expect(told(rig)).toEqual([['binance.usdm.B', true]])
    expect(rig.group.doubts[0]).toMatch(/^ws mark:binance\.usdm\.B: silent for \d+ s$/)
    const { drops } = rig.group.stats()[0]!
    expect(drops).toBe(2)
    const opened = rig.opened()
    rig.silent.clear()
    await rig.until('speaks', () => rig.inputs.length > 1)
    expect(told(rig).at(-1)).toEqual(['binance.usdm.B', false])
    expect(rig.opened()).toBe(opened)
  })
})

describe('other plans', () => {
  it('give topics back without touching the connection', async () => {
    const rig = await rigOf()
    rig.group.start(all(rig, 'A', 'B'))
    await rig.until('data', () => rig.records.length > 6)
    rig.group.replan(all(rig, 'A'))
    await rig.until('given back', () => rig.clients[0]?.topics.size === 1)
    const seen = marksOf(rig, 'A').length
    await rig.until('more', () => marksOf(rig, 'A').length > seen + 20)
    expect(rig.opened()).toBe(1)
    expect(rig.group.stats()).toMatchObject([{ drops: 0, rotations: 0, silent: [] }])
    expect(rig.inputs).toEqual([])
  })

  it('take new topics on by a connection that takes over, and lose nothing of the old ones', async () => {
    const rig = await rigOf()
    rig.group.start(all(rig, 'A', 'B'))
    await rig.until('data', () => marksOf(rig, 'A').length > 3)
    rig.group.replan(all(rig, 'B', 'A', 'C', 'D'))
    await rig.until('new ones', () => marksOf(rig, 'C').length > 3 && marksOf(rig, 'D').length > 3)
    await rig.until('one connection each', () => rig.clients.length === 2)
    const topics = rig.clients.map((client) => [...client.topics].map((name) => name.slice(-1)).join('')).sort()
    expect(topics).toEqual(['ABC', 'D'])
    for (const symbol of ['A', 'B']) {
      const marks = [...new Set(marksOf(rig, symbol))]
      expect(marks).toEqual(marks.map((_, i) => marks[0]! + i))
    }
    expect(rig.group.stats().map(({ drops }) => drops)).toEqual([0, 0])
    expect(rig.states).toEqual([])
  })

  it('close a connection that has nothing left, and may follow each other faster than connections open', async () => {
    const rig = await rigOf({ copies: 2 })
    rig.group.start(all(rig, 'A', 'B', 'C', 'D'))
    await rig.until('data', () => marksOf(rig, 'D').length > 3)
    rig.group.replan(all(rig, 'A', 'B', 'C'))
    await rig.until('closed', () => rig.clients.length === 2)
    expect(rig.group.stats().length).toBe(2)
    for (let i = 0; i < 10; i++) rig.group.replan(all(rig, 'A', `N${i}`))
    await rig.until('the last one', () => marksOf(rig, 'N9').length > 3)
    await rig.until('two connections', () => rig.clients.length === 2)
    for (const { topics } of rig.clients)
      expect([...topics].sort()).toEqual(['mark:binance.usdm.A', 'mark:binance.usdm.N9'])
    const marks = [...new Set(marksOf(rig, 'A'))]
    expect(marks).toEqual(marks.map((_, i) => marks[0]! + i))
    expect(rig.states).toEqual([])
  })
})
