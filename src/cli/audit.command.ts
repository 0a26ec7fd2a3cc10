/** Owns the options of `quantbot audit`, the auditor's commands; the work of each is loaded when it is called. Each reads a run folder alone; none needs a configuration or a server. */
import type { Command } from 'commander'
import type { ExportCommandOptions } from './audit-export.js'
import type { TradesCommandOptions } from './audit-trades.js'
import type { VerifyCommandOptions } from './audit-verify.js'
import type { GlobalOptions } from './home.js'

const RUN = 'run id, path of a run folder (a copy will do), or last'

export function registerAudit(program: Command): void {
  const audit = program
    .command('audit')
    .description('read a recorded run: prove it, list its trades, explain any order, export it')
  audit
    .command('verify')
    .description('prove the log: hash chain, order of seqs, sealed segments, signed checkpoints; exit 1 when it fails')
    .argument('<run>', RUN)
    .option('--checkpoint <file>', 'hold the log against checkpoint lines that were kept elsewhere')
    .action(async (run: string, _, command: Command) =>
      (await import('./audit-verify.js')).auditVerifyCommand(run, command.optsWithGlobals<VerifyCommandOptions>()),
    )
  audit
    .command('trades')
    .description('every trade: decision, price, fee, slippage, realised profit; sums that add up to the last digit')
    .argument('<run>', RUN)
    .option('--symbol <symbol>', 'one symbol, instrument id or package alone, such as BTCUSDT')
    .option('--trips', 'list round trips of packages and directional positions in place of trades')
    .option('--limit <n>', 'show the last n; the sums stay those of all')
    .action(async (run: string, _, command: Command) =>
      (await import('./audit-trades.js')).auditTradesCommand(run, command.optsWithGlobals<TradesCommandOptions>()),
    )
  audit
    .command('explain')
    .description(
      'why: from an order or an event back through risk, blend and signals to the inputs, and what came of it',
    )
    .argument('<run>', RUN)
    .argument('<order|seq>', "order id (o-…), the venue's order or trade id, or the seq of any event")
    .action(async (run: string, target: string, _, command: Command) =>
      (await import('./audit-explain.js')).auditExplainCommand(run, target, command.optsWithGlobals<GlobalOptions>()),
    )
  audit
    .command('export')
    .description('write tables of the log to new files; never overwrites')
    .argument('<run>', RUN)
    .option('--format <format>', 'csv or parquet', 'csv')
    .option(
      '--what <table>',
      'events, signals, packages, orders (refusals included), fills, positions, cash or equity; all: a folder with each of them',
      'all',
    )
    .option('--out <path>', 'path of the new file or folder (default: <run>-<what>.<format>, <run>-<format>/ here)')
    .action(async (run: string, _, command: Command) =>
      (await import('./audit-export.js')).auditExportCommand(run, command.optsWithGlobals<ExportCommandOptions>()),
    )
}
