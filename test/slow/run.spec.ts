/** `quantbot run` as people use it: processes, signals, kills, the control socket. Needs `npm run build`. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readEvents } from '#events/log/reader'
import { type TestHome, testHome } from './run-process.js'

let home: TestHome
beforeEach(() => {
  home = testHome()
})
afterEach(() => home.remove())

const runDir = (id: string): string => join(home.path, 'runs', id)

interface LogEvent {
  readonly seq: number
  readonly type: string
  readonly data: Record<string, unknown>
}

function eventsOf(id: string): LogEvent[] {
  const events: LogEvent[] = []
  readEvents(runDir(id), (event) => {
    events.push(event as unknown as LogEvent) // committed lines of the catalogue
  })
  return events
}

/** Asks until the run says what is waited for. */
async function until(id: string, test: (status: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
  for (;;) {
    const status = await home.json('status', id)
    if (test(status)) return status
  }
}

describe('quantbot run', () => {
  it('does the same with the same seed, and something else with another', async () => {
    const first = await home.json('run', '--run', 'a', '--speed', 'max', '--days', '5')
    const second = await home.json('run', '--run', 'b', '--speed', 'max', '--days', '5')
    const other = await home.json('run', '--run', 'c', '--speed', 'max', '--days', '5', '--seed', '2')
    expect(first.fingerprint).toMatch(/^[0-9a-f]{64}$/)
    expect(second).toMatchObject({ fingerprint: first.fingerprint, events: first.events, trades: first.trades })
    expect(first.trades).toBeGreaterThan(5)
    expect(other.fingerprint).not.toBe(first.fingerprint)
  })

  it('decides, orders and trades soon after its start at the default speed', async () => {
    const ended = await home.json('run', '--run', 'a', '--for', '10')
    expect(ended.trades).toBeGreaterThan(0)
  })

  it('ends in good order on SIGTERM: sealed, unlocked, and a replay says identical', async () => {
    const running = home.start('run', '--run', 'a', '--speed', '72000', '--json')
    const started = await running.firstLine()
    expect(started).toMatchObject({ runId: 'a', mode: 'sim', pid: running.pid, dir: runDir('a') })
    await until('a', ({ fills }) => Number(fills) > 0)
    running.kill('SIGTERM')
    const { code, stdout } = await running.ended
    expect(code).toBe(0)
    const last = JSON.parse(stdout.trimEnd().split('\n').at(-1)!)
    expect(readdirSync(join(runDir('a'), 'log')).every((name) => name.endsWith('.gz'))).toBe(true)
    expect(readdirSync(runDir('a')).filter((name) => /lock|control/.test(name))).toEqual([])
    const events = eventsOf('a')
    expect(events.at(-1)).toMatchObject({ type: 'ProcessStopped', data: { reason: 'signal', detail: 'SIGTERM' } })
    const stopped = events.filter(({ type, data }) => type === 'AgentLifecycleChanged' && data.to === 'stopped')
    expect(stopped.at(-1)?.data.agent).toBe('connector/sim')
    const replay = await home.json('replay', 'a')
    expect(replay).toMatchObject({ identical: true, fingerprint: last.fingerprint, firstDivergence: null })
    expect(await home.json('status', 'a')).toMatchObject({ runId: 'a', state: 'stopped', seq: last.seq })
  })

  it('goes on after kill -9 at any moment, without a gap, and replays as one', async () => {
    // Snapshots often, so that some kills fall between them and some in the midst of one.
    const config = join(home.path, 'often.yaml')
    mkdirSync(home.path, { recursive: true })
    writeFileSync(config, 'log: { snapshotEvents: 200, groupEvents: 64 }\n')
    const run = ['run', '--run', 'a', '--config', config]
    for (let i = 0; i < 4; i++) {
      const running = home.start(...run, '--speed', '400000', '--json')
      const { resumedAt } = await running.firstLine()
      const from = Number(resumedAt)
      await until('a', ({ seq }) => Number(seq) > from + 150 * (i + 1))
      running.kill('SIGKILL')
      await running.ended
    }
    const crashed = await home.json('status', 'a')
    expect(crashed.state).toBe('stopped')
    expect(readdirSync(join(runDir('a'), 'snapshots')).some((name) => name.startsWith('connector.sim-'))).toBe(true)
    await home.json(...run, '--speed', 'max', '--days', '3')
    const events = eventsOf('a')
    const started = events.filter(({ type }) => type === 'ProcessStarted')
    expect(started).toHaveLength(5)
    expect(started[4]?.data.resumedAt).toBe(crashed.seq)
    expect(events.filter(({ type }) => type === 'InstrumentListed')).toHaveLength(8)
    const btc = events.filter(({ type, data }) => type === 'BarClosed' && String(data.instrument).includes('BTC'))
    const gaps = btc
      .slice(1)
      .filter(({ data }, i) => Number(data.openTime) - Number(btc[i]?.data.openTime) !== 3_600_000)
    expect(gaps).toEqual([])
    expect(await home.json('replay', 'a')).toMatchObject({ identical: true })
  })

  it('refuses a run that exists with another configuration, and says what differs', async () => {
    await home.json('run', '--run', 'a', '--speed', 'max', '--days', '1')
    const refused = await home.quantbot('run', '--run', 'a', '--seed', '7', '--speed', 'max', '--days', '1')
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain('RUN_DIFFERS')
    expect(refused.stderr).toContain('seed was 1, is 7 now')
  })

  it('refuses modes that need venues, and options that it does not understand', async () => {
    for (const args of [
      ['--mode', 'paper'],
      ['--mode', 'live'],
      ['--speed', 'fast'],
      ['--days', '-1'],
    ])
      expect((await home.quantbot('run', ...args)).code).toBe(2)
  })

  it('opens a child run with the book of its parent, in the same market', async () => {
    await home.json('run', '--run', 'p', '--speed', 'max', '--days', '6')
    const parent = await home.json('status', 'p')
    await home.json('run', '--run', 'c', '--child-of', 'p', '--speed', 'max', '--days', '2')
    const manifest = JSON.parse(readFileSync(join(runDir('c'), 'manifest.json'), 'utf8'))
    expect(manifest.parent).toMatchObject({ run: 'p', seq: parent.seq })
    const [first] = eventsOf('c')
    expect(first).toMatchObject({ type: 'StateCarried', data: { parent: 'p', balance: parent.balance } })
    const held = (parent.positions as { instrument: string; quantity: string }[]).filter(
      ({ quantity }) => quantity !== '0',
    )
    const carried = first?.data.positions as { instrument: string; quantity: string }[]
    expect(carried.map(({ instrument, quantity }) => [instrument, quantity])).toEqual(
      held.map(({ instrument, quantity }) => [instrument, quantity]),
    )
    expect(held.length).toBeGreaterThan(0)
    const close = (id: string, last: boolean): number => {
      const bars = eventsOf(id).filter(
        ({ type, data }) => type === 'BarClosed' && String(data.instrument).includes('BTC'),
      )
      return Number((last ? bars.at(-1) : bars[0])?.data.close)
    }
    expect(Math.abs(close('c', false) / close('p', true) - 1)).toBeLessThan(0.3)
    expect(await home.json('replay', 'c')).toMatchObject({ identical: true })
  })
})

describe('commands of a running process', () => {
  it('status, halt, resume and flatten are answered from disk; a second process is refused', async () => {
    const running = home.start('run', '--run', 'a', '--speed', '72000', '--json')
    await running.firstLine()
    expect(statSync(join(runDir('a'), 'control.sock')).mode & 0o777).toBe(0o600)
    const status = await until('a', ({ positions }) => (positions as unknown[]).length > 0)
    expect(status).toMatchObject({ runId: 'a', mode: 'sim', state: 'running', halted: false, pid: running.pid })
    expect((status.agents as { state: string }[]).every(({ state }) => state === 'running')).toBe(true)

    const second = await home.quantbot('run', '--run', 'a')
    expect(second.code).toBe(1)
    expect(second.stderr).toContain('RUN_LOCKED')

    const halt = await home.json('halt', '--reason', 'look at "it"')
    expect(halt.halted).toBe(Number(halt.seq) + 1)
    expect(await home.json('status')).toMatchObject({ halted: true })
    expect((await home.json('halt')).halted).toBeNull()
    const resume = await home.json('resume', 'a')
    expect(resume.resumed).toBe(Number(resume.seq) + 1)
    expect(await home.json('status')).toMatchObject({ halted: false })

    await until('a', ({ gross }) => Number(gross) > 0)
    const flatten = await home.json('flatten', 'a', '--reason', 'out')
    expect((flatten.orders as unknown[]).length).toBeGreaterThan(0)
    await until('a', ({ gross, openOrders }) => gross === 0 && openOrders === 0)

    running.kill('SIGKILL')
    await running.ended
    expect((await home.quantbot('halt', 'a')).code).toBe(1)
    const again = home.start('run', '--run', 'a', '--speed', '72000', '--json')
    await again.firstLine()
    expect(await until('a', ({ state }) => state === 'running')).toMatchObject({ halted: true })
    again.kill('SIGINT')
    expect((await again.ended).code).toBe(0)

    const log = eventsOf('a')
    expect(log.find(({ seq }) => seq === halt.seq)).toMatchObject({
      type: 'OperatorCommanded',
      data: { command: 'halt', reason: 'look at "it"' },
    })
    expect(log.find(({ seq }) => seq === halt.halted)).toMatchObject({
      type: 'TradingHalted',
      data: { reason: 'operator' },
    })
    expect(await home.json('replay', 'a')).toMatchObject({ identical: true })
  })

  it('are found where the path of the run is too long for a socket', async () => {
    const deep = testHome(join('x'.repeat(60), 'y'.repeat(60)))
    try {
      const running = deep.start('run', '--run', 'a', '--json')
      await running.firstLine()
      expect(existsSync(join(deep.path, 'runs', 'a', 'control.sock'))).toBe(false)
      expect(await deep.json('status', 'a')).toMatchObject({ runId: 'a' })
      const path = readFileSync(join(deep.path, 'runs', 'a', 'control.path'), 'utf8')
      expect(statSync(path).mode & 0o777).toBe(0o600)
      running.kill('SIGTERM')
      expect((await running.ended).code).toBe(0)
      expect(existsSync(path)).toBe(false)
    } finally {
      deep.remove()
    }
  })

  it('say that nobody runs', async () => {
    const asked = await home.quantbot('status')
    expect(asked.code).toBe(1)
    expect(asked.stderr).toContain('NOT_RUNNING')
    expect((await home.quantbot('status', 'nothing')).code).toBe(2)
  })
})
