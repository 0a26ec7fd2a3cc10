/** Metrics of a run on a venue: streams by kind, their age and losses while the venue dies and comes back, as a scrape sees them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { seriesOf } from '../monitoring/metrics-rig.js'
import { BTC, ETH, type PaperRig, paperRig } from '../paper-rig.js'
import { freePort } from '../servers.js'

const SPEED = 60
const WAIT_MS = 60_000

let rig: PaperRig
beforeEach(() => {
  rig = paperRig()
})
afterEach(() => rig.end())

it('streams of a venue are told by kind; a venue that dies is down, and each kind counts the loss', async () => {
  const venue = await rig.sim({ venue: 'binance', speed: SPEED, start: '2026-02-01T12:00:00Z' })
  const config = rig.config('c', { binance: venue }, [BTC, ETH])
  const port = await freePort()
  await rig.run('a', config, '--clock', 'venue', '--speed', String(SPEED), '--port', String(port))
  const token = readFileSync(join(rig.home.path, 'web', 'a.token'), 'utf8').trim()
  const scrape = async (): Promise<Map<string, number>> => {
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { authorization: `Bearer ${token}` } })
    return seriesOf(await answer.text())
  }
  const until = async (what: string, test: (series: Map<string, number>) => boolean): Promise<Map<string, number>> => {
    const end = Date.now() + WAIT_MS
    for (;;) {
      const series = await scrape()
      if (test(series)) return series
      if (Date.now() > end) throw new Error(`not ${what} in time: ${JSON.stringify([...series], null, 1)}`)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  const feed = (name: string, stream: string): string => `quantbot_feed_${name}{venue="binance",stream="${stream}"}`

  const before = await until('up', (series) => series.get('quantbot_feed_up{venue="binance"}') === 1)
  for (const stream of ['bars', 'mark', 'funding', 'quotes']) {
    expect(before.get(feed('topics', stream))).toBeGreaterThan(0)
    expect(before.get(feed('silent_topics', stream))).toBe(0)
  }
  expect(before.get(feed('age_seconds', 'mark'))).toBeGreaterThanOrEqual(0)
  expect(before.get('quantbot_venue_rate_limit_used_ratio{venue="binance"}')).toBeGreaterThan(0)
  expect(before.get('quantbot_venue_frames_total{venue="binance"}')).toBeGreaterThan(0)
  expect(before.has('quantbot_venue_clock_offset_seconds{venue="binance"}')).toBe(true)
  expect(before.get('quantbot_dispatch_step_seconds_count')).toBeGreaterThan(0)
  expect([...before.keys()].filter((key) => key.includes('"other"'))).toEqual([])

  await venue.kill()
  const down = await until('down', (series) => series.get('quantbot_venue_sockets{venue="binance",state="up"}') === 0)
  expect(down.get('quantbot_feed_up{venue="binance"}')).toBe(0)
  expect(down.get('quantbot_main_thread_up')).toBe(1)

  await venue.start()
  const lost = before.get(feed('reconnects_total', 'mark')) ?? 0
  const back = await until(
    'back',
    (series) =>
      series.get('quantbot_feed_up{venue="binance"}') === 1 &&
      series.get('quantbot_venue_sockets{venue="binance",state="down"}') === 0,
  )
  for (const stream of ['mark', 'quotes', 'bars'])
    expect(back.get(feed('reconnects_total', stream))).toBeGreaterThan(lost)
}, 240_000)
