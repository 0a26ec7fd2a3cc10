import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LineComparison } from '#engine/comparison'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

function feed(text: string, sizes: readonly number[]): () => Uint8Array | undefined {
  const lines = text.split(/(?<=\n)/).filter((line) => line !== '')
  let next = 0
  let turn = 0
  return () => {
    if (next >= lines.length) return undefined
    const count = sizes[turn++ % sizes.length]!
    const chunk = lines.slice(next, next + count).join('')
    next += count
    return bytes(chunk)
  }
}

describe('comparing lines', () => {
  it('finds no difference between equal lines, however they are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.stringMatching(/^[a-z]{0,8}$/), { minLength: 1 }),
        fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1 }),
        fc.integer({ min: 1, max: 7 }),
        (words, sizes, group) => {
          const text = words.map((word) => `${word}\n`).join('')
          const comparison = new LineComparison(feed(text, sizes))
          for (let i = 0; i < words.length; i += group)
            expect(
              comparison.take(
                bytes(
                  words
                    .slice(i, i + group)
                    .map((word) => `${word}\n`)
                    .join(''),
                ),
              ),
            ).toBe(true)
          expect(comparison.end()).toBe(true)
        },
      ),
    )
  })

  it('names the first differing line, both versions', () => {
    const comparison = new LineComparison(feed('one\ntwo\nthree\n', [2]))
    expect(comparison.take(bytes('one\ntwx\nthree\n'))).toBe(false)
    expect(comparison.divergence).toEqual({ recorded: 'two', decided: 'twx' })
  })

  it('notices a record that ends too early or goes on', () => {
    const short = new LineComparison(feed('one\n', [1]))
    expect(short.take(bytes('one\ntwo\n'))).toBe(false)
    expect(short.divergence).toEqual({ recorded: undefined, decided: 'two' })
    const long = new LineComparison(feed('one\ntwo\n', [1]))
    long.take(bytes('one\n'))
    expect(long.end()).toBe(false)
    expect(long.divergence).toEqual({ recorded: 'two', decided: undefined })
  })
})
