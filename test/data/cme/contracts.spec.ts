/** CME's contracts: codes, expiries against the shared fixtures, sizes, listed months; holidays by rule; hours by place. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { DAY_MS, isoDay, isoTime, parseDay } from '#core/time'
import {
  coinsOf,
  contractsBetween,
  expiryOf,
  expiryOn,
  isProduct,
  lastTradeDay,
  listedAt,
  listedContracts,
  MONTH_CODES,
  PRODUCTS,
  parseContract,
} from '#data/cme/contracts'
import { dayOf, easterSunday, isBusinessDay, lastFriday, weekday } from '#data/cme/holidays'
import { instantAt } from '#data/cme/zoned-time'
import { sharedPath } from '../../shared.js'

const day = (text: string): number => parseDay(text)!
const symbols = (contracts: readonly { readonly symbol: string }[]): string[] => contracts.map(({ symbol }) => symbol)

interface Facts {
  readonly monthCodes: Readonly<Record<string, number>>
  readonly products: Readonly<Record<string, { readonly multiplierBtc: number; readonly tickUsdPerBtc: number }>>
  readonly lastFridays: Readonly<Record<string, string>>
  readonly holidayAdjustedByRule: Readonly<Record<string, string>>
}
const path = sharedPath('venues/fixtures/cme/contracts.json')
const facts = path === undefined ? undefined : (JSON.parse(readFileSync(path, 'utf8')) as Facts)

describe.skipIf(facts === undefined)('the shared facts (need the shared folder)', () => {
  it('agree on month codes and sizes', () => {
    const months = [...MONTH_CODES].map((code, i) => [code, i + 1])
    expect(Object.fromEntries(months)).toEqual(facts!.monthCodes)
    for (const [product, { multiplierBtc, tickUsdPerBtc }] of Object.entries(facts!.products)) {
      if (!isProduct(product)) throw new Error(product)
      expect(coinsOf(product, 1)).toBe(multiplierBtc)
      expect(PRODUCTS[product].tickUsd).toBe(tickUsdPerBtc)
    }
  })

  it('agree on the last Friday of every month, and on every day that a holiday moves', () => {
    const seen = Object.keys(facts!.lastFridays).map((code) => {
      const contract = parseContract(code, day('2024-01-01'))
      if (typeof contract === 'string') throw new Error(contract)
      const { year, month } = contract
      return [code, isoDay(lastFriday(year, month)), isoDay(lastTradeDay(year, month))] as const
    })
    expect(seen).toHaveLength(60)
    expect(Object.fromEntries(seen.map(([code, friday]) => [code, friday]))).toEqual(facts!.lastFridays)
    expect(
      Object.fromEntries(seen.filter(([, friday, last]) => friday !== last).map(([code, , last]) => [code, last])),
    ).toEqual(facts!.holidayAdjustedByRule)
  })
})

describe('expiry', () => {
  it('is 16:00 in London, which is another hour of UTC in summer', () => {
    expect(isoTime(expiryOf({ year: 2026, month: 3 }))).toBe('2026-03-27T16:00:00.000Z')
    expect(isoTime(expiryOf({ year: 2026, month: 6 }))).toBe('2026-06-26T15:00:00.000Z')
    // Clocks change on the last Sunday of March: 2024-03-31, after that expiry; 2028-03-26, before it.
    expect(isoTime(expiryOf({ year: 2024, month: 3 }))).toBe('2024-03-28T16:00:00.000Z')
    expect(isoTime(expiryOf({ year: 2028, month: 3 }))).toBe('2028-03-31T15:00:00.000Z')
  })

  it('is a day before Christmas where Friday is Christmas or the day after', () => {
    expect(isoDay(lastTradeDay(2020, 12))).toBe('2020-12-24')
    expect(isoDay(lastTradeDay(2025, 12))).toBe('2025-12-24')
    expect(isoDay(lastTradeDay(2021, 12))).toBe('2021-12-31')
    expect(isoDay(lastTradeDay(2022, 12))).toBe('2022-12-30')
  })
})

describe('hours of a place', () => {
  it('follow its clocks', () => {
    expect(isoTime(instantAt('America/Chicago', day('2026-01-06'), 0))).toBe('2026-01-06T06:00:00.000Z')
    expect(isoTime(instantAt('America/Chicago', day('2026-07-07'), 0))).toBe('2026-07-07T05:00:00.000Z')
    // The day of the change: midnight is still winter time, the afternoon is not.
    expect(isoTime(instantAt('America/Chicago', day('2026-03-08'), 0))).toBe('2026-03-08T06:00:00.000Z')
    expect(isoTime(instantAt('America/Chicago', day('2026-03-08'), 15))).toBe('2026-03-08T20:00:00.000Z')
  })
})

describe('holidays', () => {
  it('know Easter', () => {
    const told = [2000, 2019, 2024, 2025, 2026, 2027, 2038].map((year) => isoDay(easterSunday(year)).slice(5))
    expect(told).toEqual(['04-23', '04-21', '03-31', '04-20', '04-05', '03-28', '04-25'])
  })

  it('are those of London and of the US with their substitutes', () => {
    const off = (year: number, ...dates: readonly string[]): void => {
      const closed: string[] = []
      for (let at = dayOf(year, 1, 1); at < dayOf(year + 1, 1, 1); at += DAY_MS)
        if (!isBusinessDay(at) && weekday(at) % 6 !== 0) closed.push(isoDay(at).slice(5))
      expect(closed).toEqual(dates)
    }
    off(
      2022,
      '01-03',
      '01-17',
      '02-21',
      '04-15',
      '04-18',
      '05-02',
      '05-30',
      '06-20',
      '07-04',
      '08-29',
      '09-05',
      '11-24',
      '12-26',
      '12-27',
    )
    off(
      2026,
      '01-01',
      '01-19',
      '02-16',
      '04-03',
      '04-06',
      '05-04',
      '05-25',
      '06-19',
      '07-03',
      '08-31',
      '09-07',
      '11-26',
      '12-25',
      '12-28',
    )
  })
})

describe('codes', () => {
  const named = (code: string, trade: string, last?: string): string => {
    const contract = parseContract(code, day(trade), last === undefined ? undefined : day(last))
    return typeof contract === 'string' ? contract : contract.symbol
  }

  it('of one digit are the nearest expiry that is not before the trade date', () => {
    expect(named('BTCH6', '2026-03-02')).toBe('BTCH26')
    expect(named('BTCH6', '2026-03-27')).toBe('BTCH26')
    expect(named('BTCH6', '2026-03-28')).toBe('BTCH36')
    expect(named('MBTF0', '2029-12-31')).toBe('MBTF30')
    expect(named('BTCZ9', '2020-01-02')).toBe('BTCZ29')
    expect(named('BTCZ5', '2025-12-24')).toBe('BTCZ25')
    expect(named('BTCZ5', '2025-12-26')).toBe('BTCZ35')
    expect(named('BTCZ5', '2025-12-26', '2025-12-26')).toBe('BTCZ25')
  })

  it('of two digits are that year; other codes say what is wrong', () => {
    expect(named('BTCH26', '2018-01-02')).toBe('BTCH26')
    expect(named('BTCY6', '2026-03-02')).toContain('Y is no month')
    expect(named('ETHH6', '2026-03-02')).toContain('no code')
    expect(named('BTCH2026', '2026-03-02')).toContain('no code')
    expect(named('BTCH6', '2026-03-02', '2026-06-26')).toContain('not in the month of BTCH26')
    expect(named('BTCH26', '2026-03-02', '2027-03-26')).toContain('not in the month')
  })
})

describe('what is listed', () => {
  it('is six consecutive months and the two nearest Decembers', () => {
    expect(symbols(listedContracts('BTC', day('2026-03-02')))).toEqual([
      'BTCH26',
      'BTCJ26',
      'BTCK26',
      'BTCM26',
      'BTCN26',
      'BTCQ26',
      'BTCZ26',
      'BTCZ27',
    ])
    expect(symbols(listedContracts('MBT', day('2026-09-01')))).toEqual([
      'MBTU26',
      'MBTV26',
      'MBTX26',
      'MBTZ26',
      'MBTF27',
      'MBTG27',
      'MBTZ27',
    ])
  })

  it('changes with an expiry', () => {
    const march = expiryOf({ year: 2026, month: 3 })
    expect(symbols(listedContracts('BTC', march - 1))[0]).toBe('BTCH26')
    expect(symbols(listedContracts('BTC', march))).toEqual([
      'BTCJ26',
      'BTCK26',
      'BTCM26',
      'BTCN26',
      'BTCQ26',
      'BTCU26',
      'BTCZ26',
      'BTCZ27',
    ])
    expect(listedAt({ year: 2026, month: 9 })).toBe(march)
    const december = symbols(listedContracts('BTC', expiryOn(day('2026-12-24'))))
    expect(december).toEqual(['BTCF27', 'BTCG27', 'BTCH27', 'BTCJ27', 'BTCK27', 'BTCM27', 'BTCZ27', 'BTCZ28'])
  })

  it('over a span is whatever traded at some time in it', () => {
    const [from, to] = [day('2026-03-01'), day('2026-05-01')]
    const seen = new Set<string>()
    for (let at = from; at <= to; at += DAY_MS)
      for (const symbol of symbols(listedContracts('BTC', at))) seen.add(symbol)
    expect(symbols(contractsBetween('BTC', from, to)).sort()).toEqual([...seen].sort())
  })
})
