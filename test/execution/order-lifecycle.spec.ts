/** Owns the promise that an order only ever goes where the table says. */
import { describe, expect, it } from 'vitest'
import { advance, isTerminal, nextPhase, type OrderPhase, type OrderWord } from '#execution/order-lifecycle'

const PHASES: readonly OrderPhase[] = [
  'approved',
  'submitted',
  'accepted',
  'partiallyFilled',
  'unknown',
  'filled',
  'cancelled',
  'rejected',
]
const WORDS: readonly OrderWord[] = ['submit', 'accept', 'fillPart', 'fillRest', 'cancel', 'reject', 'doubt']

describe('life of an order', () => {
  it('goes from approval over submission, acknowledgement and parts to filled', () => {
    const words: readonly OrderWord[] = ['submit', 'accept', 'fillPart', 'fillPart', 'fillRest']
    const phases: OrderPhase[] = ['approved']
    for (const word of words) phases.push(advance(phases.at(-1)!, word, 'o'))
    expect(phases).toEqual(['approved', 'submitted', 'accepted', 'partiallyFilled', 'partiallyFilled', 'filled'])
  })

  it('leaves UNKNOWN only by a word of the venue', () => {
    expect(advance('submitted', 'doubt', 'o')).toBe('unknown')
    expect(advance('unknown', 'doubt', 'o')).toBe('unknown')
    expect(nextPhase('unknown', 'submit')).toBeUndefined()
    for (const word of ['accept', 'fillPart', 'fillRest', 'cancel', 'reject'] as const)
      expect(nextPhase('unknown', word)).not.toBe('unknown')
  })

  it.each<[OrderPhase, OrderWord, OrderPhase]>([
    ['filled', 'accept', 'filled'],
    ['filled', 'fillRest', 'filled'],
    ['filled', 'fillPart', 'filled'],
    ['filled', 'cancel', 'filled'],
    ['partiallyFilled', 'accept', 'partiallyFilled'],
    ['cancelled', 'cancel', 'cancelled'],
    ['cancelled', 'fillPart', 'cancelled'],
    ['cancelled', 'fillRest', 'filled'],
    ['rejected', 'reject', 'rejected'],
  ])('keeps or honours a word that is repeated or late: %s, %s → %s', (phase, word, next) => {
    expect(advance(phase, word, 'o')).toBe(next)
  })

  it.each<[OrderPhase, OrderWord]>([
    ['approved', 'accept'],
    ['approved', 'fillRest'],
    ['accepted', 'reject'],
    ['partiallyFilled', 'reject'],
    ['filled', 'reject'],
    ['filled', 'submit'],
    ['rejected', 'fillPart'],
    ['rejected', 'accept'],
    ['cancelled', 'submit'],
  ])('throws on what cannot happen: %s, %s', (phase, word) => {
    expect(() => advance(phase, word, 'o-9-1')).toThrow(/o-9-1/)
  })

  it('never brings an ended order back to life', () => {
    for (const phase of PHASES.filter(isTerminal))
      for (const word of WORDS) {
        const next = nextPhase(phase, word)
        if (next !== undefined) expect(isTerminal(next)).toBe(true)
      }
  })
})
