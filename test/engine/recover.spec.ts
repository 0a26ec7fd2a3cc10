import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { refoldUntil, restoredState } from '#actors/refold-log'
import type { Decider } from '#core/decider'
import { isQuantbotError } from '#core/errors'
import { bar } from './live-rig.js'
import {
  asText,
  endSession,
  eventsOf,
  feed,
  linesOf,
  makeHome,
  openSession,
  redecide,
  runSession,
  type SessionOptions,
  until,
} from './run-rig.js'
import { counter, fragile, orders, smallAgents, venue } from './small-agents.js'

const home = makeHome()
const { signer } = home
afterAll(() => home.remove())

const segment = (runDir: string): string => join(runDir, 'log', '00000001.ndjson')
const sound = [counter, orders, venue] as unknown as readonly Decider<unknown>[] // as the registry holds them
const options = (bars: number, more: Partial<SessionOptions> = {}): SessionOptions => ({ signer, bars, ...more })

async function finishedRun(bars: number, more: Partial<SessionOptions> = {}): Promise<string> {
  const runDir = home.newRun()
  const session = await runSession(runDir, options(bars, more))
  expect(session.problems).toEqual([])
  await endSession(session)
  return runDir
}

const thrownCode = (fn: () => unknown): string => {
  try {
    fn()
  } catch (error) {
    return isQuantbotError(error) ? error.code : String(error)
  }
  return 'nothing'
}

