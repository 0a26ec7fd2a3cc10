/** `quantbot backup` of a process under load, and the run that goes on from it in another home. Needs `npm run build`. */
import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { auditVerify } from '#audit/verify'
import { findSeq, readSegments } from '#events/log/reader'
import { type TestHome, testHome } from './run-process.js'

let home: TestHome
let other: TestHome
beforeEach(() => {
  home = testHome()
  other = testHome()
})
afterEach(() => {
  home.remove()
  other.remove()
})

const runDir = (of: TestHome): string => join(of.path, 'runs', 'busy')
/** Small segments, so that some are sealed while a copy is made. */
const CONFIG = 'log: { segmentMiB: 1 }\nsim: { interval: 1h }\n'
const BACKUPS = 6

describe('backups of a process under load', () => {
  it('prove themselves, are the beginning of what the run became, and go on with its key alone', async () => {
    const config = join(home.path, 'busy.yaml')
    writeFileSync(config, CONFIG)
    const running = home.start(
      'run',
      '--run',
      'busy',
      '--config',
      config,
      '--speed',
      'max',
      '--days',
      '30000',
      '--json',
    )
    await running.firstLine()
    const cards: Record<string, unknown>[] = []
    const isSealing = (): boolean => readSegments(runDir(home)).some(({ gzip }) => gzip)
    while (!isSealing()) await new Promise((resolve) => setTimeout(resolve, 50))
    for (let i = 0; i < BACKUPS; i++) {
      const card = await home.json('backup', 'busy', '--to', join(home.path, `copy${i}`))
      expect(card).toMatchObject({ run: 'busy', isRunning: true, absentSegments: [] })
      cards.push(card)
    }
    running.kill('SIGTERM')
    expect((await running.ended).code).toBe(0)
    const seqs = cards.map(({ lastSeq }) => Number(lastSeq))
    expect(seqs.every((seq, i) => i === 0 || seq > seqs[i - 1]!)).toBe(true)
    for (const { lastSeq, lastHash } of cards)
      expect(findSeq(runDir(home), Number(lastSeq))?.commit).toMatchObject({ lastSeq, hash: lastHash })

    const newest = cards.at(-1)!
    mkdirSync(other.path, { recursive: true })
    const restored = await other.json('restore', String(newest.folder))
    expect(restored).toMatchObject({ run: 'busy', canGoOn: false, lastSeq: newest.lastSeq })
    const goOn = ['run', '--run', 'busy', '--config', config, '--speed', 'max', '--days', '20'] as const
    const refused = await other.quantbot(...goOn)
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('KEY_UNUSABLE')

    cpSync(join(home.path, 'keys'), join(other.path, 'keys'), { recursive: true })
    const again = other.start(...goOn, '--json')
    expect(await again.firstLine()).toMatchObject({ runId: 'busy', resumedAt: newest.lastSeq })
    const { code, stderr } = await again.ended
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
    const proof = await auditVerify(runDir(other))
    expect(proof).toMatchObject({ ok: true, torn: { files: [], uncommittedBytes: 0 } })
    expect(proof.lastSeq).toBeGreaterThan(Number(newest.lastSeq))
    expect(findSeq(runDir(other), Number(newest.lastSeq))?.commit.hash).toBe(newest.lastHash)
    // What the original's snapshots say fits its copy: nothing was set aside.
    expect(readdirSync(join(runDir(other), 'snapshots')).filter((name) => name.endsWith('.bad'))).toEqual([])
  })

  it('of a run that was killed leaves its torn end behind, and the original as it is', async () => {
    const running = home.start('run', '--run', 'busy', '--speed', 'max', '--days', '30000', '--json')
    await running.firstLine()
    const seqOf = async (): Promise<number> => Number((await home.json('status', 'busy')).seq)
    while ((await seqOf()) < 1000);
    running.kill('SIGKILL')
    await running.ended
    const card = await home.json('backup', 'busy', '--to', join(home.path, 'copy'))
    const { stdout } = await home.quantbot('audit', 'verify', join(home.path, 'copy', 'run'))
    expect(card.isRunning).toBe(false)
    expect(stdout).toMatch(/^ok/)
    expect((await auditVerify(runDir(home))).lastHash).toBe(card.lastHash)
    expect((await auditVerify(join(home.path, 'copy', 'run'))).torn.uncommittedBytes).toBe(0)
  })
})
