/** Owns tapes of funding, prices and instants for the specs of carry and dispersion; must never be imported by the program. */
import { readFileSync } from 'node:fs'
import type { UniverseEntry } from '#core/config/schema'
import type { EventEnvelope } from '#core/envelope'
import { HOUR_MS, type Interval, intervalMs } from '#core/time'
import type { FundingSettled } from '#events/market.events'
import type { PackageChanged } from '#events/package.events'
import { event } from '#test/given'
import { sharedPath } from '#test/shared'
import { type AnyDecider, BTC, entry, play, START } from './play.js'

export const SPOT = 'binance.spot.BTCUSDT'
export const PERPETUAL = BTC

export const asset = (instrument: string, base = 'BTC', quote = 'USDT'): UniverseEntry => ({
  ...entry(instrument),
  base,
  quote,
})

/** Hours since START. */
export const hour = (n: number): number => START + n * HOUR_MS

export const settled = (
  atHour: number,
  rate: number,
  change: Partial<FundingSettled['data']> = {},
  seq = 100 + Math.round(atHour),
): EventEnvelope => {
  const settledAt = change.settledAt ?? hour(atHour)
  const data = { instrument: PERPETUAL, settledAt, rate, intervalHours: 8, proxy: false, ...change }
  return event('FundingSettled', data, { seq, ts: settledAt })
}

export const predicted = (atHour: number, rate: number, instrument = PERPETUAL, intervalHours = 8): EventEnvelope =>
  event(
    'FundingRateChanged',
    { instrument, rate, intervalHours, nextFundingAt: null, at: hour(atHour) },
    { seq: 5000 + Math.round(atHour * 60), ts: hour(atHour) },
  )

/** A bar that closes at that hour. */
export const closed = (atHour: number, instrument: string, price = 40_000, interval: Interval = '1h'): EventEnvelope =>
  event(
    'BarClosed',
    {
      instrument,
      interval,
      openTime: hour(atHour) - intervalMs(interval),
      open: price,
      high: price,
      low: price,
      close: price,
      volume: 1,
    },
    { seq: 1, ts: hour(atHour) },
  )

export const instantAt = (atHour: number, missing: readonly string[] = []): EventEnvelope =>
  event(
    'InstantClosed',
    { instant: hour(atHour), intervals: ['1h'], missing: [...missing] },
    { seq: 2, ts: hour(atHour) },
  )

export const doubt = (atHour: number, subject: string, isBad: boolean): EventEnvelope =>
  event('DataQualityChanged', { subject, check: 'outlier', isBad, detail: 'seen' }, { seq: 3, ts: hour(atHour) })

export const delisted = (atHour: number, instrument: string): EventEnvelope =>
  event('InstrumentDelisted', { instrument, reason: 'gone' }, { seq: 4, ts: hour(atHour) })

export interface Market {
  /** Last hour, included; the first is 0. */
  readonly until: number
  readonly instruments?: readonly string[]
  /** Whether a bar of the instrument comes at that hour. */
  readonly hasBar?: (instrument: string, atHour: number) => boolean
  readonly events: readonly EventEnvelope[]
}

/** Hourly bars and instants with these events among them, in the order of an instant: listings, bars, others, its close. */
export function marketTape({ until, instruments = [PERPETUAL, SPOT], hasBar, events }: Market): EventEnvelope[] {
  const tape: EventEnvelope[] = []
  const rest = [...events].sort((a, b) => a.ts - b.ts)
  for (let h = 0; h <= until; h++) {
    while (rest[0] !== undefined && rest[0].ts < hour(h)) tape.push(rest.shift()!)
    tape.push(...instruments.filter((one) => hasBar?.(one, h) ?? true).map((one) => closed(h, one)))
    while (rest[0] !== undefined && rest[0].ts === hour(h)) tape.push(rest.shift()!)
    tape.push(instantAt(h))
  }
  return tape
}

/** Settlements every `intervalHours` from hour 0 on. */
export const settlements = (
  rates: readonly number[],
  intervalHours = 8,
  instrument = PERPETUAL,
  from = 0,
): EventEnvelope[] =>
  rates.map((rate, i) => settled(from + i * intervalHours, rate, { instrument, intervalHours }, 100 + i))

export interface PackageWord {
  /** Hours since START. */
  readonly at: number
  readonly data: PackageChanged['data']
}

export function words(decider: AnyDecider, tape: readonly EventEnvelope[], reviveAt = -1): PackageWord[] {
  return play(decider, tape, reviveAt).said.map(({ ts, data }) => ({
    at: (ts - START) / HOUR_MS,
    data: data as unknown as PackageChanged['data'], // the player serves all signals; these speak of packages
  }))
}

export const termOf = (data: PackageChanged['data'], name: string): number | null | undefined =>
  data.terms.find((one) => one.name === name)?.value

/** Settlements of the shared folder (`ts,rate`), or none without it. */
export function sharedFunding(file: string): { ts: number; rate: number }[] {
  const path = sharedPath('data', 'funding', file)
  if (path === undefined) return []
  const lines = readFileSync(path, 'utf8').trim().split('\n').slice(1)
  return lines.map((line) => {
    const [ts, rate] = line.split(',').map(Number)
    return { ts: ts!, rate: rate! }
  })
}
