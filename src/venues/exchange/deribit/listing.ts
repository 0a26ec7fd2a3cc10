/** Owns Deribit's names, kinds and units of the instruments of a world. Linear ones are there only in USDC, as on the venue. */
import { civilDate, type EpochMs } from '#core/time'
import type { World, WorldInstrument } from '../world.port.js'
import { RpcRefused } from './rpc.js'

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'] as const
/** What the venue writes for "never": 3000-01-01 08:00 UTC. */
const NEVER = 32_503_708_800_000

export interface Listed {
  readonly name: string
  readonly kind: 'future' | 'option' | 'spot'
  readonly instrument: WorldInstrument
  readonly isPerpetual: boolean
  readonly isInverse: boolean
  /** USD of a contract where amounts are USD; undefined where they are coins. */
  readonly usdStep: number | undefined
}

export function nameOf(instrument: WorldInstrument): string | undefined {
  const { kind, base, quote, settle } = instrument
  const isInverse = kind.startsWith('inverse')
  if (!isInverse && (kind === 'spot' ? quote : settle) !== 'USDC') return undefined
  const pair = isInverse ? base : `${base}_${quote}`
  if (kind === 'spot') return pair
  if (instrument.expiresAt === null) return `${pair}-PERPETUAL`
  const dated = `${pair}-${dateOf(instrument.expiresAt)}`
  if (instrument.strike === null) return dated
  return `${dated}-${String(instrument.strike).replace('.', 'd')}-${instrument.option === 'call' ? 'C' : 'P'}`
}

function dateOf(ts: EpochMs): string {
  const { year, month, day } = civilDate(ts)
  return `${day}${MONTHS[month - 1]!}${String(year % 100).padStart(2, '0')}`
}

export function listings(world: World, at: EpochMs): readonly Listed[] {
  return world.instruments(at).flatMap((instrument) => {
    const listed = listedOf(instrument)
    return listed === undefined ? [] : [listed]
  })
}

/** Worlds hand out the same instruments again and again: channels ask at every tick. */
const known = new WeakMap<WorldInstrument, Listed | undefined>()

function listedOf(instrument: WorldInstrument): Listed | undefined {
  if (!known.has(instrument)) known.set(instrument, readListing(instrument))
  return known.get(instrument)
}

function readListing(instrument: WorldInstrument): Listed | undefined {
  const name = nameOf(instrument)
  if (name === undefined) return undefined
  const isInverse = instrument.kind.startsWith('inverse')
  const kind = instrument.kind === 'spot' ? 'spot' : instrument.strike === null ? 'future' : 'option'
  const usdStep = isInverse && kind === 'future' ? (instrument.base === 'BTC' ? 10 : 1) : undefined
  return { name, kind, instrument, isInverse, usdStep, isPerpetual: name.endsWith('-PERPETUAL') }
}

/** Throws as the venue answers for a name that it does not list. */
export function listingOf(world: World, name: string, at: EpochMs): Listed {
  const found = listings(world, at).find((listed) => listed.name === name)
  if (!found) throw new RpcRefused('unknownInstrument', { reason: 'instrument_not_found', param: 'instrument_name' })
  return found
}

/** `any`, or the currency that an instrument is settled in. */
export function isOfCurrency({ instrument }: Listed, currency: string): boolean {
  return currency === 'any' || instrument.settle === currency
}

/** Amount in the venue's unit: USD in whole contracts, or coins. */
export function amountOf({ usdStep }: Listed, coins: number, price: number): number {
  if (usdStep === undefined) return Number(coins.toFixed(8))
  return coins === 0 ? 0 : Math.max(1, Math.round((coins * price) / usdStep)) * usdStep
}

/** A row of `get_instruments`. */
export function instrumentRow({ name, kind, instrument, isInverse, isPerpetual, usdStep }: Listed, id: number): object {
  const isOption = kind === 'option'
  const step = usdStep ?? (isOption ? 1 : Number(instrument.lot))
  return {
    price_index: `${instrument.base}_${instrument.quote}`.toLowerCase(),
    kind,
    instrument_name: name,
    maker_commission: isOption ? 0.0003 : 0,
    taker_commission: isOption ? 0.0003 : 0.0005,
    ...(kind === 'spot' ? {} : { instrument_type: isInverse ? 'reversed' : 'linear' }),
    ...(kind === 'future' ? { future_type: isInverse ? 'reversed' : 'linear', max_leverage: 50 } : {}),
    expiration_timestamp: instrument.expiresAt ?? NEVER,
    creation_timestamp: instrument.listedAt,
    is_active: true,
    state: 'open',
    tick_size: Number(instrument.tick),
    tick_size_steps: [],
    contract_size: step,
    min_trade_amount: usdStep ?? Number(instrument.lot),
    instrument_id: id,
    settlement_currency: instrument.settle,
    settlement_period: isPerpetual ? 'perpetual' : 'month',
    base_currency: instrument.base,
    counter_currency: instrument.quote,
    quote_currency: isOption && isInverse ? instrument.base : instrument.quote,
    rfq: false,
    ...(isOption ? { strike: instrument.strike, option_type: instrument.option } : {}),
  }
}
