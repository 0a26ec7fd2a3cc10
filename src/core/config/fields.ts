/** Owns the building blocks of the configuration schema. */
import { z } from 'zod'
import { isDecimalString } from '../decimal.js'
import { isPathName, parseInstrument } from '../ids.js'
import { INTERVALS, type Interval, parseDay } from '../time.js'

export const fraction = (about: string) => z.number().min(0).max(10).describe(about)
export const positive = (about: string) => z.number().positive().describe(about)
export const count = (about: string) => z.int().min(1).describe(about)
export const bps = (about: string) => z.number().min(-100).max(10_000).describe(`${about}, basis points`)
export const toggle = (about: string) => z.boolean().describe(about)
export const interval = (about: string) => z.enum(INTERVALS as readonly [Interval, ...Interval[]]).describe(about)
export const instrument = (about: string) =>
  z
    .string()
    .refine((id) => parseInstrument(id) !== undefined, {
      error: 'must be venue.market.SYMBOL, such as binance.usdm.BTCUSDT',
    })
    .describe(about)
export const amount = (about: string) =>
  z
    .string()
    .refine((text) => isDecimalString(text) && !text.startsWith('-'), {
      error: 'must be a decimal as text, such as "0.001"',
    })
    .describe(about)
export const day = (about: string) =>
  z
    .string()
    .refine((text) => parseDay(text) !== undefined, { error: 'must be a day, such as 2024-01-31' })
    .describe(about)
export const pathName = (about: string) =>
  z.string().refine(isPathName, { error: 'must match [A-Za-z0-9._-]{1,64} without ".."' }).describe(about)

const isEnv = (text: string): boolean => /^env:[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(text)
/** Only `env:NAME`: the value stands in the environment and never in a file, a manifest or a message. */
export const secret = (about: string) =>
  z
    .string()
    .refine(isEnv, {
      error: 'must be env:NAME; a secret never stands in a file',
      params: { code: 'CONFIG_SECRET_LITERAL' },
    })
    .describe(about)
/** A URL without user, password or query, or `env:NAME`. */
export const url = (about: string, protocols: readonly string[]) =>
  z
    .string()
    .refine((text) => isEnv(text) || isPlainUrl(text, protocols), {
      error: `must be env:NAME or a plain ${protocols.join(' or ')} URL without user, password and query`,
    })
    .describe(about)

function isPlainUrl(text: string, protocols: readonly string[]): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, username, password, search } = new URL(text)
  return protocols.includes(protocol.slice(0, -1)) && username === '' && password === '' && search === ''
}
