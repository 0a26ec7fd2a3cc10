/** Owns reading the state of markets: marks, funding, open interest, liquidations, options, indices, the venue itself. */
import { intervalMs, MINUTE_MS } from '#core/time'
import { fieldsOf, listOf, numberOf, optionalNumber, positiveOf, textOf, timeOf } from '../fields.js'
import { PayloadRefused } from '../normal.js'
import { coinsOf, type RowReader, unitOf } from './scope.js'
import { refOf } from './symbols.js'

export const markRow: RowReader = (row, _scope, out) => {
  const fields = fieldsOf(row, 'data[]')
  out.push({
    kind: 'mark',
    instrument: refOf(fields.instId, 'data[].instId').instrument,
    ts: timeOf(fields.ts, 'data[].ts'),
    mark: positiveOf(fields.markPx, 'data[].markPx'),
    index: null,
  })
}

export const indexRow: RowReader = (row, _scope, out) => {
  const fields = fieldsOf(row, 'data[]')
  out.push({
    kind: 'index',
    venue: 'okx',
    name: textOf(fields.instId, 'data[].instId'),
    ts: timeOf(fields.ts, 'data[].ts'),
    price: positiveOf(fields.idxPx, 'data[].idxPx'),
  })
}

/**
 * `fundingRate` is the estimate for the current period, which is paid at `fundingTime`; `nextFundingTime` is the payment
 * after it, so their distance is the interval (docs-v5, "Get funding rate"; method current_period).
 */
export const fundingRow: RowReader = (row, scope, out) => {
  const fields = fieldsOf(row, 'data[]')
  const nextFundingAt = timeOf(fields.fundingTime, 'data[].fundingTime')
  const after = optionalNumber(fields.nextFundingTime, 'data[].nextFundingTime')
  const isTimed = fields.ts !== undefined && fields.ts !== ''
  out.push({
    kind: 'funding',
    instrument: refOf(fields.instId, 'data[].instId').instrument,
    ts: isTimed ? timeOf(fields.ts, 'data[].ts') : scope.receivedAt,
    rate: numberOf(fields.fundingRate, 'data[].fundingRate'),
    intervalMs: after !== null && after > nextFundingAt ? after - nextFundingAt : null,
    nextFundingAt,
  })
}

/** What was paid is `realizedRate`; `fundingRate` was the prediction. */
export const settlementRow: RowReader = (row, _scope, out) => {
  const fields = fieldsOf(row, 'data[]')
  const paidAt = timeOf(fields.fundingTime, 'data[].fundingTime')
  out.push({
    kind: 'settlement',
    instrument: refOf(fields.instId, 'data[].instId').instrument,
    settledAt: Math.round(paidAt / MINUTE_MS) * MINUTE_MS,
    rate: numberOf(fields.realizedRate, 'data[].realizedRate'),
    intervalMs: null,
  })
}

/** `oi` counts contracts, `oiCcy` coins, both of one side. */
export const openInterestRow: RowReader = (row, _scope, out) => {
  const fields = fieldsOf(row, 'data[]')
  out.push({
    kind: 'openInterest',
    instrument: refOf(fields.instId, 'data[].instId').instrument,
    ts: timeOf(fields.ts, 'data[].ts'),
    openInterest: amountOf(fields.oiCcy, 'data[].oiCcy'),
    value: optionalNumber(fields.oiUsd, 'data[].oiUsd'),
  })
}

/** `[ts, oi, oiCcy, oiUsd]`. */
export const openInterestHistoryRow: RowReader = (row, scope, out) => {
  const columns = listOf(row, 'data[]')
  const ts = timeOf(columns[0], 'data[][0]')
  // Points of a day that begins at UTC+8 stand beside those of UTC days under another name of the period.
  if (scope.interval !== undefined && ts % intervalMs(scope.interval) !== 0)
    throw new PayloadRefused('data[][0]', `${ts} is no point of ${scope.interval} in UTC`)
  out.push({
    kind: 'openInterest',
    instrument: refOf(scope.instId, 'instId').instrument,
    ts,
    openInterest: amountOf(columns[2], 'data[][2]'),
    value: optionalNumber(columns[3], 'data[][3]'),
  })
}

