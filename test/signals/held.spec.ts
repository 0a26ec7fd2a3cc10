import { describe, expect, it } from 'vitest'
import { configSchema } from '#core/config/schema'
import { createTsmom } from '#signals/tsmom.decider'
import { event, given } from '#test/given'
import { BTC, bar, bars, entry, flatCandle, instant } from './play.js'

const tsmom = () => createTsmom({ ...configSchema.parse({}).signals.tsmom, lookbackDays: 3, skipDays: 2 }, [entry()])
const rising = bars(Array.from({ length: 80 }, (_, i) => flatCandle(100 + i + (i % 3))))
const quality = (check: 'outlier' | 'stale', isBad: boolean) =>
  event('DataQualityChanged', { subject: BTC, check, isBad, detail: '' }, { seq: 500 })

type Said = { readonly reason: string; readonly side: string; readonly targetWeight: number }
const said = (drafts: readonly { readonly data: unknown }[]): Said => drafts[0]!.data as Said

describe('a signal whose data is bad', () => {
  it('holds its last word and says why, once', () => {
    const held = given(tsmom(), rising).when(quality('outlier', true))
    expect(said(held.drafts)).toMatchObject({ reason: 'held-outlier', side: 'long' })
    expect(said(held.drafts).targetWeight).toBeGreaterThan(0)
    // A crash to a tenth would turn it: while the check fails it is not believed.
    given(tsmom(), [...rising, quality('outlier', true)])
      .when(bar(80, flatCandle(10)))
      .thenNothing()
  })

  it('speaks again when the data is good', () => {
    const fallen = Array.from({ length: 12 }, (_, i) => bar(80 + i, flatCandle(50 - i)))
    const again = given(tsmom(), [...rising, quality('outlier', true), ...fallen]).when(quality('outlier', false))
    expect(said(again.drafts)).toMatchObject({ side: 'short' })
    expect(said(again.drafts).reason).not.toMatch(/^held/)
  })

  it('holds until all checks are good, and not beyond the life of its opinion', () => {
    const both = [...rising, quality('outlier', true), quality('stale', true)]
    given(tsmom(), both)
      .when(quality('outlier', false))
      .then([
        { type: 'SignalChanged', data: expect.objectContaining({ reason: 'held-stale', side: 'long' }) as object },
      ])
    const old = given(tsmom(), both).when(instant(90, [BTC]))
    expect(said(old.drafts)).toMatchObject({ reason: 'stale', side: 'flat', targetWeight: 0 })
  })

  it('that has not spoken has nothing to hold, and does not begin to speak when a doubt passes', () => {
    given(tsmom(), []).when(quality('outlier', true)).thenNothing()
    const warm = createTsmom({ ...configSchema.parse({}).signals.tsmom, lookbackDays: 3, skipDays: 2 }, [entry()])
    const state = rising.reduce((now, one) => warm.evolve(now, one), warm.initial())
    const doubted = warm.evolve(warm.evolve(state, quality('stale', true)), quality('stale', false))
    expect(warm.decide(doubted, quality('stale', false), {} as never)).toEqual([])
  })
})
