/** Owns `quantbot sim-exchange`: a venue on loopback, in its own protocol, until it is stopped. */
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { machineTime, scaledTime } from '#actors/scaled-time'
import { QuantbotError } from '#core/errors'
import type { TimePort } from '#core/ports'
import type { EpochMs } from '#core/time'
import { type FaultPlan, parseFaultPlan } from '#venues/exchange/faults'
import { KEY_RIGHTS, type KeyRight } from '#venues/exchange/protocol.port'
import { PROTOCOLS } from '#venues/exchange/protocols'
import { type Exchange, type ExchangeEvent, openExchange } from '#venues/exchange/server'
import { type ExchangeMarket, exchangeMarket } from './exchange-market.js'
import { type GlobalOptions, homeOf } from './home.js'
import { note, say, sayJson } from './terminal.js'

export interface SimExchangeOptions extends GlobalOptions {
  readonly venue: string
  readonly port: string
  readonly market: string
  readonly speed: string
  readonly start?: string
  readonly seed: string
  readonly symbols?: string
  readonly faults?: string
  readonly rights: string
}

interface Settings {
  readonly venues: readonly string[]
  readonly port: number
  readonly market: 'lake' | 'generated'
  readonly speed: number
  readonly start: EpochMs | undefined
  readonly seed: number
  readonly symbols: number | undefined
  readonly faults: FaultPlan
  readonly rights: readonly KeyRight[]
}

/** A tick every so many real ms at high speeds; venue time between two ticks grows with the speed. */
const TICK_REAL_MS = 5

const TICK_MS = 50

export async function simExchangeCommand(options: SimExchangeOptions): Promise<void> {
  const settings = readSettings(options)
  const stopped = untilStopped()
  const { market, seed, symbols, speed } = settings
  const played = await exchangeMarket({ market, home: homeOf(options), seed, symbols })
  const time = clockOf(settings, played)
  const exchanges: Exchange[] = []
  try {
    for (const [i, venue] of settings.venues.entries())
      exchanges.push(
        await openExchange({
          protocol: PROTOCOLS[venue]!(),
          world: played.worldOf(venue),
          time,
          seed,
          faults: settings.faults,
          rights: settings.rights,
          port: settings.port === 0 ? 0 : settings.port + i,
          tickMs: Math.max(TICK_MS, TICK_REAL_MS * speed),
          onEvent: tell,
        }),
      )
    announce(exchanges, options.json === true, `${played.about}; ${new Date(time.now()).toISOString()}, speed ${speed}`)
    await stopped
  } catch (error) {
    throw asUsage(error, settings.port)
  } finally {
    await Promise.all(exchanges.map((exchange) => exchange.close()))
  }
}

function announce(exchanges: readonly Exchange[], isJson: boolean, about: string): void {
  for (const { venue, rest, ws } of exchanges)
    if (isJson) sayJson({ venue, rest, ws })
    else say(`${venue.padEnd(8)} ${rest}  ${ws}`)
  if (isJson) return
  say(about)
  say(`state and faults: ${exchanges[0]?.rest}/sim/state; stop with Ctrl-C`)
}

function tell(event: ExchangeEvent): void {
  if (event.kind === 'error')
    note(`a bug of the simulator: ${event.error instanceof Error ? event.error.stack : String(event.error)}`)
  else note(`${new Date(event.at).toISOString()} ${event.kind}: ${JSON.stringify(event.fault)}`)
}

function clockOf({ speed, start }: Settings, { span }: ExchangeMarket): TimePort {
  const now = machineTime.now()
  const isPlayable = span === null || (now >= span.first && now < span.last)
  const begin = start ?? (isPlayable ? now : Math.floor((span.first + span.last) / 2))
  if (span !== null && (begin < span.first || begin >= span.last))
    throw new QuantbotError(
      'USAGE',
      `--start ${new Date(begin).toISOString()} lies outside of the lake: ${new Date(span.first).toISOString()} … ${new Date(span.last).toISOString()}`,
    )
  return speed === 1 && begin === now ? machineTime : scaledTime(speed, begin)
}

function readSettings(options: SimExchangeOptions): Settings {
  const { venue, market } = options
  const known = Object.keys(PROTOCOLS).sort()
  if (venue !== 'all' && !known.includes(venue))
    throw new QuantbotError('USAGE', `--venue ${JSON.stringify(venue)} is none of ${known.join(', ')}, all`)
  if (market !== 'lake' && market !== 'generated')
    throw new QuantbotError('USAGE', `--market ${JSON.stringify(market)} is neither lake nor generated`)
  return {
    venues: venue === 'all' ? known : [venue],
    port: numberOf('--port', options.port, (n) => Number.isInteger(n) && n >= 0 && n <= 65_535),
    market,
    speed: numberOf('--speed', options.speed, (n) => n > 0 && n <= 10_000),
    start: options.start === undefined ? undefined : instantOf(options.start),
    seed: numberOf('--seed', options.seed, (n) => Number.isInteger(n) && n >= 0 && n <= 4_294_967_295),
    symbols:
      options.symbols === undefined
        ? undefined
        : numberOf('--symbols', options.symbols, (n) => Number.isInteger(n) && n >= 1 && n <= 500),
    faults: options.faults === undefined ? [] : readFaults(options.faults),
    rights: rightsOf(options.rights),
  }
}

function numberOf(option: string, text: string, isFine: (n: number) => boolean): number {
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (!isFine(value)) throw new QuantbotError('USAGE', `${option} ${JSON.stringify(text)} is out of range or no number`)
  return value
}

function rightsOf(text: string): KeyRight[] {
  return text.split(',').map((name) => {
    const right = KEY_RIGHTS.find((known) => known === name.trim())
    if (right === undefined)
      throw new QuantbotError('USAGE', `--rights ${JSON.stringify(name)} is none of ${KEY_RIGHTS.join(', ')}`)
    return right
  })
}

function instantOf(text: string): EpochMs {
  const at = Date.parse(text)
  if (Number.isNaN(at))
    throw new QuantbotError('USAGE', `--start ${JSON.stringify(text)} is no time; write 2026-01-31T12:00:00Z`)
  return at
}

function readFaults(file: string): FaultPlan {
  let plan: unknown
  try {
    plan = parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new QuantbotError('USAGE', `--faults ${file}: ${error instanceof Error ? error.message : String(error)}`)
  }
  return parseFaultPlan(plan, file)
}

function asUsage(error: unknown, port: number): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code !== 'EADDRINUSE' && code !== 'EACCES') return error
  const why = code === 'EADDRINUSE' ? 'is taken' : 'is not allowed'
  return new QuantbotError('USAGE', `--port ${port} ${why}; 0 takes any free one`)
}

function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
}
