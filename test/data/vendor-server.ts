/** Two vendors of on-chain metrics on loopback, in the shapes that they document: keys, limits, pages, revisions. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DAY_MS, HOUR_MS, isoDay, parseDay } from '#core/time'

export interface VendorServer {
  readonly url: string
  readonly key: string
  /** Paths with queries that were answered with rows. */
  readonly asked: string[]
  /** Value of a day; null: the vendor has none yet; undefined: before its history. */
  valueAt: (day: number) => number | null | undefined
  /** Answers that are to be refused with 429 first. */
  limited: number
  /** Answers 401 and repeats the key, as careless gateways do. */
  isLocked: boolean
  /** Plain text instead of JSON. */
  isGarbled: boolean
  close(): Promise<void>
}

const FIRST = Date.UTC(2010, 6, 17)
/** Time of day at which the specs begin. */
const nowOf = (today: number): number => today + 10 * HOUR_MS

/** Rows until `today`, whose own day is not over. */
export async function vendorServer(today: number): Promise<VendorServer> {
  const state = { limited: 0, isLocked: false, isGarbled: false }
  const asked: string[] = []
  const key = 'k3y-that-nobody-may-see'
  const server: Server = createServer((request, response) => answer(request, response))
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const vendor: VendorServer = Object.assign(state, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, // listens on a port
    key,
    asked,
    valueAt: (day: number): number | null | undefined => (day < FIRST ? undefined : 1 + day / DAY_MS / 1000),
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  })

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const [status, body, headers = {}] = replyTo(request)
    response.writeHead(status, headers).end(body)
  }

  function replyTo({ url: address, headers }: IncomingMessage): [number, string, Record<string, string>?] {
    const url = new URL(address ?? '/', vendor.url)
    const isGlassnode = url.pathname.startsWith('/v1/metrics/')
    const told = isGlassnode ? headers['x-api-key'] : headers.authorization
    if (url.search.includes(key)) return [400, 'the key stands in the address']
    if (vendor.isLocked || told !== (isGlassnode ? key : `Bearer ${key}`)) return [401, `invalid key ${String(told)}`]
    if (vendor.limited > 0) {
      vendor.limited--
      const inSeconds = { 'x-rate-limit-reset': '3' }
      const atTime = { 'X-RateLimit-Reset': String(nowOf(today) / 1000 + 3) }
      return [429, 'slow down', isGlassnode ? inSeconds : atTime]
    }
    if (vendor.isGarbled) return [200, `<html>maintenance of ${String(told)}</html>`]
    asked.push(`${url.pathname}${url.search}`)
    return [200, JSON.stringify(isGlassnode ? glassnode(url) : cryptoquant(url))]
  }

  const daysOf = (from: number, to: number): { day: number; value: number | null }[] => {
    const rows: { day: number; value: number | null }[] = []
    for (let day = Math.max(from, FIRST); day <= Math.min(to, today); day += DAY_MS) {
      const value = vendor.valueAt(day)
      if (value !== undefined) rows.push({ day, value })
    }
    return rows
  }

  function glassnode({ searchParams }: URL): unknown {
    const from = Number(searchParams.get('s')) * 1000
    const to = searchParams.has('u') ? Number(searchParams.get('u')) * 1000 : today
    return daysOf(from, to).map(({ day, value }) => ({ t: day / 1000, v: value }))
  }

  function cryptoquant({ pathname, searchParams }: URL): unknown {
    const dayOf = (text: string): number =>
      parseDay(`${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6)}`) ?? Number.NaN
    const from = dayOf(searchParams.get('from') ?? '')
    const to = searchParams.has('to') ? dayOf(searchParams.get('to') ?? '') : today
    const name = pathname.slice(pathname.lastIndexOf('/') + 1).replaceAll('-', '_')
    const limit = Math.min(1000, Number(searchParams.get('limit') ?? 100))
    const data = daysOf(from, to)
      .reverse()
      .slice(0, limit)
      .map(({ day, value }) => ({ date: isoDay(day), [name]: value }))
    return { status: { code: 200, message: 'success' }, result: { window: 'day', data } }
  }
  return vendor
}
