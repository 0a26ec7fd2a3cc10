/** Owns that an exported file appears whole or not at all, and never in the place of another. */
import { existsSync, linkSync, rmSync } from 'node:fs'
import { QuantbotError } from '#core/errors'

/** TARGET_EXISTS where the file is there already. */
export function refuseExisting(path: string): void {
  if (existsSync(path)) throw new QuantbotError('TARGET_EXISTS', `${path} exists; an export never overwrites`)
}

/** Name under which a file grows, beside its target. */
export const partialOf = (path: string): string => `${path}.${process.pid}.partial`

/** Gives a whole file its name. TARGET_EXISTS. */
export function publish(partial: string, path: string): void {
  try {
    linkSync(partial, path)
  } catch (error) {
    rmSync(partial, { force: true })
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST')
      throw new QuantbotError('TARGET_EXISTS', `${path} exists; an export never overwrites`)
    throw error
  }
  rmSync(partial)
}
