import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { archiveSegments } from '#events/log/archive'
import { verifyLog } from '#events/log/verify'
import { commitGroups, makeRun, openWriter, type TestRun } from './run-folder.js'

describe('archiving sealed segments', () => {
  let run: TestRun
  let away: string

  beforeEach(async () => {
    run = makeRun()
    away = join(run.home, 'away')
    const { writer } = openWriter(run)
    for (let i = 0; i < 3; i++) {
      commitGroups(writer, [2, 3])
      await writer.seal()
    }
    commitGroups(writer, [4])
    await writer.close({ seal: false })
  })
  afterEach(() => run.remove())

  it('moves those that end before the seq, and the log still verifies, saying what is absent', async () => {
    expect(archiveSegments(run.runDir, 11, away).moved).toEqual(['00000001.ndjson.gz', '00000002.ndjson.gz'])
    expect(readdirSync(away).sort()).toEqual(['00000001.ndjson.gz', '00000002.ndjson.gz'])
    expect(existsSync(join(run.runDir, 'log', '00000001.ndjson.gz'))).toBe(false)
    const verified = await verifyLog(run.runDir)
    expect(verified).toMatchObject({ ok: true, absentSegments: ['00000001.ndjson', '00000002.ndjson'], lastSeq: 19 })
    expect(archiveSegments(run.runDir, 11, away).moved).toEqual([])
  })

  it('never moves a segment that is not sealed, nor one that reaches the seq', () => {
    expect(archiveSegments(run.runDir, 5, away).moved).toEqual([])
    expect(archiveSegments(run.runDir, 1_000_000, away).moved).toHaveLength(3)
    expect(readdirSync(join(run.runDir, 'log'))).toEqual(['00000004.ndjson'])
  })

  it('refuses to go over another file of that name, and removes nothing then', () => {
    archiveSegments(run.runDir, 6, away)
    writeFileSync(join(away, '00000002.ndjson.gz'), 'something else')
    expect(() => archiveSegments(run.runDir, 11, away)).toThrow(/is another file/)
    expect(existsSync(join(run.runDir, 'log', '00000002.ndjson.gz'))).toBe(true)
  })
})
