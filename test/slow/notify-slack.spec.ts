/** Slack messages to a real HTTP endpoint: limits, failures, hangs, floods, redirects; the URL stays secret. */
import { afterEach, describe, expect, it } from 'vitest'
import { machineTime } from '#actors/scaled-time'
import { SinkFailed } from '#monitoring/notify/failures'
import type { Letter } from '#monitoring/notify/letter'
import { RunNotifier } from '#monitoring/notify/notifier'
import { slackSink } from '#monitoring/notify/slack'
import { configOf, FACTS, headOf, notifyFolder, removeNotifyFolders, stops, T0 } from '../monitoring/notify-rig.js'
import { HOOK_PATH, type HookRig, hookServer, until } from './notify-servers.js'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
  removeNotifyFolders()
})

async function server(port?: number): Promise<HookRig> {
  const rig = await hookServer(port)
  closing.push(rig.close)
  return rig
}

const letter: Letter = {
  n: 1,
  id: 'r1.slack.1.1',
  severity: 'critical',
  kind: 'trading-halted',
  count: 1,
  title: 'Trading halted: drawdown',
  lines: ['<!channel> -20.1 %'],
  firstSeq: 1,
  lastSeq: 1,
  firstTs: T0,
  lastTs: T0,
}

async function failureOf(hook: { readonly url: string }, signal = AbortSignal.timeout(20_000)): Promise<SinkFailed> {
  const error: unknown = await slackSink(hook.url, FACTS, machineTime)
    .deliver(letter, signal)
    .then(
      () => undefined,
      (reason: unknown) => reason,
    )
  if (!(error instanceof SinkFailed)) throw new Error(`was delivered, or failed otherwise: ${String(error)}`)
  expect(`${error.message}${error.stack}${JSON.stringify(error)}${String(error.cause)}`).not.toContain('verysecret')
  return error
}

const status =
  (code: number, headers: Record<string, string> = {}): HookRig['answer'] =>
  (_, response) => {
    response.writeHead(code, headers).end('no')
    return true
  }

describe('a message', () => {
  it('is posted as JSON, escaped', async () => {
    const hook = await server()
    await slackSink(hook.url, FACTS, machineTime).deliver(letter, AbortSignal.timeout(20_000))
    expect(hook.requests).toMatchObject([{ path: HOOK_PATH }])
    const body = JSON.parse(hook.bodies[0]!) as { text: string; blocks: unknown[] }
    expect(body.text).toBe('[quantbot r1 paper CRITICAL] Trading halted: drawdown')
    expect(JSON.stringify(body.blocks)).toContain('&lt;!channel&gt;')
  })
})

describe('an endpoint that refuses', () => {
  it('says how long to wait', async () => {
    const hook = await server()
    hook.answer = status(429, { 'retry-after': '17' })
    expect(await failureOf(hook)).toMatchObject({ code: 'rate-limited', status: 429, waitMs: 17_000 })
    hook.answer = status(429, { 'retry-after': new Date(Date.now() + 60_000).toUTCString() })
    expect((await failureOf(hook)).waitMs).toBeGreaterThan(50_000)
    hook.answer = status(429, { 'retry-after': 'x' })
    expect((await failureOf(hook)).waitMs).toBe(0)
  })

  it.each([
    [500, 'server-error'],
    [404, 'webhook-gone'],
    [410, 'webhook-gone'],
    [403, 'webhook-gone'],
    [400, 'message-refused'],
  ])('with %i is %s', async (code, expected) => {
    const hook = await server()
    hook.answer = status(code)
    expect(await failureOf(hook)).toMatchObject({ code: expected, status: code })
    expect(hook.requests).toHaveLength(1)
  })

  it('by leading elsewhere is not followed: nobody else gets the message', async () => {
    const [hook, thief] = [await server(), await server()]
    for (const code of [301, 302, 307, 308]) {
      hook.answer = status(code, { location: thief.url })
      expect(await failureOf(hook)).toMatchObject({ code: 'redirected', status: code })
    }
    expect(thief.requests).toEqual([])
  })
})

describe('an endpoint that misbehaves', () => {
  it('is not there', async () => {
    const hook = await hookServer()
    await hook.close()
    expect(await failureOf(hook)).toMatchObject({ code: 'unreachable', status: null })
  })

  it('hangs: given up when asked', async () => {
    const hook = await server()
    hook.answer = () => true
    expect(await failureOf(hook, AbortSignal.timeout(300))).toMatchObject({ code: 'timeout' })
  })

  it('floods: given up, not read to the end', async () => {
    const hook = await server()
    let sent = 0
    hook.answer = (_, response) => {
      const more = (): void => {
        while (!response.destroyed && sent < 1e9 && response.write(Buffer.alloc(65_536, 'x'))) sent += 65_536
      }
      response.on('drain', more)
      more()
      return true
    }
    expect((await failureOf(hook)).code).toBe('failed')
    expect(sent).toBeLessThan(64 * 1024 * 1024)
  })
})

describe('many at once', () => {
  it('1,000, the endpoint down in between, then limiting: all arrive, in order, none twice', async () => {
    const hook = await server()
    const config = configOf({ groupSeconds: 0, maxPerHour: 100_000, slack: { webhook: 'env:HOOK' } })
    const options = { config, secrets: {}, facts: FACTS, time: machineTime, folder: notifyFolder(), random: () => 0.9 }
    const notifier = new RunNotifier(options, [slackSink(hook.url, FACTS, machineTime)])
    const events = stops(1000, { seq: 1, ts: T0 })
    notifier.start()
    notifier.take(events, headOf(events))
    await until('the first', () => hook.bodies.length >= 200)
    await closing.pop()!()
    const delivered = hook.bodies.length
    await until('a failure', () => notifier.status().sinks[0]?.isFailing === true)
    const again = await server(hook.port)
    let limits = 2
    again.answer = (request, response) =>
      limits-- > 0 ? status(429, { 'retry-after': '1' })(request, response) : false
    await until('all', () => delivered + again.bodies.length >= 1000, 60_000)
    await notifier.stop()
    const seqs = [...hook.bodies, ...again.bodies].map((body) => Number(/seq (\d+), 2026/.exec(body)?.[1]))
    // One whose answer the crash cut off may come again.
    expect(seqs.length).toBeLessThanOrEqual(1001)
    expect([...new Set(seqs)]).toEqual(Array.from({ length: 1000 }, (_, i) => i + 1))
    expect(seqs).toEqual([...seqs].sort((a, b) => a - b))
  })
})
