import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { configSchema, type DonchianConfig } from '#core/config/schema'
import { DAY_MS } from '#core/time'
import { createDonchian, type DonchianInstrument } from '#signals/donchian.decider'
import { event, given } from '#test/given'
import { BTC, bar, bars, type Candle, entry, instant, looksAhead, partialDay, play, type Said, walk } from './play.js'

const DEFAULTS = configSchema.parse({}).signals.donchian
const SMALL = { entryDays: 5, exitDays: 3, atrDays: 3, adxMin: 0 }
const make = (change: Partial<DonchianConfig> = SMALL) => createDonchian({ ...DEFAULTS, ...change }, [entry()])

const candle = (open: number, high: number, low: number, close: number): Candle => ({
  open,
  high,
  low,
  close,
  volume: 1,
})
/** 150 days between 99 and 101: ATR 2, ADX 0, eligible and neutral with the last. */
const RANGE = Array.from({ length: 150 }, () => candle(100, 101, 99, 100))
const UP = candle(100, 103, 100, 102)
const DOWN = candle(100, 100, 97, 98)
/** ATR of period 3 after UP or DOWN. */
const ATR = (2 + 2 + 3) / 3

const term = (said: Said['data'], name: string) => said.terms.find((one) => one.name === name)
const lastOf = (candles: readonly Candle[], change: Partial<DonchianConfig> = SMALL) => {
  const tape = bars([...RANGE, ...candles])
  const { drafts } = given(make(change), tape.slice(0, -1)).when(tape.at(-1)!)
  return drafts.map((draft) => draft.data as Said['data'])
}

describe('signal/donchian warms up', () => {
  it('is silent for 149 days, then eligible and neutral', () => {
    const { said } = play(make(), bars(RANGE))
    expect(said.map((word) => word.at)).toEqual([149])
    expect(said[0]!.data).toMatchObject({ side: 'flat', reason: 'neutral', targetWeight: 0, inputs: [] })
  })

  it('lets nothing in before', () => {
    const early = [...RANGE.slice(0, 148), UP]
    expect(play(make(), bars(early)).said).toEqual([])
    expect(play(make(), bars([...early, candle(102, 103, 101, 102)])).said.map((word) => word.data.reason)).toEqual([
      'neutral',
    ])
  })

  it('declares the longest of its windows', () => {
    expect(make().warmupMs).toBe(300 * DAY_MS)
    expect(make({ entryDays: 200 }).warmupMs).toBe(402 * DAY_MS)
    expect(make({ exitDays: 300 }).warmupMs).toBe(602 * DAY_MS)
  })

  it('says nothing more while nothing breaks out', () => {
    expect(lastOf([RANGE[0]!])).toEqual([])
  })
})