describe('a run that is opened again', () => {
  it('has the states that it had at any seq, from snapshots and from the start alike', async () => {
    const runDir = await finishedRun(300)
    const bare = home.copyOf(runDir)
    rmSync(join(bare, 'snapshots'), { recursive: true })
    const events = eventsOf(runDir)
    const { lines, states } = redecide(events)
    expect(lines).toEqual(linesOf(runDir))
    expect(events.length).toBeGreaterThan(800)
    // How many more were taken on the way depends on how long the groups were; at the end each agent gets one.
    expect(readdirSync(join(runDir, 'snapshots')).length).toBeGreaterThanOrEqual(smallAgents.length)
    const refold = { deciders: smallAgents, runSeed: 3 }
    for (const [seq, expected] of states) {
      if (seq % 7 !== 0 && seq < events.length - 20) continue
      expect(asText(refoldUntil({ ...refold, runDir }, seq))).toEqual(expected)
      if (seq % 3 === 0) expect(asText(refoldUntil({ ...refold, runDir: bare }, seq))).toEqual(expected)
    }
    expect(thrownCode(() => refoldUntil({ ...refold, runDir }, events.length + 1))).toBe('SEQ_OUT_OF_RANGE')
  })

  it('goes on as if it had never stopped, wherever the log was cut', async () => {
    const runDir = await finishedRun(160)
    const bytes = readFileSync(segment(runDir))
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: bytes.length }), fc.boolean(), async (length, keep) => {
        const cut = home.copyOf(runDir)
        truncateSync(segment(cut), length)
        if (!keep) rmSync(join(cut, 'snapshots'), { recursive: true, force: true })
        const before = linesOf(cut)
        const session = await runSession(cut, options(220))
        const { recovered, problems } = session
        expect(problems).toEqual([])
        expect(recovered.resume.seq).toBe(before.length)
        const tornBytes = recovered.recovery.torn.reduce((sum, torn) => sum + torn.bytes, 0)
        await endSession(session)
        const lines = linesOf(cut)
        expect(lines.slice(0, before.length)).toEqual(before)
        const again = redecide(eventsOf(cut))
        expect(lines).toEqual(again.lines)
        expect(JSON.parse(lines[before.length]!)).toMatchObject({
          type: 'ProcessStarted',
          data: { resumedAt: before.length, tornBytes },
        })
        const bars = eventsOf(cut).filter((event) => event.type === 'BarClosed')
        expect(bars.map((event) => event.data)).toEqual(Array.from({ length: 220 }, (_, i) => bar(i).data))
        const last = again.states.get(lines.length)
        expect(asText(refoldUntil({ runDir: cut, deciders: smallAgents, runSeed: 3 }, lines.length))).toEqual(last)
        rmSync(cut, { recursive: true })
      }),
      { numRuns: 12 },
    )
  })

  it('keeps its pending timers, and forgets those that fired', async () => {
    const runDir = home.newRun()
    const first = await runSession(runDir, options(41, { deciders: sound }))
    const pending = first.host.pendingTimers
    expect(pending).toBeGreaterThan(0)
    await endSession(first)
    const second = openSession(runDir, options(400, { deciders: sound }))
    expect(second.recovered.resume.timers.pending.length).toBe(pending)
    expect(second.recovered.refolded).toBe(0)
    expect(second.source.taken).toBe(41)
    await second.recovered.writer.close({ seal: false })
    rmSync(join(runDir, 'snapshots'), { recursive: true })
    const third = await runSession(runDir, options(400, { deciders: sound }))
    await endSession(third)
    const events = eventsOf(runDir)
    const requested = events.filter((event) => event.type === 'TimerRequested').map((event) => event.data.timer)
    const fired = events.filter((event) => event.type === 'TimerFired').map((event) => event.data.timer)
    expect(new Set(fired).size).toBe(fired.length)
    expect(requested.length - fired.length).toBe(third.host.pendingTimers)
    const filled = events.filter((event) => event.type === 'OrderFilled').map((event) => event.data.order)
    const submitted = events.filter((event) => event.type === 'OrderSubmitted').map((event) => event.data.order)
    expect(submitted).toEqual(expect.arrayContaining(filled))
  })

  it('reads no more than what follows the oldest snapshot in use', async () => {
    const runDir = await finishedRun(800, { log: { segmentBytes: 20_000 } })
    const segments = readdirSync(join(runDir, 'log')).filter((name) => name.endsWith('.gz'))
    expect(segments.length).toBeGreaterThan(5)
    // Whoever reads the first segment meets an unreadable file.
    writeFileSync(join(runDir, 'log', segments.sort()[0]!), 'no gzip')
    const session = openSession(runDir, options(820))
    expect(session.recovered.refolded).toBe(0)
    expect(session.recovered.unprovedSeq).toBe(session.recovered.resume.seq)
    await session.recovered.writer.close({ seal: false })
  })

  it('is warmed by history before its first event, and only agents without a snapshot need it again', async () => {
    const history = () => Array.from({ length: 10 }, (_, i) => ({ ...bar(i), ts: 1 }))
    const runDir = home.newRun()
    let asked = 0
    const counted = () => {
      asked++
      return history()
    }
    const session = await runSession(runDir, options(20, { history: counted, deciders: sound }))
    expect(session.host.dispatcher.stateOf<{ bars: number }>('test/counter').bars).toBe(30)
    await endSession(session)
    expect(asked).toBe(1)
    const again = openSession(runDir, options(20, { history: counted, deciders: sound }))
    await again.recovered.writer.close({ seal: false })
    expect(asked).toBe(1)
    rmSync(join(runDir, 'snapshots'), { recursive: true })
    const bare = openSession(runDir, options(20, { history: counted, deciders: sound }))
    expect(bare.host.dispatcher.stateOf<{ bars: number }>('test/counter').bars).toBe(30)
    await bare.recovered.writer.close({ seal: false })
    expect(asked).toBe(2)
  })

  it('belongs to one process at a time', async () => {
    const runDir = home.newRun()
    const session = openSession(runDir, options(5))
    expect(thrownCode(() => openSession(runDir, options(5)))).toBe('RUN_LOCKED')
    await session.recovered.writer.close({ seal: false })
    const next = openSession(runDir, options(5))
    await next.recovered.writer.close({ seal: false })
  })
})

