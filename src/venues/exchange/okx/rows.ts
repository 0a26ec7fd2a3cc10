/** Owns the rows of the simulated OKX: what REST and sockets say of the world at a time, in OKX's words and units. */
import { DAY_MS, type EpochMs, floorTo, HOUR_MS, MINUTE_MS } from '#core/time'
import type { World, WorldBar, WorldBook, WorldTrade } from '../world.port.js'
import { expiryName, type Listing, sz, text } from './listing.js'

export type Row = Readonly<Record<string, unknown>>

/** Number of an instrument in orders over sockets; any number that stays. */
function codeOf(instId: string): number {
  let code = 7
  for (let i = 0; i < instId.length; i++) code = (code * 31 + instId.charCodeAt(i)) % 1_000_003
  return code
}

export function instrumentRow(listing: Listing, state: string): Row {
  const { instrument, instId, instType, family } = listing
  const isSpot = instType === 'SPOT'
  const isOption = instType === 'OPTION'
  return {
    alias: '',
    baseCcy: isSpot ? instrument.base : '',
    category: '1',
    ctMult: listing.ctMult,
    ctType: isSpot || isOption ? '' : listing.isInverse ? 'inverse' : 'linear',
    ctVal: listing.ctVal,
    ctValCcy: isSpot ? '' : listing.isInverse ? instrument.quote : instrument.base,
    expTime: instrument.expiresAt === null ? '' : String(instrument.expiresAt),
    instFamily: isSpot ? '' : family,
    instId,
    instIdCode: codeOf(instId),
    instType,
    lever: isOption ? '' : isSpot ? '10' : '100',
    listTime: String(instrument.listedAt),
    lotSz: listing.lotSz,
    maxLmtAmt: '20000000',
    maxLmtSz: '100000000',
    maxMktAmt: isSpot ? '1000000' : '',
    maxMktSz: isSpot ? '1000000' : '30000',
    minSz: listing.lotSz,
    optType: instrument.option === null ? '' : instrument.option === 'call' ? 'C' : 'P',
    quoteCcy: isSpot ? instrument.quote : '',
    ruleType: 'normal',
    settleCcy: isSpot ? '' : instrument.settle,
    state,
    stk: instrument.strike === null ? '' : String(instrument.strike),
    tickSz: instrument.tick,
    uly: isSpot ? '' : family,
  }
}

/** `[ts,o,h,l,c,vol,volCcy,volCcyQuote,confirm]`. */
export function candleRow(listing: Listing, bar: WorldBar, isClosed: boolean): readonly string[] {
  const isSpot = listing.instType === 'SPOT'
  const quote = text(bar.quoteVolume)
  const contracts = listing.isInverse ? bar.quoteVolume / listing.unit : bar.volume / listing.unit
  return [
    String(bar.openTime),
    text(bar.open),
    text(bar.high),
    text(bar.low),
    text(bar.close),
    isSpot ? text(bar.volume) : text(contracts),
    isSpot ? quote : text(bar.volume),
    quote,
    isClosed ? '1' : '0',
  ]
}

export function tradeRow(listing: Listing, trade: WorldTrade): Row {
  return {
    instId: listing.instId,
    tradeId: String(trade.id),
    px: text(trade.price),
    sz: sz(listing, trade.size, trade.price),
    side: trade.aggressor,
    ts: String(trade.ts),
    count: '1',
    source: '0',
    seqId: trade.id,
  }
}

export type Side = WorldBook['bids']

/** `[price, size, "0", orders]`. */
export function levelRows(listing: Listing, side: Side): readonly (readonly string[])[] {
  return side.map(([price, size]) => [
    text(price),
    size === 0 ? '0' : sz(listing, size, price),
    '0',
    size === 0 ? '0' : '1',
  ])
}

/** Statistics of a day are made once a minute. */
interface Day {
  readonly minute: EpochMs
  readonly row: Row
}

/** Best bid and ask, last price, the last 24 hours. One an exchange, because it remembers the statistics. */
export function tickers(world: World): (listing: Listing, at: EpochMs) => Row {
  const days = new Map<string, Day>()
  const dayOf = (listing: Listing, at: EpochMs): Row => {
    const minute = floorTo(at, MINUTE_MS)
    const known = days.get(listing.instId)
    if (known?.minute === minute) return known.row
    const row = dayRow(world, listing, at)
    days.set(listing.instId, { minute, row })
    return row
  }
  return (listing, at) => {
    const { bid, ask, bidSize, askSize } = world.quote(listing.instrument, at)
    const last = lastPrice(world, listing, at) ?? (bid + ask) / 2
    return {
      instType: listing.instType,
      instId: listing.instId,
      last: text(last),
      lastSz: listing.lotSz,
      askPx: text(ask),
      askSz: sz(listing, askSize, ask),
      bidPx: text(bid),
      bidSz: sz(listing, bidSize, bid),
      ...dayOf(listing, at),
      ts: String(at),
    }
  }
}

/** Close of the minute that is running, or of the one before it. */
function lastPrice(world: World, { instrument }: Listing, at: EpochMs): number | undefined {
  const from = floorTo(at, MINUTE_MS) - MINUTE_MS
  return world.bars(instrument, MINUTE_MS, from, at + 1, at).at(-1)?.close
}

