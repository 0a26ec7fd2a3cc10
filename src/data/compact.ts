/**
 * Owns compaction: the small files of a series' year become one, and what they were is moved to where manifests still find it.
 * Never changes a row, never deletes a file that a manifest may name; purging deletes what the caller says nobody names.
 */
import { readdirSync, rmSync, statSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { invariant } from '#core/invariant'
import type { LakeKey } from './columns.js'
import { sqlPaths, withDuck } from './duck.js'
import { loadRows } from './lake.js'
import { type LakeFile, lakeDir, listFiles, listKeys, RETIRED } from './layout.js'
import { asWriter, type Stage } from './publish.js'
import { writeYears } from './write-years.js'

export interface SeriesCompaction {
  readonly key: LakeKey
  /** Files that were merged, and into how many. */
  readonly merged: number
  readonly into: number
  readonly rows: number
}

export interface CompactProgress {
  /** Series looked at so far, of how many. */
  readonly done: number
  readonly total: number
  readonly phase: 'merging' | 'deciding' | 'publishing'
  /** Renames done while publishing. */
  readonly count: number
}

/**
 * Merges the files of each year of each series, one series a publication: readers see the old files or the new one.
 * Throws LAKE_BUSY while another process writes.
 */
export async function compactLake(
  home: string,
  onProgress?: (progress: CompactProgress) => void,
): Promise<SeriesCompaction[]> {
  const report: SeriesCompaction[] = []
  await asWriter(home, async (newStage) => {
    const keys = listKeys(home)
    for (const [done, key] of keys.entries()) {
      const tell = (phase: CompactProgress['phase'], count: number): void =>
        onProgress?.({ done, total: keys.length, phase, count })
      const merged = await compactSeries(home, key, newStage, tell)
      if (merged) report.push(merged)
    }
  })
  return report
}

async function compactSeries(
  home: string,
  key: LakeKey,
  newStage: () => Stage,
  tell: (phase: CompactProgress['phase'], count: number) => void,
): Promise<SeriesCompaction | undefined> {
  const years = new Map<number, LakeFile[]>()
  for (const file of listFiles(home, key)) years.set(file.year, [...(years.get(file.year) ?? []), file])
  const small = [...years.values()].filter((files) => files.length > 1)
  if (small.length === 0) return undefined
  tell('merging', 0)
  const stage = newStage()
  let total = 0
  for (const files of small) {
    const rows = await loadRows(home, key, 0, Number.MAX_SAFE_INTEGER, { files })
    const named = files.reduce((sum, file) => sum + file.rows, 0)
    invariant(
      rows.ts.length === named,
      () => `compact: ${files[0]!.path} and its like: ${rows.ts.length} of ${named} rows`,
    )
    const written = await writeYears(home, key, rows, Uint32Array.from(rows.ts.keys()), stage)
    invariant((await rowsIn(written)) === named, () => `compact: ${written[0]} does not hold ${named} rows`)
    for (const file of files) stage.retire(file.path)
    total += named
  }
  stage.publish((done) => tell(done < 0 ? 'deciding' : 'publishing', Math.max(done, 0)))
  return { key, merged: small.flat().length, into: small.length, rows: total }
}

async function rowsIn(files: readonly string[]): Promise<number> {
  return withDuck(async (connection) => {
    const read = await connection.runAndReadAll(`SELECT count(*)::DOUBLE FROM read_parquet(${sqlPaths(files)})`)
    return Number(read.getRowsJson()[0]?.[0])
  })
}

export interface Purge {
  readonly deleted: number
  readonly bytes: number
  /** Retired files that a manifest names. */
  readonly kept: number
}

/** Deletes retired files whose path, relative to the lake, `isNamed` does not take. LAKE_BUSY as {@link compactLake}. */
export async function purgeRetired(home: string, isNamed: (path: string) => boolean): Promise<Purge> {
  const root = join(lakeDir(home), RETIRED)
  let [deleted, bytes, kept] = [0, 0, 0]
  await asWriter(home, async () => {
    if (!statSync(root, { throwIfNoEntry: false })) return
    for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue
      const full = join(entry.parentPath, entry.name)
      if (isNamed(relative(root, full).split(sep).join('/'))) {
        kept++
        continue
      }
      bytes += statSync(full).size
      rmSync(full)
      deleted++
    }
  })
  return { deleted, bytes, kept }
}
