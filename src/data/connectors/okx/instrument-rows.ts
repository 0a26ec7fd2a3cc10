/** Owns reading what OKX trades and on which terms (`public/instruments` and the channel of that name). */
import { formatUnits, isDecimalString, multiplyUnits, parseUnits } from '#core/decimal'
import { MINUTE_MS } from '#core/time'
import { type Fields, fieldsOf, optionalNumber, positiveOf, textOf, timeOf } from '../fields.js'
import { type InstrumentFacts, type InstrumentKind, PayloadRefused } from '../normal.js'
import type { RowReader } from './scope.js'
import { marketOfType, type OkxMarket, refOf } from './symbols.js'

/**
 * An instrument, and its status when it is not live. Rows in `preopen` without terms (only instId and instType are set)
 * say nothing yet and are passed over. OKX has no least order value: error 51020 tells it.
 */
export const instrumentRow: RowReader = (row, scope, out) => {
  const fields = fieldsOf(row, 'data[]')
  if (fields.state === 'preopen' && (fields.tickSz === '' || fields.tickSz === undefined)) return
  const facts = factsOf(fields)
  out.push({ kind: 'instrument', instrument: facts.instrument, facts })
  if (facts.isTrading) return
  // When it is delivered or, of spot pairs and swaps, delisted; our clock may be a little behind.
  const endsAt = optionalNumber(fields.expTime, 'data[].expTime')
  out.push({
    kind: 'status',
    venue: 'okx',
    instrument: facts.instrument,
    status: endsAt !== null && endsAt <= scope.receivedAt + MINUTE_MS ? 'delisted' : 'halted',
    detail: `state ${String(fields.state)}`,
  })
}

function factsOf(fields: Fields): InstrumentFacts {
  const market = marketOfType(fields.instType)
  if (market === undefined) throw new PayloadRefused('data[].instType', `${String(fields.instType)} is no market`)
  const ref = refOf(fields.instId, 'data[].instId')
  if (ref.market !== market) throw new PayloadRefused('data[].instId', `does not look like ${market}`)
  const expires = market === 'futures' || market === 'option'
  const listedAt = optionalNumber(fields.listTime, 'data[].listTime')
  return {
    instrument: ref.instrument,
    ...termsOf(fields, market),
    tick: stepOf(fields.tickSz, 'data[].tickSz'),
    lot: stepOf(fields.lotSz, 'data[].lotSz'),
    minSize: stepOf(fields.minSz, 'data[].minSz'),
    minNotional: '0',
    isTrading: textOf(fields.state, 'data[].state') === 'live',
    listedAt: listedAt === null ? null : timeOf(listedAt, 'data[].listTime'),
    // Of spot pairs and swaps it is the day of their delisting, not a delivery.
    expiresAt: expires ? timeOf(fields.expTime, 'data[].expTime') : null,
    strike: market === 'option' ? positiveOf(fields.stk, 'data[].stk') : null,
    option: market === 'option' ? rightOf(fields.optType) : null,
    fundingIntervalMs: null,
  }
}

type Terms = Pick<InstrumentFacts, 'kind' | 'base' | 'quote' | 'settle' | 'contractSize' | 'contractOf'>

function termsOf(fields: Fields, market: OkxMarket): Terms {
  if (market === 'spot') {
    const quote = textOf(fields.quoteCcy, 'data[].quoteCcy')
    const base = textOf(fields.baseCcy, 'data[].baseCcy')
    return { kind: 'spot', base, quote, settle: quote, contractSize: '1', contractOf: 'base' }
  }
  // `instFamily` came in 2022; older rows have the underlying alone.
  const family = textOf(fields.uly === '' ? fields.instFamily : (fields.uly ?? fields.instFamily), 'data[].uly')
  const [base, quote] = family.split('-')
  if (base === undefined || quote === undefined) throw new PayloadRefused('data[].uly', `${family} is no pair`)
  const settle = textOf(fields.settleCcy, 'data[].settleCcy')
  const of = textOf(fields.ctValCcy, 'data[].ctValCcy')
  if (of !== base && of !== quote && of !== 'USD')
    throw new PayloadRefused('data[].ctValCcy', `${of} is neither ${base} nor ${quote}`)
  return {
    kind: kindOf(market, settle === base, fields.ctType),
    base,
    quote,
    settle,
    contractSize: productOf(fields.ctVal, fields.ctMult),
    contractOf: of === base ? 'base' : 'quote',
  }
}

function kindOf(market: OkxMarket, settlesInBase: boolean, ctType: unknown): InstrumentKind {
  if (market === 'option') return settlesInBase ? 'inverseOption' : 'linearOption'
  if (ctType !== 'linear' && ctType !== 'inverse')
    throw new PayloadRefused('data[].ctType', 'is neither linear nor inverse')
  if (market === 'swap') return ctType === 'linear' ? 'linearPerpetual' : 'inversePerpetual'
  return ctType === 'linear' ? 'linearFuture' : 'inverseFuture'
}

function rightOf(optType: unknown): 'call' | 'put' {
  if (optType === 'C') return 'call'
  if (optType === 'P') return 'put'
  throw new PayloadRefused('data[].optType', 'is neither C nor P')
}

/** `ctVal` times `ctMult`, exactly. */
function productOf(ctVal: unknown, ctMult: unknown): string {
  const size = stepOf(ctVal, 'data[].ctVal')
  const times = stepOf(ctMult, 'data[].ctMult')
  if (times === '1') return size
  if (!isDecimalString(size) || !isDecimalString(times))
    throw new PayloadRefused('data[].ctMult', `${size} times ${times} is too fine`)
  const product = multiplyUnits(parseUnits(size), parseUnits(times))
  if (product === 0n) throw new PayloadRefused('data[].ctMult', `${size} times ${times} is too fine`)
  return formatUnits(product)
}

/** A step as the venue wrote it; it must be above 0. */
function stepOf(value: unknown, path: string): string {
  positiveOf(value, path)
  return textOf(value, path)
}
