/** A backup is the run as it was, or nothing; and it is put back whole, or not at all. */
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkBackup, restoreBackup, takeBackup } from '#cli/backup-folder'
import { archiveSegments } from '#events/log/archive'
import { acquireLock } from '#events/log/lock'
import type { LogWriter } from '#events/log/writer'
import { commitGroups, makeRun, openWriter, type TestRun } from '../log/run-folder.js'

const TAKEN = 1_700_000_000_000

let run: TestRun
let to: string
let writer: LogWriter

/** Three sealed segments and an open one that is being written. */
beforeEach(async () => {
  run = makeRun()
  to = join(run.home, 'copies', 'first')
  writer = openWriter(run).writer
  for (let i = 0; i < 3; i++) {
    commitGroups(writer, [2, 3])
    await writer.seal()
  }
  commitGroups(writer, [4])
})
afterEach(async () => {
  await writer.close({ seal: false })
  run.remove()
})

const take = () => takeBackup(run.runDir, to, TAKEN)
const inBackup = (...path: readonly string[]): string => join(to, 'run', ...path)

describe('a backup', () => {
  it('is taken beside the process that writes, and ends with the last commit', async () => {
    const { hash, lastSeq } = writer.position
    expect(await take()).toMatchObject({
      format: 1,
      run: 'r1',
      lastSeq,
      lastHash: hash,
      events: 19,
      isRunning: true,
      takenAt: TAKEN,
    })
    expect(readdirSync(to).sort()).toEqual(['SHA256SUMS', 'backup.json', 'run'])
    expect(readdirSync(inBackup('log')).sort()).toEqual([
      '00000001.ndjson.gz',
      '00000002.ndjson.gz',
      '00000003.ndjson.gz',
      '00000004.ndjson',
    ])
    expect(readdirSync(inBackup()).filter((name) => name.startsWith('lock'))).toEqual([])
    expect(readdirSync(join(run.home, 'copies'))).toEqual(['first'])
  })

  it('leaves out what is not committed yet', async () => {
    const { lastSeq } = writer.position
    appendFileSync(join(run.runDir, 'log', '00000004.ndjson'), '{"seq":20,"ts":1,"type":"Clo')
    expect((await take()).lastSeq).toBe(lastSeq)
    expect(readFileSync(inBackup('log', '00000004.ndjson'), 'utf8').endsWith('}\n')).toBe(true)
  })

  it('is what sha256sum says', async () => {
    await take()
    expect(execFileSync('sha256sum', ['-c', '--quiet', 'SHA256SUMS'], { cwd: to, encoding: 'utf8' })).toBe('')
  })

  it('has snapshots and files of its own signals, nothing half-written and nothing of the process', async () => {
    for (const name of ['snapshots', 'modules']) mkdirSync(join(run.runDir, name), { recursive: true })
    writeFileSync(join(run.runDir, 'snapshots', 'a.json'), 'a')
    writeFileSync(join(run.runDir, 'snapshots', 'b.json.tmp'), 'b')
    writeFileSync(join(run.runDir, 'modules', 'mine.js'), 'm')
    writeFileSync(join(run.runDir, 'control.path'), '/tmp/x')
    await take()
    expect(readdirSync(inBackup('snapshots'))).toEqual(['a.json'])
    expect(readdirSync(inBackup('modules'))).toEqual(['mine.js'])
    expect(existsSync(inBackup('control.path'))).toBe(false)
  })

  it('takes the plain bytes of a segment that was sealed without its checkpoint', async () => {
    const checkpoints = join(run.runDir, 'checkpoints', 'checkpoints.ndjson')
    const lines = readFileSync(checkpoints, 'utf8').split('\n')
    writeFileSync(checkpoints, `${lines[0]}\n${lines[1]!.slice(0, 40)}`)
    await take()
    expect(readdirSync(inBackup('log')).sort()).toEqual([
      '00000001.ndjson.gz',
      '00000002.ndjson',
      '00000003.ndjson',
      '00000004.ndjson',
    ])
    expect(readFileSync(inBackup('checkpoints', 'checkpoints.ndjson'), 'utf8')).toBe(`${lines[0]}\n`)
    expect(await checkBackup(to)).toMatchObject({ lastSeq: writer.position.lastSeq })
  })

  it('names the segments that were archived before', async () => {
    archiveSegments(run.runDir, 11, join(run.home, 'away'))
    expect((await take()).absentSegments).toEqual(['00000001.ndjson', '00000002.ndjson'])
    expect(await checkBackup(to)).toMatchObject({ lastSeq: writer.position.lastSeq })
  })

  it('holds no signing key', async () => {
    await take()
    expect(execFileSync('grep', ['-rlE', 'PRIVATE KEY', to, run.home], { encoding: 'utf8' }).trim()).toBe(
      join(run.home, 'keys', 'ed25519.pem'),
    )
  })

  it('is not taken of a run that does not prove itself, over another one, or into the run itself', async () => {
    await expect(takeBackup(run.runDir, join(run.runDir, 'copy'), TAKEN)).rejects.toMatchObject({ code: 'USAGE' })
    await take()
    await expect(take()).rejects.toMatchObject({ code: 'TARGET_EXISTS' })
    to = join(run.home, 'copies', 'second')
    const open = join(run.runDir, 'log', '00000004.ndjson')
    const text = readFileSync(open, 'utf8')
    writeFileSync(open, text.replace('"seq":16,', '"seq":61,'))
    await expect(take()).rejects.toMatchObject({ code: 'LOG_CORRUPT' })
    // A commit line that was changed would only make the copy shorter.
    writeFileSync(open, `${text.replace('{"commit":', '{"comnit":')}${text}`)
    await expect(take()).rejects.toMatchObject({ code: 'LOG_CORRUPT' })
    expect(readdirSync(join(run.home, 'copies'))).toEqual(['first'])
    writeFileSync(open, text)
  })
})

