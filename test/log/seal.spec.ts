import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sha256 } from '#events/log/chain'
import { formatCheckpoint, isSignedBy, parseCheckpoint, readCheckpoints, signCheckpoint } from '#events/log/checkpoints'
import { manifestPath } from '#events/log/manifest'
import { readEvents, readSegments } from '#events/log/reader'
import { checkpointFile, gzipPath, segmentPath, tornFiles } from '#events/log/segments'
import { verifyLog } from '#events/log/verify'
import { commitGroups, makeRun, openWriter, type TestRun } from './run-folder.js'

let run: TestRun
beforeEach(() => {
  run = makeRun()
})
afterEach(() => run.remove())

/** Three sealed segments of two groups each; gives the bytes of segment 2 before it was sealed. */
async function sealThree(): Promise<Buffer> {
  const { writer } = openWriter(run)
  let second: Buffer | undefined
  for (let segment = 1; segment <= 3; segment++) {
    commitGroups(writer, [2, 3])
    if (segment === 2) second = readFileSync(segmentPath(run.runDir, 2))
    await writer.seal()
  }
  await writer.close({ seal: true })
  return second!
}

const codes = async (): Promise<string[]> =>
  (await verifyLog(run.runDir)).problems.map(({ code, segment }) => `${code} ${segment}`)

/** Opens, lets sealing finish, closes. */
async function reopen(): Promise<ReturnType<typeof openWriter>['recovery']> {
  const { writer, recovery } = openWriter(run, { onSealFailed: (error) => expect.unreachable(String(error)) })
  await writer.close({ seal: false })
  return recovery
}

describe('sealing', () => {
  it('leaves the same bytes compressed, and a signed checkpoint a segment', async () => {
    const second = await sealThree()
    expect(gunzipSync(readFileSync(gzipPath(run.runDir, 2))).equals(second)).toBe(true)
    const checkpoints = readCheckpoints(run.runDir)
    expect(checkpoints.map(({ segment, lastSeq }) => [segment, lastSeq])).toEqual([
      ['00000001.ndjson', 5],
      ['00000002.ndjson', 10],
      ['00000003.ndjson', 15],
    ])
    expect(checkpoints[1]).toMatchObject({
      run: 'r1',
      manifest: run.manifestHash,
      bytesSha256: sha256(second),
      ts: 1_732_233_600_010,
    })
    expect(checkpoints.every((checkpoint) => isSignedBy(checkpoint, run.signer.publicKey))).toBe(true)
    expect(await verifyLog(run.runDir)).toMatchObject({ ok: true, events: 15, commits: 6, lastSeq: 15 })
  })

  it('is finished at the next open after a crash at any step', async () => {
    const second = await sealThree()
    const gzip = readFileSync(gzipPath(run.runDir, 2))
    const allLines = readFileSync(checkpointFile(run.runDir), 'utf8').split('\n')
    const without2 = `${allLines[0]}\n${allLines[2]}\n`
    const [plainPath, gzPath] = [segmentPath(run.runDir, 2), gzipPath(run.runDir, 2)]
    const crashes: Record<string, () => void> = {
      'before compressing': () => {
        unlinkSync(gzPath)
        writeFileSync(plainPath, second)
      },
      'while compressing': () => {
        unlinkSync(gzPath)
        writeFileSync(plainPath, second)
        writeFileSync(`${gzPath}.tmp`, gzip.subarray(0, 50))
      },
      'after the rename': () => writeFileSync(plainPath, second),
      'with the compressed file cut': () => {
        writeFileSync(plainPath, second)
        truncateSync(gzPath, 70)
      },
      'before the checkpoint': () => undefined,
    }
    for (const [step, crash] of Object.entries(crashes)) {
      writeFileSync(checkpointFile(run.runDir), without2)
      crash()
      const recovery = await reopen()
      expect(recovery.position.lastSeq, step).toBe(15)
      expect(recovery.unsealed, step).toEqual([2])
      expect(
        readSegments(run.runDir).every((file) => file.gzip && !file.plain),
        step,
      ).toBe(true)
      expect(existsSync(`${gzPath}.tmp`), step).toBe(false)
      expect(
        readCheckpoints(run.runDir).map(({ lastSeq }) => lastSeq),
        step,
      ).toEqual([5, 15, 10])
      expect(await codes(), step).toEqual([])
      writeFileSync(gzPath, gzip)
    }
    expect(tornFiles(run.runDir)).toEqual(['00000002.ndjson.gz.1.torn'])
  })

  it('makes a checkpoint again whose line was cut short, and takes one said twice', async () => {
    await sealThree()
    const file = checkpointFile(run.runDir)
    const text = readFileSync(file, 'utf8')
    truncateSync(file, text.length - 30)
    expect((await codes())[0]).toBe('CHECKPOINT_INVALID 0')
    const recovery = await reopen()
    expect(recovery.torn).toMatchObject([{ file: `${file}.1.torn`, damaged: false }])
    expect(readFileSync(file, 'utf8')).toBe(text)
    writeFileSync(file, `${text}${text.split('\n')[1]}\n`)
    await reopen()
    expect(await codes()).toEqual([])
  })

  it('does not sign a segment whose end is not what was written', async () => {
    const failures: unknown[] = []
    const { writer } = openWriter(run, { segmentBytes: 1, onSealFailed: (error) => failures.push(error) })
    commitGroups(writer, [1])
    truncateSync(segmentPath(run.runDir, 1), writer.position.offset - 1)
    commitGroups(writer, [1])
    await writer.close({ seal: false })
    expect(failures).toMatchObject([{ code: 'LOG_CORRUPT' }])
    expect(readCheckpoints(run.runDir)).toEqual([])
  })
})

