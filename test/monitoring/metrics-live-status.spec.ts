/** Owns the checks of the live status: it can be cloned, is taken seldom, and says what the machine says. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { RunStatus, Surroundings, VenueStatus } from '#actors/run-status'
import { LATENCY_ENDS, type LiveSampler, liveSampler } from '#cli/observer/live-status'
import { HostTimings } from '#engine/live-timings'
import { aVenue, runStatus } from './metrics-rig.js'

let dir: string
let sampler: LiveSampler | undefined

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'quantbot-status-'))
})
afterEach(() => {
  sampler?.close()
  rmSync(dir, { recursive: true, force: true })
})

function make(status: () => RunStatus, feeds?: readonly VenueStatus[]) {
  const timings = new HostTimings({ now: () => 0, soon: () => undefined, after: () => () => undefined })
  const surroundings = feeds && ((): Surroundings => ({ feeds, doubts: [], stores: null, lake: null }))
  const process = { status, host: { timings, coalesced: 3 } }
  sampler = liveSampler({ process, surroundings, runDir: dir, home: dir, snapshotEvents: 20_000 })
  return { sampler, timings }
}

describe('the live status', () => {
  it('survives the way to another thread unchanged', async () => {
    const { sampler: made } = make(runStatus, [aVenue('binance')])
    await made.look()
    const status = made.sample()
    expect(structuredClone(status)).toEqual(status)
    expect(status).toMatchObject({ runId: 'r', equity: 1000, coalesced: 3, stores: null, doubts: [] })
    expect(status.feeds[0]).toMatchObject({ venue: 'binance', streams: [{ stream: 'bars', ageMs: 800 }] })
  })

  it('is taken once however often it is asked for', () => {
    let taken = 0
    const { sampler: made } = make(() => {
      taken++
      return runStatus()
    })
    const first = made.sample()
    for (let i = 0; i < 100; i++) expect(made.sample()).toBe(first)
    expect(taken).toBe(1)
  })

  it('counts durations by ends, in seconds', () => {
    const { sampler: made, timings } = make(runStatus)
    for (const ms of [0.2, 0.2, 30, 90_000]) timings.input.record(ms)
    const { input, commit } = made.sample().latency
    expect(input).toMatchObject({ count: 4, sum: 90.0304, le: LATENCY_ENDS })
    const at = (end: number): number => input.cumulative[LATENCY_ENDS.indexOf(end)]!
    expect([at(0.0001), at(0.00025), at(0.05), at(60)]).toEqual([0, 2, 3, 3])
    expect(commit.count).toBe(0)
  })

  it('names the clock that is furthest off, with its sign', () => {
    const feeds = [aVenue('binance', { clockOffsetMs: 12 }), aVenue('okx', { clockOffsetMs: -40 })]
    expect(make(runStatus, feeds).sampler.sample().clockOffsetMs).toBe(-40)
    expect(make(runStatus).sampler.sample().clockOffsetMs).toBe(null)
  })

  it('finds the newest snapshot, whichever agent it is of, and the disk', async () => {
    mkdirSync(join(dir, 'snapshots'))
    for (const name of ['risk.engine-900.json', 'signal.tsmom-1200.json', 'risk.engine-9000.json.tmp', 'notes-x.json'])
      writeFileSync(join(dir, 'snapshots', name), '{}')
    const { sampler: made } = make(runStatus)
    await made.look()
    const { snapshots, disk, runtime } = made.sample()
    expect(snapshots).toMatchObject({ newestSeq: 1200, everyEvents: 20_000, longestPauseMs: 2 })
    expect(Math.abs(snapshots.newestTs! - Date.now())).toBeLessThan(60_000)
    expect(disk!.freeBytes).toBeGreaterThan(0)
    expect(disk!.sizeBytes).toBeGreaterThanOrEqual(disk!.freeBytes)
    expect(runtime.rssBytes).toBeGreaterThan(runtime.heapUsedBytes)
  })

  it('has no snapshot where there is none', async () => {
    const { sampler: made } = make(runStatus)
    await made.look()
    expect(made.sample().snapshots).toMatchObject({ newestTs: null, newestSeq: 0 })
  })

  it('feels a main thread that was kept busy', async () => {
    const { sampler: made } = make(runStatus)
    await vi.waitFor(
      () => {
        // Kept busy once more in each look: the first time may come before the measure's own timer.
        const until = performance.now() + 150
        while (performance.now() < until);
        expect(made.sample().runtime.eventLoopLag.max).toBeGreaterThan(0.1)
      },
      { timeout: 10_000 },
    )
  })
})
