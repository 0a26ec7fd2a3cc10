/** An operator restarts agents of a trading process in this very process: what is refused, what is written, that it replays. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AnyDecider } from '#actors/catalogue'
import { TradingProcess } from '#actors/host'
import { machineScheduler } from '#actors/machine-scheduler'
import { restoredState } from '#actors/refold-log'
import { redecideLog } from '#backtest/redecide-log'
import { askRun } from '#cli/control-client'
import { serveControl } from '#cli/control-server'
import { openRun } from '#cli/open-run'
import { simConfig, simRun } from '#cli/sim-run'
import { configSchema } from '#core/config/schema'
import type { AnyEvent } from '#events/catalogue'
import { verifyLog } from '#events/log/verify'

let home: string
let trading: TradingProcess | undefined
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'quantbot-restart-'))
  trading = undefined
})
afterEach(async () => {
  await trading?.stop('finished', 'test')
  rmSync(home, { recursive: true, force: true })
})

type Wrap = (decider: AnyDecider) => AnyDecider

/** `live` and `again` stand around the deciders of the run and of its redecision. */
function rig(live: Wrap = (decider) => decider, again: Wrap = live) {
  const config = simConfig(configSchema.parse({ sim: { symbols: 2, historyDays: 130 } }))
  const sim = simRun({ config, scheduler: machineScheduler, speed: 360_000 })
  const opened = openRun({ home, id: 'a', mode: 'sim', config, deciders: sim.deciders, createdAt: 1 })
  const events: AnyEvent[] = []
  const waiting = new Set<() => void>()
  const process = new TradingProcess({
    ...sim,
    deciders: sim.deciders.map(live),
    runId: 'a',
    runDir: opened.dir,
    process: { mode: 'sim', codeVersion: '0', node: '0' },
    pid: 1,
    config,
    log: { signer: opened.signer },
    scheduler: machineScheduler,
    onProblem: () => undefined,
  })
  trading = process
  sim.watch(process.host.dispatcher)
  process.observe((committed) => {
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
  const stateOf = (name: string) => process.status().agents.find((agent) => agent.name === name)?.state
  const redecided = () => {
    const deciders = sim.deciders.map(again)
    const { history } = sim
    return redecideLog({
      runDir: opened.dir,
      deciders,
      runSeed: config.seed,
      history: history(),
      restored: restoredState({ runDir: opened.dir, deciders, runSeed: config.seed, history }),
    })
  }
  return { process, dir: opened.dir, events, seen, stateOf, redecided }
}

const movesOf = (events: readonly AnyEvent[], agent: string): string[] =>
  events.flatMap((event) =>
    event.type === 'AgentLifecycleChanged' && event.data.agent === agent
      ? [`${event.data.to}: ${event.data.reason}`]
      : [],
  )

const restartOf = (why: string): string[] =>
  ['stopping', 'stopped', 'starting', 'restoring', 'running'].map((to) => `${to}: operator: ${why}`)

describe('a signal', () => {
  it('is restarted with its state kept, within one moment, and the run replays', async () => {
    const { process, seen, events, dir, redecided } = rig()
    await process.start()
    await seen(({ type }) => type === 'SignalChanged')
    const { seq } = await process.restartAgent('signal/tsmom', 'to be sure')
    const last = await seen(({ type, seq: at }) => type === 'InstantClosed' && at > seq + 5)
    expect(movesOf(events, 'signal/tsmom').slice(-5)).toEqual(restartOf('to be sure'))
    const changes = events.filter((each) => each.type === 'AgentLifecycleChanged' && each.seq >= seq)
    expect(changes.map((each) => each.seq)).toEqual([seq, seq + 1, seq + 2, seq + 3, seq + 4])
    expect(new Set(changes.map(({ ts }) => ts)).size).toBe(1)
    await seen((event) => event.type === 'SignalChanged' && event.by === 'signal/tsmom' && event.seq > last.seq)
    await process.stop('finished', 'test')
    expect(await verifyLog(dir)).toMatchObject({ ok: true })
    expect(redecided().divergence).toBeUndefined()
  })

  it('that was given up is refolded, decides again, and the run replays', async () => {
    const bad = new Set<number>()
    let isIll = true
    /** It throws at instants that are chosen while the run goes on, and at the same ones when it is decided again. */
    const ill =
      (isBad: (ts: number) => boolean): Wrap =>
      (decider) =>
        decider.name !== 'signal/tsmom'
          ? decider
          : {
              ...decider,
              decide: (state, event, context) => {
                if (event.type === 'InstantClosed' && isBad(event.ts)) throw new Error('ill')
                return decider.decide(state, event, context)
              },
            }
    const live = ill((ts) => isIll && bad.add(ts).size > 0)
    const { process, seen, events, stateOf, redecided } = rig(
      live,
      ill((ts) => bad.has(ts)),
    )
    await process.start()
    while (events.filter(({ type }) => type === 'AgentFaulted').length < 6)
      await new Promise((resolve) => setImmediate(resolve))
    expect(stateOf('signal/tsmom')).toBe('faulted')
    isIll = false
    const { seq } = await process.restartAgent('signal/tsmom', 'mended')
    const restored = await seen((event) => event.type === 'AgentRestored' && event.seq > seq - 2)
    expect(restored.data).toMatchObject({ agent: 'signal/tsmom', quarantined: [] })
    await seen((event) => event.type === 'SignalChanged' && event.by === 'signal/tsmom' && event.seq > restored.seq)
    expect(stateOf('signal/tsmom')).toBe('running')
    expect(movesOf(events, 'signal/tsmom').slice(-3)).toEqual(restartOf('mended').slice(2))
    await process.stop('finished', 'test')
    expect(redecided().divergence).toBeUndefined()
  })
})

describe('the order path', () => {
  it('is left alone while trading goes on or an order works, and restarted once it is halted', async () => {
    const { process, seen, events, redecided } = rig()
    await process.start()
    await seen(({ type }) => type === 'OrderFilled')
    const refused = (agent: string) =>
      process.restartAgent(agent, 'x').then(
        () => undefined,
        (error: { code: string; message: string }) => `${error.code} ${error.message}`,
      )
    expect(await refused('execution/router')).toMatch(
      /CONTROL_REFUSED.*execution\/router is on the order path and (trading goes on|\d+ orders)/,
    )
    await process.command('halt', 'before a restart')
    while (process.status().openOrders > 0) await new Promise((resolve) => setImmediate(resolve))
    for (const agent of ['execution/router', 'risk/engine'] as const) {
      const { seq } = await process.restartAgent(agent, 'halted now')
      await seen((event) => event.type === 'InstantClosed' && event.seq > seq)
      expect(movesOf(events, agent).slice(-5)).toEqual(restartOf('halted now'))
    }
    const resumed = await process.command('resume', 'on')
    await seen((event) => event.type === 'OrderApproved' && event.seq > resumed.seq)
    await process.stop('finished', 'test')
    expect(redecided().divergence).toBeUndefined()
  })

  it('a feed of it stops and starts between orders; the market goes on where it was', async () => {
    const { process, seen, events, redecided, dir } = rig()
    await process.start()
    await seen(({ type }) => type === 'OrderFilled')
    await process.command('halt', 'no orders')
    while (process.status().openOrders > 0) await new Promise((resolve) => setImmediate(resolve))
    const { seq } = await process.restartAgent('connector/sim', 'again')
    const back = await seen((event) => event.type === 'FeedRestored' && event.seq > seq)
    await seen((event) => event.type === 'InstantClosed' && event.seq > back.seq)
    expect(movesOf(events, 'connector/sim').slice(-5)).toEqual(restartOf('again'))
    const bars = events.flatMap((event) => (event.type === 'BarClosed' ? [event.data] : []))
    const opens = bars.filter(({ instrument }) => instrument === bars[0]!.instrument).map(({ openTime }) => openTime)
    expect(opens.length).toBeGreaterThan(2)
    expect(new Set(opens.slice(1).map((at, i) => at - opens[i]!)).size).toBe(1)
    await process.stop('finished', 'test')
    expect(await verifyLog(dir)).toMatchObject({ ok: true })
    expect(redecided().divergence).toBeUndefined()
  })
})

describe('what is refused', () => {
  it('is an agent that there is not, one under way, and anything once the process ends', async () => {
    const { process, seen, events } = rig()
    await expect(process.restartAgent('signal/tsmom', 'early')).rejects.toMatchObject({ code: 'CONTROL_REFUSED' })
    await process.start()
    await seen(({ type }) => type === 'SignalChanged')
    await expect(process.restartAgent('signal/none', 'x')).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('signal/tsmom'),
    })
    const [first, second] = await Promise.allSettled([
      process.restartAgent('signal/tsmom', 'one'),
      process.restartAgent('signal/tsmom', 'two'),
    ])
    expect(first.status).toBe('fulfilled')
    expect(second).toMatchObject({ reason: { code: 'CONTROL_REFUSED' } })
    expect(movesOf(events, 'signal/tsmom').filter((move) => move.includes('two'))).toEqual([])
    const late = process.restartAgent('signal/donchian', 'late')
    await process.stop('finished', 'test')
    await late.catch((error: unknown) => expect(error).toMatchObject({ code: 'CONTROL_REFUSED' }))
    await expect(process.restartAgent('signal/tsmom', 'x')).rejects.toMatchObject({ code: 'CONTROL_REFUSED' })
  })

  it('is said over the control socket in the same words', async () => {
    const { process, seen, dir } = rig()
    const control = await serveControl(dir, {
      status: () => process.status(),
      command: (command, reason) => process.command(command, reason),
      transfer: (transfer) => process.transfer(transfer),
      restartAgent: (agent, reason) => process.restartAgent(agent, reason),
      logLevel: () => ({ level: 'info', was: 'info' }),
    })
    try {
      await process.start()
      await seen(({ type }) => type === 'SignalChanged')
      const outcome = await askRun(dir, { do: 'restart', agent: 'signal/donchian', reason: 'socket' })
      expect(outcome).toEqual({ seq: expect.any(Number) })
      await expect(askRun(dir, { do: 'restart', agent: 'risk/engine', reason: 'x' })).rejects.toMatchObject({
        code: 'CONTROL_REFUSED',
        message: expect.stringContaining('quantbot halt'),
      })
    } finally {
      await control.close()
    }
  })
})
