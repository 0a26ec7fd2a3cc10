/** Owns where run data lives: `--home DIR`, else QUANTBOT_HOME, else ./var. Finds run folders by id or path. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { QuantbotError } from '#core/errors'
import { isPathName } from '#core/ids'

export interface GlobalOptions {
  readonly home?: string
  readonly json?: boolean
}

export function homeOf(options: GlobalOptions): string {
  return resolve(options.home ?? process.env.QUANTBOT_HOME ?? 'var')
}

export const runsDir = (home: string): string => join(home, 'runs')

/** Folder of a new run; NAME_INVALID or TARGET_EXISTS. */
export function newRunDir(home: string, id: string): string {
  if (!isPathName(id)) throw new QuantbotError('NAME_INVALID', `run id ${JSON.stringify(id)}`)
  const dir = join(runsDir(home), id)
  if (existsSync(join(dir, 'manifest.json'))) throw new QuantbotError('TARGET_EXISTS', `run ${id} exists: ${dir}`)
  return dir
}

/** A run by id, by path, or `last`: the one started last. RUN_NOT_FOUND names where it looked. */
export function findRun(home: string, run: string): string {
  const isRun = (dir: string): boolean => existsSync(join(dir, 'manifest.json'))
  if (run === 'last') {
    const newest = listRuns(home).at(-1)
    if (newest === undefined) throw new QuantbotError('RUN_NOT_FOUND', `no run in ${runsDir(home)}`)
    return newest
  }
  const asPath = resolve(run)
  if (isRun(asPath)) return asPath
  if (isPathName(run) && isRun(join(runsDir(home), run))) return join(runsDir(home), run)
  throw new QuantbotError('RUN_NOT_FOUND', `${run}: no manifest.json in ${asPath} or ${join(runsDir(home), run)}`)
}

/** Run folders of the home, oldest first. */
export function listRuns(home: string): string[] {
  const dir = runsDir(home)
  if (!existsSync(dir)) return []
  return readdirSync(dir)
    .map((name) => join(dir, name))
    .filter((path) => existsSync(join(path, 'manifest.json')))
    .sort((a, b) => statSync(join(a, 'manifest.json')).mtimeMs - statSync(join(b, 'manifest.json')).mtimeMs)
}
