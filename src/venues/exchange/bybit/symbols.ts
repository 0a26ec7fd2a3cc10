/**
 * Owns Bybit's names, units and steps of the played instruments. Options are played as the venue has them now: linear, in
 * USDT; the world's are inverse, so their prices are turned by the forward.
 */
import { civilDate, type EpochMs, SECOND_MS } from '#core/time'
import type { World, WorldInstrument } from '../world.port.js'

export const CATEGORIES = ['spot', 'linear', 'inverse', 'option'] as const
export type Category = (typeof CATEGORIES)[number]

export const isCategory = (text: string | null): text is Category =>
  text !== null && (CATEGORIES as readonly string[]).includes(text)

/** An instrument with what its texts need. */
export interface Listed {
  readonly instrument: WorldInstrument
  readonly category: Category
  readonly symbol: string
  readonly quote: string
  readonly settle: string
  readonly tick: string
  /** Of sizes as the venue writes them: coins, inverse USD. */
  readonly lot: string
  readonly tickDigits: number
  readonly lotDigits: number
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'] as const
/** Codes of delivery months, as futures have them everywhere. */
const MONTH_CODES = 'FGHJKMNQUVXZ'
const OPTION_TICK = '5'

const CATEGORY_OF: Readonly<Record<WorldInstrument['kind'], Category>> = {
  spot: 'spot',
  linearPerpetual: 'linear',
  linearFuture: 'linear',
  inversePerpetual: 'inverse',
  inverseFuture: 'inverse',
  inverseOption: 'option',
}

/** `26DEC25`, without a leading zero. */
function dateOf(ts: EpochMs): string {
  const { year, month, day } = civilDate(ts)
  return `${day}${MONTHS[month - 1]}${year % 100}`
}

function symbolOf({ kind, base, quote, settle, expiresAt, strike, option }: WorldInstrument): string {
  const expiry = expiresAt ?? 0
  switch (kind) {
    case 'spot':
      return base + quote
    case 'linearPerpetual':
      return settle === 'USDC' ? `${base}PERP` : base + quote
    case 'linearFuture':
      return settle === 'USDC' ? `${base}-${dateOf(expiry)}` : `${base}${quote}-${dateOf(expiry)}`
    case 'inversePerpetual':
      return `${base}USD`
    case 'inverseFuture': {
      const { year, month } = civilDate(expiry)
      return `${base}USD${MONTH_CODES[month - 1]}${year % 100}`
    }
    case 'inverseOption':
      return `${base}-${dateOf(expiry)}-${strike}-${option === 'put' ? 'P' : 'C'}-USDT`
  }
}

const digitsOf = (step: string): number => (step.includes('.') ? step.length - step.indexOf('.') - 1 : 0)

function listedOf(instrument: WorldInstrument): Listed {
  const category = CATEGORY_OF[instrument.kind]
  const isOption = category === 'option'
  const tick = isOption ? OPTION_TICK : instrument.tick
  const lot = category === 'inverse' ? '1' : instrument.lot
  return {
    instrument,
    category,
    symbol: symbolOf(instrument),
    quote: isOption ? 'USDT' : instrument.quote,
    settle: isOption ? 'USDT' : instrument.settle,
    tick,
    lot,
    tickDigits: digitsOf(tick),
    lotDigits: digitsOf(lot),
  }
}

export interface SymbolTable {
  /** What trades at a time, by category, in the world's order. */
  all(category: Category, at: EpochMs): readonly Listed[]
  find(category: Category, symbol: string | null | undefined, at: EpochMs): Listed | undefined
}

/** Listings are looked at once a second of venue time: delistings are seen that late, as on a venue. */
export function symbolTable(world: World): SymbolTable {
  const names = new Map<string, Listed>()
  let builtAt = Number.NEGATIVE_INFINITY
  let lists: Record<Category, Listed[]> = { spot: [], linear: [], inverse: [], option: [] }
  let index = new Map<string, Listed>()
  const build = (at: EpochMs): void => {
    if (Math.abs(at - builtAt) < SECOND_MS) return
    builtAt = at
    lists = { spot: [], linear: [], inverse: [], option: [] }
    index = new Map()
    for (const instrument of world.instruments(at)) {
      const listed = names.get(instrument.id) ?? listedOf(instrument)
      names.set(instrument.id, listed)
      const key = `${listed.category} ${listed.symbol}`
      // Names of inverse futures know the month alone: the first delivery of a month has it.
      if (index.has(key)) continue
      index.set(key, listed)
      lists[listed.category].push(listed)
    }
  }
  return {
    all(category, at) {
      build(at)
      return lists[category]
    },
    find(category, symbol, at) {
      build(at)
      return typeof symbol === 'string' ? index.get(`${category} ${symbol}`) : undefined
    },
  }
}

export const priceText = (of: Listed, price: number): string => price.toFixed(of.tickDigits)
/** Marks and indices are finer than the price step. */
export const markText = (of: Listed, price: number): string => price.toFixed(of.tickDigits + 2)

/** Size as the venue writes it: coins, or USD at a price. */
export function sizeText(of: Listed, coins: number, price: number): string {
  if (of.category !== 'inverse') return coins.toFixed(of.lotDigits)
  return coins > 0 ? String(Math.max(1, Math.round(coins * price))) : '0'
}

export const isPerpetual = (of: Listed): boolean =>
  of.instrument.kind === 'linearPerpetual' || of.instrument.kind === 'inversePerpetual'
