/** Owns reading the options of `quantbot run`. */
import type { NotificationsConfig } from '#core/config/operate-schema'
import { type Config, configSchema } from '#core/config/schema'
import { QuantbotError } from '#core/errors'
import type { NotifySecrets } from '#monitoring/notify/notify.port'
import type { GlobalOptions } from './home.js'
import { notifySecrets } from './notify-secrets.js'
import { portOf } from './observer/web-spec.js'

export interface RunOptions extends GlobalOptions {
  readonly mode: string
  readonly config?: string
  readonly run?: string
  readonly childOf?: string
  readonly seed?: string
  readonly speed?: string
  readonly clock: string
  readonly backfill: boolean
  readonly days?: string
  readonly for?: string
  readonly view: boolean
  readonly web: boolean
  readonly port?: string
}

export interface RunSettings {
  readonly mode: 'sim' | 'paper'
  readonly config: Config
  /** Whose clock a paper run goes by. */
  readonly clock: 'machine' | 'venue'
  /** Null: as fast as it goes. */
  readonly speed: number | null
  readonly days: number | undefined
  readonly seconds: number | undefined
  /** `port`: instead of that of the configuration. */
  readonly page: { readonly isWanted: boolean; readonly port: number | undefined }
  /** Null: nobody is told of a run of this mode. */
  readonly notify: { readonly config: NotificationsConfig; readonly secrets: NotifySecrets } | null
}

/** USAGE names the option; CONFIG_UNREADABLE, CONFIG_INVALID, SECRET_MISSING. */
export async function readRunOptions(options: RunOptions): Promise<RunSettings> {
  const mode = modeOf(options.mode)
  if (options.clock !== 'machine' && options.clock !== 'venue')
    throw new QuantbotError('USAGE', `--clock ${options.clock} is neither machine nor venue`)
  if (mode === 'paper' && options.config === undefined)
    throw new QuantbotError('USAGE', '--mode paper needs --config FILE with a universe of instruments')
  const base =
    options.config === undefined
      ? configSchema.parse({})
      : (await import('./config-file.js')).readConfig(options.config)
  const seed = numberOf('--seed', options.seed, (n) => Number.isInteger(n) && n >= 0 && n <= 4294967295)
  return {
    mode,
    clock: options.clock,
    config: seed === undefined ? base : { ...base, seed },
    speed: speedOf(options.speed, mode),
    days: numberOf('--days', options.days, (n) => Number.isInteger(n) && n > 0 && n <= 36_500),
    seconds: numberOf('--for', options.for, (n) => n > 0 && n <= 1e6),
    page: { isWanted: options.web, port: portOf(options.port) },
    notify: notifyOf(base, mode),
  }
}

function notifyOf({ notifications: config }: Config, mode: 'sim' | 'paper'): RunSettings['notify'] {
  const isTold = config.modes.includes(mode) && (config.email !== undefined || config.slack !== undefined)
  return isTold ? { config, secrets: notifySecrets(config) } : null
}

function numberOf(option: string, text: string | undefined, isValid: (n: number) => boolean): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (text.trim() === '' || !isValid(value))
    throw new QuantbotError('USAGE', `${option} ${JSON.stringify(text)} is out of range`)
  return value
}

function modeOf(text: string): 'sim' | 'paper' {
  if (text === 'sim' || text === 'paper') return text
  const why = text === 'live' ? 'comes with live execution, which this version does not have' : 'is no mode'
  throw new QuantbotError('USAGE', `--mode ${text} ${why}; use sim or paper`)
}

const SIM_SPEED = 7200

function speedOf(text: string | undefined, mode: 'sim' | 'paper'): number | null {
  if (text === 'max' && mode === 'sim') return null
  return numberOf('--speed', text, (n) => n > 0 && n <= 1e7) ?? (mode === 'sim' ? SIM_SPEED : 1)
}
