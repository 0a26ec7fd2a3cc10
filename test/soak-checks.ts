/**
 * Owns what must be true of a run's log beside the market that its venues played: bars, settlements, instants, once each, in
 * order, equal. Says what is wrong in words; never stops at the first.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type EpochMs, floorTo, MINUTE_MS } from '#core/time'
import type { Refused } from '#data/connectors/quarantine'
import type { AnyEvent } from '#events/catalogue'
import { readEvents } from '#events/log/reader'
import type { BarClosed, FundingSettled } from '#events/market.events'
import type { SoakInstrument, SoakRig } from './soak-rig.js'

export interface SoakVerdict {
  /** What is wrong, in words; empty when all is as it was played. */
  readonly problems: readonly string[]
  readonly bars: {
    readonly expected: number
    readonly missing: number
    readonly doubled: number
    readonly wrong: number
  }
  readonly settlements: number
  readonly instants: number
  /** Instants that were closed without all of their bars. */
  readonly lateInstants: number
  readonly orders: number
  readonly events: number
}

/** What ends when an instrument is delisted. */
interface Seen {
  readonly bars: BarClosed['data'][]
  readonly settlements: FundingSettled['data'][]
  isDelisted: boolean
}

/** Reads the log and compares; `to`: bars that ended by then must be there. */
export function checkSoak(rig: SoakRig, to: EpochMs): SoakVerdict {
  const seen = new Map<string, Seen>()
  for (const { instrument } of rig.options.instruments)
    seen.set(instrument, { bars: [], settlements: [], isDelisted: false })
  const instants: { readonly instant: number; readonly missing: readonly string[] }[] = []
  let orders = 0
  let events = 0
  readEvents(rig.dir, (line) => {
    const event = line as unknown as AnyEvent // written by the run's own encoder
    events++
    if (event.type === 'BarClosed') seen.get(event.data.instrument)?.bars.push(event.data)
    else if (event.type === 'FundingSettled') seen.get(event.data.instrument)?.settlements.push(event.data)
    else if (event.type === 'InstrumentDelisted') seen.get(event.data.instrument)!.isDelisted = true
    else if (event.type === 'InstantClosed') instants.push(event.data)
    else if (event.type === 'OrderSubmitted') orders++
  })
  const problems: string[] = [...rig.problems]
  const counts = { expected: 0, missing: 0, doubled: 0, wrong: 0 }
  let settlements = 0
  for (const one of rig.options.instruments) {
    const found = seen.get(one.instrument)!
    if (one.isWatched !== true) checkBars(rig, one, found, to, counts, problems)
    else if (found.bars.length > 0) problems.push(`${one.instrument}: bars that nobody asked for`)
    settlements += checkSettlements(rig, one, found, to, problems)
  }
  checkInstants(rig, instants, to, problems)
  checkVenues(rig, problems)
  checkQuarantine(rig, problems)
  const lateInstants = instants.filter(({ missing }) => missing.length > 0).length
  return { problems, bars: counts, settlements, instants: instants.length, lateInstants, orders, events }
}

const near = (a: number, b: number, relative: number, absolute = 0): boolean =>
  Math.abs(a - b) <= Math.max(absolute, relative * Math.abs(b))

/** Prices are the venue's own, rounded to its step; volumes of contracts to whole contracts. */
const isBar = (
  bar: BarClosed['data'],
  truth: { open: number; high: number; low: number; close: number; volume: number },
) =>
  near(bar.open, truth.open, 1e-4) &&
  near(bar.high, truth.high, 1e-4) &&
  near(bar.low, truth.low, 1e-4) &&
  near(bar.close, truth.close, 1e-4) &&
  near(bar.volume, truth.volume, 0.02, 0.02)

