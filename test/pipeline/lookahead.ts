/**
 * Owns the checker of look-ahead (methods, section 16, after freqtrade): what is decided up to the close of an instant must not
 * change when everything after it is cut off or rewritten. And the checker of fills: at the next open, never at a price that was
 * known when the decision was made. Cheats are tested with the same functions.
 */

import type { AnyDecider } from '#actors/catalogue'
import { feedsRewritten, feedsUntil } from '#backtest/feeds/cut'
import type { FeedSeries } from '#backtest/feeds/series'
import type { BarSeries, TapeSeries } from '#backtest/tape'
import { planTape, type TapePlan } from '#backtest/tape-plan'
import type { Config } from '#core/config/schema'
import { Sfc32 } from '#core/random'
import type { AnyEvent } from '#events/catalogue'
import { type Decided, decideTape } from './decide.js'
import { perturbed, truncated } from './tape.js'

/** Deciders for a tape; a cheat may look into the plan. */
export type Make = (config: Config, plan: TapePlan) => readonly AnyDecider[]

export interface Subject {
  readonly config: Config
  readonly series: readonly TapeSeries[]
  readonly feeds?: readonly FeedSeries[]
  readonly history?: TapePlan
  readonly make?: Make
}

export interface Leak {
  readonly instant: number
  readonly how: 'truncated' | 'perturbed'
  /** First line that differs: with the whole tape, and without its future. */
  readonly whole: string | undefined
  readonly cut: string | undefined
}

interface Tape {
  readonly series: readonly TapeSeries[]
  readonly feeds: readonly FeedSeries[]
}

function decideSeries({ config, history, make }: Subject, { series, feeds }: Tape): Decided {
  const plan = planTape(config, series, { feeds })
  return decideTape({
    config,
    plan,
    ...(history === undefined ? {} : { history }),
    ...(make === undefined ? {} : { deciders: make(config, plan) }),
  })
}

/** Derived lines of all steps up to that of InstantClosed(t), inclusive: the fills at t, at the open of the next bar, come after. */
export function decidedUpTo(decided: Decided, t: number): readonly string[] {
  const closed = decided.events.findIndex((event) => event.type === 'InstantClosed' && event.data.instant === t)
  const after = decided.events.slice(closed + 1).find((event) => event.cause === 0)
  const end = after?.seq ?? Number.POSITIVE_INFINITY
  return decided.lines.filter((line) => seqOf(line) < end)
}

const seqOf = (line: string): number => Number(line.slice('{"seq":'.length, line.indexOf(',')))

/** The first leak at one of the instants, or undefined. `instants` must be instants of the tape. */
export function findLeak(subject: Subject, instants: readonly number[]): Leak | undefined {
  const { series, feeds = [] } = subject
  const whole = decideSeries(subject, { series, feeds })
  for (const t of instants) {
    const expected = decidedUpTo(whole, t)
    const futures = {
      truncated: { series: truncated(series, t), feeds: feedsUntil(feeds, t) },
      perturbed: { series: perturbed(series, t, 77), feeds: feedsRewritten(feeds, t, Sfc32.seeded(77)) },
    }
    for (const how of ['truncated', 'perturbed'] as const) {
      const cut = decidedUpTo(decideSeries(subject, futures[how]), t)
      const at = expected.findIndex((line, i) => line !== cut[i])
      if (at >= 0) return { instant: t, how, whole: expected[at], cut: cut[at] }
      if (cut.length > expected.length) return { instant: t, how, whole: undefined, cut: cut[expected.length] }
    }
  }
  return undefined
}

/** Evenly spread closed instants of a whole tape, without the last. */
export function sampleInstants({ config, series, feeds = [] }: Subject, count: number, from = 0.3): number[] {
  const { merged } = planTape(config, series, { feeds })
  const closed = [...merged.instants].filter((_, i) => merged.closed[i] !== 0)
  const first = Math.floor(closed.length * from)
  const step = (closed.length - 1 - first) / count
  return Array.from({ length: count }, (_, i) => closed[first + Math.floor(i * step)]!)
}

/**
 * What is wrong with the fills of a run: each must come at the open of a bar that begins at or after the close of the bar in hand
 * when its order was sent, against that open, and never better than it; a stop against the worse of that bar's and its own level.
 */
export function wrongFills(events: readonly AnyEvent[], series: readonly TapeSeries[]): string[] {
  const opens = new Map<string, number>()
  for (const one of series)
    if (one.kind === 'bars')
      for (let i = 0; i < one.rows.ts.length; i++) opens.set(`${one.instrument} ${one.rows.ts[i]}`, openOf(one, i))
  const submitted = new Map<string, Extract<AnyEvent, { type: 'OrderSubmitted' }>>()
  const wrong: string[] = []
  for (const event of events) {
    if (event.type === 'OrderSubmitted') submitted.set(event.data.order, event)
    if (event.type !== 'OrderFilled') continue
    const { order, instrument, side, price, referencePrice } = event.data
    const sent = submitted.get(order)
    const open = opens.get(`${instrument} ${event.ts}`)
    const at = `fill ${event.data.trade} of ${order} at ${event.ts}`
    if (sent === undefined || sent.seq > event.seq || sent.ts > event.ts) wrong.push(`${at}: before its order`)
    else if (open === undefined) wrong.push(`${at}: no bar of ${instrument} opens then`)
    else {
      const { stopPrice, triggerOpen } = sent.data
      const [stop, gap] = [Number(stopPrice ?? Number.NaN), Number(triggerOpen ?? Number.NaN)]
      const worse = side === 'sell' ? Math.min : Math.max
      const expected = stopPrice === undefined ? open : worse(stop, gap)
      if (Number(referencePrice) !== expected) wrong.push(`${at}: against ${referencePrice}, expected ${expected}`)
      else if (side === 'buy' ? Number(price) < expected : Number(price) > expected)
        wrong.push(`${at}: better than ${expected}`)
    }
  }
  return wrong
}

const openOf = (series: BarSeries, row: number): number => series.rows.open[row]!
