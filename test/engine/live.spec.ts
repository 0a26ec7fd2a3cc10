import { describe, expect, it } from 'vitest'
import type { AgentSnapshot } from '#core/ports'
import type { HostClock } from '#engine/live-clock'
import { jumpingClock, machineClock, scaledClock } from '#engine/live-clock'
import { BarSource, bar, HandScheduler, type MemoryLog, rig, START } from './live-rig.js'

/** Bytes of the events, whatever groups they came in. */
async function runToEnd(options: Parameters<typeof rig>[0], speed?: number): Promise<{ text: string; log: MemoryLog }> {
  const scheduler = new HandScheduler()
  const clock: HostClock = speed === undefined ? jumpingClock(START) : scaledClock(scheduler, START, speed)
  const { host, log, committed, problems } = rig({ ...options, clock, scheduler })
  host.start()
  for (let i = 0; i < 400 && host.lastCommit?.lastSeq !== host.dispatcher.seq; i++) await scheduler.advance(50)
  await scheduler.advance(10_000)
  expect(problems).toEqual([])
  expect(committed.map((event) => event.seq)).toEqual(committed.map((_, i) => i + 1))
  return { text: log.text, log }
}

describe('effects', () => {
  it('see nothing before its commit, then every event in order', async () => {
    const { host, scheduler, log, committed } = rig({ sources: [new BarSource(40)] })
    log.hold = true
    host.start()
    await scheduler.settle()
    expect(log.calls).toBe(1)
    expect(host.dispatcher.seq).toBeGreaterThan(40)
    expect(committed).toEqual([])
    log.release()
    await scheduler.settle()
    expect(committed).toEqual(log.events)
    expect(committed.length).toBe(host.dispatcher.seq)
  })

  it('that throw halt the host; what was taken is durable', async () => {
    const { host, scheduler, log, problems } = rig({
      sources: [new BarSource(200)],
      onCommitted: () => {
        throw new Error('gateway bug')
      },
    })
    host.start()
    await scheduler.settle()
    expect(host.state).toBe('halted')
    expect(problems[0]).toMatchObject({ code: 'effect-threw', isFatal: true })
    expect(log.events.length).toBe(host.dispatcher.seq)
    expect(host.push(bar(0))).toBe('refused')
  })
})

describe('groups', () => {
  it('are whole steps of bounded size, with one being written while the next is filled, and no third', async () => {
    const source = new BarSource(2000)
    const { host, scheduler, log } = rig({ sources: [source], groupEvents: 64 })
    log.hold = true
    host.start()
    await scheduler.settle()
    expect(log.calls).toBe(1)
    const taken = host.dispatcher.seq
    expect(taken).toBeGreaterThanOrEqual(128)
    expect(taken).toBeLessThan(160)
    await scheduler.advance(100)
    expect(host.dispatcher.seq).toBe(taken)
    log.release()
    await scheduler.advance(100)
    expect(source.peek()).toBeUndefined()
    expect(log.events.map((event) => event.seq)).toEqual(log.events.map((_, i) => i + 1))
    for (const group of log.groups) {
      expect(JSON.parse(group.text.slice(0, group.text.indexOf('\n'))).cause).toBe(0)
      expect(group.count).toBeLessThan(80)
    }
  })

  it('are written at once when nothing else is to be done', async () => {
    const { host, scheduler, log } = rig({ clock: jumpingClock(START) })
    host.start()
    await scheduler.settle()
    const before = log.groups.length
    host.push(bar(0))
    await scheduler.settle()
    expect(log.groups.length).toBe(before + 1)
  })

  it('hold the same events at any size and at any speed: the bytes of a simulated run do not depend on the wall clock', async () => {
    const sources = () => [new BarSource(300)]
    const { text } = await runToEnd({ sources: sources() })
    expect(text.split('\n').length).toBeGreaterThan(500)
    expect(text).toContain('"type":"TimerFired"')
    expect((await runToEnd({ sources: sources(), groupEvents: 1 })).text).toBe(text)
    expect((await runToEnd({ sources: sources(), groupEvents: 4096, groupMs: 1000 })).text).toBe(text)
    // A clock that goes on also fires what is due after the last bar.
    expect((await runToEnd({ sources: sources() }, 3600)).text.startsWith(text)).toBe(true)
    expect((await runToEnd({ sources: sources() }, 1_000_000)).text.startsWith(text)).toBe(true)
  })
})

