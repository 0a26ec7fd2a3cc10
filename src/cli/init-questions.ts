/** Owns asking what `quantbot init` has to know, on a terminal. What a flag says is not asked. */
import type { Readable, Writable } from 'node:stream'
import { intro, isCancel, multiselect, outro, select, text } from '@clack/prompts'
import { QuantbotError } from '#core/errors'
import {
  answersOf,
  DEFAULTS,
  INIT_INTERVALS,
  INIT_NOTIFY,
  INIT_STORES,
  INIT_VENUES,
  type InitAnswers,
  type InitFlags,
  WRONG,
} from './init-answers.js'

export interface Terminal {
  readonly input?: Readable
  readonly output?: Writable
}

/** USAGE when the person breaks it off, or for a flag that is wrong. */
export async function askAnswers(flags: InitFlags, terminal: Terminal = {}): Promise<InitAnswers> {
  answersOf({ ...flags, notify: 'none' }) // a flag that is wrong is told before anything is asked
  intro('A configuration for quantbot', terminal)
  const asked: { -readonly [K in keyof InitFlags]: InitFlags[K] } = { ...flags }
  asked.mode ??= await choose('What is it to trade?', DEFAULTS.mode, MODES, terminal)
  const { mode } = asked
  asked.name ??= await line('Name of the runs', DEFAULTS.name, WRONG.name, terminal)
  if (mode === 'paper') asked.venue ??= await several('Venues', INIT_VENUES, true, terminal)
  asked.symbols ??= await line(
    mode === 'paper' ? 'Coins' : 'Coins (the built-in market makes up as many)',
    DEFAULTS.symbols.join(),
    WRONG.symbols,
    terminal,
  )
  asked.capital ??= await line('Starting capital', DEFAULTS.capital, WRONG.capital, terminal)
  asked.interval ??= await choose('Bars to decide on', DEFAULTS.interval, plain(INIT_INTERVALS), terminal)
  asked.store ??= await choose('Tables for queries', DEFAULTS.store, plain(INIT_STORES), terminal)
  asked.notify ??= (await several('Who is told?', INIT_NOTIFY, false, terminal)) || 'none'
  if (asked.notify.includes('email')) {
    asked.smtpHost ??= await line('Mail server (SMTP)', '', WRONG.host, terminal)
    asked.mailTo ??= await line('Mail goes to', '', WRONG.address, terminal)
    asked.mailFrom ??= await line('Mail comes from', asked.mailTo, WRONG.address, terminal)
  }
  outro('Written below', terminal)
  return answersOf(asked)
}

interface Choice {
  readonly value: string
  readonly label: string
  readonly hint?: string
}

const MODES: readonly Choice[] = [
  { value: 'sim', label: 'The built-in market', hint: 'offline' },
  { value: 'paper', label: 'Venues, with simulated fills', hint: 'live data, no account' },
]

const plain = (names: readonly string[]): readonly Choice[] => names.map((name) => ({ value: name, label: name }))

function given<T>(answer: T): Exclude<T, symbol> {
  if (isCancel(answer)) throw new QuantbotError('USAGE', 'broken off; nothing was written')
  return answer as Exclude<T, symbol> // isCancel took the symbol
}

async function line(
  message: string,
  initial: string,
  wrong: (text: string) => string | undefined,
  terminal: Terminal,
): Promise<string> {
  return given(
    await text({
      message,
      ...(initial === '' ? {} : { initialValue: initial }),
      validate: (value) => {
        const why = wrong(value ?? '')
        return why === undefined ? undefined : `Must be ${why}`
      },
      ...terminal,
    }),
  )
}

async function choose(
  message: string,
  initial: string,
  options: readonly Choice[],
  terminal: Terminal,
): Promise<string> {
  return given(await select({ message, initialValue: initial, options: [...options], ...terminal }))
}

async function several(
  message: string,
  names: readonly string[],
  required: boolean,
  terminal: Terminal,
): Promise<string> {
  const initialValues = required ? [names[0]!] : []
  const chosen = given(await multiselect({ message, options: [...plain(names)], required, initialValues, ...terminal }))
  return chosen.join()
}
