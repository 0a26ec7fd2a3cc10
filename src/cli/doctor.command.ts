/** Owns the options of `quantbot doctor`; its work is loaded when it is called. */
import type { Command } from 'commander'
import type { DoctorOptions } from './doctor.action.js'

export function registerDoctor(program: Command): void {
  program
    .command('doctor')
    .description(
      'look at everything that a run needs: configuration, secrets, servers, venues, disk, clock, log; exit code 1 when something fails',
    )
    .option('--config <file>', 'configuration of the run; without one, the defaults')
    .option('--deep', 'prove the whole chain of the newest runs, not only what follows their newest snapshot')
    .addHelpText('after', '\nExamples:\n  quantbot doctor\n  quantbot doctor --config examples/paper.yaml --json')
    .action(async (_, command: Command) =>
      (await import('./doctor.action.js')).doctor(command.optsWithGlobals<DoctorOptions>()),
    )
}
