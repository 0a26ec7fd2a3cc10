/** Owns tapes of daily on-chain values for the specs of the overlays; must never be imported by the program. */
import { readFileSync } from 'node:fs'
import { DAY_MS, HOUR_MS } from '#core/time'
import type { InstantClosed, OnChainPublished } from '#events/market.events'
import type { RegimeChanged } from '#events/signal.events'
import { event } from '#test/given'
import { sharedPath } from '#test/shared'
import { type AnyDecider, play, START } from './play.js'

/** Time behind the end of a day at which its value is published. */
export const LAG_MS = 2 * HOUR_MS

/** `day` counts from START; `series`: source.asset.metric. */
export function published(
  series: string,
  day: number,
  value: number,
  { at = START + (day + 1) * DAY_MS + LAG_MS, revision = 0, seq = 1 } = {},
): OnChainPublished {
  const [source = '', asset = '', metric = ''] = series.split('.')
  const periodStart = START + day * DAY_MS
  return event(
    'OnChainPublished',
    { source, metric, asset, periodStart, periodMs: DAY_MS, availableAt: at, value, revision },
    { ts: at, seq },
  )
}

export function instantAt(ts: number): InstantClosed {
  return event('InstantClosed', { instant: ts, intervals: ['1h'], missing: [] }, { ts, seq: 1 })
}

export interface Regime {
  readonly at: number
  readonly ts: number
  readonly data: RegimeChanged['data']
}

export function regimes(decider: AnyDecider, tape: readonly (OnChainPublished | InstantClosed)[]): Regime[] {
  return play(decider, tape).said.map(({ at, ts, data }) => ({ at, ts, data: data as unknown as Regime['data'] })) // overlays emit nothing else
}

export const termOf = ({ data }: Regime, name: string) => data.terms.find((one) => one.name === name)?.value ?? null

/** Columns of a shared file by day since START (days before it are negative), or none without it. */
export function sharedDays(file: string, columns: readonly string[]): { day: number; values: (number | null)[] }[] {
  const path = sharedPath('data', 'onchain', file)
  if (path === undefined) return []
  const [head, ...lines] = readFileSync(path, 'utf8').trim().split('\n')
  const names = head!.split(',')
  return lines.map((line) => {
    const cells = line.split(',')
    const values = columns.map((column) => {
      const cell = cells[names.indexOf(column)] ?? ''
      return cell === '' ? null : Number(cell)
    })
    return { day: (Number(cells[0]) - START) / DAY_MS, values }
  })
}