function amountOf(value: unknown, path: string): number {
  const amount = numberOf(value, path)
  if (amount >= 0) return amount
  throw new PayloadRefused(path, `is ${amount}, below 0`)
}

/** `posSide` is the position that was closed; of a net position the order's side tells it: a sell closes a long. */
export const liquidationRow: RowReader = (row, scope, out) => {
  const fields = fieldsOf(row, 'data[]')
  const ref = refOf(fields.instId, 'data[].instId')
  const unit = unitOf(ref, scope, 'data[].details[].sz')
  for (const detail of listOf(fields.details, 'data[].details')) {
    const of = fieldsOf(detail, 'data[].details[]')
    const price = positiveOf(of.bkPx, 'data[].details[].bkPx')
    out.push({
      kind: 'liquidation',
      instrument: ref.instrument,
      ts: timeOf(of.ts, 'data[].details[].ts'),
      side: sideOf(of.posSide, of.side),
      price,
      size: coinsOf(positiveOf(of.sz, 'data[].details[].sz'), unit, price),
    })
  }
}

function sideOf(posSide: unknown, side: unknown): 'long' | 'short' {
  if (posSide === 'long' || posSide === 'short') return posSide
  if (side === 'sell') return 'long'
  if (side === 'buy') return 'short'
  throw new PayloadRefused('data[].details[].posSide', 'does not say which position was liquidated')
}

/**
 * Volatilities are decimals. Greeks are the Black-Scholes ones in USD (`deltaBS` …: vega for 0.01, theta a day, of one coin),
 * never the coin-adjusted `delta` …, which mean something else. The row has no prices and no open interest.
 */
export const optionRow: RowReader = (row, _scope, out) => {
  const fields = fieldsOf(row, 'data[]')
  const ref = refOf(fields.instId, 'data[].instId')
  if (ref.market !== 'option') throw new PayloadRefused('data[].instId', 'is no option')
  out.push({
    kind: 'option',
    instrument: ref.instrument,
    ts: timeOf(fields.ts, 'data[].ts'),
    bid: null,
    ask: null,
    mark: null,
    bidIv: volatilityOf(fields.bidVol, 'data[].bidVol'),
    askIv: volatilityOf(fields.askVol, 'data[].askVol'),
    markIv: volatilityOf(fields.markVol, 'data[].markVol'),
    delta: optionalNumber(fields.deltaBS ?? fields.deltaBs, 'data[].deltaBS'),
    gamma: optionalNumber(fields.gammaBS ?? fields.gammaBs, 'data[].gammaBS'),
    vega: optionalNumber(fields.vegaBS ?? fields.vegaBs, 'data[].vegaBS'),
    theta: optionalNumber(fields.thetaBS ?? fields.thetaBs, 'data[].thetaBS'),
    underlyingPrice: optionalNumber(fields.fwdPx, 'data[].fwdPx'),
    indexPrice: null,
    openInterest: null,
  })
}

/** "0" stands where nobody quotes. */
function volatilityOf(value: unknown, path: string): number | null {
  const volatility = optionalNumber(value, path)
  return volatility === null || volatility === 0 ? null : positiveOf(value, path)
}

export const timeRow: RowReader = (row, _scope, out) => {
  out.push({ kind: 'serverTime', venue: 'okx', ts: timeOf(fieldsOf(row, 'data[]').ts, 'data[].ts') })
}

/** Maintenance that is announced changes nothing until it is ongoing. */
export const statusRow: RowReader = (row, _scope, out) => {
  const fields = fieldsOf(row, 'data[]')
  const state = textOf(fields.state, 'data[].state')
  const title = typeof fields.title === 'string' ? fields.title : ''
  out.push({
    kind: 'status',
    venue: 'okx',
    instrument: null,
    status: state === 'ongoing' ? 'maintenance' : 'trading',
    detail: `${state}: ${title}`,
  })
}
