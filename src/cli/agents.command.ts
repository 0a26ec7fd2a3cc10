/** Owns the options of `quantbot agents`; its work is loaded when it is called. */
import type { Command } from 'commander'
import type { AgentsOptions } from './agents.action.js'

export function registerAgents(program: Command): void {
  program
    .command('agents')
    .description('list the agents of a configuration in the order in which they read an event')
    .option('--config <file>', 'configuration (default: the built-in one)')
    .option('--mode <mode>', 'sim, or paper: with those of a run on venues', 'sim')
    .option('--graph', 'print the dependencies as a Mermaid graph')
    .action(async (_, command: Command) =>
      (await import('./agents.action.js')).listAgents(command.optsWithGlobals<AgentsOptions>()),
    )
}
