/**
 * Owns `.env` beside a configuration: values for the names that the configuration asks for (`env:NAME`) and that the
 * environment lacks. Never takes another name, never overrides one that is set, and never shows a value.
 */
import { readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import type { Config } from '#core/config/schema'
import { QuantbotError } from '#core/errors'
import { protect } from './redact.js'

/** What a name that the configuration asks for stands for. */
export interface EnvUse {
  readonly name: string
  /** Path of the key that asks for it: `stores.postgres`. */
  readonly key: string
}

/** Every `env:NAME` of a configuration, in its order. */
export function envUses(config: Config): EnvUse[] {
  return usesOf(config, '')
}

function usesOf(value: unknown, key: string): EnvUse[] {
  if (typeof value === 'string') {
    const name = /^env:([A-Za-z_]\w{0,63})$/.exec(value)?.[1]
    return name === undefined ? [] : [{ name, key }]
  }
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) => usesOf(inner, key === '' ? name : `${key}.${name}`))
}

export const envPath = (configPath: string): string => join(dirname(resolve(configPath)), '.env')

const GIVEN: Set<string> = new Set()

/** Whether `.env` gave this name to the process. */
export const isFromEnvFile = (name: string): boolean => GIVEN.has(name)

/** The mode of a file that exists, such as 0o600. */
export function modeOf(path: string): number | undefined {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat === undefined ? undefined : stat.mode & 0o777
}

/** CONFIG_UNREADABLE where there is a file that cannot be read; a missing one is none. */
export function loadEnvBeside(configPath: string, config: Config): void {
  const uses = envUses(config)
  for (const { name } of uses) protect(process.env[name] ?? '')
  const lacking = uses.filter(({ name }) => (process.env[name] ?? '') === '')
  if (lacking.length === 0) return
  const path = envPath(configPath)
  let values: NodeJS.Dict<string>
  try {
    values = parseEnv(readFileSync(path, 'utf8'))
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException // readFileSync throws those
    if (code === 'ENOENT') return
    throw new QuantbotError('CONFIG_UNREADABLE', `${path}: ${code ?? 'is no list of NAME=value'}`)
  }
  for (const { name } of lacking) {
    const value = values[name]
    if (value === undefined || value === '') continue
    process.env[name] = value
    protect(value)
    GIVEN.add(name)
  }
}
