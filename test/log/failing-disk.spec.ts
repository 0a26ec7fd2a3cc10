import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { QuantbotError } from '#core/errors'
import { diskFiles, type LogFiles } from '#events/log/log-files.port'
import { segmentPath } from '#events/log/segments'
import { verifyLog } from '#events/log/verify'
import { commitGroups, lines, makeRun, openWriter, T0, type TestRun } from './run-folder.js'

let run: TestRun
let reports: QuantbotError[]
beforeEach(() => {
  run = makeRun()
  reports = []
})
afterEach(() => run.remove())

const noSpace = (): never => {
  throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
}

/** The real disk with faults that a test turns on, a clock it sets and timers it fires. */
class FaultyDisk {
  writes: 'whole' | 'short' | 'none' = 'whole'
  syncs: 'sound' | 'failing' = 'sound'
  truncates: 'sound' | 'failing' = 'sound'
  opens: 'sound' | 'failing' = 'sound'
  clockMs = 0
  /** A sync waits until this is resolved. */
  gate: Promise<void> = Promise.resolve()
  readonly timers: (() => void)[] = []

  readonly files: LogFiles = {
    ...diskFiles,
    open: (path, how) => (this.opens === 'failing' ? noSpace() : diskFiles.open(path, how)),
    writevSync: (fd, buffers, position) => this.#write(fd, buffers, position),
    writev: async (fd, buffers, position) => this.#write(fd, buffers, position),
    fdatasyncSync: () => {
      if (this.syncs === 'failing') throw Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' })
    },
    fdatasync: async () => {
      await this.gate
      if (this.syncs === 'failing') throw Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' })
    },
    truncate: (fd, bytes) => (this.truncates === 'failing' ? noSpace() : diskFiles.truncate(fd, bytes)),
    syncDirectory: () => undefined,
    now: () => this.clockMs,
    after: (_, fn) => {
      this.timers.push(fn)
      return () => {
        this.timers.splice(this.timers.indexOf(fn), 1)
      }
    },
  }

  /** `short`: half of the bytes are taken at each call, the rest at the next; `none`: half are taken, then ENOSPC. */
  #write(fd: number, buffers: readonly Uint8Array[], position: number): number {
    if (this.writes === 'whole') return diskFiles.writevSync(fd, buffers, position)
    const first = buffers[0]!
    const half = first.subarray(0, Math.ceil(first.length / 2))
    const written = diskFiles.writevSync(fd, [half], position)
    return this.writes === 'none' ? noSpace() : written
  }
}

const open = (disk: FaultyDisk, segmentBytes = 1 << 20) =>
  openWriter(run, { files: disk.files, sync: 'fdatasync', segmentBytes, onStalled: (error) => reports.push(error) })
    .writer

async function expectSound(lastSeq: number): Promise<void> {
  expect(await verifyLog(run.runDir)).toMatchObject({ ok: true, lastSeq, uncommittedBytes: 0 })
}

