/**
 * Owns which dated future of a chain is the front at which time: by days before expiry, or by where the market went.
 * Pure: the same contracts and rule give the same calendar. Must never roll back, nor keep a contract in front past its expiry.
 */
import { invariant } from '#core/invariant'
import { DAY_MS, type DurationMs, type EpochMs } from '#core/time'

/** A contract of a chain: same venue, base, quote and margin, another expiry. */
export interface DatedContract {
  readonly instrument: string
  readonly expiresAt: EpochMs
  /** When it began to trade; null or left out: before everything. */
  readonly listedAt?: EpochMs | null
}

/** Open interest or volume of a contract, in the same unit for all, from the time it could be read. */
export interface Activity {
  readonly instrument: string
  readonly availableAt: EpochMs
  readonly value: number
}

/**
 * `days`: so many days before expiry. `crossover`: when a later contract has more activity than the front by what could be
 * read then, and at the latest so many days before expiry.
 */
export type RollRule =
  | { readonly kind: 'days'; readonly daysBefore: number }
  | { readonly kind: 'crossover'; readonly daysBefore: number; readonly activity: readonly Activity[] }

/** A contract is the front in `[from, until)`. */
export interface FrontSpan {
  readonly instrument: string
  readonly expiresAt: EpochMs
  /** Null: since before everything. */
  readonly from: EpochMs | null
  readonly until: EpochMs
  /** What made it the front. `expiry`: nothing else was listed before the last one expired. */
  readonly why: 'first' | 'days' | 'crossover' | 'expiry'
}

type Known = Required<DatedContract>
type Why = FrontSpan['why']
interface Choice {
  readonly contract: Known
  readonly why: Why
}

/**
 * Of all contracts of a chain that trade from some time on; with those of before left out, a later one that was listed then
 * would be the front for good. Spans in order of time, one after the other; between two there is a hole only while nothing is
 * listed. The last one ends with its expiry. O((contracts + activity) × contracts).
 */
export function rollCalendar(contracts: readonly DatedContract[], rule: RollRule): FrontSpan[] {
  invariant(rule.daysBefore >= 0, 'rollCalendar: days before expiry must not be negative')
  const chain = contracts
    .map((contract): Known => ({ ...contract, listedAt: contract.listedAt ?? null }))
    .sort((a, b) => a.expiresAt - b.expiresAt || (a.instrument < b.instrument ? -1 : 1))
  const isTwice = new Set(chain.map(({ instrument }) => instrument)).size !== chain.length
  invariant(!isTwice, 'rollCalendar: a contract stands twice')
  const activity = rule.kind === 'crossover' ? inOrder(rule.activity) : []
  const values = new Map<string, number>()
  const spans: FrontSpan[] = []
  let front: Choice | undefined
  let from: EpochMs | null = null
  let passed = Number.NEGATIVE_INFINITY
  let read = 0
  for (const at of timesOf(chain, rule, activity)) {
    for (; read < activity.length && activity[read]!.availableAt <= at; read++)
      values.set(activity[read]!.instrument, activity[read]!.value)
    const open = chain.filter(
      (one) => (one.listedAt ?? at) <= at && at < one.expiresAt && (one === front?.contract || one.expiresAt > passed),
    )
    const next = choose(open, front?.contract, at, rule.daysBefore * DAY_MS, values, spans.length === 0)
    if (next?.contract === front?.contract) continue
    if (front !== undefined) spans.push(spanOf(front, from, at))
    if (next !== undefined) passed = next.contract.expiresAt
    front = next
    from = at === Number.NEGATIVE_INFINITY ? null : at
  }
  return spans
}

function spanOf({ contract, why }: Choice, from: EpochMs | null, until: EpochMs): FrontSpan {
  return { instrument: contract.instrument, expiresAt: contract.expiresAt, from, until, why }
}

/** Every instant at which the front may change, ascending. */
function timesOf(chain: readonly Known[], rule: RollRule, activity: readonly Activity[]): EpochMs[] {
  const times = new Set<EpochMs>(activity.map(({ availableAt }) => availableAt))
  for (const { listedAt, expiresAt } of chain) {
    times.add(listedAt ?? Number.NEGATIVE_INFINITY)
    times.add(expiresAt - rule.daysBefore * DAY_MS)
    times.add(expiresAt)
  }
  return [...times].sort((a, b) => a - b)
}

const inOrder = (activity: readonly Activity[]): Activity[] =>
  [...activity].sort((a, b) => a.availableAt - b.availableAt || (a.instrument < b.instrument ? -1 : 1))

/** `open`: what may be the front at `at`, nearest first. */
function choose(
  open: readonly Known[],
  front: Known | undefined,
  at: EpochMs,
  beforeMs: DurationMs,
  values: ReadonlyMap<string, number>,
  isFirst: boolean,
): Choice | undefined {
  const later = open.filter((one) => one !== front)
  const next = later.find((one) => at < one.expiresAt - beforeMs)
  if (front === undefined || at >= front.expiresAt) {
    const contract = next ?? later.at(-1)
    return contract && { contract, why: isFirst && front === undefined ? 'first' : 'expiry' }
  }
  const activityOf = ({ instrument }: Known): number => values.get(instrument) ?? 0
  const busiest = later.reduce((a, b) => (activityOf(b) > activityOf(a) ? b : a), front)
  if (busiest !== front) return { contract: busiest, why: 'crossover' }
  if (next === undefined || at < front.expiresAt - beforeMs) return { contract: front, why: 'days' }
  return { contract: next, why: 'days' }
}

/** The front at an instant, of spans as {@link rollCalendar} gives them. O(log spans). */
export function frontAt(spans: readonly FrontSpan[], at: EpochMs): FrontSpan | undefined {
  let [low, high] = [0, spans.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (spans[middle]!.until <= at) low = middle + 1
    else high = middle
  }
  const span = spans[low]
  return span !== undefined && (span.from === null || span.from <= at) ? span : undefined
}
