import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { copyPlain, jsonPieces } from '#engine/plain-copy'

const plain = fc.jsonValue({ maxDepth: 4 })

describe('plain state', () => {
  it('is copied whole, and shares nothing with its copy', () => {
    fc.assert(
      fc.property(plain, (value) => {
        expect(copyPlain(value)).toEqual(value)
      }),
    )
    const state = { ring: [1, 2, 3], nested: [{ at: [4] }], mixed: [1, { deep: [5] }, 2] }
    const copy = copyPlain(state)
    state.ring[0] = 9
    state.nested[0]!.at[0] = 9
    ;(state.mixed[1] as { deep: number[] }).deep[0] = 9
    expect(copy).toEqual({ ring: [1, 2, 3], nested: [{ at: [4] }], mixed: [1, { deep: [5] }, 2] })
  })

  it('is encoded in pieces as JSON encodes it', () => {
    fc.assert(
      fc.property(plain, (value) => {
        expect([...jsonPieces(value)].join('')).toBe(JSON.stringify(value))
      }),
    )
    const many = { index: { a: 0 }, instruments: [{ x: 1 }, { x: 2 }, { x: 3 }], empty: [], gone: undefined, one: [{}] }
    expect([...jsonPieces(many)].join('')).toBe(JSON.stringify(many))
    expect([...jsonPieces(many)].length).toBeGreaterThan(5)
  })
})
