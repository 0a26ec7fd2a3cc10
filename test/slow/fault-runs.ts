/**
 * Owns runs of the built command line that are killed again and again, and what must follow from their logs. QUANTBOT_FAULTS says how
 * many kills in all: they are shared by runs of bounded length, because the whole log is read at each check.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { catalogue } from '#actors/catalogue'
import { proveRest } from '#actors/recover-run'
import { refoldUntil, restoredState } from '#actors/refold-log'
import { redecideLog } from '#backtest/redecide-log'
import { type Config, configSchema } from '#core/config/schema'
import { formatUnits, parseUnits } from '#core/decimal'
import { Sfc32 } from '#core/random'
import { createSimMarket } from '#data/connectors/sim/market'
import type { Input } from '#engine/dispatcher'
import { readManifest } from '#events/log/manifest'
import { LogCursor } from '#events/log/reader'
import type { RiskState } from '#risk/risk-state'
import { asText, eventsOf, makeHome } from '../engine/run-rig.js'

const FAULTS = Number(process.env.QUANTBOT_FAULTS ?? 20)
const SEED = Number(process.env.QUANTBOT_SEED ?? Math.floor(Math.random() * 1e9))
const KILLS_A_RUN = 50
const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url))

const home = makeHome()

interface FaultyRun {
  readonly run: number
  readonly kills: number
}

/** All kills, shared by runs: one for each of the two files at least. */
function faultyRuns(): FaultyRun[] {
  const count = Math.max(2, Math.ceil(FAULTS / KILLS_A_RUN))
  const shareUpTo = (run: number): number => Math.floor((FAULTS * run) / count)
  return Array.from({ length: count }, (_, i) => ({ run: i + 1, kills: shareUpTo(i + 1) - shareUpTo(i) }))
}

const dirOf = (run: number): string => join(home.path, 'runs', `faulty-${run}`)

function start(
  run: number,
  ...more: readonly string[]
): { readonly child: ChildProcess; readonly exited: Promise<number | null> } {
  const market = ['--speed', 'max', '--seed', String(4 + run)]
  const args = ['run', '--home', home.path, '--run', `faulty-${run}`, '--json', ...market, ...more]
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'ignore', 'ignore'] })
  return { child, exited: new Promise((resolve) => child.on('close', resolve)) }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Bytes of all segments, to see that the process writes. */
function logBytes(runDir: string): number {
  const folder = join(runDir, 'log')
  if (!existsSync(folder)) return 0
  return readdirSync(folder).reduce(
    (sum, name) => sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0),
    0,
  )
}

function durableSeq(dir: string): number {
  if (!existsSync(join(dir, 'log', '00000001.ndjson')) && !existsSync(join(dir, 'log', '00000001.ndjson.gz'))) return 0
  const cursor = new LogCursor(dir)
  let last = 0
  while (cursor.next()) last = cursor.commit().lastSeq
  cursor.close()
  return last
}

/** Everything must follow from the log alone: with snapshots, without them, and by deciding again. */
function checkRun(dir: string, isLast: boolean): void {
  const config = configSchema.parse(readManifest(dir).manifest.configuration) as Config
  const deciders = catalogue(config, 'quote')
  const history = (): Iterable<Input> => createSimMarket(config.sim, config.seed).history() as Iterable<Input> // by shape
  const refold = { runDir: dir, deciders, runSeed: config.seed, history }
  const events = eventsOf(dir)
  if (events.length === 0) return
  const states = asText(refoldUntil(refold, events.length))
  const bare = home.copyOf(dir)
  rmSync(join(bare, 'snapshots'), { recursive: true, force: true })
  expect(asText(refoldUntil({ ...refold, runDir: bare }, events.length))).toEqual(states)
  rmSync(bare, { recursive: true })
  const submitted = new Set<string>()
  const held = new Map<string, bigint>()
  for (const event of events) {
    if (event.type === 'OrderSubmitted') {
      submitted.add(event.data.order)
      // Every order follows from an approval, or from a timer or outcome of one approved before.
      expect(events[event.cause - 1]!.seq).toBe(event.cause)
    }
    if (event.type !== 'OrderFilled') continue
    const { order, instrument, side, quantity } = event.data
    expect(submitted.has(order)).toBe(true)
    const units = parseUnits(quantity)
    held.set(instrument, (held.get(instrument) ?? 0n) + (side === 'buy' ? units : -units))
  }
  // The ledger of risk says the same quantities to the last digit.
  const { slots } = JSON.parse(states.get('risk/engine')!) as RiskState // our own state of that agent
  for (const { instrument, position } of slots)
    expect(position.quantity, instrument).toBe(formatUnits(held.get(instrument) ?? 0n))
  if (!isLast) return
  const { divergence } = redecideLog({ ...refold, history: history(), restored: restoredState(refold) })
  expect(divergence).toBeUndefined()
}

/** Kills it so often. Gives how far its log has come, and after how many kills it had come further. */
async function killRun({ run, kills }: FaultyRun): Promise<{ readonly durable: number; readonly restarts: number }> {
  const runDir = dirOf(run)
  const random = Sfc32.seeded(SEED, 3, run)
  let durable = 0
  let restarts = 0
  for (let i = 0; i < kills; i++) {
    const before = logBytes(runDir)
    const { child, exited } = start(run)
    // Some die while they begin, most while they write.
    const waitsForLog = random.next() < 0.8
    for (let tries = 0; waitsForLog && child.exitCode === null && logBytes(runDir) <= before && tries < 1000; tries++)
      await sleep(10)
    await sleep(random.next() * 150)
    child.kill('SIGKILL')
    await exited
    expect(child.exitCode).toBeNull()
    if (!existsSync(join(runDir, 'manifest.json'))) continue
    const now = durableSeq(runDir)
    expect(now).toBeGreaterThanOrEqual(durable)
    if (now > durable) restarts++
    durable = now
    // The whole log is read at each check: at 5, 10, 20, 40 kills, so that many of them do not take hours.
    if ((i + 1) % 5 === 0 && Number.isInteger(Math.log2((i + 1) / 5))) checkRun(runDir, false)
  }
  return { durable, restarts }
}

/** Every other run, so that two files share them. */
export function killedRuns(first: 1 | 2): void {
  const isBuilt = existsSync(MAIN)
  if (!isBuilt) console.warn(`SKIPPED: ${MAIN} is missing; npm run build makes it`)
  const runs = faultyRuns().filter(({ run }) => run % 2 === first % 2)
  afterAll(() => home.remove())
  describe.skipIf(!isBuilt || runs.length === 0)(`quantbot run that is killed (seed ${SEED})`, () => {
    it.each(runs)('$run goes on from its log after each of $kills kills, and replays bit for bit', async (faulty) => {
      const { durable, restarts } = await killRun(faulty)
      const runDir = dirOf(faulty.run)
      expect(restarts).toBeGreaterThan(faulty.kills / 4)
      expect(await start(faulty.run, '--days', '3').exited).toBe(0)
      expect(durableSeq(runDir)).toBeGreaterThan(durable)
      checkRun(runDir, true)
      expect((await proveRest(runDir)).ok).toBe(true)
    })
  })
}
