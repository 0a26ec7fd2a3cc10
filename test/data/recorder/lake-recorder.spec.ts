import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { QuantbotError } from '#core/errors'
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '#core/time'
import type { BarRecord, InstrumentFacts, Normal, OnChainRecord, OptionRecord } from '#data/connectors/normal'
import { listSeries, loadRows } from '#data/lake'
import { LakeRecorder, type LakeRecorderOptions } from '#data/recorder/lake-recorder'
import { RECORDED_KINDS, type RecordedRow, type WriteReport } from '#data/recorder/recorder.port'
import { writeRows } from '#data/recorder/write-rows'
import { ManualTime } from '../connectors/manual-time.js'

const T = Date.UTC(2026, 0, 15, 8)
const BTC = 'binance.usdm.BTCUSDT'
const PERPETUAL = { venue: 'binance', market: 'usdm', symbol: 'BTCUSDT' } as const

const homes: string[] = []
const newHome = (): string => {
  const home = mkdtempSync(join(tmpdir(), 'lake-recorder-'))
  homes.push(home)
  return home
}
afterEach(() => {
  for (const home of homes.splice(0)) rmSync(home, { recursive: true, force: true })
})

function bar(i: number, close = 101): BarRecord {
  const prices = { open: 100, high: 102, low: 99, close, volume: 2, quoteVolume: i === 0 ? null : 202 }
  return { kind: 'bar', instrument: BTC, interval: '1m', openTime: T + i * MINUTE_MS, ...prices, isClosed: true }
}

function rig(home: string, more: Partial<LakeRecorderOptions> = {}) {
  const time = new ManualTime(T)
  const troubles: string[] = []
  const recorder = new LakeRecorder({
    kinds: new Set(RECORDED_KINDS),
    writer: { write: (rows) => writeRows(home, rows), close: async () => undefined },
    time,
    flushMs: 10 * MINUTE_MS,
    chainMs: 5 * MINUTE_MS,
    onChainLagMs: 2 * HOUR_MS,
    facts: () => undefined,
    onTrouble: (words) => troubles.push(words),
    ...more,
  })
  return { time, recorder, troubles }
}

const load = async (home: string, key: Parameters<typeof loadRows>[1]): Promise<Record<string, unknown[]>> => {
  const rows = await loadRows(home, key, 0, Number.MAX_SAFE_INTEGER)
  return Object.fromEntries(Object.entries(rows).map(([name, values]) => [name, Array.from<unknown>(values)]))
}

