/** Owns what the market view asks for and how it becomes a chart: window, documents, panes. Draws nothing. */
import type { BarsDoc, MarksDoc, SeriesDoc } from '#audit/view/view.port'
import { ApiError, api } from '../api.js'
import type { PaneData } from '../charts/candles-chart.js'
import { alignToBars, columnOf, intervalMs } from '../charts/candles-data.js'
import { figures, percent } from '../format.js'

export interface MarketDocs {
  /** As of which all of it is. */
  readonly seq: number
  readonly ts: number
  readonly bars: BarsDoc
  readonly marks: MarksDoc
  readonly series: readonly SeriesDoc[]
}

export interface MarketQuestion {
  readonly instrument: string
  readonly coin: string
  readonly interval: string
  readonly seq: number
  readonly headSeq: number
  readonly ts: number
  /** Bars back from `ts`. */
  readonly depth: number
}

/** Intervals offered: the run's own and the usual coarser ones. */
const COARSER = ['1m', '5m', '15m', '1h', '4h', '1d']

export function intervalsFrom(base: string): string[] {
  const least = intervalMs(base)
  return [base, ...COARSER.filter((each) => intervalMs(each) > least && intervalMs(each) % least === 0)]
}

interface PaneKind {
  readonly kind: string
  readonly of: 'instrument' | 'coin'
  readonly title: string
  readonly colour: string
  readonly isStepped: boolean
  format(value: number): string
}

export const PANES: readonly PaneKind[] = [
  {
    kind: 'funding',
    of: 'instrument',
    title: 'Funding',
    colour: '--accent',
    isStepped: true,
    format: (v) => percent(v, 4),
  },
  {
    kind: 'oi',
    of: 'instrument',
    title: 'Open interest',
    colour: '--soft',
    isStepped: false,
    format: (v) => compact(v),
  },
  { kind: 'basis', of: 'coin', title: 'Basis, a year', colour: '--up', isStepped: false, format: (v) => percent(v, 1) },
  { kind: 'dvol', of: 'coin', title: 'DVOL', colour: '--warn', isStepped: false, format: (v) => percent(v, 1) },
  {
    kind: 'skew',
    of: 'coin',
    title: 'Skew, 25 delta',
    colour: '--down',
    isStepped: false,
    format: (v) => percent(v, 1),
  },
]

/** 1,234,567 → `1.23M`. */
export function compact(value: number): string {
  const size = Math.abs(value)
  for (const [unit, letter] of [
    [1e9, 'B'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const)
    if (size >= unit) return `${figures(value / unit, 3)}${letter}`
  return figures(value, 3)
}

/** Marks never change once they are made: kept, with the seq up to which they are known; only later ones are asked for. */
let kept: { readonly doc: MarksDoc; readonly upTo: number } | null = null

/** Up to `seq`, of what is known up to the head: a slider that goes to and fro asks once. */
async function marksUpTo(instrument: string, seq: number, headSeq: number): Promise<MarksDoc> {
  let known = kept?.doc.instrument === instrument ? kept : { doc: { instrument, marks: [] }, upTo: 0 }
  if (known.upTo < seq) {
    const { marks } = await api.marks({ instrument, after: known.upTo })
    const all = [...known.doc.marks, ...marks]
    known = { doc: { instrument, marks: all }, upTo: Math.max(seq, headSeq, all.at(-1)?.seq ?? 0) }
    kept = known
  }
  return { instrument, marks: known.doc.marks.filter((mark) => mark.seq <= seq) }
}

/** Nothing of what comes back lies behind `seq`. A series that the run does not know is an empty one. */
export async function askMarket(question: MarketQuestion): Promise<MarketDocs> {
  const { instrument, coin, interval, seq, headSeq, ts, depth } = question
  const from = Math.max(0, ts - depth * intervalMs(interval))
  const span = { until: seq, from }
  const [bars, marks, ...series] = await Promise.all([
    api.bars({ instrument, interval, ...span }),
    marksUpTo(instrument, seq, headSeq),
    ...PANES.map(({ kind, of }) => seriesOrNone(`${kind}:${of === 'coin' ? coin : instrument}`, span)),
  ])
  return { seq, ts, bars, marks, series }
}

async function seriesOrNone(name: string, span: { until: number; from: number }): Promise<SeriesDoc> {
  try {
    return await api.series({ name, ...span })
  } catch (error) {
    if (error instanceof ApiError && (error.status === 400 || error.status === 404))
      return { name, seq: [], ts: [], columns: {} }
    throw error
  }
}

export interface Panes {
  readonly shown: readonly PaneData[]
  /** Titles of those that have no data in the window. */
  readonly absent: readonly string[]
}

export function panesOf({ bars, series }: MarketDocs): Panes {
  const shown: PaneData[] = []
  const absent: string[] = []
  PANES.forEach(({ kind, title, colour, isStepped, format }, i) => {
    const doc = series[i]!
    const column = columnOf(doc)
    const points = column === undefined ? [] : alignToBars(bars, doc, column)
    if (points.length === 0) absent.push(title)
    else shown.push({ id: kind, title, colour, isStepped, points, format })
  })
  return { shown, absent }
}
