import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { groupHash, parseCommit, pointOf } from '#events/log/chain'
import { findSeq, forEachGroup, readEvents, readSegments } from '#events/log/reader'
import { segmentPath } from '#events/log/segments'
import { commitGroups, lines, makeRun, openWriter, T0, type TestRun } from './run-folder.js'

let run: TestRun
beforeEach(() => {
  run = makeRun()
})
afterEach(() => run.remove())

const seqs = (from?: Parameters<typeof readEvents>[2]): unknown[] => {
  const found: unknown[] = []
  readEvents(run.runDir, (event) => void found.push(event.seq), from)
  return found
}

describe('a log that is written', () => {
  it('holds the lines and, by SHA-256 of prev and lines, the commit line', async () => {
    const { writer } = openWriter(run)
    const first = lines(1, 3)
    const second = lines(4, 4)
    writer.commitSync(first, 3, 3, T0 + 3)
    const commit = await writer.commit(second, 1, 4, T0 + 4)
    await writer.close({ seal: false })
    const h1 = groupHash(run.manifestHash, first)
    const h2 = groupHash(h1, second)
    const text = readFileSync(segmentPath(run.runDir, 1), 'utf8')
    expect(text).toBe(
      `${first}{"commit":3,"count":3,"prev":"${run.manifestHash}","hash":"${h1}"}\n` +
        `${second}{"commit":4,"count":1,"prev":"${h1}","hash":"${h2}"}\n`,
    )
    expect(commit).toEqual({ lastSeq: 4, lastTs: T0 + 4, count: 1, hash: h2, segment: 1, offset: text.length + 4 })
    expect(parseCommit(text.trimEnd().split('\n').at(-1)!)).toMatchObject({ commit: 4, count: 1 })
  })

  it('goes on behind its last commit when opened again', async () => {
    const one = openWriter(run)
    commitGroups(one.writer, [2, 3])
    const { position } = one.writer
    await one.writer.close({ seal: false })
    const two = openWriter(run)
    expect(two.recovery.position).toEqual(position)
    expect(two.recovery).toMatchObject({ commits: 2, events: 5, torn: [] })
    commitGroups(two.writer, [1])
    await two.writer.close({ seal: true })
    const three = openWriter(run)
    commitGroups(three.writer, [4])
    await three.writer.close({ seal: false })
    expect(readSegments(run.runDir)).toEqual([
      { segment: 1, plain: false, gzip: true },
      { segment: 2, plain: true, gzip: false },
    ])
    expect(seqs()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  })

  it('rotates after a commit, seals, and is read from any commit on', async () => {
    const { writer } = openWriter(run, { segmentBytes: 700 })
    const points = []
    for (let i = 0; i < 12; i++) {
      commitGroups(writer, [(i % 3) + 1])
      points.push(pointOf(writer.position))
    }
    await writer.close({ seal: true })
    expect(readSegments(run.runDir).length).toBeGreaterThan(3)
    expect(readSegments(run.runDir).every((file) => file.gzip && !file.plain)).toBe(true)
    for (const from of points) {
      expect(seqs({ from })).toEqual(Array.from({ length: 24 - from.seq }, (_, i) => from.seq + 1 + i))
      const { writer: again, recovery } = openWriter(run, { from })
      expect(recovery.position).toMatchObject({ lastSeq: 24, lastTs: T0 + 24 })
      await again.close({ seal: false })
    }
    for (let seq = 1; seq <= 24; seq++) expect(JSON.parse(findSeq(run.runDir, seq)!.line).seq).toBe(seq)
    expect(findSeq(run.runDir, 25)).toBeUndefined()
    const sizes: number[] = []
    forEachGroup(run.runDir, (_, commit) => sizes.length < 2 && sizes.push(commit.count) > 0)
    expect(sizes).toEqual([1, 2])
  })

  it('refuses a second writer and names the first', async () => {
    const { writer } = openWriter(run)
    expect(() => openWriter(run)).toThrow(
      expect.objectContaining({ code: 'RUN_LOCKED', message: expect.stringContaining(`${process.pid}`) }),
    )
    await writer.close({ seal: false })
    await openWriter(run).writer.close({ seal: false })
  })

  it('takes one group while another is being written, and throws at a third', async () => {
    const { writer } = openWriter(run)
    const one = writer.commit(lines(1, 1), 1, 1, T0 + 1)
    const two = writer.commit(lines(2, 2), 1, 2, T0 + 2)
    expect(() => writer.commit(lines(3, 3), 1, 3, T0 + 3)).toThrow(/waits already/)
    expect(() => writer.commitSync(lines(3, 3), 1, 3, T0 + 3)).toThrow(/under way/)
    expect([(await one).lastSeq, (await two).lastSeq]).toEqual([1, 2])
    await writer.close({ seal: false })
    expect(seqs()).toEqual([1, 2])
  })

  it('refuses groups that do not go on from the last one', async () => {
    const { writer } = openWriter(run)
    expect(() => writer.commitSync(lines(2, 3), 2, 3, T0)).toThrow(/cannot lead/)
    expect(() => writer.commitSync(lines(1, 2).subarray(0, -1), 2, 2, T0)).toThrow(/newline/)
    expect(() => writer.commitSync(lines(1, 2), 1, 2, T0)).toThrow(/cannot lead/)
    expect(() => writer.commitSync(lines(2, 2), 1, 1, T0)).toThrow(/first seq/)
    commitGroups(writer, [2])
    await writer.close({ seal: false })
    expect(() => writer.commitSync(lines(3, 3), 1, 3, T0)).toThrow(/closed/)
  })
})
