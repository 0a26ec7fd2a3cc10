import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { DAY_MS } from '#core/time'
import { FrameRecorder } from '#data/connectors/frame-recorder'
import { RecentKeys } from '#data/connectors/recent-keys'
import { type Silence, TopicWatch } from '#data/connectors/topic-watch'
import { ManualTime } from './manual-time.js'

const folders: string[] = []
const home = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'frames-'))
  folders.push(folder)
  return folder
}
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})
const NOON = Date.UTC(2026, 0, 1, 12)

describe('the recorder of raw frames', () => {
  it('keeps frames and answers as they came, a file a day', async () => {
    const folder = home()
    const recorder = new FrameRecorder(folder, 'okx')
    await recorder.open()
    recorder.frame(NOON, 'tickers', '{"a": 1}')
    recorder.answer(NOON + 1, 'GET /x', 'torn {')
    recorder.frame(NOON + DAY_MS, 'tickers', '{}')
    await recorder.close()
    const files = readdirSync(join(folder, 'frames/okx')).sort()
    expect(files.map((name) => name.slice(0, 10))).toEqual(['2026-01-01', '2026-01-02'])
    const text = gunzipSync(readFileSync(join(folder, 'frames/okx', files[0]!))).toString()
    expect(
      text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { recvTs: NOON, kind: 'ws', topic: 'tickers', msg: '{"a": 1}' },
      { recvTs: NOON + 1, kind: 'rest', url: 'GET /x', msg: 'torn {' },
    ])
    expect(recorder.stats).toEqual({ frames: 3, dropped: 0 })
  })

  it('goes on without the disk', async () => {
    const folder = home()
    const recorder = new FrameRecorder(folder, 'okx')
    await recorder.open()
    rmSync(join(folder, 'frames'), { recursive: true })
    writeFileSync(join(folder, 'frames'), 'no folder')
    for (let i = 0; i < 100; i++) recorder.frame(NOON, 'tickers', 'x'.repeat(1000))
    await recorder.close()
    recorder.frame(NOON, 'tickers', 'x')
    await recorder.close()
  })
})

describe('what came already', () => {
  it('is known for as long as promised, and memory is bounded', () => {
    const keys = new RecentKeys(3)
    expect(['a', 'b', 'a', 'c', 'd', 'b', 'e'].map((key) => keys.add(key))).toEqual([
      true,
      true,
      false,
      true,
      true,
      false,
      true,
    ])
    for (const key of ['f', 'g', 'h']) keys.add(key)
    expect(keys.add('a')).toBe(true) // forgotten long ago
  })
})

describe('the watch over topics', () => {
  const plans = (...names: readonly (readonly [string, number | null])[]) =>
    names.map(([name, maxSilenceMs]) => ({ name, maxSilenceMs, wants: [] }))

  it('tells of one silent topic, again later, and forgets it when it speaks', async () => {
    const time = new ManualTime()
    const told: Silence[] = []
    const watch = new TopicWatch({
      time,
      topics: plans(['a', 1000], ['b', 1000], ['c', null]),
      onSilence: (s) => void told.push(s),
    })
    watch.start(0)
    for (let i = 0; i < 8; i++) {
      await time.advance(300)
      watch.heard('a', time.now())
    }
    expect(told.map(({ topics, isAll, isSecond }) => [topics.map(({ name }) => name), isAll, isSecond])).toEqual([
      [['b'], false, false],
    ])
    expect(watch.silent).toEqual(['b'])
    expect(watch.isComplete).toBe(false)
    for (let i = 0; i < 7; i++) {
      await time.advance(300)
      watch.heard('a', time.now())
    }
    expect(told.at(-1)?.isSecond).toBe(true)
    expect(watch.heard('b', time.now())).toBe(true)
    expect(watch.isComplete).toBe(true)
    watch.stop()
    expect(time.pending).toBe(0)
  })

  it('knows a connection on which nothing speaks', async () => {
    const time = new ManualTime()
    const told: Silence[] = []
    const watch = new TopicWatch({
      time,
      topics: plans(['a', 1000], ['b', 60_000]),
      onSilence: (s) => void told.push(s),
    })
    watch.start(200)
    await time.advance(300)
    watch.heard('b', time.now())
    await time.advance(1400)
    expect(told.map(({ isAll }) => isAll)).toEqual([true])
    watch.stop()
  })
})