describe('what a run leaves in the lake', () => {
  it('keeps bars and settlements as a backfill would, and adds nothing that is there already', async () => {
    const home = newHome()
    const { recorder } = rig(home)
    recorder.record(bar(0), T + MINUTE_MS + 700)
    recorder.record(bar(1), T + 2 * MINUTE_MS + 90)
    recorder.record(
      { kind: 'funding', instrument: BTC, ts: T, rate: 0.0003, intervalMs: 4 * HOUR_MS, nextFundingAt: T + HOUR_MS },
      T,
    )
    recorder.record({ kind: 'settlement', instrument: BTC, settledAt: T, rate: -0.0001, intervalMs: null }, T + 900)
    expect(await recorder.flush()).toBe(true)
    const bars = { kind: 'bars', ...PERPETUAL, interval: '1m' } as const
    expect(await load(home, bars)).toMatchObject({
      ts: [T, T + MINUTE_MS],
      availableAt: [T + MINUTE_MS, T + 2 * MINUTE_MS],
      close: [101, 101],
      quoteVolume: [Number.NaN, 202],
    })
    expect(await load(home, { kind: 'funding', ...PERPETUAL })).toMatchObject({
      ts: [T],
      availableAt: [T],
      rate: [-0.0001],
      intervalHours: [4],
    })
    const again = rig(home)
    for (const i of [0, 1, 2]) again.recorder.record(bar(i), T + 5 * MINUTE_MS)
    await again.recorder.flush()
    expect(again.recorder.status).toMatchObject({ written: 1, same: 2, conflicts: 0, files: 1 })
    expect((await load(home, bars)).ts).toEqual([T, T + MINUTE_MS, T + 2 * MINUTE_MS])
  })

  it('keeps the first open interest, mark and volatility of a minute, readable from their arrival', async () => {
    const home = newHome()
    const { recorder } = rig(home)
    for (let s = 0; s < 180; s += 10) {
      const ts = T + s * SECOND_MS
      const at = ts + 250
      recorder.record({ kind: 'openInterest', instrument: BTC, ts, openInterest: 1000 + s, value: null }, at)
      recorder.record({ kind: 'mark', instrument: BTC, ts, mark: 100 + s, index: 99 + s }, at)
      recorder.record({ kind: 'volatilityIndex', venue: 'deribit', currency: 'BTC', ts, value: 0.5 }, at)
    }
    // The second socket is behind, and its clock ahead of ours.
    recorder.record({ kind: 'mark', instrument: BTC, ts: T + 60_000, mark: 1, index: null }, T + 3 * MINUTE_MS)
    recorder.record({ kind: 'mark', instrument: BTC, ts: T + 200_000, mark: 400, index: null }, T + 3 * MINUTE_MS)
    await recorder.flush()
    const minutes = [T, T + 60_000, T + 120_000]
    const arrivals = minutes.map((ts) => ts + 250)
    expect(await load(home, { kind: 'oi', ...PERPETUAL })).toMatchObject({
      ts: minutes,
      availableAt: arrivals,
      openInterest: [1000, 1060, 1120],
      value: [Number.NaN, Number.NaN, Number.NaN],
    })
    expect(await load(home, { kind: 'mark', ...PERPETUAL })).toMatchObject({
      ts: [...minutes, T + 200_000],
      availableAt: [...arrivals, T + 200_000],
      mark: [100, 160, 220, 400],
    })
    expect(await load(home, { kind: 'volatility', venue: 'deribit', market: 'index', symbol: 'BTC' })).toMatchObject({
      ts: minutes,
      value: [0.5, 0.5, 0.5],
    })
  })

  it('keeps chains as a whole, without what expired or fell silent', async () => {
    const home = newHome()
    const { recorder } = rig(home, { facts: (instrument) => termsOf(instrument) })
    const early = 'deribit.option.BTC-15JAN26-90000-C'
    const silent = 'deribit.option.BTC-30JAN26-80000-P'
    const live = ['deribit.option.BTC-30JAN26-90000-P', 'deribit.option.BTC-30JAN26-90000-C']
    recorder.record(option(silent, T), T)
    for (let m = 0; m <= 20; m++) {
      const at = T + m * MINUTE_MS
      if (m < 4) recorder.record(option(early, at), at)
      for (const id of live) recorder.record(option(id, at, m), at + 500)
    }
    await recorder.flush()
    const rows = await load(home, { kind: 'options', venue: 'deribit', market: 'option', symbol: 'BTC' })
    const looks = [...new Set(rows.ts)]
    expect(looks).toEqual([5, 10, 15, 20].map((m) => T + m * MINUTE_MS + 500))
    expect(rows.availableAt).toEqual(rows.ts)
    const seenAt = (look: unknown) => rows.instrument!.filter((_, i) => rows.ts![i] === look)
    expect(seenAt(looks[0])).toEqual(['BTC-30JAN26-80000-P', 'BTC-30JAN26-90000-C', 'BTC-30JAN26-90000-P'])
    expect(seenAt(looks[3])).toEqual(['BTC-30JAN26-90000-C', 'BTC-30JAN26-90000-P'])
    const at = rows.instrument!.indexOf('BTC-30JAN26-90000-C')
    expect([rows.cp![at], rows.strike![at], rows.markIv![at], rows.bid![at]]).toEqual(['C', 90_000, 0.55, Number.NaN])
  })

  it('keeps what vendors said and when: whole periods, corrections as revisions, late values as late', async () => {
    const home = newHome()
    const { recorder } = rig(home)
    const day = Date.UTC(2026, 0, 10)
    const at = day + DAY_MS + 3 * HOUR_MS
    const value = (i: number, v: number | null): OnChainRecord => ({
      ...{ kind: 'onChain', source: 'glassnode', metric: 'mvrv', asset: 'BTC' },
      ...{ periodStart: day + i * DAY_MS, periodMs: DAY_MS, value: v },
    })
    recorder.fetched([value(-1, 2), value(0, null), value(1, 9)], at)
    recorder.fetched([value(-1, 2), value(0, 2.2), value(1, 9.5)], at + HOUR_MS)
    await recorder.flush()
    recorder.fetched([value(-1, 2.1), value(0, 2.2)], at + 2 * HOUR_MS)
    await recorder.flush()
    const key = { kind: 'onchain', venue: 'glassnode', market: 'btc', symbol: 'mvrv', interval: '1d' } as const
    expect(await load(home, key)).toMatchObject({
      ts: [day - DAY_MS, day - DAY_MS, day],
      value: [2, 2.1, 2.2],
      revision: [0, 1, 0],
      availableAt: [day + 2 * HOUR_MS, at + 2 * HOUR_MS, at + HOUR_MS],
      fetchedAt: [at, at + 2 * HOUR_MS, at + HOUR_MS],
    })
  })

  it('tells what contradicts the lake or is no row, and keeps the rest', async () => {
    const home = newHome()
    const first = rig(home)
    first.recorder.record(bar(0), T)
    await first.recorder.flush()
    const { recorder, troubles } = rig(home)
    recorder.record(bar(0, 100.5), T)
    recorder.record({ ...bar(1), high: 90 }, T)
    recorder.record(bar(2), T)
    recorder.record(bar(3), T)
    recorder.record(bar(3, 99.5), T)
    recorder.record({ ...bar(4), isClosed: false }, T)
    await recorder.flush()
    expect(recorder.status).toMatchObject({ written: 2, conflicts: 2, refused: 1, trouble: '' })
    expect(troubles.join('\n')).toContain('contradict the lake')
    expect(troubles.join('\n')).toContain('refused')
    const rows = await load(home, { kind: 'bars', ...PERPETUAL, interval: '1m' })
    expect(rows.close).toEqual([101, 101, 101])
  })

  it('flushes by time; another writer only delays it, and nothing is lost', async () => {
    const home = newHome()
    let isFree = false
    const writer = {
      write: (rows: readonly RecordedRow[]): Promise<WriteReport> =>
        isFree ? writeRows(home, rows) : Promise.reject(new QuantbotError('LAKE_BUSY', 'held')),
      close: async () => undefined,
    }
    const { recorder, time, troubles } = rig(home, { writer })
    recorder.start()
    recorder.record(bar(0), T)
    await time.advance(12 * MINUTE_MS)
    recorder.record(bar(1), T)
    expect(recorder.status).toMatchObject({ waiting: 2, written: 0 })
    expect(recorder.status.trouble).toContain('LAKE_BUSY')
    expect(troubles).toEqual([])
    isFree = true
    await time.advance(31 * SECOND_MS)
    await recorder.flush()
    expect(recorder.status).toMatchObject({ waiting: 0, written: 2, trouble: '' })
    expect((await listSeries(home)).map(({ rows }) => rows)).toEqual([2])
    await recorder.close(SECOND_MS, time)
    // A timer that is left would keep the process that ends.
    expect(time.pending).toBe(0)
  })

  it('drops the oldest rows when the disk is away for long, and says so once', async () => {
    const writer = { write: () => Promise.reject(new Error('ENOSPC')), close: async () => undefined }
    const { recorder, troubles } = rig(newHome(), { writer, rowsMax: 160 })
    for (let i = 0; i < 100; i++) recorder.record(bar(i), T)
    expect(await recorder.flush()).toBe(false)
    for (let i = 100; i < 400; i++) recorder.record(bar(i), T)
    expect(recorder.status.waiting).toBeLessThanOrEqual(160)
    expect(recorder.status.waiting + recorder.status.dropped).toBe(400)
    expect(troubles[0]).toContain('ENOSPC')
    expect(troubles.filter((words) => words.includes('dropped'))).toHaveLength(1)
  })

  it('never throws, and does not wait for a disk that hangs', async () => {
    const writer = { write: () => new Promise<never>(() => undefined), close: async () => undefined }
    const { recorder, time, troubles } = rig(newHome(), { writer })
    const strange = { ...bar(0), instrument: 'binance.usdm.../../etc' } as Normal
    expect(() => recorder.record(strange, T)).not.toThrow()
    recorder.record(bar(0), T)
    const closed = recorder.close(20 * SECOND_MS, time)
    recorder.record(bar(1), T)
    await time.advance(21 * SECOND_MS)
    await closed
    expect(troubles.at(-1)).toContain('not written before the end')
  })
})

function termsOf(instrument: string): InstrumentFacts {
  const [, day, strike, cp] = /-(\d+)JAN26-(\d+)-([CP])$/.exec(instrument)!
  return {
    ...{ instrument, kind: 'inverseOption', base: 'BTC', quote: 'USD', settle: 'BTC' },
    ...{ tick: '0.0001', lot: '0.1', minSize: '0.1', minNotional: '0', contractSize: '1', contractOf: 'base' },
    ...{ isTrading: true, listedAt: null, fundingIntervalMs: null },
    expiresAt: Date.UTC(2026, 0, Number(day), 8),
    strike: Number(strike),
    option: cp === 'C' ? 'call' : 'put',
  }
}

function option(instrument: string, ts: number, openInterest = 1): OptionRecord {
  return {
    ...{ kind: 'option', instrument, ts, openInterest, bid: null, ask: 0.02, mark: 0.019 },
    ...{ bidIv: null, askIv: 0.6, markIv: 0.55, delta: 0.4, gamma: 0.00001, vega: 50, theta: -30 },
    ...{ underlyingPrice: 90_500, indexPrice: 90_400 },
  }
}
