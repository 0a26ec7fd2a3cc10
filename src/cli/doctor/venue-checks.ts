/** Owns looking at the venues of a configuration: whether they answer, how far their clock is, and what its keys may do there. */
import { machineTime } from '#actors/scaled-time'
import type { Config } from '#core/config/schema'
import { ADAPTERS } from '#data/connectors/adapters'
import { ClockOffset } from '#data/connectors/clock-offset'
import { networkHeaders, resolveEndpoints } from '#data/connectors/endpoints'
import { VENUES, type Venue } from '#data/connectors/normal'
import { resolved, resolvedVenue } from '../environment.js'
import { restClient, venuesOf } from '../paper-venues.js'
import { type Check, type Finding, type Found, failed, ok, warn } from './finding.js'
import { askRights, KeyRefused, type KeyRights, type VenueKey } from './venue-keys.js'

/** Venues refuse signatures of a second ahead (docs of Binance and Bybit): then nothing can be ordered. */
const OFFSET_FAIL_MS = 1000
const SAMPLES = 3
const TIMEOUT_MS = 12_000

/** Those that are traded or watched, and those that a key is named for. */
export function venueChecks(config: Config): Check[] {
  const isReal = config.universe.some(({ instrument }) => !instrument.startsWith('sim.'))
  const used = isReal ? venuesOf(config).map(({ venue }) => venue) : []
  const keyed = VENUES.filter(
    (venue) => config.venues[venue].apiKey !== undefined || config.venues[venue].apiSecret !== undefined,
  )
  const venues = VENUES.filter((venue) => used.includes(venue) || keyed.includes(venue))
  return venues.map((venue) => ({
    area: 'venues',
    subject: venue,
    timeoutMs: TIMEOUT_MS,
    run: (signal: AbortSignal) => venueCheck(config, venue, keyed.includes(venue), signal),
  }))
}

async function venueCheck(
  config: Config,
  venue: Venue,
  isKeyed: boolean,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const of = (subject: string, found: Found): Finding => ({ area: 'venues', subject, ...found })
  const client = restClient(config, venue, machineTime)
  try {
    const adapter = ADAPTERS[venue]!
    const clock = new ClockOffset(machineTime, () => client.send(adapter.serverTime(), { signal, tries: 1 }), SAMPLES)
    const { offsetMs, rttMs } = await clock.measure(signal)
    const clockFound = of(`${venue} clock`, clockOf(offsetMs, config.marketData.maxClockOffsetMs))
    const reached = of(venue, ok(`answers in ${Math.round(rttMs)} ms`))
    if (!isKeyed) return [reached, clockFound]
    return [reached, clockFound, of(`${venue} key`, await keyOf(config, venue, () => clock.now(), signal))]
  } finally {
    client.close()
  }
}

export function clockOf(offsetMs: number, maxMs: number): Found {
  const said = `${Math.abs(Math.round(offsetMs))} ms ${offsetMs < 0 ? 'behind ours' : 'ahead of ours'}`
  const mend = 'Set the clock of the machine by NTP (timedatectl set-ntp true).'
  if (Math.abs(offsetMs) >= OFFSET_FAIL_MS) return failed(`${said}: signed requests are refused`, mend)
  return Math.abs(offsetMs) > maxMs ? warn(`${said}: more than marketData.maxClockOffsetMs`, mend) : ok(said)
}

async function keyOf(config: Config, venue: Venue, now: () => number, signal: AbortSignal): Promise<Found> {
  const { apiKey, apiSecret, passphrase } = config.venues[venue]
  const at = (key: string): string => `venues.${venue}.${key}`
  if (apiKey === undefined || apiSecret === undefined)
    return failed(
      `${at(apiKey === undefined ? 'apiKey' : 'apiSecret')} is missing`,
      'apiKey and apiSecret go together.',
    )
  if (venue === 'okx' && passphrase === undefined)
    return failed(`${at('passphrase')} is missing`, 'A key of OKX has a passphrase: write passphrase: env:NAME.')
  const key: VenueKey = {
    key: resolved(apiKey, at('apiKey')),
    secret: resolved(apiSecret, at('apiSecret')),
    ...(passphrase === undefined ? {} : { passphrase: resolved(passphrase, at('passphrase')) }),
  }
  const venueConfig = resolvedVenue(venue, config.venues[venue])
  const adapter = ADAPTERS[venue]!
  const endpoints = resolveEndpoints(adapter, venueConfig)
  const rest = endpoints.rest ?? endpoints.spotRest ?? ''
  try {
    return rightsFound(
      await askRights(venue, rest, key, Math.round(now()), networkHeaders(adapter, venueConfig), signal),
    )
  } catch (error) {
    if (!(error instanceof KeyRefused)) throw error
    const isTestnet = venueConfig.network === 'testnet' && venueConfig.rest === undefined
    if (isTestnet && venue === 'binance')
      return warn('the testnet of Binance does not tell what a key may do', 'Keys of a testnet hold no money.')
    return failed(
      `the venue refuses it: ${error.message}`,
      'Check key, secret and passphrase, the network, and the addresses that the key is bound to.',
    )
  }
}

/** A key that can take money away is refused, whatever else it can do. */
export function rightsFound({ canTrade, canWithdraw, isBound }: KeyRights): Found {
  if (canWithdraw === true)
    return failed('the key may withdraw', 'Make a key without the right to withdraw, and delete this one.')
  if (canWithdraw === null)
    return warn(
      'the venue does not say whether the key may withdraw',
      'Look at the rights of the key on the venue’s own page.',
    )
  const free = isBound === false ? '; it is bound to no address' : ''
  return ok(`${canTrade ? 'may read and trade' : 'may read'}, not withdraw${free}`)
}
