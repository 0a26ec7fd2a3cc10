/** Overlays: given a regime, when directional opinions are blended, then what is left of them, and every step is told. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DAY_MS, HOUR_MS } from '#core/time'
import { applyRegimes, createRegimes, enforceRegimes, hearRegime } from '#portfolio/overlays'
import { given } from '../given.js'
import { BTC, blended, blenderOf, ETH, instant, ON, packageWeights, packs, regime, says, weights } from './rig.js'

const decider = (more: object = {}) => blenderOf({ tsmom: ON, ssr: ON, mvrv: ON, ...more })
const EUPHORIA = { longFactor: 0.5, blocksNewLongs: true }
const VALUE = { longFactor: 1.25, blocksShorts: true }
type Events = Parameters<typeof given>[1]

const said = (past: Events, at = 2 * HOUR_MS) => given(decider(), past).when(instant(at)).drafts

describe('overlays', () => {
  it('scale longs in the order ssr, mvrv, whatever order they spoke in, and tell before and after', () => {
    const [mvrv, ssr] = [regime('mvrv', VALUE), regime('ssr', { longFactor: 1.1 })]
    const drafts = said([mvrv, ssr, says('tsmom', BTC, 0.1)])
    expect(weights(drafts)).toEqual({ [BTC]: 0.1375 })
    expect(blended(drafts)!.rows[0]!.overlays).toEqual([
      { signal: 'ssr', before: 0.1, after: 0.11, seq: ssr.seq },
      { signal: 'mvrv', before: 0.11, after: 0.1375, seq: mvrv.seq },
    ])
  })

  it('leave shorts alone unless they block them; a blocked short is flat, not long', () => {
    const neutral = blended(said([regime('ssr', { longFactor: 0.75 }), says('tsmom', BTC, -0.1)]))!.rows[0]!
    expect(neutral.weight).toBe(-0.1)
    expect('overlays' in neutral).toBe(false)
    const blocked = [says('tsmom', BTC, -0.1), instant(HOUR_MS), regime('mvrv', VALUE)]
    expect(blended(said(blocked))!.rows[0]).toMatchObject({ weight: 0, outcome: 'flat' })
    expect(weights(said([regime('ssr', { shortFactor: 0.5 }), says('tsmom', BTC, -0.1)]))).toEqual({ [BTC]: -0.05 })
  })

  it('euphoria halves longs and lets none begin or grow; shrinking and leaving stay free', () => {
    const held = [says('tsmom', BTC, 0.2), instant(HOUR_MS), regime('mvrv', EUPHORIA)]
    expect(weights(said(held))).toEqual({ [BTC]: 0.1 })
    const after = [...held, instant(2 * HOUR_MS)]
    // 0.25 halved is more than 0.1: it stays.
    expect(said([...after, says('tsmom', BTC, 0.25)], 3 * HOUR_MS)).toEqual([])
    expect(weights(said([...after, says('tsmom', BTC, 0.1)], 3 * HOUR_MS))).toEqual({ [BTC]: 0.05 })
    expect(weights(said([...after, says('tsmom', BTC, -0.1)], 3 * HOUR_MS))).toEqual({ [BTC]: -0.1 })
    expect(said([regime('mvrv', EUPHORIA), says('tsmom', ETH, 0.2)])).toEqual([])
  })

  it('act again at once when a regime changes, ends or grows old', () => {
    const start = [
      says('tsmom', BTC, 0.2),
      instant(HOUR_MS),
      regime('mvrv', EUPHORIA, 3 * HOUR_MS),
      instant(2 * HOUR_MS),
    ]
    expect(said(start, 3 * HOUR_MS)).toEqual([])
    expect(weights(said([...start, instant(3 * HOUR_MS)], 4 * HOUR_MS))).toEqual({ [BTC]: 0.2 })
    expect(weights(said([...start, regime('mvrv', {})], 3 * HOUR_MS))).toEqual({ [BTC]: 0.2 })
  })

  it('an expired word has no effect, nor has an overlay that is switched off', () => {
    expect(weights(said([regime('mvrv', EUPHORIA, HOUR_MS), says('tsmom', BTC, 0.2)]))).toEqual({ [BTC]: 0.2 })
    const off = given(blenderOf({ tsmom: ON, ssr: ON }), [regime('mvrv', EUPHORIA), says('tsmom', BTC, 0.2)])
    expect(weights(off.when(instant(HOUR_MS)).drafts)).toEqual({ [BTC]: 0.2 })
    expect(blenderOf({ tsmom: ON }).reads).not.toContain('RegimeChanged')
  })

  it('do not touch packages', () => {
    const past = [regime('mvrv', { ...EUPHORIA, longFactor: 0, shortFactor: 0 }), packs('carry/BTC', 0.1)]
    const when = given(decider({ fundingCarry: ON }), past).when(instant(HOUR_MS))
    expect(packageWeights(when.drafts)).toEqual({ 'carry/BTC': 0.1 })
  })

  it('property: no chain of regimes turns a weight round, nor lets a long grow while it is blocked', () => {
    const effect = fc.record({
      longFactor: fc.double({ min: -1, max: 3, noNaN: true }),
      shortFactor: fc.double({ min: -1, max: 3, noNaN: true }),
      blocksNewLongs: fc.boolean(),
      blocksShorts: fc.boolean(),
    })
    const weight = fc.integer({ min: -1e8, max: 1e8 }).map((w) => w / 1e8)
    fc.assert(
      fc.property(effect, effect, weight, weight, (ssr, mvrv, w, last) => {
        const regimes = createRegimes(['mvrv', 'ssr'])
        expect(hearRegime(regimes, regime('ssr', ssr).data, 1)).toBe(true)
        expect(hearRegime(regimes, regime('mvrv', mvrv).data, 2)).toBe(true)
        expect(hearRegime(regimes, regime('moon', mvrv).data, 3)).toBe(false)
        expect(enforceRegimes(regimes, DAY_MS)).toBe(true)
        const out = applyRegimes(regimes, w, last)
        expect(out.weight === 0 || Math.sign(out.weight) === Math.sign(w)).toBe(true)
        if (mvrv.blocksNewLongs && w > 0) expect(out.weight).toBeLessThanOrEqual(Math.max(0, last))
        if (mvrv.blocksShorts && w < 0) expect(out.weight).toBe(0)
        let before = w
        for (const step of out.steps) {
          expect(step.before).toBe(before)
          before = step.after
        }
        expect(before).toBe(out.weight)
      }),
    )
  })
})
