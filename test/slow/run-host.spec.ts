/** One trading process in this very process: a feed that breaks, an observer that throws, a log that fails. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AgentWork } from '#actors/agent.port'
import type { Feed } from '#actors/feed.port'
import { type TradingProblem, TradingProcess } from '#actors/host'
import { machineScheduler } from '#actors/machine-scheduler'
import { openRun } from '#cli/open-run'
import { simConfig, simRun } from '#cli/sim-run'
import { configSchema } from '#core/config/schema'
import type { AnyEvent } from '#events/catalogue'
import type { LogFiles } from '#events/log/log-files.port'
import { diskFiles } from '#events/log/log-files.port'
import { verifyLog } from '#events/log/verify'

let home: string
let trading: TradingProcess | undefined
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'quantbot-host-'))
  trading = undefined
})
afterEach(async () => {
  await trading?.stop('finished', 'test').catch(() => undefined) // a log that fails is part of a test
  rmSync(home, { recursive: true, force: true })
})

interface Rig {
  readonly process: TradingProcess
  readonly dir: string
  readonly problems: TradingProblem[]
  readonly events: AnyEvent[]
  /** Fulfilled with the first durable event that passes. */
  readonly seen: (test: (event: AnyEvent) => boolean) => Promise<AnyEvent>
}

function rig(options: { readonly feed?: (feed: Feed) => Feed; readonly files?: LogFiles } = {}): Rig {
  const config = simConfig(configSchema.parse({ sim: { symbols: 2, historyDays: 130 }, log: { stallMs: 200 } }))
  const sim = simRun({ config, scheduler: machineScheduler, speed: 360_000 })
  const [feed] = sim.feeds
  const opened = openRun({ home, id: 'a', mode: 'sim', config, deciders: sim.deciders, createdAt: 1 })
  const problems: TradingProblem[] = []
  const events: AnyEvent[] = []
  const waiting = new Set<() => void>()
  trading = new TradingProcess({
    ...sim,
    feeds: [options.feed?.(feed!) ?? feed!],
    runId: 'a',
    runDir: opened.dir,
    process: { mode: 'sim', codeVersion: '0', node: '0' },
    pid: 1,
    config,
    log: { signer: opened.signer, ...(options.files ? { files: options.files } : {}) },
    scheduler: machineScheduler,
    restarts: { firstMs: 5, factor: 1, capMs: 5, jitter: 0, budget: 2, windowMs: 60_000 },
    onProblem: (problem) => problems.push(problem),
  })
  sim.watch(trading.host.dispatcher)
  trading.observe((committed) => {
    events.push(...committed.events)
    for (const look of waiting) look()
  })
  const seen = (test: (event: AnyEvent) => boolean): Promise<AnyEvent> =>
    new Promise((resolve) => {
      const look = (): void => {
        const found = events.find(test)
        if (found === undefined) return
        waiting.delete(look)
        resolve(found)
      }
      waiting.add(look)
      look()
    })
  return { process: trading, dir: opened.dir, problems, events, seen }
}

/** The same feed, whose work breaks when told to. */
function breakable(feed: Feed): { readonly feed: Feed; breakIt: () => void; isBroken: boolean } {
  let fail: (error: Error) => void = () => undefined
  const handle = {
    isBroken: false,
    breakIt: () => fail(new Error('socket closed')),
    feed: new Proxy(feed, {
      get: (target, key) => {
        if (key === 'start')
          return () => (handle.isBroken ? Promise.reject(new Error('no connection')) : Promise.resolve())
        if (key === 'run')
          return (work: AgentWork) =>
            Promise.race([
              target.run(work),
              new Promise<void>((_, reject) => {
                fail = reject
              }),
            ])
        const value: unknown = Reflect.get(target, key)
        return typeof value === 'function' ? value.bind(target) : value
      },
    }),
  }
  return handle
}

describe('a feed that breaks', () => {
  it('is restored, and trading goes on', async () => {
    let handle: ReturnType<typeof breakable> | undefined
    const { process, seen, events } = rig({
      feed: (feed) => {
        handle = breakable(feed)
        return handle.feed
      },
    })
    await process.start()
    await seen(({ type }) => type === 'OrderFilled')
    handle!.breakIt()
    const restored = await seen(({ type }) => type === 'FeedRestored')
    await seen(({ type, seq }) => type === 'InstantClosed' && seq > restored.seq)
    expect(events.some(({ type }) => type === 'TradingHalted')).toBe(false)
    expect(process.status().agents[0]).toMatchObject({ name: 'connector/sim', state: 'running', restarts: 1 })
  })

  it('past its budget halts trading, while risk still obeys the operator', async () => {
    let handle: ReturnType<typeof breakable> | undefined
    const { process, seen } = rig({
      feed: (feed) => {
        handle = breakable(feed)
        return handle.feed
      },
    })
    await process.start()
    await seen(({ type }) => type === 'OrderFilled')
    handle!.isBroken = true
    handle!.breakIt()
    const halted = await seen(({ type }) => type === 'TradingHalted')
    expect(halted.data).toMatchObject({ reason: 'feed-lost', detail: 'connector/sim' })
    const states = new Map(process.status().agents.map(({ name, state }) => [name, state]))
    expect(states.get('connector/sim')).toBe('faulted')
    expect(states.get('signal/tsmom')).toBe('degraded')
    expect(states.get('risk/engine')).toBe('running')
    const outcome = await process.command('flatten', 'no feed')
    expect(outcome.orders.length).toBeGreaterThan(0)
  })
})

describe('what goes wrong outside', () => {
  it('in an observer harms nobody else', async () => {
    const { process, seen, problems } = rig()
    process.observe(() => {
      throw new Error('display gone')
    })
    await process.start()
    await seen(({ type }) => type === 'OrderFilled')
    expect(problems).toEqual([{ code: 'observer-threw', detail: 'Error: display gone', isFatal: false }])
  })

  it('in the log halts trading, is shown, and is in the log once it can be written', async () => {
    let isFull = false
    const files: LogFiles = {
      ...diskFiles,
      writev: (fd, buffers, position) =>
        isFull ? Promise.reject(new Error('ENOSPC')) : diskFiles.writev(fd, buffers, position),
    }
    const { process, seen, problems, dir } = rig({ files })
    await process.start()
    await seen(({ type }) => type === 'OrderFilled')
    isFull = true
    while (process.state !== 'stalled') await new Promise((resolve) => setImmediate(resolve))
    expect(process.status()).toMatchObject({ state: 'stalled' })
    expect(problems[0]).toMatchObject({ code: 'log-stalled', isFatal: false })
    isFull = false
    const halted = await seen(({ type }) => type === 'TradingHalted')
    expect(halted.data).toMatchObject({ reason: 'log-stalled' })
    expect(process.state).toBe('running')
    await process.stop('finished', 'test')
    expect(await verifyLog(dir)).toMatchObject({ ok: true })
  })

  it('or asks for a stop, and asks twice, ends it once and in good order', async () => {
    const { process, seen, dir, events } = rig()
    await process.start()
    await seen(({ type }) => type === 'SignalChanged')
    await Promise.all([process.stop('signal', 'SIGTERM'), process.stop('signal', 'SIGINT')])
    expect(process.state).toBe('stopped')
    expect(events.at(-1)).toMatchObject({ type: 'ProcessStopped', data: { detail: 'SIGTERM' } })
    await expect(process.command('halt', 'late')).rejects.toMatchObject({ code: 'CONTROL_REFUSED' })
    expect(await verifyLog(dir)).toMatchObject({ ok: true })
  })
})
