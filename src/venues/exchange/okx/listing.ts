/** Owns how the simulated OKX names the world's instruments and in which units it counts them. Never answers a request. */
import { divideHalfEven, formatUnits, ONE, parseUnits } from '#core/decimal'
import { civilDate, type EpochMs } from '#core/time'
import type { World, WorldInstrument } from '../world.port.js'

export type InstType = 'SPOT' | 'SWAP' | 'FUTURES' | 'OPTION'

export interface Listing {
  readonly instrument: WorldInstrument
  readonly instId: string
  readonly instType: InstType
  /** `BTC-USDT`: name of the index and of the family. */
  readonly family: string
  /** Of contracts: value of one, multiplier, currency. */
  readonly ctVal: string
  readonly ctMult: string
  readonly isInverse: boolean
  /** Steps of `sz`. */
  readonly lotSz: string
  /** What one unit of `sz` stands for. */
  readonly unit: number
}

const TYPES: Readonly<Record<WorldInstrument['kind'], InstType>> = {
  spot: 'SPOT',
  linearPerpetual: 'SWAP',
  inversePerpetual: 'SWAP',
  linearFuture: 'FUTURES',
  inverseFuture: 'FUTURES',
  inverseOption: 'OPTION',
}

/** `260925` of the day of expiry. */
export function expiryName(at: EpochMs): string {
  const { year, month, day } = civilDate(at)
  return [year % 100, month, day].map((part) => String(part).padStart(2, '0')).join('')
}

function instIdOf({ kind, base, quote, expiresAt, strike, option }: WorldInstrument): string {
  const family = `${base}-${quote}`
  if (kind === 'spot') return family
  if (kind === 'linearPerpetual' || kind === 'inversePerpetual') return `${family}-SWAP`
  const dated = `${family}-${expiryName(expiresAt ?? 0)}`
  return kind === 'inverseOption' ? `${dated}-${strike}-${option === 'call' ? 'C' : 'P'}` : dated
}

type Contract = Pick<Listing, 'ctVal' | 'ctMult' | 'lotSz' | 'unit'>

/** As on the venue: 0.01 BTC, 100 USD of BTC and 10 of others, options of 0.01 BTC; the coins of other linear ones follow their lot. */
function contractOf({ kind, base, lot }: WorldInstrument): Contract {
  switch (kind) {
    case 'spot':
      return { ctVal: '', ctMult: '', lotSz: lot, unit: 1 }
    case 'linearPerpetual':
    case 'linearFuture': {
      const ctVal = base === 'BTC' ? '0.01' : formatUnits(parseUnits(lot) * 10n)
      const lotSz = formatUnits(divideHalfEven(parseUnits(lot) * ONE, parseUnits(ctVal)))
      return { ctVal, ctMult: '1', lotSz: lotSz === '0' ? '1' : lotSz, unit: Number(ctVal) }
    }
    case 'inversePerpetual':
    case 'inverseFuture': {
      const ctVal = base === 'BTC' ? '100' : '10'
      return { ctVal, ctMult: '1', lotSz: '1', unit: Number(ctVal) }
    }
    case 'inverseOption': {
      const ctMult = base === 'BTC' ? '0.01' : '0.1'
      return { ctVal: '1', ctMult, lotSz: '1', unit: Number(ctMult) }
    }
  }
}

const listings = new WeakMap<WorldInstrument, Listing>()

export function listingOf(instrument: WorldInstrument): Listing {
  const known = listings.get(instrument)
  if (known !== undefined) return known
  const listing: Listing = {
    instrument,
    instId: instIdOf(instrument),
    instType: TYPES[instrument.kind],
    family: `${instrument.base}-${instrument.quote}`,
    isInverse: instrument.kind === 'inversePerpetual' || instrument.kind === 'inverseFuture',
    ...contractOf(instrument),
  }
  listings.set(instrument, listing)
  return listing
}

/** Everything that is listed at a time, by instId. */
export function listedAt(world: World, at: EpochMs): ReadonlyMap<string, Listing> {
  return new Map(
    world.instruments(at).map((instrument) => {
      const listing = listingOf(instrument)
      return [listing.instId, listing]
    }),
  )
}

/** A number as OKX writes it: a string without exponent, without the noise of doubles. */
export function text(value: number): string {
  const rounded = Number(value.toPrecision(14))
  const plain = String(rounded)
  return plain.includes('e') ? rounded.toFixed(16).replace(/\.?0+$/, '') : plain
}

/**
 * Coins in the unit of `sz`. USD contracts come as fractions where the world's trade is no whole number of them, so that
 * nothing of the world is lost; the venue itself trades whole ones.
 */
export function sz(listing: Listing, coins: number, price: number): string {
  return text(listing.isInverse ? (coins * price) / listing.unit : coins / listing.unit)
}
