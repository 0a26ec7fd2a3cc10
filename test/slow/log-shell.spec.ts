/** The shell lines of docs/log-format.md, executed on real logs, sound and tampered with. */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fingerprintOf } from '#events/log/fingerprint'
import { manifestPath } from '#events/log/manifest'
import { checkpointFile, gzipPath, segmentPath } from '#events/log/segments'
import { verifyLog } from '#events/log/verify'
import { commitGroups, makeRun, openWriter, type TestRun } from '../log/run-folder.js'

const page = readFileSync(fileURLToPath(new URL('../../docs/log-format.md', import.meta.url)), 'utf8')

function snippet(name: string): string {
  const match = new RegExp(
    `<!-- executed by test/slow/log-shell\\.spec\\.ts: ${name} -->\\n\`\`\`sh\\n([^]*?)\`\`\``,
  ).exec(page)
  expect(match, `docs/log-format.md has no snippet ${name}`).not.toBeNull()
  return match![1]!
}

const has = (command: string): boolean =>
  spawnSync(command, ['--version']).status === 0 || spawnSync(command, ['version']).status === 0
const hasTools = ['csplit', 'sha256sum', 'gunzip'].every(has)
if (!hasTools)
  process.stderr.write('SKIPPED: no GNU coreutils and gunzip here, the shell lines of log-format.md are not run\n')

let run: TestRun
const shell = (name: string) => {
  const { status, stdout, stderr } = spawnSync('sh', ['-c', snippet(name)], { cwd: run.runDir, encoding: 'utf8' })
  return { status, out: stdout.trim(), err: stderr.trim() }
}

/** Runs `check` while one bit of the file is another. */
function tampered(path: string, at: number, check: () => void): void {
  const bytes = readFileSync(path)
  const changed = Buffer.from(bytes)
  changed[at]! ^= 4
  writeFileSync(path, changed)
  check()
  writeFileSync(path, bytes)
}

describe.skipIf(!hasTools)('the shell lines of docs/log-format.md', () => {
  beforeAll(async () => {
    run = makeRun()
    const { writer } = openWriter(run)
    for (const sizes of [
      [3, 1, 4],
      [1, 5],
    ]) {
      commitGroups(writer, sizes)
      await writer.seal()
    }
    commitGroups(writer, [2, 6])
    await writer.close({ seal: false })
  })
  afterAll(() => run?.remove())

  it('find the chain sound and print its last hash', async () => {
    const { lastHash, ok } = await verifyLog(run.runDir)
    expect(ok).toBe(true)
    expect(shell('chain')).toEqual({ status: 0, out: lastHash, err: '' })
    expect(shell('sealed')).toEqual({
      status: 0,
      out: 'log/00000001.ndjson.gz: OK\nlog/00000002.ndjson.gz: OK',
      err: '',
    })
    expect(shell('fingerprint')).toEqual({ status: 0, out: fingerprintOf(run.runDir), err: '' })
  })

  it('find a changed bit in an event, a commit line, its newline and the manifest', () => {
    const path = segmentPath(run.runDir, 3)
    const bytes = readFileSync(path)
    const commitAt = bytes.indexOf('{"commit":')
    const commitEnd = bytes.indexOf(10, commitAt)
    for (const at of [30, commitAt + 11, commitAt + 40, commitEnd - 3, bytes.length - 1]) {
      tampered(path, at, () => expect(shell('chain'), `byte ${at}`).toMatchObject({ status: 1, out: '' }))
    }
    tampered(path, 30, () =>
      expect(shell('chain').err).toBe('log/00000003.ndjson differs in the group that ends with seq 16'),
    )
    tampered(manifestPath(run.runDir), 20, () =>
      expect(shell('chain').err).toBe('log/00000001.ndjson differs in the group that ends with seq 3'),
    )
    tampered(gzipPath(run.runDir, 2), 8, () =>
      expect(shell('sealed')).toMatchObject({ status: 1, err: 'log/00000002.ndjson.gz: its digest differs' }),
    )
    expect(shell('chain').status).toBe(0)
  })

  it.skipIf(!has('openssl'))('check the signature of a checkpoint', () => {
    expect(shell('signature')).toMatchObject({ status: 0, out: 'Signature Verified Successfully' })
    const path = checkpointFile(run.runDir)
    const lastLine = readFileSync(path).lastIndexOf('{"run"')
    tampered(path, lastLine + 40, () => expect(shell('signature').status).not.toBe(0))
  })
})
