/** Owns what the view knows of markets: newest prices, funding, open interest, and what options and futures say. Bounded. */
import type { AnyEvent } from '#events/catalogue'
import type { FoldState, Mutable, OutlookFold } from './fold-state.js'
import type { MarketRow } from './view.port.js'

/** Instruments that are kept; option chains bring new ones for ever. Chosen here. */
const MARKETS_KEPT = 400

export function foldMarket(state: FoldState, event: AnyEvent): void {
  switch (event.type) {
    case 'InstrumentListed':
      marketOf(state, event.data.instrument)
      break
    case 'BarClosed':
      price(state, event.data.instrument, event.data.close, event.ts)
      break
    case 'QuoteChanged': {
      const middle = (event.data.bid + event.data.ask) / 2
      if (middle > 0) price(state, event.data.instrument, middle, event.ts)
      break
    }
    case 'MarkChanged': {
      const row = marketOf(state, event.data.instrument)
      row.mark = event.data.mark
      row.index = event.data.index
      if (row.price === null) price(state, event.data.instrument, event.data.mark, event.ts)
      break
    }
    case 'FundingSettled': {
      const row = marketOf(state, event.data.instrument)
      row.fundingRate = event.data.rate
      row.fundingIntervalHours = event.data.intervalHours
      break
    }
    case 'FundingRateChanged':
      marketOf(state, event.data.instrument).predictedFunding = event.data.rate
      break
    case 'OpenInterestChanged':
      marketOf(state, event.data.instrument).openInterest = event.data.openInterest
      break
    default:
      foldOutlook(state, event)
  }
}

/** Prices of a log without inputs: what risk, execution and fills name. */
export function foldNamedPrices(state: FoldState, event: AnyEvent): void {
  switch (event.type) {
    case 'RiskAssessed':
      for (const { instrument, mark } of event.data.rows) if (mark > 0) price(state, instrument, mark, event.ts)
      break
    case 'OrderApproved':
      if (Number(event.data.referencePrice) > 0)
        price(state, event.data.instrument, Number(event.data.referencePrice), event.ts)
      break
    case 'OrderFilled':
      price(state, event.data.instrument, Number(event.data.price), event.ts)
      break
    case 'FundingAccrued':
      for (const { instrument, mark, rate } of event.data.rows) {
        if (mark > 0) price(state, instrument, mark, event.ts)
        marketOf(state, instrument).fundingRate = rate
      }
      break
    case 'SignalChanged':
      if (event.data.price > 0) price(state, event.data.instrument, event.data.price, event.ts)
      break
  }
}

function foldOutlook(state: FoldState, event: AnyEvent): void {
  switch (event.type) {
    case 'VolatilityIndexChanged':
      outlookOf(state, event.data.currency).dvol = event.data.value
      break
    case 'VolatilitySurfaceChanged': {
      const row = outlookOf(state, event.data.currency)
      row.skew = event.data.skew30 === null ? null : event.data.skew30 / 100
      if (event.data.indexIv30 !== null) row.dvol = event.data.indexIv30
      break
    }
    case 'BasisChanged': {
      const { base, instrument, expiresAt, aprSimple } = event.data
      const row = outlookOf(state, base)
      const isFront = row.front === instrument || expiresAt < row.frontExpiresAt || row.frontExpiresAt <= event.ts
      if (!isFront) break
      row.front = instrument
      row.frontExpiresAt = expiresAt
      row.basis = aprSimple
      break
    }
    case 'FundingSpreadChanged':
      outlookOf(state, event.data.base).fundingSpread = event.data.spreadApr
      break
  }
}

function price(state: FoldState, instrument: string, value: number, ts: number): void {
  const row = marketOf(state, instrument)
  row.price = value
  row.ts = ts
}

function marketOf(state: FoldState, instrument: string): Mutable<MarketRow> {
  const known = state.market[instrument]
  if (known !== undefined) return known
  const row: Mutable<MarketRow> = {
    instrument,
    price: null,
    ts: 0,
    mark: null,
    index: null,
    fundingRate: null,
    fundingIntervalHours: null,
    predictedFunding: null,
    openInterest: null,
  }
  state.market[instrument] = row
  const names = Object.keys(state.market)
  if (names.length > MARKETS_KEPT) {
    const stalest = names
      .filter((name) => name !== instrument)
      .reduce((a, b) => (state.market[b]!.ts < state.market[a]!.ts ? b : a))
    delete state.market[stalest]
  }
  return row
}

function outlookOf(state: FoldState, coin: string): OutlookFold {
  const known = state.outlook[coin]
  if (known !== undefined) return known
  const row: OutlookFold = {
    coin,
    dvol: null,
    skew: null,
    basis: null,
    fundingSpread: null,
    front: '',
    frontExpiresAt: 0,
  }
  state.outlook[coin] = row
  return row
}
