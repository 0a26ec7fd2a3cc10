/** Owns `/sim`: commands for faults, state, and the truth that was played. For tests and people; no venue has it. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isQuantbotError } from '#core/errors'
import { INTERVAL_MS, isInterval } from '#core/time'
import { type Fault, parseFault } from './faults.js'
import { splitUrl } from './rest-side.js'
import type { World } from './world.port.js'

/** Bars of one answer. */
const BARS_MAX = 100_000
/** When the question does not say from when. */
const BARS_USUAL = 1000
const BODY_CHARACTERS = 64 * 1024

export interface ControlDeps {
  readonly world: World
  readonly now: () => number
  readonly state: () => unknown
  inject(fault: Fault): void
  heal(): void
}

class Refused extends Error {
  override readonly name = 'Refused'
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message)
  }
}

export const isControl = (request: IncomingMessage): boolean => (request.url ?? '').startsWith('/sim/')

/** Answers JSON; errors as `{error}` with 400 or 404. */
export async function control(request: IncomingMessage, response: ServerResponse, deps: ControlDeps): Promise<void> {
  const send = (status: number, body: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' })
    response.end(JSON.stringify(body))
  }
  try {
    send(200, await reply(request, deps))
  } catch (error) {
    if (error instanceof Refused) send(error.status, { error: error.message })
    else if (isQuantbotError(error)) send(400, { error: error.message })
    else throw error
  }
}

async function reply(request: IncomingMessage, deps: ControlDeps): Promise<unknown> {
  const { path, rawQuery } = splitUrl(request.url ?? '')
  const what = `${request.method} ${path}`
  if (what === 'GET /sim/state') return deps.state()
  if (what === 'GET /sim/truth/bars') return truthBars(new URLSearchParams(rawQuery), deps)
  if (what === 'DELETE /sim/faults') {
    deps.heal()
    return { ok: true }
  }
  if (what !== 'POST /sim/faults')
    throw new Refused(404, `${what}: there are GET /sim/state, GET /sim/truth/bars, POST and DELETE /sim/faults`)
  deps.inject(parseFault(readJson(await bodyOf(request)), 'fault'))
  return { ok: true }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) {
    text += String(chunk)
    if (text.length > BODY_CHARACTERS) throw new Refused(400, 'the body is too long')
  }
  return text
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Refused(400, 'the body is no JSON')
  }
}

function truthBars(query: URLSearchParams, { world, now }: ControlDeps): unknown {
  const id = query.get('instrument') ?? ''
  const interval = query.get('interval') ?? '1m'
  const at = now()
  if (!isInterval(interval)) throw new Refused(400, `interval ${JSON.stringify(interval)} is none`)
  const from = Number(query.get('from') ?? Math.max(world.start, at - BARS_USUAL * INTERVAL_MS[interval]))
  const to = Number(query.get('to') ?? at)
  if (!Number.isFinite(from) || !Number.isFinite(to)) throw new Refused(400, 'from and to are epoch ms')
  if ((to - from) / INTERVAL_MS[interval] > BARS_MAX) throw new Refused(400, `more than ${BARS_MAX} bars`)
  const listed = world.instruments(Math.max(world.start, Math.min(from, at))).concat(world.instruments(at))
  const instrument = listed.find((one) => one.id === id)
  if (instrument === undefined) throw new Refused(404, `instrument ${JSON.stringify(id)} is not listed`)
  return world.bars(instrument, INTERVAL_MS[interval], from, to, at)
}
