/**
 * Owns where the lake keeps what: hive folders, file names, and the check of every name that becomes a path.
 * Never reads or writes a file's content.
 */
import { type Dirent, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { QuantbotError } from '#core/errors'
import { isPathName, parseInstrument } from '#core/ids'
import { civilDate, type EpochMs, type Interval, isInterval } from '#core/time'
import { KIND_NAMES, type Kind, type LakeKey } from './columns.js'
import { KINDS } from './kinds.js'

/** An immutable Parquet file of the lake. Its name says what it holds, so a listing opens no file. */
export interface LakeFile {
  /** Relative to the lake, with `/`. */
  readonly path: string
  readonly year: number
  /** `ts` of its first and last row. */
  readonly first: EpochMs
  readonly last: EpochMs
  readonly rows: number
}

/** The lake's folder of a home. */
export function lakeDir(home: string): string {
  return join(home, 'lake')
}

/** Throws NAME_INVALID unless venue, market and symbol make an instrument id and may stand in a path. */
export function assertSeriesNames(key: Pick<LakeKey, 'venue' | 'market' | 'symbol'>): void {
  for (const part of ['venue', 'market', 'symbol'] as const) {
    if (!isPathName(key[part])) throw new QuantbotError('NAME_INVALID', `${part} ${JSON.stringify(key[part])}`)
  }
  const id = `${key.venue}.${key.market}.${key.symbol}`
  if (parseInstrument(id) === undefined)
    throw new QuantbotError(
      'NAME_INVALID',
      `${JSON.stringify(id)} is no instrument: venue and market are lower-case letters, digits, _ and -, at most 24`,
    )
}

/** Where files go that compaction has merged: a manifest may name them. */
export const RETIRED = '.retired'

/** Interval of a series' grid; undefined where each row has its own. */
export function intervalOf(key: LakeKey): Interval | undefined {
  return KINDS[key.kind].interval !== 'own' && 'interval' in key ? key.interval : undefined
}

/** Folder of a series relative to the lake. Without a grid: `interval=own`. */
export function seriesPath(key: LakeKey): string {
  assertSeriesNames(key)
  const interval = intervalOf(key) ?? 'own'
  return `kind=${key.kind}/venue=${key.venue}/market=${key.market}/symbol=${key.symbol}/interval=${interval}`
}

/** Relative path of a file with these rows; the year is that of `first`, UTC. `copy` > 0 tells files of equal extent apart. */
export function filePath(key: LakeKey, first: EpochMs, last: EpochMs, rows: number, copy = 0): string {
  const mark = copy === 0 ? '' : `-c${copy}`
  return `${seriesPath(key)}/year=${civilDate(first).year}/${first}-${last}-${rows}${mark}.parquet`
}

/** As {@link filePath}, a name that the lake never had. Only kinds with revisions or chains can need another than the first. */
export function freeFilePath(home: string, key: LakeKey, first: EpochMs, last: EpochMs, rows: number): string {
  for (let copy = 0; ; copy++) {
    const path = filePath(key, first, last, rows, copy)
    if (!existsSync(join(lakeDir(home), path)) && !existsSync(join(lakeDir(home), RETIRED, path))) return path
  }
}

/** Absolute path of a lake file: where it was published, else where compaction moved it. */
export function locate(home: string, path: string): string {
  const published = join(lakeDir(home), path)
  if (existsSync(published)) return published
  const retired = join(lakeDir(home), RETIRED, path)
  return existsSync(retired) ? retired : published
}

function entries(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}

/** Values of the sub-folders `name=value`, ascending by code unit. */
function partitions(path: string, name: string): string[] {
  const prefix = `${name}=`
  return entries(path)
    .filter((entry) => entry.isDirectory() && entry.name.startsWith(prefix))
    .map((entry) => entry.name.slice(prefix.length))
    .sort()
}

/** A file from its path relative to the lake, as {@link filePath} made it; undefined for any other. */
export function parseFilePath(path: string): LakeFile | undefined {
  const match = /\/year=(\d+)\/(\d+)-(\d+)-(\d+)(?:-c\d+)?\.parquet$/.exec(path)
  if (!match) return undefined
  const [year, first, last, rows] = match.slice(1, 5).map(Number) as [number, number, number, number] // four groups
  return { path, year, first, last, rows }
}

/** Files of a series, ascending by first row; empty when the lake has none. */
export function listFiles(home: string, key: LakeKey): LakeFile[] {
  const relative = seriesPath(key)
  const base = join(lakeDir(home), relative)
  const files: LakeFile[] = []
  for (const year of partitions(base, 'year')) {
    for (const { name } of entries(join(base, `year=${year}`))) {
      const file = parseFilePath(`${relative}/year=${year}/${name}`)
      if (file) files.push(file)
    }
  }
  return files.sort((a, b) => a.first - b.first)
}

/** Every series that the lake holds, by kind, venue, market, symbol, interval. */
export function listKeys(home: string): LakeKey[] {
  const root = lakeDir(home)
  const keys: LakeKey[] = []
  for (const kind of KIND_NAMES) {
    const kindDir = join(root, `kind=${kind}`)
    for (const venue of partitions(kindDir, 'venue')) {
      const venueDir = join(kindDir, `venue=${venue}`)
      for (const market of partitions(venueDir, 'market')) {
        const marketDir = join(venueDir, `market=${market}`)
        for (const symbol of partitions(marketDir, 'symbol')) {
          const names = { venue, market, symbol }
          for (const interval of partitions(join(marketDir, `symbol=${symbol}`), 'interval')) {
            const key = keyOf(kind, names, interval)
            if (key !== undefined) keys.push(key)
          }
        }
      }
    }
  }
  return keys
}

/** The key of a kind with an interval (`own` or undefined: none); undefined where the kind does not allow it. */
export function keyOf(
  kind: Kind,
  names: { readonly venue: string; readonly market: string; readonly symbol: string },
  interval: string | undefined,
): LakeKey | undefined {
  const rule = KINDS[kind].interval
  const { venue, market, symbol } = names
  if (interval === undefined || interval === 'own')
    return rule === 'fixed' || kind === 'bars' ? undefined : { kind, venue, market, symbol }
  if (!isInterval(interval) || kind === 'funding' || rule === 'own') return undefined
  return kind === 'bars' ? { kind, venue, market, symbol, interval } : { kind, venue, market, symbol, interval }
}

/** A series in words: `binance.spot.BTCUSDT 1h bars`. */
export function describeSeries(key: LakeKey): string {
  const interval = intervalOf(key)
  return `${key.venue}.${key.market}.${key.symbol} ${interval === undefined ? '' : `${interval} `}${key.kind}`
}
