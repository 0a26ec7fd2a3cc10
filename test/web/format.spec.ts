/** How numbers and times are written on the page. */
import { describe, expect, it } from 'vitest'
import {
  age,
  clock,
  count,
  day,
  decimal,
  direction,
  figures,
  fixed,
  percent,
  price,
  signed,
  signedPercent,
  time,
  words,
} from '#web/format'

describe('numbers', () => {
  it.each([
    [1234567.891, 2, '1,234,567.89'],
    [-1234.5, 2, '−1,234.50'],
    [999.999, 2, '1,000.00'],
    [0, 2, '0.00'],
    [-0.001, 2, '0.00'],
    [1e6, 0, '1,000,000'],
  ])('%d with %d places is %s', (value, places, text) => {
    expect(fixed(value, places)).toBe(text)
  })

  it('say nothing of what is not a number', () => {
    for (const value of [null, undefined, Number.NaN, Number.POSITIVE_INFINITY])
      for (const write of [
        (n: typeof value) => fixed(n, 2),
        (n: typeof value) => percent(n),
        price,
        figures,
        count,
        age,
      ])
        expect(write(value)).toBe('–')
  })

  it('have a sign where it matters, and none on nothing', () => {
    expect(signed(12.345, 2)).toBe('+12.35')
    expect(signed(-12.345, 2)).toBe('−12.35')
    expect(signed(0.001, 2)).toBe('0.00')
    expect(signedPercent(0.0123)).toBe('+1.23\u202f%')
    expect(percent(-0.2, 0)).toBe('−20\u202f%')
  })

  it.each([
    [0.06179123, '0.06179'],
    [27.97, '27.97'],
    [1852.31, '1,852'],
    [1e-9, '1.000e−9'],
    [123456789, '123,456,789'],
    [0, '0'],
    [-0.5, '−0.5000'],
  ])('%d in four figures is %s', (value, text) => {
    expect(figures(value)).toBe(text)
  })

  it('keep every digit of a decimal', () => {
    expect(decimal('1234567.890000010')).toBe('1,234,567.89000001')
    expect(decimal('-0.100')).toBe('−0.1')
    expect(decimal('100')).toBe('100')
    expect(decimal('0.00000000')).toBe('0')
    expect(decimal('12345678901234567890.1')).toBe('12,345,678,901,234,567,890.1')
    expect(decimal('<b>')).toBe('<b>')
  })

  it('write prices as their size asks', () => {
    expect(price(97123.456)).toBe('97,123.46')
    expect(price(0.08215)).toBe('0.0821500')
  })

  it('tell up from down, and neither of nothing', () => {
    expect([direction(1), direction(-1), direction(0), direction(null)]).toEqual(['up', 'down', '', ''])
  })
})

describe('times', () => {
  const ts = Date.UTC(2025, 2, 1, 4, 5, 9)

  it('are UTC', () => {
    expect([day(ts), clock(ts), time(ts)]).toEqual(['2025-03-01', '04:05:09', '2025-03-01 04:05:09'])
    expect(time(0)).toBe('–')
  })

  it.each([
    [-5, '0\u202fs'],
    [119_400, '119\u202fs'],
    [120_000, '2\u202fmin'],
    [7_200_000, '2\u202fh'],
    [172_800_000, '2\u202fd'],
    [86_400_000 * 1234, '1,234\u202fd'],
  ])('%d ms is %s', (ms, text) => {
    expect(age(ms)).toBe(text)
  })
})

it('codes are read as words', () => {
  expect(['partly-filled', 'ABOVE_THRESHOLD', 'priceChange'].map(words)).toEqual([
    'partly filled',
    'above threshold',
    'price change',
  ])
})
