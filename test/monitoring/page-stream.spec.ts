/** The stream of the page: what is told when, and to whom no longer. */
import { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import { HeadStream, STREAMS_MAX } from '#monitoring/page/stream'
import { HandTime, ProcessDouble, VENUE_TEXT, ViewDouble } from './page-rig.js'

/** A connection that takes what it is given, or nothing more. */
class Reader extends EventEmitter {
  readonly heard: string[] = []
  isSlow = false
  isGone = false
  hasEnded = false

  write(text: string): boolean {
    this.heard.push(text)
    return !this.isSlow
  }

  end(): void {
    this.hasEnded = true
    this.emit('close')
  }

  destroy(): void {
    this.isGone = true
    this.emit('close')
  }

  drain(): void {
    this.isSlow = false
    this.emit('drain')
  }

  /** Events of one kind, parsed. */
  of(event: string): unknown[] {
    const start = `event: ${event}\ndata: `
    return this.heard.flatMap((text) => (text.startsWith(start) ? [JSON.parse(text.slice(start.length))] : []))
  }
}

function rig() {
  const [view, process, time] = [new ViewDouble(), new ProcessDouble(), new HandTime()]
  const stream = new HeadStream(view, () => process.status(), time)
  const follow = (session = 's'): Reader => {
    const reader = new Reader()
    stream.follow(reader as unknown as ServerResponse, session) // the parts of a response that the stream uses
    return reader
  }
  /** Promises of the status have their turn. */
  const advance = async (ms: number): Promise<void> => {
    for (let past = 0; past < ms; past += 250) {
      time.advance(Math.min(250, ms - past))
      for (let i = 0; i < 5; i++) await Promise.resolve()
    }
  }
  return { view, process, time, stream, follow, advance }
}

describe('the stream', () => {
  it('tells the head when it has moved, at most four times a second', async () => {
    const { view, follow, advance } = rig()
    const reader = follow()
    expect(reader.of('head')).toMatchObject([{ seq: 10 }])
    for (let seq = 11; seq <= 30; seq++) view.move(seq)
    await advance(250)
    expect(reader.of('head')).toMatchObject([{ seq: 10 }, { seq: 30 }])
    await advance(5_000)
    view.move(30)
    await advance(1_000)
    expect(reader.of('head')).toHaveLength(2)
  })

  it('tells the status each second, and null while the process does not answer', async () => {
    const { process, follow, advance } = rig()
    const reader = follow()
    await advance(3_000)
    expect(reader.of('status')).toEqual([null, ...Array.from({ length: 4 }, () => ({ state: 'running' }))])
    process.status = () => Promise.reject(new Error('no answer'))
    await advance(1_000)
    expect(reader.of('status').at(-1)).toBeNull()
  })

  it('asks for nothing while nobody follows', async () => {
    const { process, follow, advance } = rig()
    let asked = 0
    process.status = async () => {
      asked++
      return null
    }
    await advance(5_000)
    expect(asked).toBe(0)
    follow().end()
    await advance(5_000)
    expect(asked).toBe(1)
  })

  it('keeps one message for a reader that is slow, tells it the newest afterwards', async () => {
    const { view, follow, advance } = rig()
    const [slow, quick] = [follow(), follow()]
    await advance(1_000)
    slow.isSlow = true
    view.move(11)
    await advance(250)
    const held = slow.heard.length
    for (let seq = 12; seq < 60; seq++) {
      view.move(seq)
      await advance(250)
    }
    expect(slow.heard).toHaveLength(held)
    expect(quick.of('head').length).toBeGreaterThan(40)
    slow.drain()
    expect(slow.of('head').at(-1)).toMatchObject({ seq: 59 })
    expect(slow.heard.length).toBeLessThanOrEqual(held + 2)
    expect(slow.isGone).toBe(false)
  })

  it('drops a reader that takes nothing for fifteen seconds, and nobody else', async () => {
    const { view, stream, follow, advance } = rig()
    const [slow, quick] = [follow(), follow()]
    slow.isSlow = true
    view.move(11)
    await advance(14_000)
    expect(slow.isGone).toBe(false)
    await advance(2_500)
    expect([slow.isGone, quick.isGone, stream.size]).toEqual([true, false, 1])
  })

  it('ends the streams of a session that has ended', () => {
    const { stream, follow } = rig()
    const [mine, other] = [follow('a'), follow('b')]
    stream.end('a')
    expect([mine.isGone, other.isGone]).toEqual([true, false])
  })

  it('is bounded in number', () => {
    const { stream, follow } = rig()
    for (let i = 0; i < STREAMS_MAX; i++) {
      expect(stream.isFull).toBe(false)
      follow()
    }
    expect(stream.isFull).toBe(true)
  })

  it('tells the last head before it closes, and lets go of the view', () => {
    const { view, stream, follow } = rig()
    const reader = follow()
    view.move(99)
    stream.close()
    expect(reader.of('head').at(-1)).toMatchObject({ seq: 99 })
    expect([reader.hasEnded, view.listeners]).toEqual([true, 0])
  })

  it('is one line a message, whatever a venue said', async () => {
    const { process, follow, advance } = rig()
    process.statusText = `${VENUE_TEXT}\n\nevent: head\ndata: {"seq":1}`
    const reader = follow()
    await advance(1_000)
    const told = reader.heard.at(-1)!
    expect(told.split('\n')).toHaveLength(4)
    expect(reader.of('status').at(-1)).toEqual({ state: process.statusText })
  })
})
