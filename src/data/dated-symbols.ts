/**
 * Owns what the symbol of a dated future tells: its chain and its expiry. For history whose listing is gone; while a contract is
 * listed the venue's own word counts (InstrumentFacts.expiresAt).
 */
import { type EpochMs, HOUR_MS, parseDay } from '#core/time'

export interface DatedSymbol {
  /** What contracts of one chain share: `BTCUSDT` of `BTCUSDT_260327`. */
  readonly chain: string
  /** 08:00 UTC of the day: Binance, OKX, Deribit and Bybit deliver then (venues' documents, 2026). */
  readonly expiresAt: EpochMs
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']

/** `BTCUSD_260327`, `BTC-USDT-260327`, `BTC-27MAR26`, `BTCUSDT-27MAR26`; undefined for any other symbol, perpetuals among them. */
export function datedSymbol(symbol: string): DatedSymbol | undefined {
  const numbers = /^([A-Z0-9]+(?:-[A-Z0-9]+)*)[_-](\d{2})(\d{2})(\d{2})$/.exec(symbol)
  if (numbers) return on(numbers[1]!, numbers[2]!, numbers[3]!, numbers[4]!)
  const words = /^([A-Z0-9_]+)-(\d{1,2})([A-Z]{3})(\d{2})$/.exec(symbol)
  if (!words) return undefined
  const month = MONTHS.indexOf(words[3]!) + 1
  return on(words[1]!, words[4]!, String(month).padStart(2, '0'), words[2]!.padStart(2, '0'))
}

function on(chain: string, year: string, month: string, day: string): DatedSymbol | undefined {
  const midnight = parseDay(`20${year}-${month}-${day}`)
  return midnight === undefined ? undefined : { chain, expiresAt: midnight + 8 * HOUR_MS }
}
