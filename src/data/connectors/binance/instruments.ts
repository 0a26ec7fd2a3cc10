/** Owns reading exchangeInfo and fundingInfo of the three markets. Never takes pricePrecision for a tick: the venue says not to. */
import { type DecimalString, formatUnits, isDecimalString, parseUnits } from '#core/decimal'
import { parseInstrument } from '#core/ids'
import { type DurationMs, HOUR_MS } from '#core/time'
import { type Fields, fieldsOf, listOf, numberOf, textOf } from '../fields.js'
import { type InstrumentFacts, type InstrumentKind, PayloadRefused } from '../normal.js'
import { binanceId } from './symbols.js'

/** Interval of symbols that fundingInfo leaves out (binance.md 3.2). */
export const DEFAULT_FUNDING_MS: DurationMs = 8 * HOUR_MS

/** Perpetuals have a delivery date beyond this: 4133404800000 stands for never. */
const NEVER = 4_102_444_800_000

/** Funding intervals by symbol; undefined: not asked for, so that intervals are not known. */
export type FundingIntervals = ReadonlyMap<string, DurationMs> | undefined

/** Symbols whose interval was adjusted. */
export function fundingIntervals(payload: unknown): ReadonlyMap<string, DurationMs> {
  return new Map(
    listOf(payload, 'fundingInfo').map((entry, i) => {
      const row = fieldsOf(entry, `[${i}]`)
      return [textOf(row.symbol, `[${i}].symbol`), numberOf(row.fundingIntervalHours, `[${i}].hours`) * HOUR_MS]
    }),
  )
}

/**
 * Facts of every symbol whose name can be an instrument id; the few with letters beyond ASCII are left out, because no path,
 * event or configuration can name them.
 */
export function instrumentsOf(
  payload: unknown,
  market: string,
  intervals: FundingIntervals,
): readonly InstrumentFacts[] {
  const symbols = listOf(fieldsOf(payload, 'exchangeInfo').symbols, 'symbols')
  return symbols.flatMap((entry, i) => {
    const row = fieldsOf(entry, `symbols[${i}]`)
    const symbol = textOf(row.symbol, `symbols[${i}].symbol`)
    if (parseInstrument(binanceId(market, symbol)) === undefined) return []
    return [factsOf(row, symbol, market, intervals)]
  })
}

function factsOf(row: Fields, symbol: string, market: string, intervals: FundingIntervals): InstrumentFacts {
  const filters = filtersOf(row, symbol)
  const base = textOf(row.baseAsset, `${symbol}.baseAsset`)
  const quote = textOf(row.quoteAsset, `${symbol}.quoteAsset`)
  const kind = kindOf(row, symbol, market)
  const isPerpetual = kind === 'linearPerpetual' || kind === 'inversePerpetual'
  return {
    instrument: binanceId(market, symbol),
    kind,
    base,
    quote,
    settle: market === 'spot' ? quote : textOf(row.marginAsset, `${symbol}.marginAsset`),
    tick: exact(filters.get('PRICE_FILTER')?.tickSize, `${symbol}.PRICE_FILTER.tickSize`),
    lot: exact(filters.get('LOT_SIZE')?.stepSize, `${symbol}.LOT_SIZE.stepSize`),
    minSize: exact(filters.get('LOT_SIZE')?.minQty, `${symbol}.LOT_SIZE.minQty`),
    minNotional: minNotional(filters, symbol),
    contractSize: market === 'coinm' ? exact(row.contractSize, `${symbol}.contractSize`) : '1',
    contractOf: market === 'coinm' ? 'quote' : 'base',
    // COIN-M calls it contractStatus.
    isTrading: (row.status ?? row.contractStatus) === 'TRADING',
    listedAt: instant(row.onboardDate),
    expiresAt: instant(row.deliveryDate),
    strike: null,
    option: null,
    fundingIntervalMs: isPerpetual && intervals !== undefined ? (intervals.get(symbol) ?? DEFAULT_FUNDING_MS) : null,
  }
}

function kindOf(row: Fields, symbol: string, market: string): InstrumentKind {
  if (market === 'spot') return 'spot'
  const type = row.contractType
  // Contracts that are not trading yet have an empty type: their name tells.
  const isPerpetual = typeof type === 'string' && type !== '' ? type.includes('PERPETUAL') : !/_\d{6}$/.test(symbol)
  if (market === 'coinm') return isPerpetual ? 'inversePerpetual' : 'inverseFuture'
  return isPerpetual ? 'linearPerpetual' : 'linearFuture'
}

function filtersOf(row: Fields, symbol: string): ReadonlyMap<string, Fields> {
  return new Map(
    listOf(row.filters, `${symbol}.filters`).map((entry, i) => {
      const filter = fieldsOf(entry, `${symbol}.filters[${i}]`)
      return [textOf(filter.filterType, `${symbol}.filters[${i}].filterType`), filter]
    }),
  )
}

/** Spot: NOTIONAL or the older MIN_NOTIONAL with `minNotional`; USD-M: MIN_NOTIONAL with `notional`; COIN-M: none. */
function minNotional(filters: ReadonlyMap<string, Fields>, symbol: string): DecimalString {
  const filter = filters.get('NOTIONAL') ?? filters.get('MIN_NOTIONAL')
  return filter === undefined ? '0' : exact(filter.minNotional ?? filter.notional, `${symbol}.NOTIONAL`)
}

function exact(value: unknown, path: string): DecimalString {
  const text = typeof value === 'number' ? String(value) : value
  if (typeof text === 'string' && isDecimalString(text)) return formatUnits(parseUnits(text))
  throw new PayloadRefused(path, `is ${JSON.stringify(value) ?? 'absent'}, not an exact decimal`)
}

function instant(value: unknown): number | null {
  return typeof value === 'number' && value > 0 && value < NEVER ? value : null
}
