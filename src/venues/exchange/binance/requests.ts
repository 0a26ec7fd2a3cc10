/** Owns reading parameters as Binance does, and its refusals: `{code, msg}`. */
import type { EpochMs } from '#core/time'
import type { SimReply } from '../protocol.port.js'
import { BAR_MS, type Market } from './limits.js'
import type { Listed, SymbolTable } from './symbols.js'

export class BinanceRefusal extends Error {
  constructor(
    readonly status: number,
    readonly code: number,
    override readonly message: string,
  ) {
    super(message)
  }
}

export const refusal = (error: BinanceRefusal, headers: Readonly<Record<string, string>> = {}): SimReply => ({
  status: error.status,
  headers,
  body: { code: error.code, msg: error.message },
})

export class Parameters {
  constructor(
    readonly query: URLSearchParams,
    readonly market: Market,
    readonly now: EpochMs,
    readonly table: SymbolTable,
  ) {}

  text(name: string): string | undefined {
    const value = this.query.get(name)
    return value === null || value === '' ? undefined : value
  }

  needed(name: string): string {
    const value = this.text(name)
    if (value !== undefined) return value
    throw new BinanceRefusal(400, -1102, `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`)
  }

  symbol(): Listed {
    const listed = this.table.find(this.market, this.needed('symbol'), this.now)
    if (listed !== undefined) return listed
    throw new BinanceRefusal(400, -1121, 'Invalid symbol.')
  }

  /** The symbol that was asked for, or all of them. */
  symbols(): readonly Listed[] {
    if (this.text('symbol') !== undefined) return [this.symbol()]
    const list = this.text('symbols')
    const pair = this.text('pair')
    const all = this.table.all(this.market, this.now)
    if (list !== undefined) {
      const wanted = new Set(namesIn(list))
      const found = all.filter(({ symbol }) => wanted.has(symbol))
      if (found.length < wanted.size) throw new BinanceRefusal(400, -1121, 'Invalid symbol.')
      return found
    }
    return pair === undefined ? all : all.filter((listed) => listed.pair === pair)
  }

  interval(name = 'interval'): number {
    const text = this.needed(name)
    const ms = BAR_MS[text]
    if (ms !== undefined && (text !== '1s' || this.market === 'spot')) return ms
    throw new BinanceRefusal(400, -1120, 'Invalid interval.')
  }

  time(name: string): EpochMs | undefined {
    const value = this.whole(name)
    if (value === undefined || value >= 0) return value
    throw new BinanceRefusal(400, -1130, `Data sent for parameter '${name}' is not valid.`)
  }

  /** Beyond the maximum spot takes the maximum, futures refuse. */
  limit(fallback: number, max: number): number {
    const value = this.whole('limit') ?? fallback
    if (value >= 1 && value <= max) return value
    if (value > max && this.market === 'spot') return max
    throw new BinanceRefusal(400, -1130, "Data sent for parameter 'limit' is not valid.")
  }

  whole(name: string): number | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    if (/^-?\d{1,16}$/.test(text)) return Number(text)
    throw new BinanceRefusal(
      400,
      -1100,
      `Illegal characters found in parameter '${name}'; legal range is '^[0-9]{1,20}$'.`,
    )
  }
}

function namesIn(list: string): readonly string[] {
  try {
    const parsed: unknown = JSON.parse(list)
    if (Array.isArray(parsed)) return parsed.map(String)
  } catch {
    // Falls through: no list.
  }
  throw new BinanceRefusal(400, -1100, "Illegal characters found in parameter 'symbols'.")
}
