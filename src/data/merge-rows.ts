/** Owns comparing rows to import with those of the lake: new, the same, or in conflict. Never chooses between two values. */
import { isoTime } from '#core/time'
import type { BarColumns, FundingColumns, SeriesKey } from './columns.js'
import type { Problems } from './import-problem.js'

/** Columns of the source that must agree. A settlement's interval is derived, and its first in a file may differ. */
const COMPARED = {
  bars: [
    ['open', 'open'],
    ['high', 'high'],
    ['low', 'low'],
    ['close', 'close'],
    ['volume', 'volume'],
    ['quoteVolume', 'quote_volume'],
  ],
  funding: [['rate', 'rate']],
} as const

/**
 * Indices of the incoming rows that the lake has not. A row that it has with other values is told to `problems`, with its
 * line, its time and both values; a quote volume that one side lacks is no difference. Both sides ascend in `ts`.
 */
export function compareRows(
  key: SeriesKey,
  incoming: BarColumns | FundingColumns,
  lake: BarColumns | FundingColumns,
  firstLine: number,
  problems: Problems,
  notes: string[],
): Uint32Array {
  const pairs = COMPARED[key.kind].map(([name, shown]) => {
    const pick = (rows: BarColumns | FundingColumns): Float64Array =>
      (rows as Partial<Record<typeof name, Float64Array>>)[name] ?? new Float64Array(0) // the names of this very kind
    return { shown, mine: pick(incoming), theirs: pick(lake) }
  })
  const fresh = new Uint32Array(incoming.ts.length)
  let count = 0
  let added = 0
  let j = 0
  for (let i = 0; i < incoming.ts.length; i++) {
    const t = incoming.ts[i]!
    while (j < lake.ts.length && lake.ts[j]! < t) j++
    if (j === lake.ts.length || lake.ts[j] !== t) {
      fresh[count++] = i
      continue
    }
    for (const { shown, mine, theirs } of pairs) {
      const [a, b] = [mine[i]!, theirs[j]!]
      if (a === b || Number.isNaN(a)) continue
      if (Number.isNaN(b)) added++
      else problems.row(firstLine + i, `${shown} at ${t} (${isoTime(t)}) is ${a} here and ${b} in the lake`)
    }
  }
  if (added > 0) notes.push(`quote_volume of ${added} rows was not added: the lake holds these rows without it`)
  return fresh.slice(0, count)
}
