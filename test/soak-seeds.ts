/**
 * Owns the soak: a bad day, an hour of it at a hundred times its speed, paper trading on four simulated venues with a fault
 * every few seconds. What the log holds afterwards is what the venues played. QUANTBOT_SOAK says how many seeds.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openRecordedRun } from '#cli/recorded-run'
import { redecideFullLog } from '#cli/redecide-full-log'
import { historyOf } from '#cli/run-history'
import { MINUTE_MS, SECOND_MS } from '#core/time'
import { wait } from '#core/wait'
import { checkSoak } from './soak-checks.js'
import { soakFaults } from './soak-faults.js'
import { BINANCE, BYBIT, DERIBIT, OKX, SoakRig } from './soak-rig.js'

const SEEDS = Number(process.env.QUANTBOT_SOAK ?? '2')
const MINUTES = Number(process.env.QUANTBOT_SOAK_MINUTES ?? '60')
const SPEED = 100
/** Funding is settled in the middle of the hour. */
const START = Date.UTC(2026, 0, 15, 7, 30)
const INSTRUMENTS = [...BINANCE, ...BYBIT, ...OKX, ...DERIBIT]

/** What keeps a process alive, by kind; the runs' own timers are counted by the rig, exactly. */
function resources(): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  // Polling and the test runner have timers of their own.
  for (const kind of process.getActiveResourcesInfo())
    if (kind !== 'Timeout' && kind !== 'Immediate') counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}

/** Every other seed, so that two files share them, each in a process of its own. */
export function soakSeeds(first: 1 | 2): void {
  const seeds = Array.from({ length: SEEDS }, (_, i) => i + 1).filter((seed) => seed % 2 === first % 2)
  describe.skipIf(seeds.length === 0)('an hour of faults', () => soak(seeds))
}

function soak(seeds: readonly number[]): void {
  it.each(seeds)('of seed %i loses and doubles nothing', async (seed) => {
    const home = mkdtempSync(join(tmpdir(), 'quantbot-soak-'))
    await new Promise((resolve) => setTimeout(resolve, 100))
    const before = resources()
    const rig = await SoakRig.start({
      home,
      seed,
      speed: SPEED,
      startAt: START,
      instruments: INSTRUMENTS,
      faults: (venue) =>
        soakFaults({
          seed,
          venue,
          forMs: MINUTES * MINUTE_MS,
          everyMs: 5 * SECOND_MS,
          ...(venue === 'bybit' ? { delist: 'SOL/USDT:USDT' } : {}),
          ...(venue === 'okx' ? { fundingInterval: 'ETH/USDT:USDT' } : {}),
        }),
    })
    try {
      await wait(rig.time, MINUTES * MINUTE_MS)
      const to = await rig.settle((end) => rig.isCaughtUp(end))
      await rig.stop()
      const verdict = checkSoak(rig, to)
      if (process.env.QUANTBOT_SOAK_TELL !== undefined)
        process.stderr.write(`${JSON.stringify({ seed, ...verdict, venues: rig.told() }, undefined, 1)}\n`)
      expect(verdict.problems).toEqual([])
      expect(verdict.bars.expected).toBeGreaterThan(INSTRUMENTS.length * (MINUTES - 20))
      const run = await openRecordedRun(rig.dir)
      expect(redecideFullLog(run, await historyOf(home, run)).divergence).toBeUndefined()
      expect(rig.timers).toBe(0)
      await rig.close()
      // Sockets that are being closed, and timers of the test runner, may live a moment longer.
      await expect
        .poll(() => Object.entries(resources()).filter(([kind, count]) => count > (before[kind] ?? 0)), {
          timeout: 10_000,
        })
        .toEqual([])
    } finally {
      await rig.stop().catch(() => undefined)
      await rig.close()
      rmSync(home, { recursive: true, force: true })
    }
  })
}