describe('verification', () => {
  it('sees a changed bit in any sealed segment, checkpoint line or the manifest', async () => {
    await sealThree()
    const files = [1, 2, 3].map((segment) => gzipPath(run.runDir, segment))
    files.push(checkpointFile(run.runDir), manifestPath(run.runDir))
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...files),
        fc.nat(),
        fc.integer({ min: 0, max: 7 }),
        async (file, atSeed, bit) => {
          const bytes = readFileSync(file)
          const changed = Buffer.from(bytes)
          changed[atSeed % bytes.length]! ^= 1 << bit
          writeFileSync(file, changed)
          const { ok, problems } = await verifyLog(run.runDir)
          writeFileSync(file, bytes)
          expect(ok).toBe(false)
          const sealed = files.indexOf(file)
          if (sealed < 3) {
            expect(problems[0]).toMatchObject({ code: 'SEGMENT_DAMAGED', segment: sealed + 1, seq: sealed * 5 + 1 })
          }
        },
      ),
      { numRuns: 150 },
    )
    expect(await codes()).toEqual([])
  })

  it('goes on from the checkpoint of archived segments and names them', async () => {
    await sealThree()
    const away = join(run.home, 'archive')
    mkdirSync(away)
    for (const segment of [1, 2]) renameSync(gzipPath(run.runDir, segment), join(away, `${segment}.gz`))
    expect(await verifyLog(run.runDir)).toMatchObject({
      ok: true,
      events: 5,
      lastSeq: 15,
      absentSegments: ['00000001.ndjson', '00000002.ndjson'],
    })
    expect(() => readEvents(run.runDir, () => undefined)).toThrow(expect.objectContaining({ code: 'LOG_CORRUPT' }))
    const seqs: unknown[] = []
    readEvents(run.runDir, (event) => seqs.push(event.seq), { absent: 'skip' })
    expect(seqs).toEqual([11, 12, 13, 14, 15])
    expect(await reopen()).toMatchObject({ absent: [1, 2], position: { lastSeq: 15 } })
    // All of them away: the run still goes on.
    renameSync(gzipPath(run.runDir, 3), join(away, '3.gz'))
    const { writer } = openWriter(run)
    commitGroups(writer, [1])
    expect(writer.position).toMatchObject({ lastSeq: 16, segment: 4 })
    await writer.close({ seal: true })
    expect(await verifyLog(run.runDir)).toMatchObject({ ok: true, lastSeq: 16 })
    // Without the checkpoint nothing vouches for them.
    writeFileSync(checkpointFile(run.runDir), '')
    expect(await codes()).toEqual(expect.arrayContaining(['SEGMENT_MISSING 3']))
  })

  it('sees a segment missing in the middle or at the end', async () => {
    await sealThree()
    const away = join(run.home, 'away.gz')
    renameSync(gzipPath(run.runDir, 2), away)
    expect(await codes()).toEqual(expect.arrayContaining(['SEGMENT_MISSING 2', 'CHECKPOINT_MISMATCH 2']))
    expect(() => openWriter(run)).toThrow(/00000002\.ndjson is missing/)
    renameSync(away, gzipPath(run.runDir, 2))
    unlinkSync(gzipPath(run.runDir, 3))
    expect(await codes()).toEqual(['CHECKPOINT_MISMATCH 3'])
    expect(() => openWriter(run)).toThrow(/00000003\.ndjson is missing/)
  })

  it('holds a log, forged as a whole, against a checkpoint kept elsewhere', async () => {
    await sealThree()
    const kept = join(run.home, 'kept.ndjson')
    writeFileSync(kept, `${readFileSync(checkpointFile(run.runDir), 'utf8').split('\n')[1]}\n`)
    expect(await verifyLog(run.runDir, { checkpointFile: kept })).toMatchObject({ ok: true })
    // The whole log again, other events, same key: sound by itself.
    rmSync(join(run.runDir, 'log'), { recursive: true })
    rmSync(checkpointFile(run.runDir))
    const { writer } = openWriter(run)
    for (let segment = 1; segment <= 3; segment++) {
      commitGroups(writer, [2, 3], 'forged')
      await writer.seal()
    }
    await writer.close({ seal: true })
    expect(await verifyLog(run.runDir)).toMatchObject({ ok: true })
    const held = await verifyLog(run.runDir, { checkpointFile: kept })
    expect(held).toMatchObject({ ok: false, problems: [{ code: 'CHECKPOINT_MISMATCH', segment: 2, seq: 10 }] })
    // Another key: the line is not signed by the run's key.
    const other = makeRun()
    copyFileSync(kept, join(other.home, 'kept.ndjson'))
    const elsewhere = await verifyLog(other.runDir, { checkpointFile: join(other.home, 'kept.ndjson') })
    expect(elsewhere.problems).toMatchObject([{ code: 'CHECKPOINT_SIGNATURE' }])
    other.remove()
    await expect(verifyLog(run.runDir, { checkpointFile: join(run.home, 'none') })).rejects.toMatchObject({
      code: 'CHECKPOINT_MISMATCH',
    })
  })

  it('sees a checkpoint that is rightly signed but says something else', async () => {
    await sealThree()
    const [first, second, third] = readCheckpoints(run.runDir)
    const forged = signCheckpoint({ ...second!, bytesSha256: 'c'.repeat(64) }, run.signer)
    writeFileSync(checkpointFile(run.runDir), [first!, forged, third!].map(formatCheckpoint).join(''))
    expect(await codes()).toEqual(['CHECKPOINT_MISMATCH 2'])
  })
})

describe('a checkpoint line', () => {
  it('is read in its one form only', async () => {
    await sealThree()
    const line = readFileSync(checkpointFile(run.runDir), 'utf8').split('\n')[0]!
    expect(formatCheckpoint(parseCheckpoint(line)!)).toBe(`${line}\n`)
    for (const other of [
      `${line} `,
      line.replace('":', '": '),
      line.replace('"ts"', '"tS"'),
      line.replace('{', '{"x":1,'),
      '',
    ]) {
      expect(parseCheckpoint(other)).toBeUndefined()
    }
  })
})
