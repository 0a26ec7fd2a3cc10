/** Plans of faults: what can be written, what is refused, and that a seed gives the same ones. */
import { describe, expect, it } from 'vitest'
import { SECOND_MS } from '#core/time'
import { drawFault, FAULT_KINDS, parseFault, parseFaultPlan } from '#venues/exchange/faults'

describe('a plan', () => {
  it('is a list of faults, with times as ms or ISO', () => {
    const at = '2026-01-31T12:00:00Z'
    expect(parseFaultPlan([{ kind: 'drop', at, probability: 0.1 }], 'f')).toEqual([
      { kind: 'drop', at: Date.parse(at), probability: 0.1 },
    ])
    expect(parseFaultPlan({ seed: 1, everySeconds: 5 }, 'f')).toEqual({ seed: 1, everySeconds: 5 })
  })

  it.each([
    [[{ kind: 'earthquake' }], 'f: 0.kind'],
    [[{ kind: 'drop', odds: 1 }], 'f: 0'],
    [[{ kind: 'drop', at: 'noon' }], 'f: 0.at: is no time'],
    [[{ kind: 'delist' }], 'f: [0]: delist needs symbol'],
    [[{ kind: 'fundingInterval', symbol: 'SOL/USDT:USDT' }], 'f: [0]: fundingInterval needs intervalMs'],
    [{ everySeconds: 5 }, 'f: seed'],
    ['drop', 'f: the plan'],
    [null, 'f: the plan'],
  ])('%j is refused with its place', (plan, place) => {
    expect(() => parseFaultPlan(plan, 'f')).toThrow(expect.objectContaining({ code: 'USAGE' }))
    expect(() => parseFaultPlan(plan, 'f')).toThrow(place)
  })
})

describe('faults of a seed', () => {
  const plan = { seed: 9, everySeconds: 4 }

  it('are the same whenever they are drawn, each in its own slot, and can all be written as a plan', () => {
    const drawn = Array.from({ length: 400 }, (_, n) => drawFault(plan, n, 1_000_000, ['SOL/USDT:USDT']))
    expect([...drawn].reverse()).toEqual(
      Array.from({ length: 400 }, (_, n) => drawFault(plan, 399 - n, 1_000_000, ['SOL/USDT:USDT'])),
    )
    for (const [n, { at, fault }] of drawn.entries()) {
      expect(at).toBeGreaterThanOrEqual(1_000_000 + n * 4 * SECOND_MS - 1)
      expect(at).toBeLessThan(1_000_000 + (n + 1) * 4 * SECOND_MS)
      expect(parseFault(fault, 'f')).toEqual(fault)
    }
    const lasting = ['delist', 'fundingInterval', 'banIp']
    expect(new Set(drawn.map(({ fault }) => fault.kind))).toEqual(
      new Set(Object.keys(FAULT_KINDS).filter((kind) => !lasting.includes(kind))),
    )
    expect(drawFault({ ...plan, seed: 10 }, 0, 1_000_000, [])).not.toEqual(drawn[0])
  })

  it('may name the kinds that last', () => {
    const kinds = ['delist', 'fundingInterval'] as const
    for (let n = 0; n < 20; n++) {
      const { fault } = drawFault({ ...plan, kinds: [...kinds] }, n, 0, ['SOL/USDT:USDT'])
      expect(parseFault(fault, 'f').symbol).toBe('SOL/USDT:USDT')
    }
  })
})
