/** Feeds of real history: what was recorded comes onto the tape in its units and when it could be read; replays decide the same. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type PreparedTape, prepareTape } from '#backtest/prepare-tape'
import { runBacktest } from '#backtest/run-backtest'
import { FingerprintSink } from '#backtest/sinks'
import { historyInputs } from '#backtest/tape-driver'
import { type Config, configSchema } from '#core/config/schema'
import { DAY_MS, HOUR_MS, parseDay } from '#core/time'
import type { Input } from '#engine/dispatcher'
import type { EventName, EventNamed } from '#events/catalogue'
import { HISTORY, type HistoryStep, importHistory } from '../../scripts/history-import.js'
import { sharedDir, sharedPath } from '../shared.js'

const SPOT = 'binance.spot.BTCUSDT'
const span = (from: string, to: string) => ({ fromDay: parseDay(from)!, toDay: parseDay(to)! })

const wanted = ({ folder, venue, market, symbol }: HistoryStep): boolean =>
  /^(?:oi\/cryptoquant|futures|options)/.test(folder)
    ? symbol === undefined || symbol.startsWith('BTC')
    : folder === 'onchain' && /^(?:coinmetrics|defillama)$/.test(venue) && market !== 'eth'
const BARS: HistoryStep = {
  folder: 'ohlcv/binance',
  files: /^BTCUSDT-1d\.csv$/,
  kind: 'bars',
  venue: 'binance',
  market: 'spot',
}

const config: Config = configSchema.parse({
  universe: [
    { instrument: 'binance.usdm.BTCUSDT', barsOf: SPOT, base: 'BTC', tick: '0.1', lot: '0.001' },
    { instrument: SPOT, base: 'BTC', tick: '0.01', lot: '0.00001', role: 'leg' },
  ],
  feeds: {
    openInterest: [{ instrument: 'binance.usdm.BTCUSDT', series: 'cryptoquant.all.BTC' }],
    onChain: ['coinmetrics.btc.CapMrktCurUSD', 'coinmetrics.btc.CapMVRVCur', 'defillama.stablecoins.supply_usd'],
    volatility: [{ currency: 'BTC', series: 'deribit.index.BTC' }],
    options: [{ currency: 'BTC', series: 'deribit.option.BTC' }],
    futures: [
      { base: 'BTC', series: 'deribit.future.BTC-', tick: '2.5', lot: '10' },
      { base: 'BTC', series: 'binance.coinm.BTCUSD_', indexOf: SPOT, tick: '0.1', lot: '100' },
    ],
    marks: [{ instrument: 'deribit.perpetual.BTC-PERPETUAL', base: 'BTC' }],
  },
})

describe.skipIf(sharedPath('data', 'options') === undefined)('feeds of real history', () => {
  let home = ''
  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'quantbot-feeds-'))
    const done = await importHistory(sharedDir()!, home, [BARS, ...HISTORY.filter(wanted)])
    expect(done.refused).toEqual([])
    expect((await importHistory(sharedDir()!, home, [BARS])).skipped).toBe(1)
  }, 120_000)
  afterAll(() => rmSync(home, { recursive: true, force: true }))

  function told<T extends EventName>({ plan }: PreparedTape, type: T): (Input & Pick<EventNamed<T>, 'data'>)[] {
    return [...historyInputs(plan)].filter((input) => input.type === type) as never // the type says the payload
  }

  it('open interest of all exchanges is a few hundred thousand coins, an hour behind its day', async () => {
    const tape = await prepareTape(home, config, span('2021-01-01', '2021-12-31'))
    expect(tape.absentFeeds).toEqual([])
    const rows = told(tape, 'OpenInterestChanged')
    expect(rows).toHaveLength(365)
    for (const { ts, data } of rows) {
      expect(ts - data.at).toBe(HOUR_MS)
      expect(data.at % DAY_MS).toBe(0)
      expect(data.openInterest).toBeGreaterThan(100_000)
      expect(data.openInterest).toBeLessThan(700_000)
    }
  })

  it('on-chain values come two hours behind their day, all of them before as history', async () => {
    const tape = await prepareTape(home, config, span('2021-01-01', '2021-12-31'))
    const rows = told(tape, 'OnChainPublished')
    expect(rows).toHaveLength(3 * 365)
    for (const { ts, data } of rows) expect(ts).toBe(data.periodStart + DAY_MS + 2 * HOUR_MS)
    const ratio = rows.find(({ data }) => data.metric === 'CapMVRVCur' && data.periodStart === parseDay('2021-02-21'))
    expect(ratio?.data.value).toBeCloseTo(3.96, 2)
    const [first] = [...historyInputs(tape.history)].filter(({ type }) => type === 'OnChainPublished')
    expect(first?.ts).toBe(parseDay('2010-07-19')! + 2 * HOUR_MS)
  })

  it('quarterlies are told at the end of their day, beside the spot close of the same instant', async () => {
    const tape = await prepareTape(home, config, span('2021-01-01', '2021-12-31'))
    const rows = told(tape, 'MarkChanged').filter(({ data }) => data.instrument.startsWith('binance.coinm.'))
    expect(rows).toHaveLength(81)
    for (const { ts, data } of rows) {
      expect([ts, ts % DAY_MS]).toEqual([data.at, 0])
      expect(data.mark / data.index!).toBeGreaterThan(0.97)
      expect(data.mark / data.index!).toBeLessThan(1.2)
    }
    // README of the data: +8.7 % over 122 days on 2021-02-23.
    const one = rows.find(({ data }) => data.at === parseDay('2021-02-24'))!
    expect(one.data.mark / one.data.index! - 1).toBeCloseTo(0.087, 3)
  })

  it('chains stand by expiry in decimals and coins, and their forwards are the dated futures of the same snapshot', async () => {
    const tape = await prepareTape(home, config, span('2026-02-01', '2026-02-28'))
    const chains = told(tape, 'OptionChainObserved')
    expect(chains.length).toBeGreaterThan(500)
    const marks = new Map(
      told(tape, 'MarkChanged').map(({ ts, data }) => [`${ts} ${data.instrument.split('-').at(-1)}`, data]),
    )
    let compared = 0
    let last = { ts: 0, expiresAt: 0 }
    for (const { ts, data } of chains) {
      expect(data.at).toBe(ts)
      if (ts === last.ts) expect(data.expiresAt).toBeGreaterThan(last.expiresAt)
      last = { ts, expiresAt: data.expiresAt }
      const strikes = data.options.map(({ strike }) => strike)
      expect(strikes).toEqual([...strikes].sort((a, b) => a - b))
      for (const { bid, ask, markIv, instrument } of data.options) {
        expect(instrument.startsWith('deribit.option.BTC-')).toBe(true)
        if (bid !== null && ask !== null) expect(bid).toBeLessThanOrEqual(ask)
        if (bid !== null) expect(Math.abs(bid * 10_000 - Math.round(bid * 10_000))).toBeLessThan(1e-7)
        if (markIv !== null) expect(markIv).toBeLessThan(10)
      }
      const name = data.options[0]!.instrument.split('-')[1]!
      const future = marks.get(`${ts} ${name}`)
      if (future === undefined) continue
      expect(Math.abs(data.underlyingPrice / future.mark - 1)).toBeLessThan(0.005)
      compared++
    }
    expect(compared).toBeGreaterThan(100)
  })

  it('a backtest on all of them decides the same from the files that its manifest names', async () => {
    for (const days of [span('2021-01-01', '2021-06-30'), span('2026-02-01', '2026-02-28')]) {
      const tape = await prepareTape(home, config, days)
      const again = await prepareTape(home, config, days, tape.files)
      expect(new Set(tape.files.map(({ path }) => path)).size).toBe(tape.files.length)
      const prints = [tape, again].map(({ plan, history }) => {
        const sink = new FingerprintSink()
        const { inputs } = runBacktest({ config, plan, history, sink })
        return `${inputs} ${sink.fingerprint()}`
      })
      expect(prints[1]).toBe(prints[0])
    }
  })
})