describe('a restored run', () => {
  const runs = (): string => join(run.home, 'other', 'runs')

  it('goes on where the backup ends, with the key it was begun with', async () => {
    const { lastSeq, hash } = writer.position
    await take()
    const { dir } = await restoreBackup(to, runs())
    expect(dir).toBe(join(runs(), 'r1'))
    expect(readdirSync(runs())).toEqual(['r1'])
    const again = openWriter({ ...run, runDir: dir })
    expect(again.recovery).toMatchObject({ torn: [], position: { lastSeq, hash } })
    commitGroups(again.writer, [2])
    await again.writer.close({ seal: true })
  })

  it('has the name that is asked for, and is never put over another', async () => {
    await take()
    await restoreBackup(to, runs(), 'beside')
    await restoreBackup(to, runs())
    expect(readdirSync(runs()).sort()).toEqual(['beside', 'r1'])
    await expect(restoreBackup(to, runs())).rejects.toMatchObject({ code: 'TARGET_EXISTS' })
    await expect(restoreBackup(to, runs(), '../up')).rejects.toMatchObject({ code: 'NAME_INVALID' })
  })

  const spoil: readonly (readonly [string, () => void])[] = [
    ['a changed byte', () => appendFileSync(inBackup('manifest.json'), ' ')],
    ['a missing file', () => rmSync(inBackup('log', '00000002.ndjson.gz'))],
    ['a further file', () => writeFileSync(inBackup('log', '00000009.ndjson'), '')],
    ['a link', () => symlinkSync('/etc/passwd', inBackup('passwd'))],
    ['a card of another run', () => spoilCard({ run: 'other' })],
    ['a card of another end', () => spoilCard({ lastHash: '0'.repeat(64) })],
    ['no list', () => rmSync(join(to, 'SHA256SUMS'))],
    ['no card', () => rmSync(join(to, 'backup.json'))],
  ]

  /** As a forger would: with the list that fits. */
  function spoilCard(change: object): void {
    const card: object = JSON.parse(readFileSync(join(to, 'backup.json'), 'utf8'))
    writeFileSync(join(to, 'backup.json'), JSON.stringify({ ...card, ...change }))
    listAnew()
  }

  function listAnew(): void {
    rmSync(join(to, 'SHA256SUMS'))
    execFileSync(
      'bash',
      ['-c', "find . -type f -printf '%P\\n' | sort | xargs sha256sum > ../sums; mv ../sums SHA256SUMS"],
      { cwd: to },
    )
  }

  it.each(spoil)('is refused: %s', async (_, change) => {
    await take()
    change()
    await expect(restoreBackup(to, runs())).rejects.toMatchObject({ code: 'BACKUP_INVALID' })
    expect(existsSync(runs())).toBe(false)
  })

  it('is refused where the log was forged and the list with it', async () => {
    await take()
    const path = inBackup('log', '00000004.ndjson')
    writeFileSync(path, readFileSync(path, 'utf8').replace('"seq":16,', '"seq":61,'))
    listAnew()
    await expect(restoreBackup(to, runs())).rejects.toMatchObject({ code: 'BACKUP_INVALID' })
  })

  it('is not in the way of the process that writes the original', async () => {
    await take()
    const { dir } = await restoreBackup(to, runs())
    expect(() => acquireLock(run.runDir)).toThrow(/being written/)
    acquireLock(dir).release()
  })
})
