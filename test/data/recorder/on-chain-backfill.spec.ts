import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { scaledTime } from '#actors/scaled-time'
import { DAY_MS, HOUR_MS } from '#core/time'
import type { BackfillReport } from '#data/backfill/backfill.port'
import { type OnChainBackfillRequest, runOnChainBackfill } from '#data/backfill/on-chain'
import type { Vendor } from '#data/connectors/normal'
import { METRICS } from '#data/connectors/onchain/metrics'
import { VENDOR_WAYS, vendorClient } from '#data/connectors/onchain/vendors'
import { Quarantine } from '#data/connectors/quarantine'
import { listSeries, loadRows } from '#data/lake'
import { type VendorServer, vendorServer } from '../vendor-server.js'

const TODAY = Date.UTC(2026, 0, 15)
const FIRST = Date.UTC(2010, 6, 17)
const DAYS = (TODAY - FIRST) / DAY_MS

let home: string
let vendor: VendorServer

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'on-chain-'))
  vendor = await vendorServer(TODAY)
})
afterEach(async () => {
  await vendor.close()
  rmSync(home, { recursive: true, force: true })
})

async function backfill(
  name: Vendor,
  more: Partial<OnChainBackfillRequest> = {},
  key = vendor.key,
  laterMs = 0,
): Promise<BackfillReport> {
  const time = scaledTime(20, TODAY + 10 * HOUR_MS + laterMs)
  const quarantine = new Quarantine(home)
  const client = vendorClient({ vendor: name, key, rest: vendor.url, time, seed: 1, quarantine })
  try {
    return await runOnChainBackfill({
      home,
      plans: METRICS.filter(({ source, metric }) => source === name && metric === 'mvrv'),
      callOf: VENDOR_WAYS[name].call,
      rowsMax: VENDOR_WAYS[name].rowsMax,
      ask: (call, signal) => client.send(call, { signal, tries: 2 }),
      from: Date.UTC(2009, 0, 3),
      to: Number.MAX_SAFE_INTEGER,
      lagMs: 2 * HOUR_MS,
      time,
      signal: new AbortController().signal,
      ...more,
    })
  } finally {
    client.close()
    await quarantine.settled()
  }
}

const keyOf = (name: string) =>
  ({ kind: 'onchain', venue: name, market: 'btc', symbol: 'mvrv', interval: '1d' }) as const
const rowsOf = (name: string) => loadRows(home, keyOf(name), 0, Number.MAX_SAFE_INTEGER)
const numbers = (values: unknown): number[] => Array.from(values as Float64Array)

/** Every file below the home, as text. */
const everything = (): string =>
  readdirSync(home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n')

describe.each(['glassnode', 'cryptoquant'] as const)('backfill of %s', (name) => {
  it('reads the whole history page by page, whole days alone, and again changes nothing', async () => {
    const report = await backfill(name)
    expect(report).toMatchObject({ rows: DAYS, failures: [], conflicts: [], isInterrupted: false })
    expect(vendor.asked.length).toBeGreaterThan(5)
    const rows = await rowsOf(name)
    expect(rows.ts.length).toBe(DAYS)
    expect([rows.ts[0], rows.ts.at(-1)]).toEqual([FIRST, TODAY - DAY_MS])
    expect(rows.availableAt.every((at, i) => at === rows.ts[i]! + DAY_MS + 2 * HOUR_MS)).toBe(true)
    expect(numbers(rows.value)[100]).toBe(vendor.valueAt(FIRST + 100 * DAY_MS))
    expect(numbers(rows.revision).every((revision) => revision === 0)).toBe(true)
    expect(await backfill(name)).toMatchObject({ rows: 0, files: 0, failures: [] })
    expect((await listSeries(home))[0]!.rows).toBe(DAYS)
  })

  it('keeps corrections beside what was known before, and fills holes when they are filled', async () => {
    const from = TODAY - 20 * DAY_MS
    const hole = TODAY - 5 * DAY_MS
    const corrected = TODAY - 3 * DAY_MS
    const honest = vendor.valueAt
    vendor.valueAt = (day) => (day === hole ? null : honest(day))
    expect(await backfill(name, { from })).toMatchObject({ rows: 19 })
    vendor.valueAt = (day) => (day === corrected ? 7.5 : honest(day))
    const laterMs = 5 * DAY_MS
    expect(await backfill(name, { from, to: TODAY }, vendor.key, laterMs)).toMatchObject({ rows: 2 })
    const rows = await rowsOf(name)
    const at = numbers(rows.ts).flatMap((ts, i) => (ts === corrected ? [i] : []))
    expect(at.map((i) => numbers(rows.value)[i])).toEqual([honest(corrected), 7.5])
    expect(at.map((i) => numbers(rows.revision)[i])).toEqual([0, 1])
    const known = at.map((i) => rows.availableAt[i]!)
    expect(known[0]).toBe(corrected + DAY_MS + 2 * HOUR_MS)
    expect(known[1]).toBeGreaterThanOrEqual(TODAY + 10 * HOUR_MS + laterMs)
    expect(numbers(rows.ts).filter((ts) => ts === hole)).toHaveLength(1)
  })

  it('waits as long as it is told when limited', async () => {
    vendor.limited = 2
    expect(await backfill(name, { from: TODAY - 9 * DAY_MS })).toMatchObject({ rows: 9, requests: 1, failures: [] })
    expect(vendor.limited).toBe(0)
  })

  it('never shows the key: not in failures, not in files', async () => {
    vendor.isLocked = true
    const locked = await backfill(name)
    expect(locked.failures).toMatchObject([{ code: 'VENUE_REFUSED' }])
    expect(locked.failures[0]!.message).toContain('401')
    vendor.isLocked = false
    vendor.isGarbled = true
    const garbled = await backfill(name)
    expect(garbled.failures).toMatchObject([{ code: 'PAYLOAD_REFUSED' }])
    const wrong = await backfill(name, {}, 'another-k3y')
    expect(wrong.failures[0]!.message).toContain('401')
    expect(everything()).toContain('maintenance')
    for (const text of [JSON.stringify([locked, garbled, wrong]), everything()]) {
      expect(text).not.toContain(vendor.key)
      expect(text).not.toContain('another-k3y')
    }
  })

  it('goes on where it was interrupted', async () => {
    const stop = new AbortController()
    const cut = await backfill(name, {
      signal: stop.signal,
      onProgress: ({ requests }) => {
        if (requests === 2) stop.abort()
      },
    })
    expect(cut.isInterrupted).toBe(true)
    expect(cut.rows).toBeGreaterThan(300)
    expect(cut.rows).toBeLessThan(DAYS)
    const rest = await backfill(name)
    expect(cut.rows + rest.rows).toBe(DAYS)
  })
})