describe('signal/donchian enters', () => {
  it('long at a close above the channel of the days before, sized by strength', () => {
    const strength = (102 - 101) / ATR / 2
    const [said] = lastOf([UP])
    expect(said).toMatchObject({ side: 'long', reason: 'breakout', confidence: 1, price: 102 })
    expect(said!.strength).toBeCloseTo(strength, 6)
    expect(said!.targetWeight).toBeCloseTo(((0.5 + 0.5 * strength) * 0.01 * 102) / (2 * ATR), 6)
    expect(term(said!, 'upper')?.value).toBe(101)
    expect(term(said!, 'stop')?.value).toBeCloseTo(102 - 2 * ATR, 8)
    expect(term(said!, 'adx')?.threshold).toBe(0)
  })

  it('short at a close below it', () => {
    const [said] = lastOf([DOWN])
    expect(said).toMatchObject({ side: 'short', reason: 'breakout' })
    expect(said!.targetWeight).toBeLessThan(0)
    expect(said!.strength).toBeLessThan(0)
    expect(term(said!, 'stop')?.value).toBeCloseTo(98 + 2 * ATR, 8)
  })

  it('not at the channel itself, nor for a high beyond it', () => {
    expect(lastOf([candle(100, 103, 100, 101)])).toEqual([])
    expect(lastOf([candle(100, 150, 100, 101)])).toEqual([])
    expect(lastOf([candle(100, 100, 50, 99)])).toEqual([])
  })

  it('with the least size at the edge and the full one from the cap on', () => {
    const weight = (close: number): number =>
      lastOf([candle(100, close, 100, close)], { ...SMALL, minSize: 0 })[0]!.targetWeight
    expect(weight(101.000_001)).toBeLessThan(0.000_01)
    const atr = (2 + 2 + 100) / 3
    expect(weight(200)).toBeCloseTo((0.01 * 200) / (2 * atr), 6)
  })

  it('not while ADX is below its least value, saying so once', () => {
    const choppy = { ...SMALL, adxMin: 34 }
    const [said] = lastOf([UP], choppy) // one day of direction of three: ADX 33.3
    expect(said).toMatchObject({ side: 'flat', reason: 'choppy', targetWeight: 0 })
    expect(term(said!, 'adx')!.value).toBeCloseTo(100 / 3, 6)
    expect(term(said!, 'adx')!.threshold).toBe(34)
    expect(lastOf([DOWN, candle(98, 98, 96, 96.5)], { ...SMALL, adxMin: 90 })).toEqual([])
  })

  it('with ADX exactly at its least value', () => {
    const state = play(make(), bars([...RANGE, UP])).state as { instruments: DonchianInstrument[] }
    expect(lastOf([UP], { ...SMALL, adxMin: state.instruments[0]!.adxValue })[0]!.side).toBe('long')
  })

  it('not into a channel that lacks more than a tenth of its days', () => {
    const tape = bars([...RANGE, UP]).filter((_, i) => i !== 147)
    const late = bar(150, UP)
    const refused = given(make(), [...bars([RANGE[0]!], -1), ...tape.slice(0, -1)]).when(late).drafts
    const said = refused[0] as { data: Said['data'] }
    expect(said.data).toMatchObject({ side: 'flat', reason: 'missing-bars' })
    expect(term(said.data, 'missingBars')).toEqual({ name: 'missingBars', value: 1, threshold: 0 })
    const wide = { ...SMALL, entryDays: 20 }
    const { drafts } = given(make(wide), [...bars([RANGE[0]!], -1), ...tape.slice(0, -1)]).when(late)
    expect(drafts[0]!.data).toMatchObject({ side: 'long' }) // one of 20 is within the tenth
  })

  it('on a partial day too, by the prices that were known', () => {
    const { drafts } = given(make(), bars(RANGE)).when(partialDay(150, UP, 9))
    expect(drafts[0]!.data).toMatchObject({ side: 'long' })
  })
})

