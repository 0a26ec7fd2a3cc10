/**
 * Owns the token of a run's page: <home>/web/<run>.token, 128 bits, made at first use, readable by its owner alone, the same over
 * restarts so that bookmarks and scrapers go on. Never puts it into a run folder, an error or a log.
 */
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { QuantbotError } from '#core/errors'
import { isPathName } from '#core/ids'
import { createAtomically, isSystemError } from '#events/log/durable'

const BYTES = 16

/** A run id that is no name for a file (of a copied folder) is hashed. */
export function tokenPath(home: string, run: string): string {
  const name = isPathName(run) ? run : createHash('sha256').update(run).digest('hex').slice(0, 32)
  return join(home, 'web', `${name}.token`)
}

/** 32 hex digits. KEY_UNUSABLE: others may read the file, it is no file, or it holds no token. */
export function loadOrCreateToken(home: string, run: string): string {
  const path = tokenPath(home, run)
  if (existsSync(join(home, 'manifest.json')))
    throw new QuantbotError('KEY_UNUSABLE', `${path}: a token must not lie in a run folder`)
  if (!existsSync(path)) {
    mkdirSync(join(home, 'web'), { recursive: true, mode: 0o700 })
    // false: another process was first, and its token is the one.
    createAtomically(path, Buffer.from(`${randomBytes(BYTES).toString('hex')}\n`), 0o600)
  }
  return loadToken(path)
}

function loadToken(path: string): string {
  let text: string
  try {
    const mode = statSync(path).mode & 0o777
    if ((mode & 0o077) !== 0)
      throw new QuantbotError('KEY_UNUSABLE', `${path} has mode ${mode.toString(8)}: others may read it`)
    text = readFileSync(path, 'utf8').trim()
  } catch (cause) {
    if (cause instanceof QuantbotError) throw cause
    throw new QuantbotError(
      'KEY_UNUSABLE',
      `${path} ${isSystemError(cause, 'EACCES') ? 'may not be' : 'cannot be'} read`,
    )
  }
  if (!/^[0-9a-f]{32}$/.test(text)) throw new QuantbotError('KEY_UNUSABLE', `${path} holds no token`)
  return text
}
