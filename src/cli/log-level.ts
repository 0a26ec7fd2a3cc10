/** Owns the levels of the process's own log. */
import type { LoggingConfig } from '#core/config/operate-schema'

export type LogLevel = LoggingConfig['level']
export const LOG_LEVELS: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']