describe('signal/donchian holds', () => {
  it('without a word: the size of the entry stays', () => {
    const higher = Array.from({ length: 20 }, (_, i) => candle(102 + i, 104 + i, 101 + i, 103 + i))
    expect(play(make(), bars([...RANGE, UP, ...higher])).said.map((word) => word.at)).toEqual([149, 150])
  })

  // Three days at 101.5 and above: the exit channel is inside the entry channel, the stop far away.
  const LOFT = [UP, ...Array.from({ length: 3 }, () => candle(102, 103, 101.5, 102.5))]
  const CELLAR = [DOWN, ...Array.from({ length: 3 }, () => candle(98, 98.5, 97, 97.5))]
  const FAR = { ...SMALL, stopAtr: 9 }

  it('and leaves at a close beyond the opposite exit channel', () => {
    const [said] = lastOf([...LOFT, candle(102, 102, 101, 101.2)], FAR)
    expect(said).toMatchObject({ side: 'flat', reason: 'exit-channel', targetWeight: 0, strength: 0, inputs: [151] })
    expect(term(said!, 'exitLower')?.value).toBe(101.5)
  })

  it('but not at the exit channel itself, nor below it for a moment', () => {
    expect(lastOf([...LOFT, candle(102, 102, 101, 101.5)], FAR)).toEqual([])
  })

  it('and leaves at its stop, wherever the day closed', () => {
    const stop = 102 - 2 * ATR
    const [said] = lastOf([UP, candle(101, 102, stop, 101)])
    expect(said).toMatchObject({ side: 'flat', reason: 'trailing-stop', inputs: [151] })
    expect(term(said!, 'testedStop')?.value).toBeCloseTo(stop, 8)
    expect(lastOf([UP, candle(101, 102, stop + 0.01, 101)])).toEqual([])
  })

  it('and tests a bar against the stop of the day before, not its own', () => {
    const wild = candle(102, 130, 100, 129) // moves the stop to 130 - 2 x 11.6 = 106.9, above its own low
    expect(lastOf([UP, wild])).toEqual([])
    expect(lastOf([UP, wild, candle(129, 129, 106, 128)])[0]).toMatchObject({ reason: 'trailing-stop' })
    expect(lastOf([UP, wild, candle(129, 129, 108, 128)])).toEqual([])
  })

  it('and a short mirrors all that', () => {
    expect(lastOf([...CELLAR, candle(98, 99, 98, 98.8)], FAR)[0]).toMatchObject({
      side: 'flat',
      reason: 'exit-channel',
    })
    expect(lastOf([...CELLAR, candle(98, 99, 98, 98.5)], FAR)).toEqual([])
    expect(lastOf([DOWN, candle(99, 103, 99, 99)])[0]).toMatchObject({ reason: 'trailing-stop' })
    expect(lastOf([DOWN, candle(99, 101, 98, 101)])).toEqual([])
  })

  it('and does not begin again in the bar that ended it, but in the next', () => {
    const whipped = candle(102, 105, 97, 104.9)
    expect(lastOf([UP, whipped])[0]).toMatchObject({ side: 'flat', reason: 'trailing-stop' })
    expect(lastOf([UP, whipped, candle(105, 107, 104, 106)])[0]).toMatchObject({ side: 'long', reason: 'breakout' })
  })

  it('and reverses in the bar that breaks the opposite channel', () => {
    const [said] = lastOf([UP, candle(101, 101, 90, 91)])
    expect(said).toMatchObject({ side: 'short', reason: 'breakout', price: 91, inputs: [151] })
    expect(term(said!, 'testedStop')?.value).toBeCloseTo(102 - 2 * ATR, 8)
    // Through the exit channel alone, the stop being far away:
    expect(lastOf([UP, candle(101, 101, 98, 98.9)], { ...SMALL, stopAtr: 9 })[0]).toMatchObject({ side: 'short' })
  })

  it('and only leaves where ADX refuses the reversal: exits stay live', () => {
    const swing = [candle(103, 104, 102, 103), candle(102, 103, 101, 102)]
    const chop = [UP, ...swing, ...swing, ...swing]
    const adxMin = { ...SMALL, adxMin: 33 }
    expect(lastOf([UP], adxMin)[0]).toMatchObject({ side: 'long' })
    const [said] = lastOf([...chop, candle(102, 102, 100.8, 100.9)], adxMin)
    expect(said).toMatchObject({ side: 'flat', reason: 'exit-channel' })
    expect(term(said!, 'lower')!.value).toBeGreaterThan(100.9) // a breakout, had ADX let it
    expect(term(said!, 'adx')!.value).toBeLessThan(33)
  })

  it('and drops its position when it is stale or delisted', () => {
    const tape = bars([...RANGE, UP])
    const stale = given(make(), tape).when(instant(154, [BTC]))
    expect(stale.drafts[0]!.data).toMatchObject({ side: 'flat', reason: 'stale' })
    const back = given(make(), [...tape, instant(154, [BTC])]).when(bar(154, candle(101, 102, 100, 101)))
    expect(back.drafts[0]!.data).toMatchObject({ side: 'flat', reason: 'neutral', inputs: [] })
    const gone = event('InstrumentDelisted', { instrument: BTC, reason: 'end-of-data' })
    expect(given(make(), tape).when(gone).drafts[0]!.data).toMatchObject({ reason: 'delisted', side: 'flat' })
  })

  it('and a hole ends it just so where no instant told of it', () => {
    const tape = bars([...RANGE, UP])
    const back = given(make(), tape).when(bar(154, candle(101, 102, 100, 101)))
    expect(back.drafts[0]!.data).toMatchObject({ side: 'flat', reason: 'neutral' })
    given(make(), tape)
      .when(bar(153, candle(101, 102, 100, 101)))
      .thenNothing() // two days: still held
  })
})

describe('signal/donchian is a pure fold', () => {
  it('whose state survives JSON anywhere', () => {
    fc.assert(
      fc.property(walk(155, 230), fc.nat(), (candles, at) => {
        const tape = bars(candles).filter((_, i) => i % 61 !== 17)
        expect(play(make(), tape, at % tape.length)).toEqual(play(make(), tape))
      }),
      { seed: 21, numRuns: 30 },
    )
  })

  it('that does not see what comes', () => {
    fc.assert(
      fc.property(walk(190, 220), walk(30, 40), fc.integer({ min: 151, max: 185 }), (candles, other, cut) => {
        expect(looksAhead(() => make(), bars(candles), cut, bars(other, cut + 1))).toBe(false)
      }),
      { seed: 22, numRuns: 30 },
    )
  })

  it('that ignores bars which come twice or late', () => {
    const tape = bars([...RANGE, UP])
    given(make(), tape).when(tape[150]!).thenNothing()
    given(make(), tape)
      .when(bar(20, candle(1, 500, 1, 400), { seq: 800 }))
      .thenNothing()
  })

  it('that survives a price which never moves', () => {
    const still = Array.from({ length: 160 }, () => candle(5, 5, 5, 5))
    expect(play(make(), bars(still)).said.map((word) => word.data.reason)).toEqual(['neutral'])
  })
})
