/** Owns the history that the time machine draws: the equity curve, thinned, and the ticks; fetched once for all who draw it. */
import { useEffect, useRef } from 'preact/hooks'
import type { SeriesDoc } from '#audit/view/view.port'
import { api } from '../api.js'
import { columnOf } from '../charts/candles-data.js'
import { figures } from '../format.js'
import { usePage } from '../hooks.js'
import { createStore } from '../store.js'
import { onTheme } from '../theme.js'
import { useStore } from './time-machine-hooks.js'
import type { Span } from './time-machine-scale.js'
import { gatherTicks, NO_TICKS, type Ticks } from './time-machine-ticks.js'
import { createTrack, type Track, type TrackData } from './time-machine-track.js'

/** Equity over the run as columns of equal length. */
export interface Equity {
  readonly seq: readonly number[]
  readonly ts: readonly number[]
  readonly value: readonly (number | null)[]
}

export interface History {
  readonly equity: Equity | null
  readonly ticks: Ticks
}

const history = createStore<
  History & { readonly isAsking: boolean; readonly askedAt: number; readonly askedSeq: number }
>({
  equity: null,
  ticks: NO_TICKS,
  isAsking: false,
  askedAt: Number.NEGATIVE_INFINITY,
  askedSeq: 0,
})

const POINTS = 1_200
/** Real milliseconds between two looks at a run that goes on. */
const EVERY_MS = 5_000

async function refresh(last: number): Promise<void> {
  const { isAsking, askedAt, askedSeq, ticks } = history.get()
  if (isAsking || last <= askedSeq || performance.now() - askedAt < EVERY_MS) return
  history.set({ isAsking: true, askedAt: performance.now(), askedSeq: last })
  try {
    history.set({ equity: equityOf(await api.series({ name: 'equity', points: POINTS })) })
    await gatherTicks(
      ticks,
      (query) => api.events(query),
      (next) => history.set({ ticks: next }),
      () => false,
    )
  } catch {
    // The page says what does not answer; the next head asks again.
  } finally {
    history.set({ isAsking: false })
  }
}

export function equityOf(doc: SeriesDoc): Equity {
  const column = 'equity' in doc.columns ? 'equity' : columnOf(doc)
  return { seq: doc.seq, ts: doc.ts, value: column === undefined ? [] : doc.columns[column]! }
}

/** Asked anew while the run goes on. */
export function useHistory(span: Span): History {
  const isOpen = usePage((page) => page.state !== null)
  useEffect(() => {
    // The state that a person waits for goes first.
    if (isOpen) void refresh(span.last)
  }, [isOpen, span.last])
  return useStore(history)
}

/** At the newest point that is not behind `seq`; time between points by share. */
export function valueAt(
  { seq: seqs, ts, value }: Equity,
  seq: number,
): { readonly ts: number; readonly value: number | null } | null {
  if (seqs.length === 0) return null
  let [low, high] = [0, seqs.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (seqs[middle]! <= seq) low = middle + 1
    else high = middle
  }
  const i = Math.max(0, low - 1)
  const next = seqs[i + 1]
  const share = next === undefined ? 0 : (seq - seqs[i]!) / (next - seqs[i]!)
  return { ts: Math.round(ts[i]! + Math.max(0, share) * ((ts[i + 1] ?? ts[i]!) - ts[i]!)), value: value[i] ?? null }
}

interface CanvasProps {
  readonly class: string
  readonly hasAxes: boolean
  readonly data: Omit<TrackData, 'seq' | 'equity'> & { readonly equity: Equity | null }
}

export function TrackCanvas({ class: name, hasAxes, data }: CanvasProps) {
  const element = useRef<HTMLDivElement>(null)
  const track = useRef<Track | null>(null)
  useEffect(() => {
    const created = createTrack(element.current!, { hasAxes, format: (value) => figures(value, 5) })
    track.current = created
    const letGo = onTheme(() => created.restyle())
    return () => {
      letGo()
      created.remove()
    }
  }, [])
  const { span, equity, ticks, labels, between } = data
  useEffect(() => {
    track.current?.show({ span, ticks, labels, between, seq: equity?.seq ?? [], equity: equity?.value ?? [] })
    // What is on a canvas cannot be asked of the document: counts are.
    const { dataset } = element.current!
    dataset.points = String(equity?.seq.length ?? 0)
    dataset.fills = String(ticks.fills.length)
    dataset.halts = String(ticks.halts.length)
    dataset.restarts = String(ticks.restarts.length)
  }, [span.first, span.last, equity, ticks, between?.[0], between?.[1]])
  return <div ref={element} class={name} aria-hidden="true" />
}
