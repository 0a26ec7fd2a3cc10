/** Owns what changed between two states of a run: rows a person can read. Pure. */
import type { OrderRow, ViewState } from '#audit/view/view.port'
import { decimal, price } from '../format.js'

export type ChangeKind = 'came' | 'went' | 'changed'

/** One thing that is not as it was. `before` and `after` are empty where it was not, or is no more. */
export interface Change {
  readonly kind: ChangeKind
  readonly what: string
  readonly before: string
  readonly after: string
  /** Signed difference where it is a number, else null. */
  readonly by: number | null
  /** Event to look at under #/why; null: none is known. */
  readonly seq: number | null
}

export interface StateDiff {
  readonly from: { readonly seq: number; readonly ts: number }
  readonly to: { readonly seq: number; readonly ts: number }
  readonly book: readonly Change[]
  readonly positions: readonly Change[]
  readonly packages: readonly Change[]
  readonly signals: readonly Change[]
  readonly orders: readonly Change[]
  readonly agents: readonly Change[]
  readonly halts: readonly Change[]
}

interface Keyed<T> {
  key(row: T): string
  says(row: T): string
  /** What a difference is measured in; absent: nothing. */
  measure?(row: T): number
  seq?(row: T): number
}

/** From `a` to `b`, which need not be later. */
export function diffStates(a: ViewState, b: ViewState): StateDiff {
  return {
    from: { seq: a.seq, ts: a.ts },
    to: { seq: b.seq, ts: b.ts },
    book: bookChanges(a, b),
    positions: rowChanges(a.book.positions.filter(isOpen), b.book.positions.filter(isOpen), {
      key: ({ instrument }) => instrument,
      says: ({ quantity, averagePrice }) => `${decimal(quantity)} at ${price(Number(averagePrice))}`,
      measure: ({ quantity }) => Number(quantity),
    }),
    packages: rowChanges(a.book.packages ?? [], b.book.packages ?? [], {
      key: (row) => row.package,
      says: ({ status, units }) => `${status}, ${decimal(units)} units`,
      measure: ({ units }) => Number(units),
    }),
    signals: rowChanges(a.signals, b.signals, {
      key: ({ signal, subject }) => (subject === '' ? signal : `${signal} · ${subject}`),
      says: ({ stance, reason }) => (reason === '' ? stance : `${stance}: ${reason}`),
      seq: ({ sinceSeq }) => sinceSeq,
    }),
    orders: orderChanges(a, b),
    agents: rowChanges(a.agents, b.agents, {
      key: ({ name }) => name,
      says: ({ state, restarts }) =>
        restarts === 0 ? state : `${state}, ${restarts} restart${restarts === 1 ? '' : 's'}`,
      seq: ({ sinceSeq }) => sinceSeq,
    }),
    halts: haltChanges(a, b),
  }
}

const isOpen = ({ quantity }: { readonly quantity: string }): boolean => Number(quantity) !== 0

function rowChanges<T>(before: readonly T[], after: readonly T[], { key, says, measure, seq }: Keyed<T>): Change[] {
  const old = new Map(before.map((row) => [key(row), row]))
  const now = new Map(after.map((row) => [key(row), row]))
  const size = (row: T | undefined): number => (row === undefined || measure === undefined ? 0 : measure(row))
  const changes: Change[] = []
  for (const name of new Set([...old.keys(), ...now.keys()])) {
    const [was, is] = [old.get(name), now.get(name)]
    const [said, says_] = [was === undefined ? '' : says(was), is === undefined ? '' : says(is)]
    if (said === says_) continue
    changes.push({
      kind: was === undefined ? 'came' : is === undefined ? 'went' : 'changed',
      what: name,
      before: said,
      after: says_,
      by: measure === undefined ? null : size(is) - size(was),
      seq: is === undefined || seq === undefined ? null : seq(is),
    })
  }
  return changes
}

const BOOK = [
  ['equity', ({ book }: ViewState) => book.equity],
  ['drawdown', ({ book }: ViewState) => book.drawdown],
  ['gross exposure', ({ book }: ViewState) => book.gross],
  ['net exposure', ({ book }: ViewState) => book.net],
  ['realised', ({ book }: ViewState) => Number(book.realised)],
  ['fees', ({ book }: ViewState) => Number(book.fees)],
  ['funding', ({ book }: ViewState) => Number(book.funding)],
  ['fills', ({ counts }: ViewState) => counts.fills],
  ['orders', ({ counts }: ViewState) => counts.orders],
  ['events', ({ counts }: ViewState) => counts.events],
] as const

function bookChanges(a: ViewState, b: ViewState): Change[] {
  return BOOK.flatMap(([what, read]) => {
    const [was, is] = [read(a), read(b)]
    return was === is
      ? []
      : [{ kind: 'changed' as const, what, before: String(was), after: String(is), by: is - was, seq: null }]
  })
}

/** Orders by their state: those that began, moved on, or ended in between. The view keeps only the newest 200 that ended. */
function orderChanges(a: ViewState, b: ViewState): Change[] {
  const all = ({ orders }: ViewState): readonly OrderRow[] => [...orders.working, ...orders.recent]
  const [low, high] = a.seq <= b.seq ? [a, b] : [b, a]
  const old = new Map(all(low).map((row) => [row.order, row]))
  const told = (row: OrderRow): string => [row.state, row.reason].filter((part) => part !== '').join(': ')
  const changes: Change[] = []
  for (const row of all(high)) {
    // What did not move since the lower seq is as it was, kept or not.
    if (row.lastSeq <= low.seq) continue
    const was = old.get(row.order)
    changes.push({
      kind: was === undefined ? (low === a ? 'came' : 'went') : 'changed',
      what: `${row.side} ${decimal(row.quantity)} ${row.instrument}`,
      before: low === a ? (was === undefined ? '' : told(was)) : told(row),
      after: low === a ? told(row) : was === undefined ? '' : told(was),
      by: null,
      seq: row.lastSeq,
    })
  }
  return changes.sort((x, y) => (y.seq ?? 0) - (x.seq ?? 0))
}

function haltChanges(a: ViewState, b: ViewState): Change[] {
  const [was, is] = [a.halt?.reason ?? '', b.halt?.reason ?? '']
  const changes: Change[] = []
  if (was !== is)
    changes.push({
      kind: was === '' ? 'came' : is === '' ? 'went' : 'changed',
      what: 'halt',
      before: was,
      after: is,
      by: null,
      seq: b.halt?.seq ?? null,
    })
  if (a.process.state !== b.process.state || a.process.starts !== b.process.starts)
    changes.push({
      kind: 'changed',
      what: 'process',
      before: `${a.process.state}, start ${a.process.starts}`,
      after: `${b.process.state}, start ${b.process.starts}`,
      by: b.process.starts - a.process.starts,
      seq: null,
    })
  return changes
}
