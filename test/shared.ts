/** Finds the folder of real market data and oracles beside the repository. Tests that need it are skipped, loudly, without it. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = process.env.QUANTBOT_SHARED ?? fileURLToPath(new URL('../../shared', import.meta.url))

/** Path inside the shared folder, or undefined when it is not there. */
export function sharedPath(...parts: readonly string[]): string | undefined {
  const path = [folder, ...parts].join('/')
  return existsSync(path) ? path : undefined
}

/** The shared folder itself, or undefined. */
export const sharedDir = (): string | undefined => sharedPath()
