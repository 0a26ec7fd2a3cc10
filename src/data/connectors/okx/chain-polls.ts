/**
 * Owns how option chains are put together: volatilities and Greeks, best prices, marks and open interest each have an
 * endpoint of their own, and the stream has the first alone. Asked for in turn; each answer tells what is known by then.
 */
import { parseInstrument } from '#core/ids'
import { SECOND_MS } from '#core/time'
import type { Knowledge, PollPlan, Want } from '../adapter.port.js'
import type { Normal, OptionRecord } from '../normal.js'
import { dataOf } from './envelope.js'
import { bareScope, get } from './histories.js'
import type { RowReader } from './scope.js'
import { markRow, openInterestRow, optionRow } from './state-rows.js'
import { readRows, tickerRow } from './trade-rows.js'

const EVERY_MS = 30 * SECOND_MS
/** Prices that are older than those of the volatilities by more are not told beside them. */
const APART_MS = 90 * SECOND_MS

/** What was told of an option last, by endpoint. */
interface Parts {
  summary?: OptionRecord
  quote?: Extract<Normal, { kind: 'quote' }>
  mark?: Extract<Normal, { kind: 'mark' }>
  openInterest?: Extract<Normal, { kind: 'openInterest' }>
}

export function chainPolls(wants: readonly Want[], knowledge: Knowledge): readonly PollPlan[] {
  const families = new Map<string, Map<string, Parts>>()
  for (const { kind, facts } of wants) {
    if (kind !== 'options' || parseInstrument(facts.instrument)?.market !== 'option') continue
    const family = `${facts.base}-${facts.quote}`
    const chain = families.get(family) ?? new Map<string, Parts>()
    families.set(family, chain.set(facts.instrument, {}))
  }
  return [...families].flatMap(([family, chain]) => {
    const poll = (path: string, query: Record<string, string>, read: RowReader): PollPlan => ({
      name: `${path.slice(path.lastIndexOf('/') + 1)}:${family}`,
      everyMs: EVERY_MS,
      call: get(path, query, (payload, receivedAt) => {
        const rows = dataOf(payload).filter((row) => chain.has(`okx.option.${instIdOf(row)}`))
        return told(readRows(rows, read, { ...bareScope(receivedAt), ...knowledge }), chain)
      }),
    })
    const ofFamily = { instType: 'OPTION', instFamily: family }
    return [
      poll('/market/tickers', ofFamily, tickerRow),
      poll('/public/mark-price', ofFamily, markRow),
      poll('/public/open-interest', ofFamily, openInterestRow),
      poll('/public/opt-summary', { instFamily: family }, optionRow),
    ]
  })
}

/** Keeps what came; gives the options whose volatilities are known. */
function told(records: readonly Normal[], chain: ReadonlyMap<string, Parts>): readonly OptionRecord[] {
  return records.flatMap((record) => {
    if (!('instrument' in record) || record.instrument === null) return []
    const parts = chain.get(record.instrument)
    if (parts === undefined) return []
    if (record.kind === 'option') parts.summary = record
    else if (record.kind === 'quote') parts.quote = record
    else if (record.kind === 'mark') parts.mark = record
    else if (record.kind === 'openInterest') parts.openInterest = record
    return parts.summary === undefined ? [] : [joined(parts.summary, parts)]
  })
}

function joined(summary: OptionRecord, { quote, mark, openInterest }: Parts): OptionRecord {
  const isNear = (at: number | null | undefined): boolean => at != null && Math.abs(at - summary.ts) <= APART_MS
  return {
    ...summary,
    bid: isNear(quote?.ts) ? (quote?.bid ?? null) : null,
    ask: isNear(quote?.ts) ? (quote?.ask ?? null) : null,
    mark: isNear(mark?.ts) ? (mark?.mark ?? null) : null,
    openInterest: isNear(openInterest?.ts) ? (openInterest?.openInterest ?? null) : null,
  }
}

function instIdOf(row: unknown): string {
  return typeof row === 'object' && row !== null && 'instId' in row ? String(row.instId) : ''
}
