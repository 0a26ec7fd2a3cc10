/**
 * Owns where the lake keeps what: hive folders, file names, and the check of every name that becomes a path.
 * Never reads or writes a file's content.
 */
import { type Dirent, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { QuantbotError } from '#core/errors'
import { isPathName, parseInstrument } from '#core/ids'
import { civilDate, type EpochMs, isInterval } from '#core/time'
import type { SeriesKey } from './columns.js'

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
export function assertSeriesNames(key: Pick<SeriesKey, 'venue' | 'market' | 'symbol'>): void {
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

/** Folder of a series relative to the lake. Funding rows carry their own interval: `interval=own`. */
export function seriesPath(key: SeriesKey): string {
  assertSeriesNames(key)
  const interval = key.kind === 'bars' ? key.interval : 'own'
  return `kind=${key.kind}/venue=${key.venue}/market=${key.market}/symbol=${key.symbol}/interval=${interval}`
}

/** Relative path of a file with these rows; the year is that of `first`, UTC. */
export function filePath(key: SeriesKey, first: EpochMs, last: EpochMs, rows: number): string {
  return `${seriesPath(key)}/year=${civilDate(first).year}/${first}-${last}-${rows}.parquet`
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
  const match = /\/year=(\d+)\/(\d+)-(\d+)-(\d+)\.parquet$/.exec(path)
  if (!match) return undefined
  const [year, first, last, rows] = match.slice(1).map(Number) as [number, number, number, number] // four groups
  return { path, year, first, last, rows }
}

/** Files of a series, ascending by first row; empty when the lake has none. */
export function listFiles(home: string, key: SeriesKey): LakeFile[] {
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
export function listKeys(home: string): SeriesKey[] {
  const root = lakeDir(home)
  const keys: SeriesKey[] = []
  for (const kind of ['bars', 'funding'] as const) {
    const kindDir = join(root, `kind=${kind}`)
    for (const venue of partitions(kindDir, 'venue')) {
      const venueDir = join(kindDir, `venue=${venue}`)
      for (const market of partitions(venueDir, 'market')) {
        const marketDir = join(venueDir, `market=${market}`)
        for (const symbol of partitions(marketDir, 'symbol')) {
          const names = { venue, market, symbol }
          for (const interval of partitions(join(marketDir, `symbol=${symbol}`), 'interval')) {
            if (kind === 'funding') keys.push({ kind, ...names })
            else if (isInterval(interval)) keys.push({ kind, ...names, interval })
          }
        }
      }
    }
  }
  return keys
}

/** A series in words: `binance.spot.BTCUSDT 1h bars`. */
export function describeSeries(key: SeriesKey): string {
  const id = `${key.venue}.${key.market}.${key.symbol}`
  return key.kind === 'bars' ? `${id} ${key.interval} bars` : `${id} funding`
}
