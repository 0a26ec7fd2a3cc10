/**
 * Owns the work beside the host in the benchmark of notifications: 1,000 of them at once to an endpoint that is down in between. A thread
 * of its own where it was compiled; the endpoint is in it too, so that its cost counts as ours.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { machineTime } from '#actors/scaled-time'
import { notificationsSchema } from '#core/config/operate-schema'
import { invariant } from '#core/invariant'
import type { StopTriggered } from '#events/risk.events'
import { createNotifier } from '#monitoring/notify/notifier'

export interface NotifyWork {
  readonly notifications: number
  /** The endpoint answers so many, then is down for so long. */
  readonly before: number
  readonly downMs: number
}

export interface NotifyDone {
  readonly arrived: number
  readonly twice: number
  readonly isInOrder: boolean
  /** From the first to the last, the time apart in which the endpoint was down. */
  readonly sendingMs: number
  /** From the end of the outage to the last one. */
  readonly recoveryMs: number
}

const TS = 1_767_247_200_000

class Endpoint {
  readonly seqs: number[] = []
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined
  port = 0

  async open(): Promise<void> {
    const server = createServer((request, response) => {
      let body = ''
      request.setEncoding('utf8').on('data', (part: string) => {
        body += part
      })
      request.on('end', () => {
        this.seqs.push(Number(/seq (\d+), 2026/.exec(body)?.[1]))
        response.end('ok')
      })
    })
    server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
    await new Promise<void>((resolve) => {
      server.listen(this.port, '127.0.0.1', () => resolve())
    })
    this.port = (server.address() as AddressInfo).port // listens on TCP
    this.#server = server
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server?.close(resolve))
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

export async function notifyWork({ notifications, before, downMs }: NotifyWork): Promise<NotifyDone> {
  const folder = mkdtempSync(join(tmpdir(), 'quantbot-bench-notify-'))
  const endpoint = new Endpoint()
  await endpoint.open()
  const notifier = createNotifier({
    config: notificationsSchema.parse({ slack: { webhook: 'env:HOOK' }, groupSeconds: 0, maxPerHour: 1_000_000 }),
    secrets: { slack: { webhook: `http://127.0.0.1:${endpoint.port}/hook` } },
    folder,
    facts: { run: 'bench', mode: 'paper', currency: 'USDT' },
    time: machineTime,
  })
  try {
    notifier.start()
    const begun = performance.now()
    notifier.take(eventsOf(notifications), { seq: notifications, ts: TS, fault: null })
    while (endpoint.seqs.length < before) await sleep(1)
    const down = performance.now()
    await endpoint.close()
    await sleep(downMs)
    await endpoint.open()
    const up = performance.now()
    while (new Set(endpoint.seqs).size < notifications) await sleep(5)
    const ended = performance.now()
    const { seqs } = endpoint
    return {
      arrived: new Set(seqs).size,
      twice: seqs.length - new Set(seqs).size,
      isInOrder: seqs.every((seq, i) => i === 0 || seq >= seqs[i - 1]!),
      sendingMs: ended - begun - (up - down),
      recoveryMs: ended - up,
    }
  } finally {
    await notifier.stop()
    await endpoint.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

function eventsOf(count: number): StopTriggered[] {
  return Array.from({ length: count }, (_, i) => ({
    seq: i + 1,
    ts: TS,
    type: 'StopTriggered',
    v: 1,
    by: 'risk/engine',
    cause: 0,
    data: {
      instrument: `binance.usdm.C${i}USDT`,
      side: 'long',
      level: 90,
      extreme: 100,
      atr: 5,
      multiple: 2,
      price: 89,
    },
  }))
}

const task = workerData as { readonly notifyWork?: NotifyWork } | null // from notify.bench, or another's
if (!isMainThread && task?.notifyWork !== undefined) {
  invariant(parentPort !== null, 'a thread has a parent')
  parentPort.postMessage(await notifyWork(task.notifyWork))
}
