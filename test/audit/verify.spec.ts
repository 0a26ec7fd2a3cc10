/** A log proves itself from a copied folder, and says what was done to it. */
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { auditTrades } from '#audit/trades'
import { auditVerify } from '#audit/verify'
import { type AuditRun, copied, pipelineRun, removeFolders } from './runs.js'

let full: AuditRun
let derived: AuditRun

beforeAll(async () => {
  full = await pipelineRun('full', 12)
  derived = await pipelineRun('derived', 60)
}, 60_000)
afterAll(removeFolders)

function lastPlainSegment(runDir: string): string {
  return join(
    runDir,
    'log',
    readdirSync(join(runDir, 'log'))
      .filter((name) => name.endsWith('.ndjson'))
      .sort()
      .at(-1)!,
  )
}

describe('verify', () => {
  it('of whole logs is ok, with what is at their end', async () => {
    for (const run of [full, derived]) {
      const report = await auditVerify(copied(run.runDir))
      const last = run.events.at(-1)!
      expect(report).toMatchObject({ ok: true, problems: [], run: 'r1', torn: { files: [], uncommittedBytes: 0 } })
      expect(report.lastSeq).toBeGreaterThan(last.seq - 200)
      expect(report.lastTs).toBe(run.events.find(({ seq }) => seq === report.lastSeq)?.ts)
      expect(report.lastHash).toMatch(/^[0-9a-f]{64}$/)
    }
    expect((await auditVerify(full.runDir)).events).toBe(full.events.length)
  })

  it('finds one changed digit', async () => {
    const runDir = copied(full.runDir)
    const path = lastPlainSegment(runDir)
    const text = readFileSync(path, 'utf8')
    const at = text.indexOf('"close":') + '"close":'.length
    writeFileSync(path, text.slice(0, at) + (text[at] === '9' ? '8' : '9') + text.slice(at + 1))
    const report = await auditVerify(runDir)
    expect(report.ok).toBe(false)
    expect(report.problems.length).toBeGreaterThan(0)
    expect(() => auditTrades(runDir, { onTrade: () => undefined })).toThrow(
      expect.objectContaining({ code: 'LOG_CORRUPT' }),
    )
  })

  it('takes a tail without a commit for what it is', async () => {
    const runDir = copied(full.runDir)
    appendFileSync(lastPlainSegment(runDir), '{"seq":')
    expect(await auditVerify(runDir)).toMatchObject({ ok: true, torn: { uncommittedBytes: 7 } })
  })

  it('holds the log against checkpoints that were kept elsewhere', async () => {
    const checkpointFile = join(copied(derived.runDir), 'checkpoints', 'checkpoints.ndjson')
    expect(await auditVerify(derived.runDir, { checkpointFile })).toMatchObject({ ok: true, checkpointFile })
    const other = await auditVerify(full.runDir, { checkpointFile })
    expect(other.ok).toBe(false)
  })
})
