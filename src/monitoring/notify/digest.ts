/** Owns the words of the daily digest: what the day's events sum up to, the equity at its ends, the newest signed checkpoint. */
import type { RunFacts } from '#audit/view/view.port'
import { parseUnits, unitsToNumber } from '#core/decimal'
import { DAY_MS } from '#core/time'
import { clockOf, type Note, percent, plain, span } from './note.js'
import type { DigestSource, SinkStatus } from './notify.port.js'
import type { DigestDue } from './notify-state.js'

/** What is not in events: asked when the digest is made. Null: nobody can tell, or the one who could has failed. */
export interface DigestAnswers {
  readonly equity: number | null
  readonly equityBefore: number | null
  readonly checkpoint: string | null
}

/** Never rejects: what fails is null. */
export const NO_ANSWERS: DigestAnswers = { equity: null, equityBefore: null, checkpoint: null }

export async function askDigest(source: DigestSource | undefined, due: DigestDue): Promise<DigestAnswers> {
  if (source === undefined) return NO_ANSWERS
  const before = Math.max(due.figures.afterSeq, due.firstSeq)
  const [equity, equityBefore, checkpoint] = await Promise.all([
    source.equityAt(due.toSeq).catch(() => null),
    source.equityAt(before).catch(() => null),
    source.checkpoint().catch(() => null),
  ])
  return { equity, equityBefore, checkpoint }
}

export interface DigestFacts extends Pick<RunFacts, 'mode' | 'currency'> {
  readonly hasSource: boolean
  /** Digests before this one that nobody will get. */
  readonly leftOut: number
  readonly sinks: readonly SinkStatus[]
}

const money = (value: number): string =>
  value.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })
const signed = (value: number): string => (value < 0 ? `−${money(-value)}` : `+${money(value)}`)

/** Amounts by currency, exact: `12.5 USDT, -0.001 BTC`. */
const amounts = (sums: Readonly<Record<string, string>>): string =>
  Object.entries(sums)
    .map(([currency, amount]) => `${amount} ${plain(currency, 12)}`)
    .join(', ') || 'none'

const counts = (reasons: Readonly<Record<string, number>>): string => {
  const entries = Object.entries(reasons).sort(([, a], [, b]) => b - a)
  if (entries.length === 0) return 'none'
  const sum = entries.reduce((total, [, count]) => total + count, 0)
  return `${sum} (${entries.map(([reason, count]) => `${reason} ${count}`).join(', ')})`
}

/** Lines stand in `text`, one each. */
export function digestNote(due: DigestDue, answers: DigestAnswers, facts: DigestFacts): Note {
  const { figures, toSeq, toTs } = due
  const { fills, orders, halts, stops, starts, faults, outages, outageMs } = figures
  const lines = [
    `From ${clockOf(figures.fromTs)} to ${clockOf(toTs)} (seq ${figures.afterSeq + 1} to ${toSeq})`,
    ...equityLines(due, answers, facts),
    `Trades: ${fills} fills of ${orders} orders`,
    `Fees: ${amounts(figures.fees)}; funding: ${amounts(figures.funding)}`,
    `Paid in or out: ${amounts(figures.transfers)}`,
    `Refused by risk: ${counts(figures.refusals)}`,
    `Refused by venues: ${counts(figures.rejections)}`,
    `Halts ${halts}, stops ${stops}`,
    `Health: ${starts} starts, ${faults} faults of agents, ${outages} outages of feeds${outageMs === 0 ? '' : ` (${span(outageMs)} in all)`}`,
    ...facts.sinks
      .filter(({ givenUp, collapsed, isFailing }) => givenUp + collapsed > 0 || isFailing)
      .map(
        ({ sink, givenUp, collapsed, isFailing }) =>
          `Notifications by ${sink}: ${isFailing ? 'failing, ' : ''}${givenUp} given up, ${collapsed} collapsed since the run began`,
      ),
    ...(facts.leftOut === 0 ? [] : [`${facts.leftOut} earlier digests were left out: too many waited`]),
    answers.checkpoint === null
      ? 'Checkpoint: none yet'
      : `Checkpoint, to be kept: quantbot audit verify --checkpoint holds the log against it\n${plain(answers.checkpoint, 2000)}`,
  ]
  const isLong = toTs - figures.fromTs > 1.5 * DAY_MS
  const title = `Digest of ${isLong ? span(toTs - figures.fromTs) : 'the day'} to ${clockOf(toTs).slice(0, 10)}${pnlOf(due, answers, facts.currency)}`
  return {
    kind: 'digest',
    key: `digest:${toSeq}`,
    severity: 'info',
    seq: toSeq,
    ts: toTs,
    title,
    text: lines.join('\n'),
  }
}

function pnl({ figures }: DigestDue, { equity, equityBefore }: DigestAnswers, currency: string): number | null {
  if (equity === null || equityBefore === null) return null
  return equity - equityBefore - unitsToNumber(parseUnits(figures.transfers[currency] ?? '0'))
}

function pnlOf(due: DigestDue, answers: DigestAnswers, currency: string): string {
  const value = pnl(due, answers, currency)
  return value === null ? '' : `: ${signed(value)} ${currency}`
}

function equityLines(due: DigestDue, answers: DigestAnswers, { currency, hasSource }: DigestFacts): string[] {
  const value = pnl(due, answers, currency)
  if (answers.equity === null || value === null)
    return [`Equity: ${hasSource ? 'could not be worked out; quantbot status tells it' : 'not told'}`]
  const before = answers.equityBefore ?? 0
  const share = before > 0 ? ` (${percent(value / before)})` : ''
  const others = Object.keys(due.figures.transfers).some((name) => name !== currency)
  const note = others ? '; what was paid in other currencies counts into it' : ''
  return [`Equity: ${money(answers.equity)} ${currency}; PnL ${signed(value)}${share}, transfers aside${note}`]
}
