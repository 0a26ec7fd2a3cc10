/** Every oracle case whose method is written, one test each; and the judge itself, which must be able to fail. */
import { describe, expect, it } from 'vitest'
import { sharedPath } from '../shared.js'
import { casesOf, compare, describeFailure, type JsonObject, judge, readCases } from './cases.js'
import { METHODS } from './registry.js'

const folder = sharedPath('oracles')
const cases = folder === undefined ? [] : readCases(folder).filter((oracle) => METHODS.has(oracle.method))

describe('oracles', () => {
  if (folder === undefined) it.skip('SKIPPED: the shared folder of oracles is not there')

  it.skipIf(folder === undefined)('cover every method that is written', () => {
    const tested = new Set(cases.map((oracle) => oracle.method))
    expect([...METHODS.keys()].filter((name) => !tested.has(name))).toEqual([])
  })

  for (const oracle of cases) {
    it(`${oracle.file}/${oracle.id}`, () => {
      const verdict = judge(oracle, METHODS)
      expect(verdict.kind === 'failed' ? describeFailure(oracle, verdict) : []).toEqual([])
    })
  }
})

describe('the judge', () => {
  it('holds numbers to tol max(1, |e|), nulls to null, lengths and keys to the expected ones', () => {
    expect(compare(1000, 1000.9, 1e-3)).toEqual([])
    expect(compare(1000, 1001.1, 1e-3)).toHaveLength(1)
    expect(compare(0.001, 0.0015, 1e-3)).toEqual([])
    expect(compare(1, Number.NaN, 1)).toHaveLength(1)
    expect(compare(null, 0, 1)).toHaveLength(1)
    expect(compare(0, null, 1)).toHaveLength(1)
    expect(compare([1, 2], [1], 1)).toHaveLength(1)
    expect(compare({ a: 1 }, { a: 1, b: 2 }, 0)).toEqual([])
    expect(compare({ a: 1, b: 2 }, { a: 1 }, 0)).toMatchObject([{ path: '.b', actual: undefined }])
    expect(compare(true, 1, 1)).toHaveLength(1)
  })

  it('resolves refs and top-level fields, own inputs winning', () => {
    const [, b] = casesOf('f', {
      xs: [1, 2],
      cases: [
        { id: 'a', method: 'm', inputs: { x: '$.xs', n: 1 }, expected: 1 },
        { id: 'b', method: 'm', inputs: { ref: 'a', n: 2 }, expected: 1 },
      ],
    })
    expect(b?.inputs).toEqual({ x: [1, 2], n: 2 })
    const problemOf = (inputs: JsonObject): string | undefined =>
      casesOf('f', { cases: [{ id: 'a', method: 'm', inputs }] })[0]?.problem
    expect(problemOf({ ref: 'a' })).toMatch(/circle/)
    expect(problemOf({ ref: 'b' })).toMatch(/no case/)
    expect(problemOf({ x: '$.no' })).toMatch(/stands for nothing/)
    expect(problemOf({ x: 1 })).toBeUndefined()
  })

  it('fails a method that throws and knows one that is missing', () => {
    const methods = new Map([
      [
        'throws',
        () => {
          throw new Error('no')
        },
      ],
    ])
    const oracle = { file: 'f', id: 'a', inputs: {}, expected: 1, tolerance: 0 }
    expect(judge({ ...oracle, method: 'throws' }, methods)).toMatchObject({ kind: 'failed', error: 'no' })
    expect(judge({ ...oracle, method: 'other' }, methods)).toEqual({ kind: 'unknown' })
  })
})
