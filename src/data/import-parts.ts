/** Owns telling which series a file holds, by flags, name and columns, and the rows of each. Never judges a value. */
import { basename } from 'node:path'
import { INTERVALS, isInterval } from '#core/time'
import type { LakeKey } from './columns.js'
import type { ImportRequest } from './import.js'
import type { Problems } from './import-problem.js'
import { KINDS } from './kinds.js'
import { assertSeriesNames, keyOf } from './layout.js'
import type { SourceTable } from './source-table.js'

/** The rows of one series within a file. */
export interface Part {
  readonly key: LakeKey
  readonly table: SourceTable
  /** Physical line (CSV) or row (Parquet) of row `i`. */
  readonly lineOf: (i: number) => number
}

/** What flags and name say: the series, or the file's share of their keys. */
export interface Named {
  readonly symbol: string | undefined
  readonly interval: string | undefined
}

/** Symbol and interval of a file; notes say what the name told. Undefined when neither flags nor name say enough. */
export function nameOf(file: string, request: ImportRequest, problems: Problems, notes: string[]): Named | undefined {
  const { kind, venue, market } = request
  const spec = KINDS[kind]
  const letters = kind === 'bars' || kind === 'funding' ? '[A-Za-z0-9._]' : '[A-Za-z0-9._-]'
  const name = basename(file)
  const match = new RegExp(`^(${letters}{1,64})-([0-9]+[a-z])\\.(?:csv|parquet)$`, 'i').exec(name)
  const bare = spec.interval === 'fixed' ? null : /^([A-Za-z0-9._-]{1,64})\.(?:csv|parquet)$/i.exec(name)
  if (spec.fileHolds !== 'one') {
    assertSeriesNames({ venue, market, symbol: request.symbol ?? 'X' })
    const interval = request.interval ?? spec.intervalDefault
    if (request.interval === undefined && interval !== undefined) notes.push(`interval ${interval} assumed`)
    return { symbol: request.symbol, interval }
  }
  const told = match !== null && isInterval(match[2]!) ? match : bare
  const symbol = request.symbol ?? told?.[1] ?? match?.[1]
  if (symbol === undefined) {
    problems.unreadable('no --symbol given, and the name is not <SYMBOL>-<interval>.csv or .parquet')
    return undefined
  }
  assertSeriesNames({ venue, market, symbol })
  if (request.symbol === undefined) notes.push(`symbol ${symbol} taken from the file name`)
  if (spec.interval === 'own') return { symbol, interval: undefined }
  const interval = request.interval ?? match?.[2]
  if (interval === undefined ? spec.interval === 'fixed' : !isInterval(interval)) {
    problems.unreadable('no --interval given, and the name is not <SYMBOL>-<interval>.csv or .parquet')
    return undefined
  }
  if (request.interval === undefined && interval !== undefined)
    notes.push(`interval ${interval} taken from the file name`)
  return { symbol, interval }
}

/** The series of a table, each with its rows. None, with a problem told, when a name cannot be a series. */
export function partsOf(table: SourceTable, named: Named, request: ImportRequest, problems: Problems): Part[] {
  const { kind, venue, market } = request
  const spec = KINDS[kind]
  const part = (symbol: string, rows: SourceTable, indices?: Uint32Array): Part[] => {
    assertSeriesNames({ venue, market, symbol })
    const key = keyOf(kind, { venue, market, symbol }, named.interval)
    if (key === undefined) {
      problems.unreadable(`${kind} cannot have the interval ${named.interval}; there are ${INTERVALS.join(', ')}`)
      return []
    }
    return [{ key, table: rows, lineOf: (i) => table.firstLine + (indices?.[i] ?? i) }]
  }
  if (spec.fileHolds === 'instruments')
    return [...groups(table, 'instrument')].flatMap(([symbol, indices]) => {
      if (named.symbol !== undefined && named.symbol !== symbol) return []
      return part(symbol, selectRows(table, indices), indices)
    })
  if (spec.fileHolds === 'metrics') return metricsOf(table, named.symbol, problems, part)
  if (spec.rowKey.length > 1) {
    const indices = sortedBy(table, spec.rowKey)
    return part(named.symbol!, selectRows(table, indices), indices) // a file of one series has a symbol
  }
  return part(named.symbol!, table) // as above
}

function metricsOf(
  table: SourceTable,
  only: string | undefined,
  problems: Problems,
  part: (symbol: string, rows: SourceTable, indices?: Uint32Array) => Part[],
): Part[] {
  const names = [...table.columns.keys()].filter((name) => name !== 'ts' && (only === undefined || name === only))
  if (names.length === 0) problems.unreadable(`the header has no ${only ?? 'column'} beside ts`)
  return names.flatMap((name) => {
    const values = table.columns.get(name)!
    const indices = Uint32Array.from(values.keys()).filter((i) => !Number.isNaN(values[i]))
    if (indices.length === 0) return []
    const columns = new Map(['ts', name].map((column) => [column, table.columns.get(column)!]))
    return part(name, selectRows({ ...table, columns }, indices), indices)
  })
}

function groups(table: SourceTable, column: string): Map<string, Uint32Array> {
  const lists = new Map<string, number[]>()
  for (const [i, text] of (table.texts.get(column) ?? []).entries()) {
    const list = lists.get(text)
    if (list) list.push(i)
    else lists.set(text, [i])
  }
  return new Map([...lists].map(([text, list]) => [text, Uint32Array.from(list)]))
}

function sortedBy(table: SourceTable, rowKey: readonly string[]): Uint32Array {
  const ts = table.columns.get('ts')!
  const texts = rowKey.flatMap((name) => table.texts.get(name) ?? [])
  return Uint32Array.from(ts.keys()).sort((a, b) => {
    const [left, right] = [texts[a] ?? '', texts[b] ?? '']
    return ts[a]! - ts[b]! || (left < right ? -1 : left > right ? 1 : 0)
  })
}

function selectRows(table: SourceTable, indices: Uint32Array): SourceTable {
  return {
    ...table,
    rows: indices.length,
    columns: new Map([...table.columns].map(([name, values]) => [name, Float64Array.from(indices, (i) => values[i]!)])),
    texts: new Map([...table.texts].map(([name, values]) => [name, Array.from(indices, (i) => values[i]!)])),
  }
}
