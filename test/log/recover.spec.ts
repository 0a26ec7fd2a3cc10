import { appendFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isQuantbotError } from '#core/errors'
import { formatCommit, groupHash } from '#events/log/chain'
import { readEvents } from '#events/log/reader'
import { openLog } from '#events/log/recover'
import { segmentPath, tornFiles } from '#events/log/segments'
import { verifyLog } from '#events/log/verify'
import { commitGroups, eventLine, makeRun, openWriter, type TestRun } from './run-folder.js'

/** Writes groups into segment 1; gives the segment's bytes and the offset behind each commit. */
async function writeRun(run: TestRun, sizes: readonly number[]) {
  const { writer } = openWriter(run)
  const offsets = [0]
  for (const size of sizes) {
    commitGroups(writer, [size])
    offsets.push(writer.position.offset)
  }
  await writer.close({ seal: false })
  return { bytes: readFileSync(segmentPath(run.runDir, 1)), offsets }
}

const groupSizes = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 6 })

async function withRun<T>(fn: (run: TestRun, path: string) => Promise<T>): Promise<T> {
  const run = makeRun()
  try {
    return await fn(run, segmentPath(run.runDir, 1))
  } finally {
    run.remove()
  }
}

function openOutcome(run: TestRun): { code: string } | ReturnType<typeof openLog> {
  try {
    return openLog(run.runDir)
  } catch (error) {
    if (isQuantbotError(error)) return { code: error.code }
    throw error
  }
}

describe('a torn tail', () => {
  it('cut at any byte: recovery keeps exactly the committed prefix and moves the rest aside', async () => {
    await fc.assert(
      fc.asyncProperty(groupSizes, fc.nat(), (sizes, cutSeed) =>
        withRun(async (run, path) => {
          const { bytes, offsets } = await writeRun(run, sizes)
          const cut = cutSeed % (bytes.length + 1)
          truncateSync(path, cut)
          const kept = offsets.findLast((offset) => offset <= cut)!
          const groups = offsets.indexOf(kept)
          const expectedSeq = sizes.slice(0, groups).reduce((sum, size) => sum + size, 0)
          const verified = await verifyLog(run.runDir)
          expect(verified).toMatchObject({ ok: true, uncommittedBytes: cut - kept, lastSeq: expectedSeq })
          const recovery = openLog(run.runDir)
          expect(recovery.position).toMatchObject({ lastSeq: expectedSeq, offset: kept, segment: 1 })
          expect(readFileSync(path).equals(bytes.subarray(0, kept))).toBe(true)
          if (cut === kept) {
            expect(recovery.torn).toEqual([])
          } else {
            const rest = bytes.subarray(kept, cut)
            expect(recovery.torn).toMatchObject([{ bytes: cut - kept, damaged: false }])
            expect(readFileSync(recovery.torn[0]!.file).equals(rest)).toBe(true)
            const whole = rest.toString('latin1').split('\n').slice(0, -1)
            expect(recovery.torn[0]!.eventLines).toBe(whole.filter((line) => line.startsWith('{"seq":')).length)
          }
          // And it goes on from there.
          const { writer } = openWriter(run)
          commitGroups(writer, [2, 1])
          await writer.close({ seal: true })
          expect(await verifyLog(run.runDir)).toMatchObject({ ok: true, lastSeq: expectedSeq + 3, uncommittedBytes: 0 })
        }),
      ),
      { numRuns: 30 },
    )
  })

  it('with pages of zeros in it or behind it is torn as well', async () => {
    await withRun(async (run, path) => {
      const { bytes, offsets } = await writeRun(run, [3, 3, 4])
      const [last, previous] = [offsets[3]!, offsets[2]!]
      const holed = Buffer.from(bytes)
      holed.fill(0, previous + 100, previous + 300)
      writeFileSync(path, holed)
      expect(await verifyLog(run.runDir)).toMatchObject({ ok: false })
      expect(openLog(run.runDir).torn).toMatchObject([{ bytes: last - previous, damaged: true }])
      writeFileSync(path, Buffer.concat([bytes.subarray(0, previous), Buffer.alloc(9000)]))
      expect(await verifyLog(run.runDir)).toMatchObject({ ok: true, uncommittedBytes: 9000 })
      expect(openLog(run.runDir).torn).toMatchObject([{ bytes: 9000, damaged: false, eventLines: 0 }])
      expect(tornFiles(run.runDir)).toEqual(['00000001.ndjson.1.torn', '00000001.ndjson.2.torn'])
    })
  })

  it('that was copied but not cut before a second crash is not copied twice', async () => {
    await withRun(async (run, path) => {
      const { bytes } = await writeRun(run, [2])
      appendFileSync(path, '{"seq":3,"ts"')
      const torn = readFileSync(path)
      openLog(run.runDir)
      writeFileSync(path, torn)
      expect(openLog(run.runDir).torn).toHaveLength(1)
      expect(tornFiles(run.runDir)).toHaveLength(1)
      expect(readFileSync(path).equals(bytes)).toBe(true)
    })
  })

  it('may be all there is of a new segment', async () => {
    await withRun(async (run) => {
      const { writer } = openWriter(run, { segmentBytes: 1 })
      commitGroups(writer, [2, 2, 2])
      await writer.close({ seal: false })
      truncateSync(segmentPath(run.runDir, 3), 20)
      const { writer: again, recovery } = openWriter(run)
      expect(recovery.position).toMatchObject({ lastSeq: 4, segment: 2 })
      expect(recovery.appendAt).toEqual({ segment: 3, offset: 0, exists: true })
      commitGroups(again, [1])
      await again.close({ seal: false })
      expect(await verifyLog(run.runDir)).toMatchObject({ ok: true, lastSeq: 5 })
    })
  })
})

