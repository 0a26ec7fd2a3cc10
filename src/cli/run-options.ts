/** Owns reading the options of `quantbot run`. */
import { type Config, configSchema } from '#core/config/schema'
import { QuantbotError } from '#core/errors'
import { readConfig } from './config-file.js'
import type { GlobalOptions } from './home.js'

export interface RunOptions extends GlobalOptions {
  readonly mode: string
  readonly config?: string
  readonly run?: string
  readonly childOf?: string
  readonly seed?: string
  readonly speed: string
  readonly days?: string
  readonly for?: string
  readonly view: boolean
}

export interface RunSettings {
  readonly config: Config
  /** Null: as fast as it goes. */
  readonly speed: number | null
  readonly days: number | undefined
  readonly seconds: number | undefined
}

/** USAGE names the option; CONFIG_UNREADABLE, CONFIG_INVALID. */
export function readRunOptions(options: RunOptions): RunSettings {
  if (options.mode !== 'sim') {
    const known = options.mode === 'paper' || options.mode === 'live'
    const why = known
      ? `comes with the venues, which this version does not have; use sim`
      : 'is none of sim, paper, live'
    throw new QuantbotError('USAGE', `--mode ${options.mode} ${why}`)
  }
  const base = options.config === undefined ? configSchema.parse({}) : readConfig(options.config)
  const seed = numberOf('--seed', options.seed, (n) => Number.isInteger(n) && n >= 0 && n <= 4294967295)
  return {
    config: seed === undefined ? base : { ...base, seed },
    speed: options.speed === 'max' ? null : (numberOf('--speed', options.speed, (n) => n > 0 && n <= 1e7) ?? null),
    days: numberOf('--days', options.days, (n) => Number.isInteger(n) && n > 0 && n <= 36_500),
    seconds: numberOf('--for', options.for, (n) => n > 0 && n <= 1e6),
  }
}

function numberOf(option: string, text: string | undefined, isValid: (n: number) => boolean): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (text.trim() === '' || !isValid(value))
    throw new QuantbotError('USAGE', `${option} ${JSON.stringify(text)} is out of range`)
  return value
}
