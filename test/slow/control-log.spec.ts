/** A run as a process: its log as JSON lines, its level changed while it runs, an agent restarted from the command line. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readEvents } from '#events/log/reader'
import { type Running, type TestHome, testHome } from './run-process.js'

let home: TestHome
let running: Running
beforeEach(() => {
  home = testHome()
})
afterEach(async () => {
  running.kill('SIGKILL')
  await running.ended
  home.remove()
})

async function started(...more: readonly string[]): Promise<void> {
  running = home.start('run', '--run', 'desk', '--json', '--speed', '72000', ...more)
  await running.firstLine()
}

const ended = async (): Promise<readonly Record<string, unknown>[]> => {
  running.kill('SIGTERM')
  const { stderr } = await running.ended
  return stderr
    .trim()
    .split('\n')
    .filter((line) => line !== '') // a short run has nothing to say
    .map((line) => JSON.parse(line) as Record<string, unknown>) // every line is a document, or this throws
}

describe('the log of a process', () => {
  it('has the level of its configuration until it is changed over the socket or by a signal', async () => {
    const config = join(home.path, 'q.yaml')
    writeFileSync(config, 'logging: { level: error }\nweb: { port: 0 }\n')
    await started('--config', config)
    expect(await home.json('log-level')).toEqual({ level: 'error', was: 'error' })
    expect(await home.json('log-level', 'debug', 'desk')).toEqual({ level: 'debug', was: 'error' })
    // Something is decided before long.
    while ((await home.json('status')).orders === 0) await new Promise((resolve) => setTimeout(resolve, 100))
    running.kill('SIGUSR2')
    while ((await home.json('log-level')).level === 'debug') await new Promise((resolve) => setTimeout(resolve, 50))
    expect(await home.json('log-level')).toEqual({ level: 'error', was: 'error' })
    const wrong = await home.quantbot('log-level', 'loud')
    expect([wrong.code, wrong.stderr.split(':')[0]]).toEqual([2, 'USAGE'])
    const lines = await ended()
    // Alarms are louder than debug; the signal says itself what it did, at the level that it set.
    const errors = lines.filter(({ level }) => Number(level) >= 50)
    expect(errors.map(({ msg }) => msg)).toEqual(['log level error'])
    expect(lines.some(({ level }) => level === 10)).toBe(false)
    expect(lines.filter(({ level }) => level === 20).length).toBeGreaterThan(0)
    expect(lines.every(({ run, msg }) => run === 'desk' && String(msg).length > 0)).toBe(true)
  })
})

describe('quantbot restart', () => {
  it('is answered with the event that began it; an agent that there is not, and one of the order path, are refused', async () => {
    await started()
    const { seq, agent } = await home.json('restart', 'signal/donchian', 'desk', '--reason', 'look at it anew')
    expect(agent).toBe('signal/donchian')
    const none = await home.quantbot('restart', 'signal/none')
    expect([none.code, none.stderr.split(':')[0]]).toEqual([2, 'USAGE'])
    const refused = await home.quantbot('restart', 'risk/engine')
    expect([refused.code, refused.stderr.split(':')[0]]).toEqual([1, 'CONTROL_REFUSED'])
    await ended()
    let first: unknown
    readEvents(join(home.path, 'runs', 'desk'), (event) => {
      if (event.seq === seq) first = event
      return first === undefined
    })
    expect(first).toMatchObject({
      type: 'AgentLifecycleChanged',
      data: { agent: 'signal/donchian', to: 'stopping', reason: 'operator: look at it anew' },
    })
    expect(await home.json('replay', 'desk')).toMatchObject({ identical: true })
  })
})