describe('a changed bit', () => {
  it('is never passed over: verify reports it; opening refuses it, or, in the last group, moves it aside', async () => {
    await fc.assert(
      fc.asyncProperty(groupSizes, fc.nat(), fc.integer({ min: 0, max: 7 }), (sizes, atSeed, bit) =>
        withRun(async (run, path) => {
          const { bytes, offsets } = await writeRun(run, sizes)
          const at = atSeed % bytes.length
          const group = offsets.findLastIndex((offset) => offset <= at)
          const changed = Buffer.from(bytes)
          changed[at]! ^= 1 << bit
          writeFileSync(path, changed)
          const firstSeq = sizes.slice(0, group).reduce((sum, size) => sum + size, 1)
          const { ok, problems } = await verifyLog(run.runDir)
          expect(ok).toBe(false)
          expect(problems.some(({ seq }) => seq >= firstSeq && seq < firstSeq + sizes[group]!)).toBe(true)
          const outcome = openOutcome(run)
          if (group < sizes.length - 1 || 'code' in outcome) {
            expect(outcome).toEqual({ code: 'LOG_CORRUPT' })
            expect(readFileSync(path).equals(changed)).toBe(true)
          } else {
            expect(outcome.position.lastSeq).toBe(firstSeq - 1)
            expect(outcome.torn).toMatchObject([{ damaged: true }])
            expect(readFileSync(outcome.torn[0]!.file).equals(changed.subarray(offsets[group]!))).toBe(true)
          }
        }),
      ),
      { numRuns: 120 },
    )
  })

  it('in the last byte of the last but one group is damage, though only one group follows', async () => {
    await withRun(async (run, path) => {
      const { bytes, offsets } = await writeRun(run, [2, 2, 2])
      bytes[offsets[2]! - 1]! ^= 1
      writeFileSync(path, bytes)
      expect(openOutcome(run)).toEqual({ code: 'LOG_CORRUPT' })
    })
  })
})

describe('a log that was changed with care', () => {
  it('a group taken out is damage, not a torn tail, and named', async () => {
    await withRun(async (run, path) => {
      const { bytes, offsets } = await writeRun(run, [2, 2, 2])
      writeFileSync(path, Buffer.concat([bytes.subarray(0, offsets[1]), bytes.subarray(offsets[2])]))
      expect(() => openLog(run.runDir)).toThrow(/00000001\.ndjson: group of seq 3 at byte/)
      expect(await verifyLog(run.runDir)).toMatchObject({ ok: false, lastSeq: 6 })
      const { problems } = await verifyLog(run.runDir)
      expect(problems.map(({ code, seq }) => `${code} ${seq}`)).toEqual(['COMMIT_PREV 3', 'SEQ_ORDER 3'])
    })
  })

  it('a last group put in anew with its own hash is only seen by count and order of seq', async () => {
    await withRun(async (run, path) => {
      const { bytes, offsets } = await writeRun(run, [2, 2])
      const prev = /"prev":"(\w+)"/.exec(bytes.subarray(offsets[1]).toString())![1]!
      const forge = async (body: string, commit: number, count: number) => {
        const hash = groupHash(prev, Buffer.from(body))
        writeFileSync(
          path,
          Buffer.concat([
            bytes.subarray(0, offsets[1]),
            Buffer.from(body + formatCommit({ commit, count, prev, hash })),
          ]),
        )
        return (await verifyLog(run.runDir)).problems.map(({ code, seq }) => `${code} ${seq}`)
      }
      expect(await forge(eventLine(3) + eventLine(4), 4, 2)).toEqual([])
      expect(await forge(eventLine(3) + eventLine(5), 5, 2)).toEqual(['SEQ_ORDER 4'])
      expect(await forge(eventLine(4) + eventLine(5), 5, 2)).toEqual(['SEQ_ORDER 3'])
      expect(await forge(eventLine(3) + eventLine(4), 4, 3)).toEqual(['COMMIT_COUNT 3'])
      expect(await forge(eventLine(3) + eventLine(4), 5, 2)).toEqual(['COMMIT_SEQ 3'])
      expect(await forge(`${eventLine(3)}${eventLine(4).slice(1)}`, 4, 2)).toEqual(['LINE_MALFORMED 4'])
      expect(openOutcome(run)).toEqual({ code: 'LOG_CORRUPT' })
    })
  })
})

describe('a derived log', () => {
  it('may leave out the seqs of its inputs, never go back', async () => {
    const run = makeRun({ log: 'derived', mode: 'backtest' })
    try {
      const { writer } = openWriter(run)
      const group = (...seqs: number[]) => Buffer.from(seqs.map((seq) => eventLine(seq, seq - 1)).join(''))
      writer.commitSync(group(2, 5, 6), 3, 6, 10)
      writer.commitSync(group(90), 1, 90, 10)
      expect(() => writer.commitSync(group(92, 93), 2, 91, 10)).toThrow(/cannot lead/)
      await writer.close({ seal: false })
      expect(await verifyLog(run.runDir)).toMatchObject({ ok: true, events: 4, lastSeq: 90 })
      const seqs: unknown[] = []
      readEvents(run.runDir, (event) => seqs.push(event.seq))
      expect(seqs).toEqual([2, 5, 6, 90])
      const { writer: again } = openWriter(run)
      again.commitSync(group(95, 94, 96), 3, 96, 10)
      await again.close({ seal: false })
      expect((await verifyLog(run.runDir)).problems).toMatchObject([{ code: 'SEQ_ORDER', seq: 94 }])
    } finally {
      run.remove()
    }
  })
})