function dayRow(world: World, listing: Listing, at: EpochMs): Row {
  const bars = world.bars(listing.instrument, HOUR_MS, floorTo(at - DAY_MS, HOUR_MS) + HOUR_MS, at + 1, at)
  const today = bars.find(({ openTime }) => openTime >= floorTo(at, DAY_MS)) ?? bars.at(-1)
  const coins = bars.reduce((sum, { volume }) => sum + volume, 0)
  const quote = bars.reduce((sum, { quoteVolume }) => sum + quoteVolume, 0)
  const isSpot = listing.instType === 'SPOT'
  const size = listing.isInverse ? quote / listing.unit : coins / listing.unit
  const open = bars[0]?.open ?? 0
  return {
    open24h: text(open),
    high24h: text(bars.reduce((high, bar) => Math.max(high, bar.high), open)),
    low24h: text(bars.reduce((low, bar) => Math.min(low, bar.low), open)),
    vol24h: text(isSpot ? coins : size),
    volCcy24h: text(isSpot ? quote : coins),
    sodUtc0: text(today?.open ?? open),
    sodUtc8: text(today?.open ?? open),
  }
}

export function markRow(world: World, { instType, instId, instrument }: Listing, at: EpochMs): Row {
  const mark = instType === 'OPTION' ? world.option(instrument, at).mark : world.mark(instrument, at)
  return { instType, instId, markPx: text(mark), ts: String(at) }
}

export function indexRow(world: World, family: string, at: EpochMs): Row {
  const price = text(world.index(family.split('-')[0]!, at))
  return {
    instId: family,
    idxPx: price,
    high24h: price,
    low24h: price,
    open24h: price,
    sodUtc0: price,
    sodUtc8: price,
    ts: String(at),
  }
}

/** The current period is paid at `fundingTime`; the one after it may have another length. */
export function fundingRow(world: World, { instType, instId, instrument }: Listing, at: EpochMs): Row {
  const interval = world.fundingIntervalMs(instrument, at)
  const fundingTime = floorTo(at, interval) + interval
  const last = world.settlements(instrument, at - DAY_MS, at).at(-1)
  return {
    formulaType: 'withRate',
    fundingRate: text(world.fundingRate(instrument, at)),
    fundingTime: String(fundingTime),
    impactValue: '',
    instId,
    instType,
    interestRate: '0.0001',
    maxFundingRate: '0.00375',
    method: 'current_period',
    minFundingRate: '-0.00375',
    nextFundingRate: '',
    nextFundingTime: String(fundingTime + world.fundingIntervalMs(instrument, fundingTime)),
    premium: '0',
    settFundingRate: last === undefined ? '' : text(last.rate),
    settState: 'settled',
    ts: String(at),
  }
}

export function openInterestRow(world: World, listing: Listing, at: EpochMs): Row {
  const [, oi, oiCcy, oiUsd] = openInterestPoint(world, listing, at)
  return { instId: listing.instId, instType: listing.instType, oi, oiCcy, oiUsd, ts: String(at) }
}

/** `[ts, oi, oiCcy, oiUsd]`. */
export function openInterestPoint(
  world: World,
  listing: Listing,
  at: EpochMs,
): readonly [string, string, string, string] {
  const coins = world.openInterest(listing.instrument, at)
  const price =
    listing.instType === 'OPTION' ? world.index(listing.instrument.base, at) : world.mark(listing.instrument, at)
  return [String(at), sz(listing, coins, price), text(coins), text(coins * price)]
}

export function optionRow(world: World, { instType, instId, family, instrument }: Listing, at: EpochMs): Row {
  const option = world.option(instrument, at)
  return {
    instType,
    instId,
    uly: family,
    instFamily: family,
    // Coin-adjusted ones, in coins: value of the option over the price of the coin.
    delta: text(option.delta - option.mark),
    gamma: text(option.gamma * option.underlyingPrice),
    vega: text(option.vega / option.underlyingPrice),
    theta: text(option.theta / option.underlyingPrice),
    deltaBS: text(option.delta),
    gammaBS: text(option.gamma),
    vegaBS: text(option.vega),
    thetaBS: text(option.theta),
    lever: '0',
    markVol: text(option.markIv),
    bidVol: text(option.bidIv),
    askVol: text(option.askIv),
    realVol: '',
    volLv: text(option.markIv),
    fwdPx: text(option.underlyingPrice),
    ts: String(at),
  }
}

/** One of the forced trades: who sells by force was long. */
export function liquidationRow(listing: Listing, trade: WorldTrade): Row {
  const { instId, instType, family } = listing
  const wasLong = trade.aggressor === 'sell'
  const detail = {
    bkLoss: '0',
    bkPx: text(trade.price),
    ccy: '',
    posSide: wasLong ? 'long' : 'short',
    side: trade.aggressor,
    sz: sz(listing, trade.size, trade.price),
    ts: String(trade.ts),
  }
  return { details: [detail], instFamily: family, instId, instType, uly: family }
}

export const expiryOf = (listing: Listing): string =>
  listing.instrument.expiresAt === null ? '' : expiryName(listing.instrument.expiresAt)
