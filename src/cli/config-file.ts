/** Owns reading quantbot.yaml: its text, its schema, the secrets that stand beside it in `.env`. */
import { readFileSync } from 'node:fs'
import type { Config } from '#core/config/schema'
import { QuantbotError } from '#core/errors'
import { checkConfig } from './config-check.js'
import { readYaml } from './config-yaml.js'
import { loadEnvBeside } from './env-file.js'

/**
 * Reads and checks a configuration, and fills the environment from `.env` beside it, with names that it asks for alone.
 * CONFIG_UNREADABLE, CONFIG_INVALID, CONFIG_SECRET_LITERAL: every problem with its place.
 */
export function readConfig(path: string): Config {
  const config = parseConfig(readText(path), path)
  loadEnvBeside(path, config)
  return config
}

/** CONFIG_UNREADABLE. */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new QuantbotError('CONFIG_UNREADABLE', `${path}: ${(cause as Error).message}`, { cause }) // readFileSync throws Errors
  }
}

/** As {@link readConfig}, of a text, without the environment; `path` stands in the messages. */
export function parseConfig(text: string, path: string): Config {
  const yaml = readYaml(text, path)
  return checkConfig(yaml.value, path, yaml)
}

/** YAML as plain data; CONFIG_UNREADABLE names line and column. */
export function parseYaml(text: string, path: string): unknown {
  return readYaml(text, path).value
}
