/** One observer in good order: where it listens, what waits for the log, what is told at the end. Over a double of a run. */
import { createServer, type Server } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { machineTime } from '#actors/scaled-time'
import type { Head } from '#audit/view/view.port'
import type { ObserverSpec } from '#cli/observer/messages'
import { type ObservedRun, type ObserverParts, observeRun } from '#cli/observer/observed-run'
import type { AnyEvent } from '#events/catalogue'
import type { Notifier } from '#monitoring/notify/notify.port'
import { type PageRig, pageRig, TOKEN, ViewDouble } from '../monitoring/page-rig.js'

let rig: PageRig
let run: ObservedRun | undefined
beforeEach(() => {
  rig = pageRig()
})
afterEach(async () => {
  await run?.close(0)
  run = undefined
  rig.remove()
})

class View extends ViewDouble {
  readonly done: string[] = []
  onEvents: (events: readonly AnyEvent[], head: Head) => void = () => undefined
  start(): void {
    this.done.push('start')
  }
  /** Reads on at once. */
  committed(lastSeq: number): void {
    this.done.push(`committed ${lastSeq}`)
    if (lastSeq <= this.seq) return
    this.seq = lastSeq
    this.onEvents([], this.head())
    this.move(lastSeq)
  }
  async close(): Promise<void> {
    this.done.push('close')
  }
}

function notifier(heard: string[]): Notifier {
  return {
    take: (_, { seq }) => heard.push(`take ${seq}`),
    start: () => heard.push('start'),
    stop: async () => {
      heard.push('stop')
    },
    status: () => ({ position: 0, sinks: [] }),
  }
}

interface Observed {
  readonly view: View
  readonly problems: string[]
  readonly heard: string[]
}

async function observed(port: number, mayMove: boolean, parts: Partial<ObserverParts> = {}): Promise<Observed> {
  const [view, problems, heard] = [new View(), [] as string[], [] as string[]]
  const web = { host: '127.0.0.1', port, mayMove, allowedHosts: [], token: TOKEN, root: rig.root }
  const spec: ObserverSpec = { home: rig.root, runDir: rig.root, isLive: true, web, notify: null }
  run = await observeRun({
    spec,
    process: rig.process,
    time: machineTime,
    onProblem: (detail) => problems.push(detail),
    parts: {
      openView: async (_, onEvents) => {
        view.onEvents = onEvents
        return view
      },
      createMetrics: () => ({
        take: () => undefined,
        render: async ({ head }) => `seq ${head.seq}\n`,
        contentType: 'text/plain',
      }),
      createNotifier: () => notifier(heard),
      ...parts,
    },
  })
  return { view, problems, heard }
}

const ask = (port: number, path: string): Promise<Response> =>
  fetch(`http://127.0.0.1:${port}${path}`, { headers: { authorization: `Bearer ${TOKEN}` } })

async function taken(): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return { server, port: typeof address === 'object' && address !== null ? address.port : 0 }
}

describe('an observer', () => {
  it('takes a free port where nobody chose the one that is taken, and says so', async () => {
    const { server, port } = await taken()
    const { problems } = await observed(port, true)
    expect(run!.place!.port).not.toBe(port)
    expect(problems).toEqual([`port ${port} is taken: the page is on port ${run!.place!.port}`])
    expect((await ask(run!.place!.port, '/api/head')).status).toBe(200)
    server.close()
  })

  it('has no page where the port was chosen and is taken, and goes on notifying', async () => {
    const { server, port } = await taken()
    const { problems, heard, view } = await observed(port, false)
    expect(run!.place).toBeNull()
    expect(problems[0]).toContain('EADDRINUSE')
    run!.committed(20)
    expect([heard, view.seq]).toEqual([['start', 'take 20'], 20])
    server.close()
  })

  it('says its port before the log is open; what is asked meanwhile waits', async () => {
    let open: (view: View) => void = () => undefined
    let port = 0
    const opening = observeRun({
      spec: {
        home: rig.root,
        runDir: rig.root,
        isLive: true,
        web: { host: '127.0.0.1', port: 0, mayMove: true, allowedHosts: [], token: TOKEN, root: rig.root },
        notify: null,
      },
      process: null,
      time: machineTime,
      onProblem: () => undefined,
      onPlace: (place) => {
        port = place!.port
      },
      parts: {
        openView: () =>
          new Promise((resolve) => {
            open = resolve
          }),
        createMetrics: () => ({ take: () => undefined, render: async () => '', contentType: 'text/plain' }),
        createNotifier: () => undefined,
      },
    })
    const page = await (async () => {
      while (port === 0) await new Promise((resolve) => setImmediate(resolve))
      return fetch(`http://127.0.0.1:${port}/`)
    })()
    expect(page.status).toBe(200)
    const head = ask(port, '/api/head')
    expect((await fetch(`http://127.0.0.1:${port}/api/head`)).status).toBe(401)
    open(new View())
    expect((await head).status).toBe(200)
    run = await opening
  })

  it('tells what was committed last before it ends', async () => {
    const { view, heard } = await observed(0, true)
    const port = run!.place!.port
    expect(await (await ask(port, '/metrics')).text()).toBe('seq 10\n')
    const stream = await ask(port, '/api/stream')
    await run!.close(40)
    expect(await stream.text()).toContain('"seq":40')
    expect(heard).toEqual(['start', 'take 40', 'stop'])
    expect(view.done).toEqual(['start', 'committed 40', 'close'])
    await expect(ask(port, '/')).rejects.toThrow()
    run = undefined
  })

  it('ends in time where the log cannot be read on', async () => {
    const { view } = await observed(0, true)
    view.committed = () => undefined
    view.head = () => ({ ...ViewDouble.prototype.head.call(view), fault: { code: 'LOG_CORRUPT', detail: 'x' } })
    await run!.close(40)
    expect(view.done).toEqual(['start', 'close'])
    run = undefined
  })

  it('goes on without a notifier whose folder cannot be made', async () => {
    const { problems } = await observed(0, true, {
      createNotifier: () => {
        throw new Error('EACCES')
      },
    })
    expect(problems).toEqual(['nobody is notified: Error: EACCES'])
    expect((await ask(run!.place!.port, '/metrics')).status).toBe(200)
  })

  it('lets go of its port where the log cannot be opened', async () => {
    const { server, port } = await taken()
    await new Promise((resolve) => server.close(resolve))
    await expect(observed(port, false, { openView: () => Promise.reject(new Error('LOG_CORRUPT')) })).rejects.toThrow(
      'LOG_CORRUPT',
    )
    await expect(ask(port, '/')).rejects.toThrow()
  })
})
