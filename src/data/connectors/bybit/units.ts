/** Owns how Bybit's sizes become coins, one side. Inverse sizes are USD and need a price; open interest may be of both sides. */
import type { EpochMs } from '#core/time'
import { type Fields, listOf, numberOf, optionalNumber } from '../fields.js'
import { type Levels, PayloadRefused } from '../normal.js'
import { type BybitMarket, isInUsd } from './names.js'

/** `singleOpenInterest` exists since; without it a younger `openInterest` counts both sides (docs changelog, 11 June 2026). */
const TWO_SIDED_SINCE: EpochMs = Date.UTC(2026, 5, 11)

/** Coins of a size at a price. */
export function coins(market: BybitMarket, size: number, price: number): number {
  return isInUsd(market) ? size / price : size
}

/** Open interest of one side in the venue's unit (coins; inverse USD). Undefined: the payload does not tell. */
export function oneSide(row: Fields, ts: EpochMs, path: string): number | undefined {
  const single = optionalNumber(row.singleOpenInterest, `${path}.singleOpenInterest`)
  if (single !== null) return single
  const both = optionalNumber(row.openInterest, `${path}.openInterest`)
  if (both === null) return undefined
  return ts >= TWO_SIDED_SINCE ? both / 2 : both
}

/** `[[price, size], …]` as flat pairs, sizes in coins; a size of 0 stays 0. */
export function levelsOf(value: unknown, market: BybitMarket, path: string): Levels {
  const rows = listOf(value, path)
  const inUsd = isInUsd(market)
  const levels = new Array<number>(rows.length * 2)
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]
    // The path of a level is built for the message alone: books are the bulk of all frames.
    const price = Array.isArray(row) && typeof row[0] === 'string' && row[0] !== '' ? Number(row[0]) : Number.NaN
    const size = Array.isArray(row) && typeof row[1] === 'string' && row[1] !== '' ? Number(row[1]) : Number.NaN
    if (!(price > 0 && price < Number.POSITIVE_INFINITY) || !(size >= 0 && size < Number.POSITIVE_INFINITY))
      throw new PayloadRefused(`${path}[${i}]`, `is ${JSON.stringify(row)?.slice(0, 60)}, not a price and a size`)
    levels[2 * i] = price
    levels[2 * i + 1] = inUsd ? size / price : size
  }
  return levels
}

/** An integer that orders messages. */
export function sequenceOf(value: unknown, path: string): number {
  const id = numberOf(value, path)
  if (Number.isSafeInteger(id)) return id
  throw new PayloadRefused(path, `is ${String(value)}, not an exact number`)
}
