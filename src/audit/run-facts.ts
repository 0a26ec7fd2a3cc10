/**
 * Owns what manifest.json tells the auditor: currencies of instruments, parameters that sentences name, tape files. Reads
 * nothing else, and takes nothing for granted: a copied run may be of another version, and every fact may be absent.
 */
import { parseInstrument, symbolOf } from '#core/ids'
import { parseDay } from '#core/time'
import { isInDollars, kindOfId } from '#events/instrument-kind'
import type { Json, RunManifest } from '#events/log/manifest'

interface Terms {
  readonly base: string
  readonly quote: string
  /** Instrument of the lake whose bars are read. */
  readonly bars: string
  /** Instrument of the lake whose funding is read. */
  readonly funding: string
  /** Held as a leg of packages alone. */
  readonly isLeg: boolean
}

/** Money that was paid in, or taken out (negative). */
export interface CapitalFlow {
  readonly ts: number
  readonly currency: string
  readonly amount: string
}

type JsonObject = { readonly [key: string]: Json }

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const textOf = (value: Json | undefined): string | undefined => (typeof value === 'string' ? value : undefined)

export class RunFacts {
  readonly manifest: RunManifest
  readonly #terms = new Map<string, Terms>()

  constructor(manifest: RunManifest) {
    this.manifest = manifest
    const { universe } = manifest.configuration
    for (const entry of Array.isArray(universe) ? universe : []) {
      const instrument = isObject(entry) ? textOf(entry.instrument) : undefined
      if (!isObject(entry) || instrument === undefined) continue
      const guess = guessTerms(instrument)
      const base = textOf(entry.base) ?? guess.base
      const quote = textOf(entry.quote) ?? guess.quote
      this.#terms.set(instrument, {
        base,
        quote,
        bars: textOf(entry.barsOf) ?? instrument,
        funding: textOf(entry.fundingOf) ?? instrument,
        isLeg: entry.role === 'leg',
      })
    }
  }

  /** The currency that a position of the instrument is counted in: `BTC`; dollars for contracts of dollars. */
  base(instrument: string): string {
    const terms = this.#terms.get(instrument)
    return terms === undefined || terms.isLeg ? unitOf(instrument, terms?.base) : terms.base
  }

  /** The currency that the book is measured in: the quote of what it trades. */
  get currency(): string {
    const { universe } = this.manifest.configuration
    const entries = (Array.isArray(universe) ? universe : []).filter(isObject)
    const entry = entries.find(({ role }) => role !== 'leg') ?? entries[0]
    return textOf(entry?.quote) ?? (entry === undefined ? 'USDT' : this.quote(textOf(entry.instrument) ?? ''))
  }

  quote(instrument: string): string {
    return (this.#terms.get(instrument) ?? guessTerms(instrument)).quote
  }

  /** The quote of an instrument of the universe; undefined outside it. */
  listedQuote(instrument: string): string | undefined {
    return this.#terms.get(instrument)?.quote
  }

  /** The coin of an instrument, whatever its contracts count. */
  coin(instrument: string): string {
    return (this.#terms.get(instrument) ?? guessTerms(instrument)).base
  }

  /** Deposits and withdrawals that the tape of a derived log held, ascending; a full log holds them itself. */
  get capitalFlows(): CapitalFlow[] {
    const { log, span, configuration } = this.manifest
    const { capitalFlows } = configuration
    if (log !== 'derived' || span === undefined || !Array.isArray(capitalFlows)) return []
    return capitalFlows
      .filter(isObject)
      .map(({ at, currency, amount }) => ({
        ts: parseDay(textOf(at) ?? '') ?? Number.NaN,
        currency: textOf(currency) ?? 'USDT',
        amount: textOf(amount) ?? '0',
      }))
      .filter(({ ts }) => ts >= span.fromDay && ts <= span.toDay)
      .sort((a, b) => a.ts - b.ts)
  }

  /** A number of the configuration by its path: `['risk', 'maxAbsWeight']`. */
  setting(...path: readonly string[]): number | undefined {
    let value: Json | undefined = this.manifest.configuration
    for (const key of path) value = isObject(value) ? value[key] : undefined
    return typeof value === 'number' ? value : undefined
  }

  /** Capital at the start, quote; undefined where the configuration names none. */
  get capital(): string | undefined {
    return textOf(this.manifest.configuration.capital)
  }

  /** Tape files with rows of the instrument around `ts`, by path. */
  tapeFiles(instrument: string, kind: 'bars' | 'funding', ts: number): string[] {
    const parts = parseInstrument(this.#terms.get(instrument)?.[kind] ?? instrument)
    if (parts === undefined) return []
    const folder = `/venue=${parts.venue}/market=${parts.market}/symbol=${parts.symbol}/`
    return this.manifest.tape
      .map(({ path }) => path)
      .filter((path) => path.startsWith(`kind=${kind}/`) && path.includes(folder) && covers(path, ts))
  }
}

const DAY = 86_400_000

/** Whether a file of the lake (`<first ts>-<last ts>-<rows>.parquet`) may hold the bar that closed at `ts`. */
function covers(path: string, ts: number): boolean {
  const match = /\/(\d+)-(\d+)-\d+\.parquet$/.exec(path)
  return match === null || (Number(match[1]) <= ts && ts <= Number(match[2]) + DAY)
}

/** What a quantity of an instrument counts, by its id: coins, or dollars of contracts of dollars. */
export const unitOf = (instrument: string, base?: string): string =>
  isInDollars(kindOfId(instrument)) ? 'USD' : (base ?? guessTerms(instrument).base)

function guessTerms(instrument: string): Terms {
  const symbol = symbolOf(instrument)
  const known = { bars: instrument, funding: instrument, isLeg: false }
  // Dated futures and options name the coin first: `BTCUSD_250627`, `BTC-27JUN25-60000-C`, `BTC_USDC-PERPETUAL`.
  const dated = /^([A-Z0-9]+?)[-_]?(USDT|USDC|USD)?[-_].*$/.exec(symbol)
  const match = /^(.+?)[-_]?(USDT|USDC|FDUSD|BUSD|USD|EUR|BTC|ETH)$/.exec(symbol)
  if (match !== null) return { base: match[1]!, quote: match[2]!, ...known }
  return { base: dated?.[1] ?? 'units', quote: dated?.[2] ?? (dated === null ? 'quote' : 'USD'), ...known }
}
