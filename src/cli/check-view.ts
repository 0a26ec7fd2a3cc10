/** Owns how the results of `quantbot check` are written for people. Never decides what is wrong. */
import type { Leak, SignalLookahead } from '#backtest/check-lookahead'
import { type Drift, MULTIPLES, type SignalWarmup, TOLERANCE } from '#backtest/check-warmup'
import { isoDay, isoTime } from '#core/time'
import { paint } from './terminal.js'

export function lookaheadLines(results: readonly SignalLookahead[]): string[] {
  const rows = results.map(({ signal, samples, words, compared, leaking }) => [
    signal,
    String(samples),
    String(words),
    String(compared),
    leaking === 0 ? 'none' : `at ${leaking} of ${samples}`,
  ])
  const lines = table(['signal', 'samples', 'words', 'compared', 'look-ahead'], rows)
  for (const { signal, leak } of results) if (leak !== undefined) lines.push('', ...leakLines(signal, leak))
  return lines
}

function leakLines(signal: string, { future, instant, withFuture, without }: Leak): string[] {
  const cut = future === 'truncated' ? 'with nothing' : 'with other data'
  return [
    paint('red', `${signal} looks ahead: up to ${isoTime(instant)} it speaks otherwise ${cut} behind it`),
    `  with the future     ${withFuture ?? 'nothing'}`,
    `  ${cut.padEnd(18)}  ${without ?? 'nothing'}`,
  ]
}

export function warmupLines(results: readonly SignalWarmup[]): string[] {
  const rows = results.map(({ signal, warmupDays, samples, complete, values, spoken, older, failing, worst }) => [
    signal,
    days(warmupDays),
    `${samples} (${complete})`,
    `${values} (${spoken})`,
    String(older),
    failing === 0
      ? worst === undefined
        ? 'none'
        : share(worst.difference)
      : `${failing}, up to ${share(worst?.difference ?? 0)}`,
  ])
  const lines = table(['signal', 'warm-up', 'days (full)', 'values (not 0)', 'older', 'differences'], rows)
  for (const result of results) if (result.worst !== undefined) lines.push('', ...driftLines(result, result.worst))
  return lines
}

function driftLines({ signal, warmupDays, raiseToDays }: SignalWarmup, { day, subject, values }: Drift): string[] {
  const raise = raiseToDays === undefined ? `beyond ${days(2 * warmupDays)}` : `to ${days(raiseToDays)}`
  const said = MULTIPLES.map((multiple, i) => `${days(multiple * warmupDays)}: ${values[i]}`)
  return [
    paint(
      'red',
      `${signal}: raise warmup ${raise}; more history than ${days(warmupDays)} changes it by ${share(TOLERANCE)} or more`,
    ),
    `  ${subject} on ${isoDay(day)} after ${said.join(', ')}`,
  ]
}

const days = (count: number): string => `${Number(count.toFixed(1))} d`
const share = (value: number): string =>
  Number.isFinite(value) ? `${Number((value * 100).toPrecision(2))} %` : 'all of it'

/** The first column to the left, the others to the right. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, c) => Math.max(title.length, ...rows.map((row) => row[c]!.length)))
  return [head, ...rows].map((row) =>
    row.map((cell, c) => (c === 0 ? cell.padEnd(widths[c]!) : cell.padStart(widths[c]!))).join('  '),
  )
}
