/** Every recorded payload of Binance is read or refused; book captures end in the pictures that others computed. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { PARSERS } from '#data/connectors/adapters'
import { binanceAdapter } from '#data/connectors/binance/adapter'
import { instrumentsOf } from '#data/connectors/binance/instruments'
import { binanceParser } from '#data/connectors/binance/parser'
import type { InstrumentFacts, Normal } from '#data/connectors/normal'
import { payloadsIn, payloadText } from '#data/connectors/payload-files'
import { payloadsContract } from '../../contracts/payloads.contract.js'
import { sharedPath } from '../../shared.js'

const fixtures = sharedPath('venues', 'fixtures', 'binance')
const raw = sharedPath('data', 'raw', 'binance')

/** COIN-M contracts as exchangeInfo of the capture has them. */
function coinContracts(): ReadonlyMap<string, InstrumentFacts> {
  const [item] = [...payloadsIn(payloadText(`${fixtures}/coinm/capture/exchangeInfo.json`))]
  return new Map(instrumentsOf(item?.payload, 'coinm', undefined).map((facts) => [facts.instrument, facts]))
}

const marketOf = (file: string): string => /spot|usdm|coinm/.exec(file)?.[0] ?? 'usdm'

describe.skipIf(fixtures === undefined || raw === undefined)('recorded payloads of binance', () => {
  it('are read or refused, never anything else', { timeout: 60_000 }, () => {
    const contracts = coinContracts()
    const someContract = contracts.get('binance.coinm.BTCUSD_PERP')!
    const tally = payloadsContract(binanceParser, [fixtures!, raw!], {
      facts: (id) => contracts.get(id) ?? (id.startsWith('binance.coinm.') ? someContract : undefined),
      price: () => 10_000,
      marketOf,
      skip: (file) => /errors\.json|expected\.json/.test(file),
    })
    // Counts of the recordings (README of the data).
    expect(tally.byFile).toMatchObject({
      'hftbacktest-usdm-btcusdt-20240808.gz quote': 66_089,
      'hftbacktest-usdm-btcusdt-20240808.gz trade': 21_313,
      // Its snapshot names no symbol and is refused for that.
      'hftbacktest-usdm-btcusdt-20240808.gz book': 6551,
      'hftbacktest-spot-btcusdt-20240808.gz quote': 28_040,
      'hftbacktest-spot-btcusdt-20240808.gz trade': 9757,
      'hftbacktest-coinm-btcusd_perp-20240808.gz quote': 19_136,
      'hftbacktest-coinm-btcusd_perp-20240808.gz trade': 2286,
      'hftbacktest-coinm-btcusd_perp-20240808.gz book': 26_847 + 1,
      'cryptofeed-usdm-ws.txt.gz quote': 613,
      'cryptofeed-usdm-ws.txt.gz book': 764,
      'cryptofeed-usdm-ws.txt.gz trade': 91,
      'cryptofeed-usdm-ws.txt.gz bar': 67,
    })
    expect(tally.records.control).toBeGreaterThanOrEqual(40)
    for (const kind of ['bar', 'mark', 'funding', 'settlement', 'openInterest', 'liquidation', 'index', 'instrument'])
      expect(tally.records[kind], kind).toBeGreaterThan(0)
  })

  it.each([
    ['spot', 'NKNUSDT'],
    ['usdm', 'SUSHIUSDT'],
    ['coinm', 'BTCUSD_211231'],
  ])('keep the book of %s %s as an independent program did', (market, symbol) => {
    const contracts = coinContracts()
    const folder = `${fixtures}/${market}/capture/booksync-${symbol}`
    const facts = contracts.get('binance.coinm.BTCUSD_PERP')!
    const messages: Normal[] = [...payloadsIn(payloadText(`${folder}.jsonl`))].flatMap(({ payload, url }) => {
      const { topic } = binanceParser.guess(payload, url)!
      return binanceParser.parse(topic, payload, {
        receivedAt: 0,
        market,
        symbol,
        facts: () => facts,
        price: () => undefined,
      })
    })
    const expected = JSON.parse(readFileSync(`${folder}.expected.json`, 'utf8'))
    const book = playBook(messages, market)
    const usd = market === 'coinm' ? 100 : 0
    const top = (levels: readonly [string, string][]) =>
      levels.map(([p, s]) => [Number(p), usd === 0 ? Number(s) : (Number(s) * usd) / Number(p)])
    expect(book).toEqual({
      dropped: expected.dropped,
      applied: expected.applied,
      gaps: 0,
      last: expected.finalLastUpdateId,
      bids: top(expected.top5.bids),
      asks: top(expected.top5.asks),
    })
  })
})

describe.skipIf(raw === undefined)('recorded payloads of venues without a connector', () => {
  it.each(['bitmex', 'gateio', 'hyperliquid'])('%s: are refused, all of them, because there is no parser', (venue) => {
    const folder = sharedPath('data', 'raw', venue)!
    const tally = payloadsContract(PARSERS[venue], [folder], { marketOf })
    expect(tally.records).toEqual({})
    expect(tally.payloads).toBeGreaterThan(10)
    expect(tally.refused['no parser']).toBe(tally.payloads)
  })
})

/** Diffs wait for the snapshot, as a connector lets them. */
function playBook(messages: readonly Normal[], market: string) {
  const rule = binanceAdapter.bookRule(market)
  const books = messages.flatMap((message) => (message.kind === 'book' ? [message] : []))
  const ordered = [...books.filter((m) => m.action === 'snapshot'), ...books.filter((m) => m.action === 'update')]
  const [bids, asks] = [new Map<number, number>(), new Map<number, number>()]
  let [last, isFirst, dropped, applied, gaps] = [null as number | null, true, 0, 0, 0]
  for (const message of ordered) {
    const verdict = rule.judge(message, last, isFirst)
    if (verdict === 'gap') gaps++
    if (verdict === 'ignore') dropped++
    if (verdict === 'gap' || verdict === 'ignore') continue
    for (const [side, levels] of [
      [bids, message.bids],
      [asks, message.asks],
    ] as const)
      for (let i = 0; i < levels.length; i += 2)
        if (levels[i + 1] === 0) side.delete(levels[i]!)
        else side.set(levels[i]!, levels[i + 1]!)
    last = message.lastId
    if (verdict === 'apply') {
      applied++
      isFirst = false
    }
  }
  return {
    dropped,
    applied,
    gaps,
    last,
    bids: [...bids].sort((a, b) => b[0] - a[0]).slice(0, 5),
    asks: [...asks].sort((a, b) => a[0] - b[0]).slice(0, 5),
  }
}