describe('a disk that fails', () => {
  it('short writes are written on to the end', async () => {
    const disk = new FaultyDisk()
    const writer = open(disk)
    disk.writes = 'short'
    commitGroups(writer, [3, 1])
    await writer.commit(lines(5, 6), 2, 6, T0 + 6)
    await writer.close({ seal: true })
    await expectSound(6)
    expect(reports).toEqual([])
  })

  it.each(['writes', 'syncs'] as const)(
    '%s fail: the group is kept, cut back, reported once, and written at retry',
    async (what) => {
      const disk = new FaultyDisk()
      const writer = open(disk)
      commitGroups(writer, [2])
      const before = readFileSync(segmentPath(run.runDir, 1))
      if (what === 'writes') disk.writes = 'none'
      else disk.syncs = 'failing'
      const group = lines(3, 5)
      for (let attempt = 0; attempt < 3; attempt++) {
        expect(() => writer.commitSync(group, 3, 5, T0 + 5)).toThrow(
          expect.objectContaining({ code: 'LOG_WRITE_FAILED' }),
        )
        expect(readFileSync(segmentPath(run.runDir, 1)).equals(before)).toBe(true)
      }
      expect(writer.position.lastSeq).toBe(2)
      expect(() => writer.commitSync(lines(6, 6), 1, 6, T0 + 6)).toThrow(/must be written first/)
      await expect(writer.retry()).rejects.toMatchObject({ code: 'LOG_WRITE_FAILED' })
      expect(reports.map(({ code }) => code)).toEqual(['LOG_WRITE_FAILED'])
      disk.writes = 'whole'
      disk.syncs = 'sound'
      expect(writer.commitSync(group, 3, 5, T0 + 5).lastSeq).toBe(5)
      commitGroups(writer, [1])
      await writer.close({ seal: false })
      await expectSound(6)
    },
  )

  it('async: the group behind a failed one fails with it, and retry writes both in order', async () => {
    const disk = new FaultyDisk()
    const writer = open(disk)
    disk.writes = 'none'
    const results = await Promise.allSettled([
      writer.commit(lines(1, 2), 2, 2, T0 + 2),
      writer.commit(lines(3, 3), 1, 3, T0 + 3),
    ])
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(writer.isFailed).toBe(true)
    expect(reports).toHaveLength(1)
    disk.writes = 'whole'
    expect((await writer.retry()).lastSeq).toBe(3)
    expect(writer.isFailed).toBe(false)
    expect((await writer.commit(lines(4, 4), 1, 4, T0 + 4)).lastSeq).toBe(4)
    await writer.close({ seal: true })
    await expectSound(4)
  })

  it('that cannot even be cut back is cut before the next write', async () => {
    const disk = new FaultyDisk()
    const writer = open(disk)
    commitGroups(writer, [1])
    Object.assign(disk, { writes: 'none', truncates: 'failing' })
    const group = lines(2, 9)
    expect(() => writer.commitSync(group, 8, 9, T0)).toThrow(/ENOSPC/)
    disk.writes = 'whole'
    expect(() => writer.commitSync(group, 8, 9, T0)).toThrow(/ENOSPC/)
    disk.truncates = 'sound'
    await writer.retry()
    await writer.close({ seal: false })
    await expectSound(9)
  })

  it('that has no room for a new segment loses nothing either', async () => {
    const disk = new FaultyDisk()
    const writer = open(disk, 1)
    commitGroups(writer, [1])
    disk.opens = 'failing'
    expect(() => commitGroups(writer, [2])).toThrow(/ENOSPC/)
    expect(writer.position).toMatchObject({ lastSeq: 1, segment: 1 })
    disk.opens = 'sound'
    expect(await writer.retry()).toMatchObject({ lastSeq: 3, segment: 2 })
    await writer.close({ seal: true })
    await expectSound(3)
  })

  it('closing with groups never written says so, and the next open stands before them', async () => {
    const disk = new FaultyDisk()
    const writer = open(disk)
    commitGroups(writer, [1])
    disk.writes = 'none'
    expect(() => commitGroups(writer, [1])).toThrow(/ENOSPC/)
    await expect(writer.close({ seal: true })).rejects.toMatchObject({ code: 'LOG_WRITE_FAILED' })
    const again = openWriter(run)
    expect(again.recovery.position.lastSeq).toBe(1)
    await again.writer.close({ seal: false })
  })
})

describe('a disk that stalls', () => {
  it('async: is reported while it lasts, once, and the group is durable afterwards', async () => {
    const disk = new FaultyDisk()
    const writer = open(disk)
    let release: () => void = () => expect.unreachable()
    disk.gate = new Promise((resolve) => {
      release = resolve
    })
    const commit = writer.commit(lines(1, 1), 1, 1, T0 + 1)
    await Promise.resolve()
    await Promise.resolve()
    expect(disk.timers).toHaveLength(1)
    disk.timers[0]!()
    disk.timers[0]!()
    expect(reports.map(({ code }) => code)).toEqual(['LOG_STALLED'])
    expect(writer.position.lastSeq).toBe(0)
    release()
    expect((await commit).lastSeq).toBe(1)
    expect(disk.timers).toEqual([])
    await writer.close({ seal: false })
    await expectSound(1)
  })

  it('sync: is reported when the call returns', async () => {
    const disk = new FaultyDisk()
    const writer = open(disk)
    const sound = disk.files.fdatasyncSync
    Object.assign(disk.files, { fdatasyncSync: () => (disk.clockMs += 2001) })
    commitGroups(writer, [1])
    Object.assign(disk.files, { fdatasyncSync: sound })
    commitGroups(writer, [1])
    expect(reports.map(({ code }) => code)).toEqual(['LOG_STALLED'])
    await writer.close({ seal: false })
    await expectSound(2)
  })
})
