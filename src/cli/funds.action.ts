/** Owns `quantbot funds`: money that is paid into the book of a running process, or taken out of it. Never moves money itself. */
import type { TransferOutcome } from '#actors/operator-commands'
import { formatUnits, isDecimalString, parseUnits } from '#core/decimal'
import { QuantbotError } from '#core/errors'
import { askRun, chooseRun } from './control-client.js'
import { type GlobalOptions, homeOf } from './home.js'
import { say, sayJson } from './terminal.js'

export interface FundsOptions extends GlobalOptions {
  readonly currency: string
  readonly reason: string
}

export async function transfer(
  name: 'deposit' | 'withdraw',
  text: string,
  run: string | undefined,
  options: FundsOptions,
): Promise<void> {
  const amount = amountOf(text)
  const { currency, reason } = options
  if (!/^[A-Z0-9]{1,20}$/.test(currency))
    throw new QuantbotError('USAGE', `--currency ${JSON.stringify(currency)}: capitals and digits, such as USDT`)
  const dir = chooseRun(homeOf(options), run)
  const signed = name === 'deposit' ? amount : `-${amount}`
  const outcome = (await askRun(dir, { do: 'transfer', currency, amount: signed, reason })) as TransferOutcome // our own server's answer to `transfer`
  if (options.json === true) sayJson(outcome)
  else say(`${name} of ${amount} ${currency} is event ${outcome.seq} of the log`)
}

/** Positive; the command says which way it goes. */
function amountOf(text: string): string {
  const ok = isDecimalString(text) && text.length <= 24 && !text.startsWith('-') && parseUnits(text) > 0n
  if (!ok || text.replace(/\..*/, '').length > 15)
    throw new QuantbotError('USAGE', `amount ${JSON.stringify(text)}: a number above 0 with at most eight decimals`)
  return formatUnits(parseUnits(text))
}
