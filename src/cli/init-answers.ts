/** Owns what `quantbot init` has to know, its defaults, and reading it from flags. Never asks and never writes. */
import { isDecimalString } from '#core/decimal'
import { QuantbotError } from '#core/errors'

export const INIT_VENUES = ['binance', 'bybit', 'okx'] as const
export type InitVenue = (typeof INIT_VENUES)[number]
export const INIT_NOTIFY = ['email', 'slack'] as const
export type InitNotify = (typeof INIT_NOTIFY)[number]
export const INIT_STORES = ['none', 'duckdb', 'postgres'] as const
export type InitStore = (typeof INIT_STORES)[number]
export const INIT_INTERVALS = ['15m', '1h', '4h', '1d'] as const
export type InitInterval = (typeof INIT_INTERVALS)[number]

export interface InitAnswers {
  readonly mode: 'sim' | 'paper'
  readonly name: string
  readonly venues: readonly InitVenue[]
  /** Base coins. */
  readonly symbols: readonly string[]
  /** Decimal, quote. */
  readonly capital: string
  readonly interval: InitInterval
  readonly notify: readonly InitNotify[]
  readonly smtpHost: string
  readonly mailFrom: string
  readonly mailTo: string
  readonly store: InitStore
  /** The venues are `quantbot sim-exchange --venue all --port 8801`. */
  readonly simulator: boolean
}

export interface InitFlags {
  readonly mode?: string
  readonly name?: string
  readonly venue?: string
  readonly symbols?: string
  readonly capital?: string
  readonly interval?: string
  readonly notify?: string
  readonly smtpHost?: string
  readonly mailFrom?: string
  readonly mailTo?: string
  readonly store?: string
  readonly simulator?: boolean
}

export const DEFAULTS: InitAnswers = {
  mode: 'sim',
  name: 'desk',
  venues: ['binance'],
  symbols: ['BTC', 'ETH', 'SOL'],
  capital: '100000',
  interval: '1h',
  notify: [],
  smtpHost: '',
  mailFrom: '',
  mailTo: '',
  store: 'none',
  simulator: false,
}

/** What is wrong with an answer, in words; undefined: nothing. */
export const WRONG = {
  name: (text: string) =>
    /^(?!.*\.\.)[A-Za-z0-9._-]{1,64}$/.test(text)
      ? undefined
      : 'letters, digits, dots, dashes and underscores, 64 at most',
  symbols: (text: string) =>
    coinsOf(text).length > 0 && coinsOf(text).every((coin) => /^[A-Z0-9]{2,12}$/.test(coin))
      ? undefined
      : 'coins with commas between them, such as BTC,ETH,SOL',
  capital: (text: string) =>
    isDecimalString(text) && Number(text) > 0 ? undefined : 'an amount such as 100000, without separators',
  address: (text: string) =>
    /^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$/u.test(text) ? undefined : 'an address such as bot@example.org',
  host: (text: string) => (/^[A-Za-z0-9.:-]{1,253}$/.test(text) ? undefined : 'a host such as smtp.example.org'),
} as const

export function coinsOf(text: string): string[] {
  const coins = text
    .split(',')
    .map((coin) => coin.trim().toUpperCase())
    .filter((coin) => coin !== '')
  return [...new Set(coins)]
}

/** Flags where they stand, defaults elsewhere. USAGE names the flag. */
export function answersOf(flags: InitFlags): InitAnswers {
  const answers: InitAnswers = {
    mode: oneOf('--mode', flags.mode, ['sim', 'paper'] as const) ?? DEFAULTS.mode,
    name: checked('--name', flags.name ?? DEFAULTS.name, WRONG.name),
    venues: severalOf('--venue', flags.venue, INIT_VENUES) ?? DEFAULTS.venues,
    symbols: coinsOf(checked('--symbols', flags.symbols ?? DEFAULTS.symbols.join(), WRONG.symbols)),
    capital: checked('--capital', flags.capital ?? DEFAULTS.capital, WRONG.capital),
    interval: oneOf('--interval', flags.interval, INIT_INTERVALS) ?? DEFAULTS.interval,
    notify: flags.notify === 'none' ? [] : (severalOf('--notify', flags.notify, INIT_NOTIFY) ?? DEFAULTS.notify),
    smtpHost: flags.smtpHost ?? '',
    mailFrom: flags.mailFrom ?? flags.mailTo ?? '',
    mailTo: flags.mailTo ?? '',
    store: oneOf('--store', flags.store, INIT_STORES) ?? DEFAULTS.store,
    simulator: flags.simulator === true,
  }
  if (answers.venues.length === 0) throw new QuantbotError('USAGE', '--venue: name one at least')
  if (answers.notify.includes('email')) {
    checked('--smtp-host', answers.smtpHost, WRONG.host)
    checked('--mail-to', answers.mailTo, WRONG.address)
    checked('--mail-from', answers.mailFrom, WRONG.address)
  }
  return answers
}

function checked(flag: string, text: string, wrong: (text: string) => string | undefined): string {
  const why = wrong(text)
  if (why !== undefined) throw new QuantbotError('USAGE', `${flag} ${JSON.stringify(text)}: must be ${why}`)
  return text
}

function oneOf<T extends string>(flag: string, text: string | undefined, known: readonly T[]): T | undefined {
  if (text === undefined) return undefined
  const found = known.find((name) => name === text)
  if (found === undefined)
    throw new QuantbotError('USAGE', `${flag} ${JSON.stringify(text)} is none of ${known.join(', ')}`)
  return found
}

function severalOf<T extends string>(flag: string, text: string | undefined, known: readonly T[]): T[] | undefined {
  if (text === undefined) return undefined
  const names = text.split(',').map((name) => name.trim())
  return [...new Set(names.map((name) => oneOf(flag, name, known)!))]
}
