/** Owns `quantbot run`: its options, and one process that trades until it is told to stop. */
import { loadExternals } from './external-modules.js'
import { homeOf } from './home.js'
import { openProcessLog } from './process-log.js'
import { composeRun } from './run-composition.js'
import { type RunOptions, readRunOptions } from './run-options.js'
import { RunningProcess } from './running-process.js'

export async function runCommand(options: RunOptions): Promise<void> {
  const settings = await readRunOptions(options)
  await loadExternals(settings.config, options.config ?? '.')
  const log = await openProcessLog({ level: settings.config.logging.level, isJson: options.json === true })
  try {
    const composed = await composeRun(homeOf(options), options, settings)
    await new RunningProcess(composed, options, settings, log).untilStopped()
  } finally {
    log.close()
  }
}
