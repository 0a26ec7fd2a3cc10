/** Owns the options of `quantbot funds`; its work is loaded when it is called. */
import { Argument, type Command } from 'commander'
import type { FundsOptions } from './funds.action.js'

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
      .action(async (amount: string, run: string | undefined, _, command: Command) =>
        (await import('./funds.action.js')).transfer(name, amount, run, command.optsWithGlobals<FundsOptions>()),
      )
}
