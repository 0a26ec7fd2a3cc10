/** Owns what is told of signals as rows of cells, the same on screen and in the report. Pure. */
import type { Tally } from './recording.js'
import type { BacktestStatistics } from './statistics.js'
import { CARRY_WINDOW, type CarryFigures } from './statistics-signal.js'
import { amount, NONE, percent, ratio } from './table-format.js'

export interface Rows {
  readonly header: readonly string[]
  /** The first cell is a name that comes from files: it is escaped where it is shown. */
  readonly rows: readonly (readonly string[])[]
}

const times = (tally: Tally): string =>
  tally.length === 0 ? NONE : tally.map(([what, count]) => `${what} ${count}`).join(', ')

/** Days with data, ins and outs, legging, stand-ins of each signal alone. */
export function dataRows({ signals }: BacktestStatistics): Rows {
  return {
    header: ['', 'Data from', 'to', 'Days', 'Entries', 'Exits', 'Settled', 'Legging', 'On stand-ins'],
    rows: signals.map(({ name, figures: f }) => [
      name,
      f.live?.from ?? NONE,
      f.live?.to ?? NONE,
      f.live === null ? '0' : amount(f.live.days),
      amount(f.entries),
      amount(f.exits),
      amount(f.settlements),
      amount(f.legging.reduce((sum, [, count]) => sum + count, 0)),
      percent(f.proxyShare),
    ]),
  }
}

/** Why each signal went in and out, and what risk did about legs that did not match. */
export function triggerRows({ signals, overlays }: BacktestStatistics): Rows {
  const own = signals.flatMap(({ name, figures }) =>
    [...figures.triggers, ...figures.legging.map(([what, count]) => [`legging: ${what}`, count] as const)].map(
      ([what, count]) => [name, what, amount(count)],
    ),
  )
  const regimes = overlays.flatMap(({ signal, triggers }) =>
    triggers.map(([what, count]) => [signal, what, amount(count)]),
  )
  return { header: ['', 'Trigger', 'Times'], rows: [...own, ...regimes] }
}

/** The carry class, and the roadmap's window of carry by itself. */
export function carryRows({ signals }: BacktestStatistics): Rows {
  const line = (name: string, f: CarryFigures): string[] => [
    name,
    ...[f.sharpe, f.sharpeLo, f.accrualOnlySharpe].map((value) => ratio(value)),
    ...[f.annualReturn, f.billsReturn, f.excessReturn].map((value) => percent(value, 2)),
    ratio(f.excessSharpe),
  ]
  return {
    header: [
      '',
      'Sharpe',
      'Sharpe, Lo',
      'Accrual only (meaningless)',
      'Return a year',
      'T-bills',
      'Excess',
      'Excess Sharpe',
    ],
    rows: signals.flatMap(({ name, figures, window }) => [
      ...(figures.carry === null ? [] : [line(name, figures.carry)]),
      ...(window === null
        ? []
        : [line(`${name} ${CARRY_WINDOW.from.slice(0, 4)}–${CARRY_WINDOW.to.slice(2, 4)}`, window.figures)]),
    ]),
  }
}

export function correlationRows({ correlations: { signals, matrix } }: BacktestStatistics): Rows {
  return {
    header: ['', ...signals],
    rows: signals.map((name, a) => [name, ...signals.map((_, b) => (a === b ? '1' : ratio(matrix[a]![b]!)))]),
  }
}

/** The blended book with each overlay less the same book without it. */
export function overlayRows({ overlays }: BacktestStatistics): Rows {
  return {
    header: ['', 'Days', 'Sharpe with', 'without', 'Return with', 'without', 'Drawdown with', 'without', 'Regimes'],
    rows: overlays.map((effect) => [
      effect.signal,
      amount(effect.liveDays),
      ratio(effect.with.sharpe, 3),
      ratio(effect.without.sharpe, 3),
      percent(effect.with.totalReturn, 2),
      percent(effect.without.totalReturn, 2),
      percent(effect.with.maxDrawdown, 2),
      percent(effect.without.maxDrawdown, 2),
      times(effect.triggers.map(([what, count]) => [what.replace('regime: ', ''), count])),
    ]),
  }
}

/** Every verdict: portfolio, signals, the window of carry, overlays, blender. */
export function verdictsOf(stats: BacktestStatistics) {
  return [
    { name: stats.portfolio.name, verdict: stats.portfolio.verdict },
    ...stats.signals.map(({ name, verdict }) => ({ name, verdict })),
    ...stats.overlays.map(({ signal, verdict }) => ({ name: signal, verdict })),
    { name: 'blender', verdict: stats.blender.verdict },
  ]
}
