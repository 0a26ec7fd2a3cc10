/** Owns what the running code calls itself, for manifests and --version. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

interface Package {
  readonly version: string
  readonly dependencies: Readonly<Record<string, string>>
}

/** package.json of quantbot: the nearest one above this file that is quantbot's. */
function ownPackage(): Package {
  for (let dir = dirname(fileURLToPath(import.meta.url)); dir !== dirname(dir); dir = dirname(dir)) {
    const path = join(dir, 'package.json')
    if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8')) as Package // our own file
  }
  return { version: '0.0.0', dependencies: {} }
}

export const codeVersion = (): string => ownPackage().version
/** Pinned versions of the packages that a run stands on. */
export const packageVersions = (): Readonly<Record<string, string>> => ownPackage().dependencies
