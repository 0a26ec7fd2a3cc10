/** Delivery of notes: at least once, in order, whatever the sink does and whenever the process ends. The clock moves when told. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { NotificationsConfig } from '#core/config/operate-schema'
import type { AnyEvent } from '#events/catalogue'
import { SinkFailed } from '#monitoring/notify/failures'
import { createNotifier, RunNotifier } from '#monitoring/notify/notifier'
import type { NotifierOptions } from '#monitoring/notify/notify.port'
import { storedStatus } from '#monitoring/notify/stored-status'
import { ManualTime } from '../data/connectors/manual-time.js'
import { event } from '../given.js'
import {
  configOf,
  FACTS,
  headOf,
  notifyFolder,
  removeNotifyFolders,
  ScriptedSink,
  started,
  stops,
  T0,
} from './notify-rig.js'

afterAll(removeNotifyFolders)

interface Rig {
  readonly notifier: RunNotifier
  readonly sink: ScriptedSink
  readonly time: ManualTime
  readonly troubles: string[]
  readonly folder: string
}

const EACH: Partial<NotificationsConfig> = { groupSeconds: 0, maxPerHour: 100_000 }

function rig(settings: object = EACH, over: Partial<NotifierOptions> & { sink?: ScriptedSink } = {}): Rig {
  const { sink = new ScriptedSink(), ...options } = over
  const time = (options.time as ManualTime | undefined) ?? new ManualTime(T0) // the rig’s own
  const troubles: string[] = []
  const folder = options.folder ?? notifyFolder()
  const notifier = new RunNotifier(
    {
      config: configOf(settings),
      secrets: {},
      facts: FACTS,
      random: () => 0,
      onTrouble: ({ code }) => troubles.push(code),
      ...options,
      time,
      folder,
    },
    [sink],
  )
  notifier.start()
  return { notifier, sink, time, troubles, folder }
}

/** Moves the clock in steps; whatever is ready runs to its end in between. */
async function pass(time: ManualTime, ms: number): Promise<void> {
  const step = Math.max(250, ms / 2000)
  for (let passed = 0; passed < ms; passed += step) {
    await time.advance(Math.min(step, ms - passed))
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const take = ({ notifier }: Rig, events: readonly AnyEvent[]): void => notifier.take(events, headOf(events))
const seqsOf = (sink: ScriptedSink): number[] => sink.taken.map(({ firstSeq }) => firstSeq)
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i)
const down = (): SinkFailed => new SinkFailed('unreachable')

describe('a sink that is well', () => {
  it('gets every note once, in order, within a moment, and the position moves', async () => {
    const one = rig()
    take(one, [started(1, T0), ...stops(5, { seq: 2, ts: T0 })])
    await pass(one.time, 1000)
    expect(seqsOf(one.sink)).toEqual(range(1, 6))
    expect(one.notifier.status()).toMatchObject({
      position: 6,
      sinks: [{ sink: 'email', queued: 0, delivered: 6, failures: 0, isFailing: false }],
    })
    take(one, stops(5, { seq: 2, ts: T0 }))
    await pass(one.time, 60_000)
    expect(one.sink.taken).toHaveLength(6)
    await one.notifier.stop()
  })

  it('gets a group as one', async () => {
    const one = rig({ groupSeconds: 30 })
    take(one, stops(200, { seq: 1, ts: T0 }))
    await pass(one.time, 29_000)
    expect(one.sink.taken).toEqual([])
    await pass(one.time, 2000)
    expect(one.sink.taken).toMatchObject([{ count: 200, firstSeq: 1, lastSeq: 200 }])
    await one.notifier.stop()
  })

  it('is told of what time alone brings, in a run that is silent', async () => {
    const one = rig({ groupSeconds: 1 })
    const broken = event('FeedInterrupted', { feed: 'connector/okx', reason: 'closed' }, { seq: 2, ts: T0 })
    take(one, [started(1, T0), broken])
    await pass(one.time, 119_000)
    expect(one.sink.taken.map(({ kind }) => kind)).toEqual(['process-started'])
    await pass(one.time, 10_000)
    expect(one.sink.taken.map(({ kind }) => kind)).toEqual(['process-started', 'feed-down'])
    await one.notifier.stop()
  })
})

describe('a sink that fails', () => {
  it('is tried again ever more slowly, loses nothing, keeps the order; both ends are told once', async () => {
    const one = rig()
    one.sink.next = down
    take(one, stops(20, { seq: 1, ts: T0 }))
    await pass(one.time, 60_000)
    expect(one.sink.attempts).toBe(6) // 0, 1, 3, 7, 15, 31 s: doubled each time
    expect(one.notifier.status().sinks[0]).toMatchObject({
      queued: 20,
      isFailing: true,
      lastError: { code: 'unreachable' },
    })
    one.sink.next = () => undefined
    await pass(one.time, 60_000)
    expect(seqsOf(one.sink)).toEqual(range(1, 20))
    expect(one.troubles).toEqual(['unreachable', 'recovered'])
    await one.notifier.stop()
  })

  it('waits as long as the server asks for', async () => {
    const one = rig()
    one.sink.next = () => (one.sink.attempts === 1 ? new SinkFailed('rate-limited', 429, 40_000) : undefined)
    take(one, stops(1, { seq: 1, ts: T0 }))
    await pass(one.time, 39_000)
    expect(one.sink.attempts).toBe(1)
    await pass(one.time, 2000)
    expect(one.sink.taken).toHaveLength(1)
    await one.notifier.stop()
  })

  it('and never answers is given a minute, then tried again', async () => {
    const one = rig()
    one.sink.next = () => (one.sink.attempts === 1 ? 'hang' : undefined)
    take(one, stops(2, { seq: 1, ts: T0 }))
    await pass(one.time, 59_000)
    expect(one.sink.taken).toEqual([])
    await pass(one.time, 5000)
    expect(seqsOf(one.sink)).toEqual([1, 2])
    expect(one.troubles[0]).toBe('timeout')
    await one.notifier.stop()
  })

  it('for good keeps its letters for whoever mends it; one letter that it will never take is given up and counted', async () => {
    const gone = rig()
    gone.sink.next = () => new SinkFailed('webhook-gone', 404)
    take(gone, stops(3, { seq: 1, ts: T0 }))
    await pass(gone.time, 24 * 3_600_000)
    expect(gone.notifier.status().sinks[0]).toMatchObject({ queued: 3, givenUp: 0, lastError: { status: 404 } })
    expect(gone.sink.attempts).toBeLessThan(110)
    await gone.notifier.stop()

    const refused = rig()
    refused.sink.next = ({ firstSeq }) => (firstSeq === 2 ? new SinkFailed('message-refused', 554) : undefined)
    take(refused, stops(3, { seq: 1, ts: T0 }))
    await pass(refused.time, 1000)
    expect(seqsOf(refused.sink)).toEqual([1, 3])
    expect(refused.notifier.status().sinks[0]).toMatchObject({ queued: 0, givenUp: 1 })
    expect(refused.troubles).toEqual(['message-refused', 'recovered'])
    await refused.notifier.stop()
  })

  it('does not hold another one up', async () => {
    const time = new ManualTime(T0)
    const [dead, well] = [new ScriptedSink('email'), new ScriptedSink('slack')]
    dead.next = () => 'hang'
    const config = configOf({ ...EACH, slack: { webhook: 'env:HOOK' } })
    const options = { config, secrets: {}, facts: FACTS, time, folder: notifyFolder() }
    const notifier = new RunNotifier(options, [dead, well])
    notifier.start()
    const events = stops(50, { seq: 1, ts: T0 })
    notifier.take(events, headOf(events))
    await pass(time, 1000)
    expect(seqsOf(well)).toEqual(range(1, 50))
    const stopped = notifier.stop()
    await pass(time, 6000)
    await stopped
    expect(dead.taken).toEqual([])
  })

  it('for days gets one letter for the older half, and is told how many', async () => {
    const one = rig()
    one.sink.next = down
    take(one, stops(1900, { seq: 1, ts: T0 }))
    await pass(one.time, 10_000)
    take(one, stops(300, { seq: 1901, ts: T0 }))
    await pass(one.time, 10_000)
    expect(one.notifier.status().sinks[0]?.queued).toBeLessThanOrEqual(1200)
    expect(one.troubles).toContain('collapsed')
    one.sink.next = () => undefined
    await pass(one.time, 600_000)
    const sum = one.sink.taken.reduce((total, { count }) => total + count, 0)
    expect(sum).toBe(2200)
    expect(one.sink.taken.filter(({ kind }) => kind === 'collapsed')).toHaveLength(1)
    expect(seqsOf(one.sink)).toEqual([...seqsOf(one.sink)].sort((a, b) => a - b))
    await one.notifier.stop()
  })
})

describe('1,000 notifications at once, the sink down for a minute in between', () => {
  it('all arrive, in order, none twice', async () => {
    const one = rig()
    const until = T0 + 60_000
    one.sink.next = () => (one.sink.taken.length >= 300 && one.time.now() < until ? down() : undefined)
    take(one, stops(1000, { seq: 1, ts: T0 }))
    await pass(one.time, 59_000)
    expect(one.sink.taken).toHaveLength(300)
    await pass(one.time, 120_000)
    expect(seqsOf(one.sink)).toEqual(range(1, 1000))
    expect(new Set(one.sink.taken.map(({ id }) => id)).size).toBe(1000)
    await one.notifier.stop()
  })

  it('in groups: every one is counted once', async () => {
    const one = rig({ groupSeconds: 30, maxPerHour: 30 })
    const until = T0 + 90_000
    one.sink.next = () => (one.time.now() < until ? down() : undefined)
    take(one, stops(1000, { seq: 1, ts: T0 }))
    await pass(one.time, 600_000)
    expect(one.sink.taken.reduce((total, { count }) => total + count, 0)).toBe(1000)
    expect(one.sink.taken).toHaveLength(1)
    await one.notifier.stop()
  })
})

describe('behind a restart', () => {
  /** Ends as a kill does: the files stay as they are, nothing more is called. */
  const killed = ({ folder, time }: Rig, settings: object = EACH, sink = new ScriptedSink()): Rig =>
    rig(settings, { folder, time: new ManualTime(time.now()), sink })
  const run = [started(1, T0), ...stops(30, { seq: 2, ts: T0 }, 100)]

  it('what was not written is made again from the log', async () => {
    const first = rig()
    first.sink.next = down
    take(first, run.slice(0, 10))
    await pass(first.time, 1000)
    take(first, run.slice(10, 20)) // killed before these are in the spool
    const second = killed(first)
    expect(second.notifier.status()).toMatchObject({ position: 10 })
    take(second, run)
    await pass(second.time, 1000)
    expect(seqsOf(second.sink)).toEqual(range(1, 31))
    await second.notifier.stop()
  })

  it('an open group goes on', async () => {
    const settings = { groupSeconds: 30 }
    const first = rig(settings)
    take(first, run.slice(1, 11))
    await pass(first.time, 8000)
    const second = killed(first, settings)
    take(second, run)
    await pass(second.time, 30_000)
    expect(second.sink.taken.map(({ count, firstSeq, lastSeq }) => [count, firstSeq, lastSeq])).toEqual([[30, 2, 31]])
    await second.notifier.stop()
  })

  it('letters that stand behind the position, and half a line, are made again, not sent twice', async () => {
    const first = rig()
    first.sink.next = down
    take(first, run.slice(0, 5))
    await pass(first.time, 1000)
    const spool = join(first.folder, 'email.ndjson')
    const letter = { ...JSON.parse(readFileSync(spool, 'utf8').split('\n')[4]!), n: 6, id: 'orphan' } as object // our own line
    appendFileSync(spool, `${JSON.stringify(letter)}\n{"n":7,"id":"to`)
    const second = killed(first)
    take(second, run)
    await pass(second.time, 1000)
    expect(seqsOf(second.sink)).toEqual(range(1, 31))
    expect(second.sink.taken.map(({ id }) => id)).not.toContain('orphan')
    await second.notifier.stop()
  })

  it('a letter whose delivery was not written down comes again under the same id, and nothing else does', async () => {
    const first = rig()
    take(first, run.slice(0, 5))
    await pass(first.time, 1000)
    const spool = join(first.folder, 'email.ndjson')
    const lines = readFileSync(spool, 'utf8').trimEnd().split('\n')
    writeFileSync(spool, `${lines.slice(0, -1).join('\n')}\n`) // the last record of a delivery is lost
    const second = killed(first)
    take(second, run)
    await pass(second.time, 1000)
    expect(second.sink.taken[0]?.id).toBe(first.sink.taken.at(-1)?.id)
    expect(seqsOf(second.sink)).toEqual([5, ...range(6, 31)])
    await second.notifier.stop()
  })

  it('a position that cannot be read is set aside, and letters that wait are sent all the same', async () => {
    const first = rig()
    first.sink.next = down
    take(first, run.slice(0, 5))
    await pass(first.time, 1000)
    writeFileSync(join(first.folder, 'position.json'), '{"v":1,')
    const second = rig(EACH, { folder: first.folder, time: new ManualTime(T0), after: 5 })
    take(second, run)
    await pass(second.time, 1000)
    expect(second.troubles).toEqual(['spool-unusable'])
    expect(existsSync(join(first.folder, 'position.json.unreadable'))).toBe(true)
    expect(seqsOf(second.sink)).toEqual(range(1, 31))
    await second.notifier.stop()
  })

  it('without a position, what is history is folded and not told', async () => {
    const one = rig(EACH, { after: 20 })
    take(one, run)
    await pass(one.time, 1000)
    expect(seqsOf(one.sink)).toEqual(range(21, 31))
    await one.notifier.stop()
  })

  it('status tells what waits, without a process', async () => {
    const one = rig()
    one.sink.next = down
    take(one, run)
    await pass(one.time, 20_000)
    expect(storedStatus(one.folder)).toMatchObject({
      position: 31,
      sinks: [{ sink: 'email', queued: 31, isFailing: true, lastError: { code: 'unreachable' } }],
    })
    await one.notifier.stop()
  })
})

describe('an end', () => {
  it('sends what is open, and waits for a dead sink no longer than five seconds', async () => {
    const well = rig({ groupSeconds: 3600 })
    take(well, stops(3, { seq: 1, ts: T0 }))
    await well.notifier.stop()
    expect(well.sink.taken).toMatchObject([{ count: 3 }])
    expect(well.time.pending).toBe(0)

    const dead = rig()
    dead.sink.next = () => 'hang'
    take(dead, stops(3, { seq: 1, ts: T0 }))
    let ended = false
    const stopped = dead.notifier.stop().then(() => {
      ended = true
    })
    await pass(dead.time, 4000)
    expect(ended).toBe(false)
    await pass(dead.time, 2000)
    await stopped
    const next = rig(EACH, { folder: dead.folder, time: new ManualTime(T0) })
    await pass(next.time, 1000)
    expect(seqsOf(next.sink)).toEqual([1, 2, 3])
    await next.notifier.stop()
  })
})

describe('a folder that cannot be written', () => {
  it('is told once, what is told meanwhile goes out all the same, and it is written when that is possible again', async () => {
    const one = rig()
    take(one, [started(1, T0)])
    await pass(one.time, 1000)
    const blocked = join(one.folder, 'position.json.tmp')
    mkdirSync(blocked)
    take(one, stops(3, { seq: 2, ts: T0 }))
    await pass(one.time, 20_000)
    expect(seqsOf(one.sink)).toEqual(range(1, 4))
    expect(one.troubles).toEqual(['spool-unusable'])
    expect(one.notifier.status().position).toBe(1)
    rmdirSync(blocked)
    await pass(one.time, 10_000)
    expect(one.notifier.status().position).toBe(4)
    await one.notifier.stop()
  })
})

describe('a mode that is not told of', () => {
  it('makes no folder and tells nobody', async () => {
    const folder = notifyFolder()
    const facts = { ...FACTS, mode: 'sim' as const }
    const notifier = createNotifier({ config: configOf(), secrets: {}, facts, time: new ManualTime(T0), folder })
    notifier.start()
    notifier.take(stops(9, { seq: 1, ts: T0 }), { seq: 9, ts: T0, fault: null })
    expect(notifier.status()).toEqual({ position: 0, sinks: [] })
    await notifier.stop()
    expect(existsSync(folder)).toBe(false)
  })

  it('is told of where the configuration says so', async () => {
    const facts = { ...FACTS, mode: 'sim' as const }
    const options = { secrets: {}, facts, time: new ManualTime(T0), folder: notifyFolder() }
    const notifier = createNotifier({ ...options, config: configOf({ modes: ['sim'] }) })
    expect(notifier.status().sinks).toMatchObject([{ sink: 'email' }])
    await notifier.stop()
  })
})
