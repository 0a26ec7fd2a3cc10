/** Owns how an explanation is read: stages, what is open at first, and the numbers of an event as rows. Pure; changes no word of it. */
import type { ExplainNode, Explanation } from '#audit/explanation.port'
import { count, figures, time } from './format.js'

/** Where in the pipeline an event stands; for a colour and a word. */
export type Stage = 'order' | 'venue' | 'risk' | 'blend' | 'signal' | 'market' | 'operator' | 'other'

const STAGES: readonly (readonly [RegExp, Stage])[] = [
  [/^(?:OrderFilled|OrderAccepted|OrderRejected|OrderCancelled|OrderExpired|QuoteChanged)$/, 'venue'],
  [/^(?:Order(?:Approved|Refused|Withheld)|Risk|Stop|Trading|Leverage|Limit)/, 'risk'],
  [/^(?:Order|Timer|Cancel)/, 'order'],
  [/^PortfolioBlended$/, 'blend'],
  [/^(?:SignalChanged|RegimeChanged|Package)/, 'signal'],
  [/^(?:Operator|Funds)/, 'operator'],
  [/^(?:Bar|Instant|Funding|Mark|OpenInterest|Instrument|Option|Chain|Volatility|Index|Liquid|Basis|Metric)/, 'market'],
]

export const stageOf = (type: string | null): Stage =>
  type === null ? 'market' : (STAGES.find(([pattern]) => pattern.test(type))?.[1] ?? 'other')

/** Levels of a tree that are open at first: what happened, what approved it, what wanted it, who said so. */
export const OPEN_DEPTH = 3

export interface TreeSize {
  readonly nodes: number
  readonly depth: number
  /** Events without further reasons: where the tree ends, in the market or at a person. */
  readonly roots: number
}

export function sizeOf(nodes: readonly ExplainNode[]): TreeSize {
  let size: TreeSize = { nodes: 0, depth: 0, roots: 0 }
  for (const node of nodes) {
    const below = sizeOf(node.because)
    size = {
      nodes: size.nodes + 1 + below.nodes,
      depth: Math.max(size.depth, 1 + below.depth),
      roots: size.roots + (node.because.length === 0 && !node.told ? 1 : 0) + below.roots,
    }
  }
  return size
}

export const sizeOfAll = ({ cause, effects }: Explanation): TreeSize => sizeOf([...cause, ...effects])

/** A table of the numbers of one event. */
export interface Numbers {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

type Plain = Readonly<Record<string, unknown>>
const isPlain = (value: unknown): value is Plain => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Whole numbers of this size are instants, epoch ms: from 2001 to 2096. */
const isInstant = (value: number): boolean => value >= 1e12 && value < 4e12

const cellOf = (value: unknown): string => {
  if (typeof value === 'number' && Number.isInteger(value))
    return isInstant(value) ? `${time(value)} UTC` : count(value)
  if (typeof value === 'number') return figures(value, 6)
  if (value === null || value === undefined) return '–'
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** Lists of alike rows become tables, scalars a list of names and values; in the order of the log. */
export function numbersOf(data: unknown): Numbers[] {
  if (!isPlain(data)) return []
  const scalars: string[][] = []
  const tables: Numbers[] = []
  for (const [name, value] of Object.entries(data)) {
    if (Array.isArray(value) && value.every(isPlain)) {
      if (value.length > 0) tables.push(...tablesOf(name, value))
    } else scalars.push([name, isPlain(value) || Array.isArray(value) ? JSON.stringify(value) : cellOf(value)])
  }
  return [...(scalars.length > 0 ? [{ head: ['', ''], rows: scalars }] : []), ...tables]
}

/** Lists within a row (parts of a blend) stand in a table of their own, below. */
function tablesOf(name: string, rows: readonly Plain[]): Numbers[] {
  const keys = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const nested = keys.filter((key) =>
    rows.some((row) => Array.isArray(row[key]) && (row[key] as unknown[]).some(isPlain)),
  ) // just seen to be one
  const flat = keys.filter((key) => !nested.includes(key))
  const own = { head: [name, ...flat.slice(1)], rows: rows.map((row) => flat.map((key) => cellOf(row[key]))) }
  const below = nested.flatMap((key) =>
    rows.flatMap((row) => {
      const list = row[key]
      return Array.isArray(list) && list.length > 0 && list.every(isPlain) ? tablesOf(key, list) : []
    }),
  )
  return [own, ...below]
}