describe('an agent that faults', () => {
  /** The 40th bar cannot be evolved on, the 90th not decided on. */
  const closes = new Map([
    [40, 666],
    [90, 777],
  ])

  it('is brought back while the run goes on, without the event that it throws on twice', async () => {
    const runDir = home.newRun()
    const session = await runSession(runDir, options(0, { everyEvents: 1_000_000 }))
    const restorations = () => session.committed.filter((event) => event.type === 'AgentRestored').length
    await feed(session, 0, 60, closes)
    await until(() => restorations() === 1)
    await feed(session, 60, 130, closes)
    await until(() => restorations() === 2)
    await feed(session, 130, 200, closes)
    await endSession(session)
    expect(session.problems).toEqual([])
    const events = eventsOf(runDir)
    const bad = events.find((event) => event.type === 'BarClosed' && event.data.close === 666)!
    const faults = events.filter((event) => event.type === 'AgentFaulted')
    expect(faults).toMatchObject([
      { cause: bad.seq, data: { agent: 'test/fragile', code: 'RangeError', phase: 'evolve' } },
      { data: { phase: 'decide' } },
    ])
    const restored = events.filter((event) => event.type === 'AgentRestored')
    // Without a snapshot in between, the second refold meets the bad event again; its decision is never asked for.
    expect(restored.map((event) => event.data.quarantined)).toEqual([[bad.seq], [bad.seq]])
    const after = events.filter((event) => event.by === 'test/fragile' && event.seq > restored[1]!.seq)
    expect(after.length).toBeGreaterThan(0)
    const state = session.host.dispatcher.stateOf<{ sum: number; seen: number }>('test/fragile')
    const seen = events.filter(
      (event) => (event.type === 'BarClosed' || event.type === 'CancelRequested') && event.seq !== bad.seq,
    )
    expect(state.seen).toBe(seen.length)
    const lines = redecide(events, smallAgents, [], restoredState({ runDir, deciders: smallAgents, runSeed: 3 })).lines
    expect(lines).toEqual(linesOf(runDir))
    const bare = home.copyOf(runDir)
    rmSync(join(bare, 'snapshots'), { recursive: true, force: true })
    for (const dir of [runDir, bare]) {
      const states = refoldUntil({ runDir: dir, deciders: smallAgents, runSeed: 3 }, events.length)
      expect(states.get('test/fragile')).toEqual(state)
    }
  })

  it('is brought back at the next start when the process ended before, and the quarantine outlives every restart', async () => {
    const runDir = home.newRun()
    const noRestore = { refoldAgent: async () => Promise.reject(new Error('the process dies first')) }
    const first = await runSession(runDir, options(60, { closes, host: noRestore }))
    expect(first.problems).toMatchObject([{ code: 'restore-failed' }])
    await endSession(first)
    const bad = eventsOf(runDir).find((event) => event.type === 'BarClosed' && event.data.close === 666)!
    const second = await runSession(runDir, options(80, { closes }))
    expect(second.recovered.restored).toEqual([{ agent: 'test/fragile', quarantined: [bad.seq] }])
    await endSession(second)
    rmSync(join(runDir, 'snapshots'), { recursive: true })
    const third = await runSession(runDir, options(85, { closes }))
    expect(third.recovered.restored).toEqual([])
    expect(third.host.dispatcher.stateOf('test/fragile')).toMatchObject({ seen: expect.any(Number) })
    const live = JSON.stringify(third.host.dispatcher.stateOf('test/fragile'))
    await endSession(third)
    const events = eventsOf(runDir)
    expect(events.filter((event) => event.type === 'AgentRestored').map((event) => event.data)).toEqual([
      { agent: 'test/fragile', quarantined: [bad.seq] },
    ])
    const states = refoldUntil({ runDir, deciders: smallAgents, runSeed: 3 }, events.length)
    expect(JSON.stringify(states.get('test/fragile'))).toBe(live)
  })

  it('stays silent for the rest of the process when it is on the order path', async () => {
    const onPath = { ...fragile, onOrderPath: true }
    const deciders = [counter, orders, venue, onPath] as unknown as readonly Decider<unknown>[] // as above
    const runDir = home.newRun()
    const session = await runSession(runDir, options(120, { closes, deciders }))
    await endSession(session)
    const events = eventsOf(runDir)
    const fault = events.find((event) => event.type === 'AgentFaulted')!
    expect(events.some((event) => event.type === 'AgentRestored')).toBe(false)
    expect(events.some((event) => event.by === 'test/fragile' && event.seq > fault.seq)).toBe(false)
  })

  it('again and again is left alone after five times', async () => {
    const bad = new Map(Array.from({ length: 7 }, (_, i) => [i * 10 + 5, 777]))
    const runDir = home.newRun()
    const session = await runSession(runDir, options(0))
    const count = (type: string) => session.committed.filter((event) => event.type === type).length
    for (let i = 0; i < 7; i++) {
      await feed(session, i * 10, i * 10 + 10, bad)
      await until(() => count('AgentRestored') === Math.min(5, count('AgentFaulted')))
    }
    await endSession(session)
    expect(count('AgentFaulted')).toBe(6)
    expect(session.problems).toMatchObject([{ code: 'restore-failed', isFatal: false }])
  })
})
