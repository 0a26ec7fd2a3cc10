/** Owns `quantbot data compact`: many small files of the lake into few, and the way out for what no run needs any more. */
import { compactLake, purgeRetired } from '#data/compact'
import { readManifest } from '#events/log/manifest'
import { type GlobalOptions, homeOf, listRuns } from './home.js'
import { describeKey } from './quality-table.js'
import { endProgress, progress, say, sayJson } from './terminal.js'

export interface CompactOptions extends GlobalOptions {
  readonly purge?: boolean
}

export async function compactCommand(options: CompactOptions): Promise<void> {
  const home = homeOf(options)
  // Read first: a run whose manifest cannot be read may name anything, so nothing is purged.
  const named = options.purge === true ? namedFiles(home) : undefined
  const series = await compactLake(home, ({ done, total }) => progress(`compacted ${done} of ${total} series`))
  const purge = named && (await purgeRetired(home, (path) => named.has(path)))
  endProgress()
  if (options.json === true) {
    sayJson({ series, ...(purge ? { purge } : {}) })
    return
  }
  for (const { key, merged, into, rows } of series)
    say(`${describeKey(key).padEnd(36)} ${merged} files into ${into}, ${rows} rows`)
  if (series.length === 0) say('Nothing to merge.')
  if (purge) say(`purged ${purge.deleted} files, ${purge.bytes} bytes; ${purge.kept} are named by runs and stay`)
}

/** Paths that the manifests of this home name. MANIFEST_INVALID when one cannot be read. */
function namedFiles(home: string): Set<string> {
  return new Set(
    listRuns(home).flatMap((dir) => {
      const { tape, history } = readManifest(dir).manifest
      return [...tape, ...history].map(({ path }) => path)
    }),
  )
}