describe('time', () => {
  it('of a timer is when the clock says so; a clock that steps back is an event', async () => {
    let now = START
    const { host, scheduler, committed, problems } = rig({ clock: machineClock({ now: () => now }) })
    host.start()
    for (let i = 0; i < 5; i++) host.push({ ...bar(i), ts: now })
    await scheduler.settle()
    expect(host.pendingTimers).toBeGreaterThan(0)
    expect(committed.some((event) => event.type === 'TimerFired')).toBe(false)
    now += 30_007
    await scheduler.advance(30_007)
    const fired = committed.filter((event) => event.type === 'TimerFired' && event.data.agent === 'test/counter')
    expect(fired).toMatchObject([{ ts: START + 30_007, data: { timer: 'c-5', dueAt: START + 30_000 } }])
    now -= 5000
    host.push(bar(6))
    await scheduler.settle()
    const stepped = committed.find((event) => event.type === 'ClockStepped')
    expect(stepped).toMatchObject({ ts: START + 30_007, data: { backMs: 5000 } })
    expect(problems).toMatchObject([{ code: 'clock-stepped', isFatal: false }])
    host.push(bar(7))
    await scheduler.settle()
    expect(committed.filter((event) => event.type === 'ClockStepped').length).toBe(1)
  })

  it('never runs backwards in the log', async () => {
    const { log } = await runToEnd({ sources: [new BarSource(120)] })
    const times = log.events.map((event) => event.ts)
    expect(times).toEqual([...times].sort((a, b) => a - b))
  })

  it('of an idle simulation stands still, and the host says once that it is idle', async () => {
    let idle = 0
    const { host, scheduler, clock } = rig({ sources: [new BarSource(3)], onIdle: () => idle++ })
    host.start()
    await scheduler.advance(60_000)
    expect(clock.now()).toBe(START + 60_000)
    expect(idle).toBe(1)
  })
})

describe('a log that cannot be written', () => {
  it('stops inputs and effects while it is slow, then goes on and says so before anything else', async () => {
    const source = new BarSource(1000)
    const { host, scheduler, log, committed, problems } = rig({ sources: [source], stallMs: 2000 })
    log.hold = true
    host.start()
    await scheduler.advance(1999)
    expect(host.state).toBe('running')
    await scheduler.advance(2)
    expect(host.state).toBe('stalled')
    expect(problems).toMatchObject([{ code: 'log-stalled', isFatal: false }])
    const { seq } = host.dispatcher
    expect(host.push(bar(0))).toBe('taken')
    await scheduler.advance(5000)
    expect(host.dispatcher.seq).toBe(seq)
    expect(committed).toEqual([])
    log.release()
    await scheduler.advance(100)
    expect(host.state).toBe('running')
    expect(committed.find((event) => event.seq === seq + 1)).toMatchObject({
      type: 'LogStalled',
      data: { stalledMs: 7001, code: 'LOG_STALLED' },
    })
    expect(source.peek()).toBeUndefined()
    expect(log.events.map((event) => event.seq)).toEqual(log.events.map((_, i) => i + 1))
  })

  it('is tried again after a failure until it takes the very same group: nothing is lost, no effect ran before', async () => {
    const { host, scheduler, log, committed, problems } = rig({ sources: [new BarSource(500)] })
    log.failures = 4
    host.start()
    await scheduler.settle()
    expect(host.state).toBe('stalled')
    expect(committed).toEqual([])
    await scheduler.advance(5000)
    expect(problems).toMatchObject([{ code: 'log-stalled' }])
    expect(log.events.map((event) => event.seq)).toEqual(log.events.map((_, i) => i + 1))
    expect(committed).toEqual(log.events)
    expect(log.events.filter((event) => event.type === 'LogStalled').length).toBe(1)
  })

  it('for good halts the host, and no effect ever runs', async () => {
    const { host, scheduler, log, committed, problems } = rig({ sources: [new BarSource(500)] })
    log.isFatal = true
    host.start()
    await scheduler.advance(60_000)
    expect(host.state).toBe('halted')
    expect(problems).toMatchObject([{ code: 'log-failed', isFatal: true }])
    expect(committed).toEqual([])
    expect(log.calls).toBe(1)
    const stopping = host.stop()
    await scheduler.settle()
    expect(await stopping).toBe(false)
  })
})