function checkBars(
  rig: SoakRig,
  one: SoakInstrument,
  { bars, isDelisted }: Seen,
  to: EpochMs,
  counts: { expected: number; missing: number; doubled: number; wrong: number },
  problems: string[],
): void {
  const { exchange, instrument } = rig.truth(one)
  // The newest bar of the history may have been in doubt: then the log begins with it.
  const from = Math.min(floorTo(rig.startedAt, MINUTE_MS), bars[0]?.openTime ?? to)
  const truth = exchange.world
    .bars(instrument, MINUTE_MS, from, to, exchange.now())
    .filter(({ openTime }) => openTime + MINUTE_MS <= to)
  // The venue plays on behind a delisting that was healed: what counts is what was there until it.
  const end = isDelisted ? (bars.at(-1)?.openTime ?? 0) + MINUTE_MS : to
  const expected = new Map(truth.filter(({ openTime }) => openTime < end).map((bar) => [bar.openTime, bar]))
  counts.expected += expected.size
  const got = new Set<number>()
  let last = 0
  for (const bar of bars) {
    if (bar.openTime >= to) continue
    const played = expected.get(bar.openTime)
    if (got.has(bar.openTime)) {
      counts.doubled++
      problems.push(`${one.instrument}: bar of ${bar.openTime} twice`)
    } else if (bar.openTime <= last) problems.push(`${one.instrument}: bar of ${bar.openTime} behind ${last}`)
    got.add(bar.openTime)
    last = Math.max(last, bar.openTime)
    if (played === undefined) problems.push(`${one.instrument}: bar of ${bar.openTime} that nobody played`)
    else if (!isBar(bar, played)) {
      counts.wrong++
      problems.push(`${one.instrument}: bar ${JSON.stringify(bar)} was played as ${JSON.stringify(played)}`)
    }
  }
  const missing = [...expected.keys()].filter((openTime) => !got.has(openTime))
  counts.missing += missing.length
  if (missing.length > 0)
    problems.push(`${one.instrument}: ${missing.length} of ${expected.size} bars missing, the first of ${missing[0]}`)
}

function checkSettlements(
  rig: SoakRig,
  one: SoakInstrument,
  { settlements, isDelisted }: Seen,
  to: EpochMs,
  problems: string[],
): number {
  const played = rig.settlements(one, to)
  if (played === undefined) return 0
  const got = settlements.filter(({ settledAt }) => settledAt > rig.startedAt && settledAt <= to - MINUTE_MS)
  const wanted = isDelisted ? played.slice(0, got.length) : played
  const told = JSON.stringify(got.map(({ settledAt, rate }) => [settledAt, rate]))
  if (
    got.length !== wanted.length ||
    got.some(({ settledAt, rate }, i) => settledAt !== wanted[i]!.ts || !near(rate, wanted[i]!.rate, 1e-6, 1e-8))
  )
    problems.push(
      `${one.instrument}: settlements ${told} instead of ${JSON.stringify(wanted.map(({ ts, rate }) => [ts, rate]))}`,
    )
  return got.length
}

function checkInstants(
  rig: SoakRig,
  instants: readonly { readonly instant: number }[],
  to: EpochMs,
  problems: string[],
): void {
  // While history was read nothing was decided; the first decision is on all of it.
  let last = (instants[0]?.instant ?? 0) - MINUTE_MS
  if (last > rig.begunAt) problems.push(`the first instant is ${last + MINUTE_MS}, though agents ran at ${rig.begunAt}`)
  for (const { instant } of instants) {
    if (instant <= last) problems.push(`instant ${instant} behind ${last}`)
    else if (instant !== last + MINUTE_MS) problems.push(`instants from ${last} to ${instant} were never closed`)
    last = instant
  }
  if (last < to) problems.push(`the last instant is ${last}, not ${to}`)
}

/** A limit that is hit, or a ban beyond those that were injected, is our own doing. */
function checkVenues(rig: SoakRig, problems: string[]): void {
  for (const [venue, exchange] of rig.exchanges) {
    const { bans, limitHits, errors, statuses } = exchange.stats()
    const given = exchange.log.filter(({ fault }) => fault.kind === 'banIp').length
    if (bans !== given) problems.push(`${venue}: ${bans} bans, ${given} of them injected`)
    if (limitHits > 0) problems.push(`${venue}: ${limitHits} times beyond a limit (${JSON.stringify(statuses)})`)
    problems.push(...errors.map((error) => `${venue}: the simulator failed: ${error}`))
  }
}

/** What the simulator sends in place of a frame or an answer; what it tears is no JSON any longer. */
const GARBAGE = /^(?:null|\[\]|\{"data":\d+\})$/

function isSpoilt(text: string): boolean {
  if (GARBAGE.test(text)) return true
  try {
    JSON.parse(text)
    return false
  } catch {
    return true
  }
}

/** What is refused was torn or garbage when it was sent; no reader breaks on it. */
function checkQuarantine(rig: SoakRig, problems: string[]): void {
  const folder = join(rig.options.home, 'quarantine')
  const files = existsSync(folder) ? readdirSync(folder) : []
  for (const line of files.flatMap((file) => readFileSync(join(folder, file), 'utf8').split('\n').slice(0, -1))) {
    const { venue, reason, path, msg } = JSON.parse(line) as Refused // written by the quarantine
    if (!isSpoilt(msg) || reason.startsWith('reader failed'))
      problems.push(`${venue}: refused ${reason} at ${path}: ${msg.slice(0, 300)}`)
  }
}
