/** Owns `quantbot funds`: money that is paid into the book of a running process, or taken out of it. Never moves money itself. */
import { Argument, type Command } from 'commander'
import type { TransferOutcome } from '#actors/operator-commands'
import { formatUnits, isDecimalString, parseUnits } from '#core/decimal'
import { QuantbotError } from '#core/errors'
import { askRun, chooseRun } from './control-client.js'
import { type GlobalOptions, homeOf } from './home.js'
import { say, sayJson } from './terminal.js'

interface FundsOptions extends GlobalOptions {
  readonly currency: string
  readonly reason: string
}

const TELLS = {
  deposit: 'the book has more from now on; drawdown and returns stay what they were',
  withdraw: 'the book has less from now on; refused where its positions need it',
} as const

export function registerFunds(program: Command): void {
  const funds = program.command('funds').description('tell a running process of money paid in or taken out')
  for (const name of ['deposit', 'withdraw'] as const)
    funds
      .command(name)
      .description(`${TELLS[name]}; an event of the log, answered once it is on disk`)
      .addArgument(new Argument('<amount>', 'in the currency, at most eight decimals'))
      .argument('[run]', 'run id or path of a run folder (default: the only running one)')
      .option('--currency <code>', 'account of the book', 'USDT')
      .option('--reason <text>', 'why: stands in the log', 'no reason given')
      .action((amount: string, run: string | undefined, _, command: Command) =>
        transfer(name, amount, run, command.optsWithGlobals<FundsOptions>()),
      )
}

async function transfer(
  name: keyof typeof TELLS,
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