describe('inputs', () => {
  it('that overflow the queue halt the host: what came before is durable, the refused one was never taken', async () => {
    let rooms = 0
    const { host, scheduler, log, problems } = rig({ queueCapacity: 8, silent: true, onRoom: () => rooms++ })
    log.hold = true
    const answers = Array.from({ length: 9 }, (_, i) => host.push(bar(i)))
    expect(answers.slice(5)).toEqual(['wait', 'wait', 'wait', 'refused'])
    expect(problems).toMatchObject([{ code: 'queue-overflow', isFatal: true }])
    expect(host.state).toBe('halted')
    await scheduler.settle()
    expect(rooms).toBe(0)
  })

  it('may be sent again once there is room', async () => {
    let rooms = 0
    const { host, scheduler, committed } = rig({ queueCapacity: 8, silent: true, onRoom: () => rooms++ })
    for (let i = 0; i < 7; i++) host.push(bar(i))
    host.start()
    await scheduler.settle()
    expect(rooms).toBe(1)
    expect(committed.length).toBe(7)
  })

  it('that the catalogue refuses halt the host and leave no gap', async () => {
    const { host, scheduler, log, problems } = rig({})
    host.start()
    host.push(bar(0))
    host.push({ ...bar(2), data: { instrument: 'a.b.C', interval: '1m', close: Number.NaN } })
    host.push(bar(3))
    await scheduler.settle()
    expect(problems).toMatchObject([{ code: 'step-threw', isFatal: true }])
    expect(log.events.at(-1)?.seq).toBe(host.dispatcher.seq)
    expect(log.events.filter((event) => event.type === 'BarClosed').length).toBe(1)
  })

  it('taken before a stop are durable after it, the last one last', async () => {
    const { host, scheduler, log } = rig({ sources: [new BarSource(50)] })
    host.start()
    await scheduler.settle()
    log.hold = true
    host.push(bar(60))
    await scheduler.settle()
    const stopping = host.stop([
      { type: 'ProcessStopped', by: 'cli/run', data: { reason: 'signal', detail: 'SIGTERM' } },
    ])
    await scheduler.settle()
    log.release()
    await scheduler.settle()
    expect(await stopping).toBe(true)
    expect(log.events.at(-1)).toMatchObject({ type: 'ProcessStopped', cause: 0 })
    expect(log.events.length).toBe(host.dispatcher.seq)
    expect(host.state).toBe('stopped')
  })

  it('are timed from arrival to commit', async () => {
    const { host, scheduler, log } = rig({})
    host.start()
    await scheduler.settle()
    host.timings.input.clear()
    log.hold = true
    host.push(bar(0))
    await scheduler.advance(7)
    log.release()
    await scheduler.settle()
    expect(host.timings.input.count).toBe(1)
    expect(host.timings.input.quantileMs(0.5)).toBe(7)
  })
})

describe('snapshots', () => {
  it('are taken one agent at a time, each at the end of a durable group', async () => {
    const saved: (AgentSnapshot & { durable: number })[] = []
    const at: { log?: MemoryLog } = {}
    const save = async (snapshot: AgentSnapshot): Promise<void> => {
      saved.push({ ...snapshot, durable: at.log?.groups.at(-1)?.lastSeq ?? 0 })
    }
    const { host, scheduler, log } = rig({
      sources: [new BarSource(2000)],
      snapshots: { port: { save }, everyEvents: 600 },
    })
    at.log = log
    host.start()
    await scheduler.advance(1000)
    expect(saved.length).toBeGreaterThan(18)
    expect(new Set(saved.map((each) => each.commit.lastSeq)).size).toBe(saved.length)
    expect(saved.slice(0, 6).map((each) => each.agent)).toEqual([
      'test/counter',
      'test/orders',
      'test/venue',
      'test/fragile',
      'source/test',
      'engine/timers',
    ])
    for (const each of saved) expect(each.durable).toBeGreaterThanOrEqual(each.commit.lastSeq)
    const bars = saved.filter((each) => each.agent === 'test/counter').map((each) => JSON.parse(each.state).bars)
    const logged = saved
      .filter((each) => each.agent === 'test/counter')
      .map((each) => log.events.filter((e) => e.type === 'BarClosed' && e.seq <= each.commit.lastSeq).length)
    expect(bars).toEqual(logged)
  })
})
