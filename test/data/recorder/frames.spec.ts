import { mkdtempSync, readdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, describe, expect, it } from 'vitest'
import { FrameRecorder } from '#data/connectors/frame-recorder'
import { payloadsIn, payloadText } from '#data/connectors/payload-files'

const home = mkdtempSync(join(tmpdir(), 'frames-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

const T = Date.UTC(2026, 0, 15, 8)
const filesOf = (venue: string): string[] =>
  readdirSync(join(home, 'frames', venue))
    .sort()
    .map((name) => join(home, 'frames', venue, name))
const message = (i: number): string => JSON.stringify({ u: i, s: 'BTCUSDT', b: String(100 + i), noise: Math.sin(i) })

describe('raw frames', () => {
  it('tell when they came, of which market, and at which address', async () => {
    const recorder = new FrameRecorder(home, 'binance')
    await recorder.open()
    recorder.frame(T + 1, 'btcusdt@kline_1m', message(1), 'usdm')
    recorder.answer(T + 2, 'GET /fapi/v1/time', '{"serverTime":5}')
    await recorder.close()
    const [first, second] = [...payloadsIn(payloadText(filesOf('binance')[0]!))]
    expect(first).toEqual({ line: 1, payload: JSON.parse(message(1)), receivedAt: T + 1, market: 'usdm' })
    expect(second).toMatchObject({ payload: { serverTime: 5 }, receivedAt: T + 2, url: 'https://venue/fapi/v1/time' })
  })

  it('of a process that was killed can be read up to the last flush, wherever the file ends', async () => {
    const recorder = new FrameRecorder(home, 'okx')
    await recorder.open()
    for (let i = 0; i < 20_000; i++) recorder.frame(T + i * 10, 'trades', message(i))
    // Compressed and written beside: flushes come one after the other, the last of them behind 19,500 frames.
    const readable = (): number => filesOf('okx').flatMap((file) => [...payloadsIn(payloadText(file))]).length
    for (let tries = 0; tries < 200 && readable() <= 19_000; tries++) await wait(50)
    const [file] = filesOf('okx')
    const bytes = readFileSync(file!) // never closed, as a kill leaves it
    for (const length of [bytes.length, bytes.length - 1, bytes.length - 977, bytes.length >> 1, 40]) {
      const cut = join(home, `cut-${length}.gz`)
      writeFileSync(cut, bytes.subarray(0, length))
      const items = [...payloadsIn(payloadText(cut))]
      expect(items.every(({ problem }) => problem === undefined)).toBe(true)
      expect(items.map(({ payload }) => (payload as { u: number }).u)).toEqual(items.map((_, i) => i))
      if (length === bytes.length) expect(items.length).toBeGreaterThan(19_000)
    }
    await recorder.close()
  })

  it('of old days may be deleted while today’s are written', async () => {
    const recorder = new FrameRecorder(home, 'bybit')
    await recorder.open()
    const DAY = 86_400_000
    for (let day = 0; day < 3; day++) recorder.frame(T + day * DAY, 'x', message(day))
    await wait(50)
    const files = filesOf('bybit')
    expect(files).toHaveLength(3)
    for (const file of files) unlinkSync(file)
    recorder.frame(T + 3 * DAY, 'x', message(3))
    await recorder.close()
    expect(recorder.stats).toEqual({ frames: 4, dropped: 0 })
    expect([...payloadsIn(payloadText(filesOf('bybit')[0]!))]).toHaveLength(1)
  })

  it('damaged in the midst are told as such', async () => {
    const [file] = filesOf('okx')
    const bytes = readFileSync(file!)
    bytes.fill(0x5a, 2000, 2400)
    const broken = join(home, 'broken.gz')
    writeFileSync(broken, bytes)
    expect(() => payloadText(broken)).toThrow()
  })
})
