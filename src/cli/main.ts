#!/usr/bin/env node
/** Owns the command line: one program, one file a command. What a command needs is loaded when it is called. */
import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Command, CommanderError } from 'commander'
import { QuantbotError } from '#core/errors'
import { registerAgents } from './agents.command.js'
import { registerApi } from './api.command.js'
import { registerArchive } from './archive.command.js'
import { registerAudit } from './audit.command.js'
import { registerBackfill } from './backfill.command.js'
import { registerBacktest } from './backtest.command.js'
import { registerBackup } from './backup.command.js'
import { registerCheck } from './check.command.js'
import { registerConfig } from './config.command.js'
import { registerControl } from './control.command.js'
import { registerData } from './data.command.js'
import { registerDoctor } from './doctor.command.js'
import { registerFunds } from './funds.command.js'
import { registerImport } from './import.command.js'
import { registerInit } from './init.command.js'
import { registerNotify } from './notify.command.js'
import { registerOpen } from './open.command.js'
import { registerParse } from './parse.command.js'
import { registerProjections } from './projections.command.js'
import { registerReplay } from './replay.command.js'
import { registerReport } from './report.command.js'
import { registerRun } from './run.command.js'
import { registerSimExchange } from './sim-exchange.command.js'
import { fail } from './terminal.js'
import { codeVersion } from './version.js'

/** Time for the last bytes of stdout (ours). */
const LEAVE_MS = 1000

/** The program with every command; `parseAsync` runs one. `topics`: what the help of `parse` ends with. */
export function buildProgram(topics = ''): Command {
  const program = new Command('quantbot')
    .description(
      'Event-sourced crypto trading: every decision is on disk before it acts, explains itself and replays bit for bit.',
    )
    .version(codeVersion())
    .option('--home <dir>', 'where run data lives (default: QUANTBOT_HOME, else ./var)')
    .option('--json', 'one JSON document on stdout; progress and logs on stderr')
    .showHelpAfterError('(quantbot --help tells more)')
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
  registerRun(program)
  registerInit(program)
  registerImport(program)
  registerData(program)
  registerBackfill(program)
  registerBacktest(program)
  registerCheck(program)
  registerReplay(program)
  registerReport(program)
  registerOpen(program)
  registerAudit(program)
  registerArchive(program)
  registerBackup(program)
  registerProjections(program)
  registerSimExchange(program)
  registerConfig(program)
  registerDoctor(program)
  registerControl(program)
  registerFunds(program)
  registerNotify(program)
  registerAgents(program)
  registerApi(program)
  registerParse(program, topics)
  return program
}

/** What was asked and cut may keep a socket or a name look-up: nobody waits for those. */
function leaveSoon(): void {
  setTimeout(() => process.exit(), LEAVE_MS).unref()
}

export async function main(argv: readonly string[]): Promise<void> {
  // A reader that has gone away (`| head`) is no error, and must not end a run.
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
  const program = buildProgram(argv.includes('parse') ? (await import('./parse-topics.js')).parseTopics() : '')
  try {
    await program.parseAsync(argv, { from: 'user' })
    if (program.args[0] === 'doctor') leaveSoon()
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : 2
      if (error.exitCode !== 0 && argv.includes('--json')) fail(new QuantbotError('USAGE', error.message), true)
      return
    }
    fail(error, program.opts<{ json?: boolean }>().json === true)
  }
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url))
  await main(process.argv.slice(2))
