/** OKX's sequence rule, and the books of 2022 against the venue's own checksums. */
import { readFileSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { BookRecord, Levels } from '#data/connectors/normal'
import { okxBookRule } from '#data/connectors/okx/book-rule'
import { okxParser } from '#data/connectors/okx/parser'
import { sharedPath } from '#test/shared'

const folder = sharedPath('venues', 'fixtures', 'okx')

/** A book of parsed records, kept by the rule under test. */
class Kept {
  readonly bids = new Map<number, number>()
  readonly asks = new Map<number, number>()
  last: number | null = null
  #isFirst = true

  take(record: BookRecord): string {
    const verdict = okxBookRule.judge(record, this.last, this.#isFirst)
    if (verdict === 'replace') {
      this.bids.clear()
      this.asks.clear()
    }
    if (verdict === 'gap' || verdict === 'ignore') return verdict
    this.#isFirst = verdict === 'replace'
    change(this.bids, record.bids)
    change(this.asks, record.asks)
    this.last = record.lastId
    return verdict
  }

  best(side: 'bids' | 'asks'): readonly (readonly [number, number])[] {
    const sign = side === 'bids' ? -1 : 1
    return [...this[side]].sort(([a], [b]) => sign * (a - b))
  }
}

function change(side: Map<number, number>, levels: Levels): void {
  for (let i = 0; i < levels.length; i += 2)
    if (levels[i + 1] === 0) side.delete(levels[i]!)
    else side.set(levels[i]!, levels[i + 1]!)
}

const bookOf = (frame: unknown): BookRecord => {
  const [record] = okxParser.parse('books', frame, {
    receivedAt: 0,
    market: 'spot',
    // Contracts of one coin leave the sizes as the venue wrote them.
    facts: (instrument) => ({ instrument, contractSize: '1', contractOf: 'base' }) as never,
    price: () => undefined,
  })
  if (record?.kind !== 'book') throw new Error('no book')
  return record
}

describe.skipIf(folder === undefined)('sequence of books', () => {
  const load = () => JSON.parse(readFileSync(`${folder}/docs/ws-books-seq-cases.json`, 'utf8'))

  it('applies in order, over a heartbeat and a reset of numbers, and sees the gap', () => {
    const { frames, expectedAfterFrame5 } = load()
    const kept = new Kept()
    const verdicts = frames.slice(0, 5).map((frame: unknown) => kept.take(bookOf(frame)))
    expect(verdicts).toEqual(['replace', 'apply', 'apply', 'apply', 'apply'])
    const numbers = (rows: readonly (readonly [string, string])[]) => rows.map((row) => row.map(Number))
    expect(kept.best('bids')).toEqual(numbers(expectedAfterFrame5.bids))
    expect(kept.best('asks')).toEqual(numbers(expectedAfterFrame5.asks))
    expect(kept.last).toBe(5)
    expect(kept.take(bookOf(frames[5]))).toBe('gap')
  })

  it('asks for a snapshot that was lost, and sees a lost and a repeated one', () => {
    const { frames } = load()
    const kept = new Kept()
    expect(kept.take(bookOf(frames[1]))).toBe('gap')
    kept.take(bookOf(frames[0]))
    expect(okxBookRule.judge(bookOf(frames[4]), kept.last, true)).toBe('gap')
    kept.take(bookOf(frames[1]))
    expect(okxBookRule.judge(bookOf(frames[1]), kept.last, false)).toBe('gap')
    expect(okxBookRule.needsSnapshot).toBe(false)
  })
})

interface Row {
  readonly asks: readonly (readonly string[])[]
  readonly bids: readonly (readonly string[])[]
  readonly checksum: number
}

/** Signed CRC-32 of the 25 best levels of each side in turn, as the strings that the venue sent. */
function checksum(kept: Kept, texts: ReadonlyMap<string, readonly string[]>): number {
  const [bids, asks] = [kept.best('bids'), kept.best('asks')]
  const parts: string[] = []
  for (let i = 0; i < 25; i++)
    for (const [side, level] of [
      ['b', bids[i]],
      ['a', asks[i]],
    ] as const)
      if (level !== undefined) parts.push(...texts.get(side + level[0])!.slice(0, 2))
  return crc32(parts.join(':')) | 0
}

describe.skipIf(folder === undefined)('books of 2022 against their checksums', () => {
  it.each(['BTC-USDT', 'BTC-USD-220527'])('%s', (name) => {
    const lines = readFileSync(`${folder}/capture/books-${name}.jsonl`, 'utf8').trim().split('\n')
    const expected = JSON.parse(readFileSync(`${folder}/capture/books-${name}.expected.json`, 'utf8'))
    const kept = new Kept()
    const texts = new Map<string, readonly string[]>()
    let right = 0
    lines.forEach((line, i) => {
      const { msg } = JSON.parse(line)
      const row: Row = msg.data[0]
      for (const level of row.bids) texts.set(`b${Number(level[0])}`, level)
      for (const level of row.asks) texts.set(`a${Number(level[0])}`, level)
      // Frames had no numbers then: they get the ones that an unbroken stream has.
      const numbered = { ...row, prevSeqId: i === 0 ? -1 : i - 1, seqId: i }
      expect(kept.take(bookOf({ ...msg, data: [numbered] }))).toBe(i === 0 ? 'replace' : 'apply')
      if (checksum(kept, texts) === row.checksum) right++
    })
    expect(right).toBe(expected.checksumOk)
    expect(right).toBe(expected.frames)
    expect(kept.bids.size).toBe(expected.levels.bids)
    expect(kept.asks.size).toBe(expected.levels.asks)
    const numbers = (rows: readonly (readonly string[])[]) => rows.map((row) => row.map(Number))
    expect(kept.best('bids').slice(0, 5)).toEqual(numbers(expected.top5.bids))
    expect(kept.best('asks').slice(0, 5)).toEqual(numbers(expected.top5.asks))
  })
})
