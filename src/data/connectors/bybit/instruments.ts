/** Owns reading Bybit's instruments. Steps are kept as the venue wrote them, without trailing zeros; delivery is `deliveryTime`, never the name. */
import type { EpochMs } from '#core/time'
import { MINUTE_MS } from '#core/time'
import { type Fields, fieldsOf, optionalNumber, positiveOf, textOf, timeOf } from '../fields.js'
import { type InstrumentFacts, type InstrumentKind, PayloadRefused } from '../normal.js'
import { type BybitMarket, instrumentOf } from './names.js'

const KINDS: ReadonlyMap<unknown, InstrumentKind> = new Map<unknown, InstrumentKind>([
  ['LinearPerpetual', 'linearPerpetual'],
  ['LinearFutures', 'linearFuture'],
  ['InversePerpetual', 'inversePerpetual'],
  ['InverseFutures', 'inverseFuture'],
])

/** Whether a row is of a contract that is known: a new kind must not take the page of all others with it. */
export function isKnownContract(row: unknown, market: BybitMarket): boolean {
  if (market === 'spot' || market === 'option' || typeof row !== 'object' || row === null) return true
  const type = (row as Fields).contractType // an object: checked just now
  return typeof type !== 'string' || KINDS.has(type)
}

/** One row of instruments-info. Throws PayloadRefused. */
export function factsOf(row: unknown, market: BybitMarket, path: string): InstrumentFacts {
  const fields = fieldsOf(row, path)
  const lots = fieldsOf(fields.lotSizeFilter, `${path}.lotSizeFilter`)
  const prices = fieldsOf(fields.priceFilter, `${path}.priceFilter`)
  const common = {
    instrument: instrumentOf(market, fields.symbol, `${path}.symbol`),
    base: textOf(fields.baseCoin, `${path}.baseCoin`),
    quote: textOf(fields.quoteCoin, `${path}.quoteCoin`),
    tick: step(prices.tickSize, `${path}.priceFilter.tickSize`),
    minSize: step(lots.minOrderQty, `${path}.lotSizeFilter.minOrderQty`),
    isTrading: textOf(fields.status, `${path}.status`) === 'Trading',
    contractSize: '1',
  }
  if (market === 'spot')
    return {
      ...common,
      ...NO_TERMS,
      kind: 'spot',
      settle: common.quote,
      // A step such as 0.000001, whatever its name says.
      lot: step(lots.basePrecision, `${path}.lotSizeFilter.basePrecision`),
      minNotional: stepOrZero(lots.minOrderAmt, `${path}.lotSizeFilter.minOrderAmt`),
      listedAt: null,
    }
  const contract = {
    ...common,
    ...NO_TERMS,
    settle: textOf(fields.settleCoin, `${path}.settleCoin`),
    lot: step(lots.qtyStep, `${path}.lotSizeFilter.qtyStep`),
    minNotional: stepOrZero(lots.minNotionalValue, `${path}.lotSizeFilter.minNotionalValue`),
    listedAt: timeOrNull(fields.launchTime, `${path}.launchTime`),
  }
  if (market === 'option') return { ...contract, ...optionTerms(fields, common.base, contract.settle, path) }
  return { ...contract, ...futureTerms(fields, path) }
}

const NO_TERMS = {
  contractOf: 'base',
  expiresAt: null,
  strike: null,
  option: null,
  fundingIntervalMs: null,
} as const

type Terms = Partial<InstrumentFacts> & Pick<InstrumentFacts, 'kind'>

/** A perpetual's `deliveryTime` is "0", or when it will be delisted: neither is an expiry. `fundingInterval` is minutes. */
function futureTerms(fields: Fields, path: string): Terms {
  const kind = KINDS.get(fields.contractType)
  if (kind === undefined)
    throw new PayloadRefused(`${path}.contractType`, `${JSON.stringify(fields.contractType) ?? 'absent'} is unknown`)
  const isPerpetual = kind === 'linearPerpetual' || kind === 'inversePerpetual'
  const minutes = isPerpetual ? optionalNumber(fields.fundingInterval, `${path}.fundingInterval`) : null
  return {
    kind,
    contractOf: kind === 'inversePerpetual' || kind === 'inverseFuture' ? 'quote' : 'base',
    expiresAt: isPerpetual ? null : timeOf(fields.deliveryTime, `${path}.deliveryTime`),
    fundingIntervalMs: minutes === null || minutes <= 0 ? null : minutes * MINUTE_MS,
  }
}

/** The strike stands in the symbol alone: `BTC-26DEC25-90000-C-USDT`. */
function optionTerms(fields: Fields, base: string, settle: string, path: string): Terms {
  const type = textOf(fields.optionsType, `${path}.optionsType`)
  if (type !== 'Call' && type !== 'Put') throw new PayloadRefused(`${path}.optionsType`, `is ${JSON.stringify(type)}`)
  return {
    kind: settle === base ? 'inverseOption' : 'linearOption',
    expiresAt: timeOf(fields.deliveryTime, `${path}.deliveryTime`),
    strike: positiveOf(String(fields.symbol).split('-')[2], `${path}.symbol (strike)`),
    option: type === 'Call' ? 'call' : 'put',
  }
}

/** `"0.10"` → `"0.1"`. */
function step(value: unknown, path: string): string {
  positiveOf(value, path)
  const text = String(value)
  if (!/^\d+(\.\d+)?$/.test(text)) throw new PayloadRefused(path, `is ${text}, not a plain decimal`)
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}

const stepOrZero = (value: unknown, path: string): string => {
  const number = optionalNumber(value, path)
  return number === null || number === 0 ? '0' : step(value, path)
}

const timeOrNull = (value: unknown, path: string): EpochMs | null => {
  const ts = optionalNumber(value, path)
  return ts === null || ts === 0 ? null : timeOf(ts, path)
}
