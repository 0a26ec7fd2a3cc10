import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EventEncoder, parseStrict, parseTrusted, parseTrustedGroup } from '#events/codec'
import { LineBuffer, quantise } from '#events/line-buffer'

const decode = (buffer: LineBuffer): string => new TextDecoder().decode(buffer.view())

const signal = (overrides: Record<string, unknown> = {}) => ({
  seq: 9,
  ts: 1732233600000,
  type: 'SignalChanged' as const,
  v: 1,
  by: 'signal/tsmom',
  cause: 7,
  data: {
    signal: 'tsmom',
    instrument: 'binance.usdm.BTCUSDT',
    side: 'long',
    reason: 'momentum',
    strength: 0.123456789,
    confidence: 1,
    targetWeight: -0.25,
    asOf: 1,
    validUntil: 2,
    price: 60000.5,
    terms: [
      { name: 'momentum', value: 0.1, threshold: 0 },
      { name: 'z', value: null },
    ],
    inputs: [7],
    ...overrides,
  },
})

describe('event lines', () => {
  it('have their keys in the fixed order and say the quantised numbers', () => {
    const lines = new LineBuffer(16)
    const event = signal()
    new EventEncoder().encode(lines, event)
    expect(decode(lines)).toBe(
      '{"seq":9,"ts":1732233600000,"type":"SignalChanged","v":1,"by":"signal/tsmom","cause":7,"data":{"signal":"tsmom","instrument":"binance.usdm.BTCUSDT","side":"long","reason":"momentum","strength":0.123457,"confidence":1,"targetWeight":-0.25,"asOf":1,"validUntil":2,"price":60000.5,"terms":[{"name":"momentum","value":0.1,"threshold":0},{"name":"z","value":null}],"inputs":[7]}}\n',
    )
    expect(event.data.strength).toBe(0.123457)
    expect(parseStrict(decode(lines))).toEqual(event)
  })

  it('of a group are read as each of them would be, whatever their texts hold', () => {
    const reasons = fc.array(fc.string({ unit: 'grapheme', minLength: 1 }), { maxLength: 5 })
    const texts = fc.oneof(reasons, fc.constantFrom(['a\nb', ',', '],[', '\u2028', '"\\n"']))
    fc.assert(
      fc.property(texts, (given) => {
        const lines = new LineBuffer(16)
        for (const reason of given) new EventEncoder().encode(lines, signal({ reason }))
        const each = decode(lines).split('\n').slice(0, -1).map(parseTrusted)
        expect(each.map(({ data }) => (data as { reason?: string }).reason)).toEqual(given)
        expect(parseTrustedGroup(Buffer.from(lines.view()))).toEqual(each)
      }),
    )
  })

  it.each([
    ['NaN', { strength: Number.NaN }],
    ['infinity', { price: Number.POSITIVE_INFINITY }],
    ['an unknown key', { extra: 1 }],
    ['a missing key', { side: undefined }],
    ['a word that is not of the set', { side: 'up' }],
    ['a fraction where a whole number stands', { asOf: 1.5 }],
  ])('refuse %s and leave the buffer as it was', (_what, overrides) => {
    const lines = new LineBuffer(16)
    lines.ascii('before')
    expect(() => new EventEncoder().encode(lines, signal(overrides))).toThrow(/SignalChanged by signal\/tsmom/)
    expect(decode(lines)).toBe('before')
  })

  it('escape what JSON escapes', () => {
    const lines = new LineBuffer(4)
    const event = {
      seq: 1,
      ts: 1,
      type: 'OperatorCommanded' as const,
      v: 1,
      by: 'operator',
      cause: 0,
      data: { command: 'halt', reason: 'say "no"\n€ \u0001' },
    }
    new EventEncoder().encode(lines, event)
    expect(parseStrict(decode(lines))).toEqual(event)
  })

  it('write any quantised number so that it reads back the very same', () => {
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.integer({ min: 0, max: 10 }),
        (value, digits) => {
          const lines = new LineBuffer(1)
          const said = lines.quantised(value, digits)
          expect(Object.is(JSON.parse(decode(lines)), said)).toBe(true)
          expect(Object.is(said, -0)).toBe(false)
          expect(said).toBe(quantise(value, digits))
          expect(quantise(said, digits)).toBe(said)
        },
      ),
      { numRuns: 5000 },
    )
  })

  it('write any double so that it reads back the very same', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        fc.pre(!Object.is(value, -0))
        const lines = new LineBuffer(1)
        lines.double(value)
        expect(JSON.parse(decode(lines))).toBe(value)
      }),
      { numRuns: 5000 },
    )
  })
})
