/** Owns that a soak is over only when its log has what the connectors gave: a run that is stopped leaves what still waits. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { MINUTE_MS } from '#core/time'
import type { PushedInput } from '#engine/live'
import { BYBIT, SoakRig } from '../soak-rig.js'

const START = Date.UTC(2026, 0, 15, 7, 30)

interface Bar {
  readonly instrument: string
  readonly openTime: number
}

it('a bar on its way to the log is not caught up with; in the log it is', async () => {
  const home = mkdtempSync(join(tmpdir(), 'quantbot-soak-end-'))
  const early: boolean[] = []
  let rig: SoakRig | undefined
  let seen: ((to: number) => void) | undefined
  const wanted = new Promise<number>((resolve) => {
    seen = resolve
  })
  const onInput = ({ type, data }: PushedInput): void => {
    if (type !== 'BarClosed' || rig === undefined) return
    const { openTime } = data as unknown as Bar // the catalogue's payload of that type
    // The connector has given it, and nothing else is asked for: but the host has not even taken it.
    early.push(rig.isCaughtUp(openTime + MINUTE_MS))
    if (early.length === 3) seen?.(openTime + MINUTE_MS)
  }
  try {
    const instruments = BYBIT.slice(0, 1)
    rig = await SoakRig.start({ home, seed: 7, speed: 100, startAt: START, instruments, backfill: false, onInput })
    const running = rig
    const to = await wanted
    await expect.poll(() => running.isCaughtUp(to), { timeout: 60_000, interval: 5 }).toBe(true)
    await running.stop()
    expect(early.slice(0, 3)).toEqual([false, false, false])
  } finally {
    await rig?.stop().catch(() => undefined)
    await rig?.close()
    rmSync(home, { recursive: true, force: true })
  }
})
