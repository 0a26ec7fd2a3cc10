import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatCommit, groupHash, parseCommit, readSeq, readTs, sha256 } from '#events/log/chain'
import { Fingerprint, fingerprintOf, isDerivedLine } from '#events/log/fingerprint'
import { commitGroups, eventLine, lines, makeRun, openWriter, T0 } from './run-folder.js'

const hex = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex'))
const commitLines = fc.record({
  commit: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  count: fc.integer({ min: 1, max: 1_000_000 }),
  prev: hex,
  hash: hex,
})

describe('a commit line', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(commitLines, (line) => {
        expect(parseCommit(formatCommit(line).slice(0, -1))).toEqual(line)
      }),
    )
  })

  it('with any one character changed, added or taken out is another line or none', () => {
    fc.assert(
      fc.property(commitLines, fc.nat(), fc.integer({ min: 32, max: 126 }), (line, atSeed, code) => {
        const text = formatCommit(line).slice(0, -1)
        const at = atSeed % text.length
        const character = String.fromCharCode(code)
        fc.pre(character !== text[at])
        for (const rest of [character + text.slice(at + 1), character + text.slice(at), text.slice(at + 1)]) {
          const parsed = parseCommit(text.slice(0, at) + rest)
          if (parsed) expect(formatCommit(parsed).slice(0, -1)).toBe(text.slice(0, at) + rest)
          expect(parsed).not.toEqual(line)
        }
      }),
    )
  })

  it('refuses numbers that are not written in the one way', () => {
    const text = formatCommit({ commit: 12, count: 3, prev: 'a'.repeat(64), hash: 'b'.repeat(64) }).slice(0, -1)
    for (const other of [
      text.replace(':12,', ':012,'),
      text.replace(':12,', ':0,'),
      text.replace(':12,', ':9007199254740993,'),
      text.replace(':3,', ':3.0,'),
      text.replace(':3,', ': 3,'),
      text.replace('"aaa', '"AAA'),
      `${text} `,
      text.replace('"count":3,', ''),
    ]) {
      expect(parseCommit(other)).toBeUndefined()
    }
  })

  it('hashes prev as characters, then the lines', () => {
    expect(groupHash('0'.repeat(64), Buffer.from('x\n'))).toBe(sha256(`${'0'.repeat(64)}x\n`))
  })
})

describe('the header of an event line', () => {
  it('gives seq and ts, or -1', () => {
    const line = Buffer.from(eventLine(123456789))
    expect([readSeq(line, 0, line.length), readTs(line, 0, line.length)]).toEqual([123456789, T0 + 123456789])
    for (const bad of [
      '{"seq":0,',
      '{"seq":01,',
      '{"seq":,',
      '{"seq":1',
      '{"seq":1}',
      '{"sEq":1,',
      '{"seq":-1,',
      '{"seq":1e3,',
    ]) {
      expect(readSeq(Buffer.from(bad), 0, bad.length)).toBe(-1)
    }
    const noTs = Buffer.from('{"seq":1,"tt":5,')
    expect(readTs(noTs, 0, noTs.length)).toBe(-1)
  })

  it('tells derived events from inputs', () => {
    for (const [cause, derived] of [
      [0, false],
      [1, true],
      [907, true],
    ] as const) {
      const line = Buffer.from(`xx${eventLine(12, cause, '"cause":0,')}`)
      expect(isDerivedLine(line, 2, line.length - 1)).toBe(derived)
    }
    const other = Buffer.from('{"seq":1,"ts":1,"type":"X","v":1,"cause":0,"by":"a","data":{}}')
    expect(() => isDerivedLine(other, 0, other.length)).toThrow(/no "cause"/)
  })
})

describe('the fingerprint', () => {
  it('is the SHA-256 of the derived lines alone, however they are grouped', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 30 }),
        fc.nat(),
        (causes, cutSeed) => {
          const all = causes.map((cause, index) => eventLine(index + 1, cause))
          const derived = all.filter((_, index) => causes[index]! > 0)
          const cut = cutSeed % all.length
          const fingerprint = new Fingerprint()
          fingerprint.update(Buffer.from(all.slice(0, cut).join('')))
          fingerprint.update(Buffer.from(all.slice(cut).join('')))
          expect(fingerprint.hex()).toBe(sha256(derived.join('')))
          expect(fingerprint.derivedLines).toBe(derived.length)
        },
      ),
    )
  })

  it('of a run covers what is committed', async () => {
    const run = makeRun()
    const { writer } = openWriter(run)
    commitGroups(writer, [3, 4])
    await writer.close({ seal: true })
    const derived = lines(1, 7)
      .toString()
      .split('\n')
      .filter((line) => line !== '' && !line.includes('"cause":0,'))
    expect(fingerprintOf(run.runDir)).toBe(sha256(`${derived.join('\n')}\n`))
    run.remove()
  })
})
