/**
 * Owns what the lake remembers of a venue's own gaps: spans that were asked for and hold no row, so that nobody asks again.
 * Never says what the lake holds: that is the lake itself.
 */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { LakeKey } from '../columns.js'
import { lakeDir, seriesPath } from '../layout.js'
import { type Span, union } from './spans.js'

function pathOf(home: string, key: LakeKey): string {
  return join(lakeDir(home), '.backfill', `${seriesPath(key).replaceAll('/', ',')}.json`)
}

/** Spans without rows, ascending. A damaged file is one that remembers nothing: its spans are asked for once more. */
export function readAbsences(home: string, key: LakeKey): Span[] {
  const path = pathOf(home, key)
  if (!existsSync(path)) return []
  try {
    const read: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (!Array.isArray(read)) return []
    return read.flatMap((span: unknown) =>
      Array.isArray(span) && span.length === 2 && span.every(Number.isSafeInteger) ? [[span[0], span[1]] as Span] : [],
    ) // two whole numbers
  } catch {
    return []
  }
}

/** Remembers further spans; the file is replaced whole. */
export function addAbsences(home: string, key: LakeKey, spans: readonly Span[]): void {
  if (spans.length === 0) return
  const path = pathOf(home, key)
  mkdirSync(dirname(path), { recursive: true })
  const draft = `${path}.draft`
  writeFileSync(draft, JSON.stringify(union([...readAbsences(home, key), ...spans])))
  const file = openSync(draft, 'r')
  fsyncSync(file)
  closeSync(file)
  renameSync(draft, path)
}
