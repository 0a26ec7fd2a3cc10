/** A log whose writer is killed at any moment, or meets the limit of a file's size. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Sfc32 } from '#core/random'
import { readSegments } from '#events/log/reader'
import { verifyLog } from '#events/log/verify'
import { commitGroups, makeRun, openWriter, type TestRun } from '../log/run-folder.js'
import { sourceProcess } from './source-process.js'

let run: TestRun
beforeEach(() => {
  run = makeRun()
})
afterEach(() => run.remove())

/** Starts the writer under a limit of the shell; kills it once `killAfter` groups are durable. Gives what it said. */
async function write(mode: 'sync' | 'async', limit: string, killAfter: number): Promise<string[]> {
  const script = `${limit}; exec "$0" "$@"`
  const child = spawn('sh', ['-c', script, process.execPath, ...sourceProcess('log')], {
    env: { ...process.env, QUANTBOT_TEST_LOG: JSON.stringify({ home: run.home, runDir: run.runDir, mode }) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
    if (out.split('durable').length > killAfter) child.kill('SIGKILL')
  })
  await once(child, 'close')
  return out.split('\n').filter((line) => line !== '')
}

const durableSeq = (said: readonly string[]): number =>
  Math.max(0, ...said.flatMap((line) => (line.startsWith('durable ') ? [Number(line.slice(8))] : [])))

describe('a writer that is killed', () => {
  it.each(['sync', 'async'] as const)('%s: keeps every group it called durable, time after time', async (mode) => {
    const random = Sfc32.seeded(20241122, mode.length)
    let durable = 0
    for (let round = 0; round < 5; round++) {
      const said = await write(mode, ':', 20 + random.below(300))
      expect(said[0]).toMatch(/^opened /)
      expect(Number(said[0]!.slice(7))).toBeGreaterThanOrEqual(durable)
      durable = durableSeq(said)
      const { ok, lastSeq } = await verifyLog(run.runDir)
      expect(lastSeq).toBeGreaterThanOrEqual(durable)
      // Two forms of one segment may be there in between; opening mends that.
      const { writer, recovery } = openWriter(run)
      expect(recovery.position.lastSeq).toBe(lastSeq)
      await writer.close({ seal: false })
      const mended = await verifyLog(run.runDir)
      expect(mended, `round ${round}, was ok: ${ok}`).toMatchObject({ ok: true, lastSeq, uncommittedBytes: 0 })
      durable = lastSeq
    }
    expect(readSegments(run.runDir).length).toBeGreaterThan(2)
  })
})

describe('a file that may not grow', () => {
  it('refuses the group with LOG_WRITE_FAILED and leaves a sound log behind', async () => {
    const { writer } = openWriter(run)
    commitGroups(writer, [3])
    await writer.close({ seal: false })
    // Blocks of 512 bytes: 8 KiB a file, below the size of a segment.
    const said = await write('sync', 'ulimit -f 16', Number.POSITIVE_INFINITY)
    expect(said.at(-1)).toMatch(/^LOG_WRITE_FAILED .*EFBIG/)
    const verified = await verifyLog(run.runDir)
    expect(verified).toMatchObject({ ok: true, lastSeq: durableSeq(said), uncommittedBytes: 0 })
    expect(verified.lastSeq).toBeGreaterThan(3)
    const again = openWriter(run)
    commitGroups(again.writer, [50])
    await again.writer.close({ seal: true })
    expect(await verifyLog(run.runDir)).toMatchObject({ ok: true, lastSeq: verified.lastSeq + 50 })
  })
})
