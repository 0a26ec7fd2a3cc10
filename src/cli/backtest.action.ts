/** Owns `quantbot backtest`: a tape through the whole pipeline into a run folder, statistics, report, fingerprint. */
import { catalogue } from '#actors/catalogue'
import { prepareTape } from '#backtest/prepare-tape'
import { runBacktest } from '#backtest/run-backtest'
import { LogSink } from '#backtest/sinks'
import { QuantbotError } from '#core/errors'
import { recorderFor } from './backtest-recorder.js'
import { reportBacktest } from './backtest-report.js'
import { readConfig } from './config-file.js'
import { loadExternals } from './external-modules.js'
import { type GlobalOptions, homeOf } from './home.js'
import { freshRunId, makeRun, openWriter } from './new-run.js'
import { readSpan } from './spans.js'
import { endProgress, note, progress } from './terminal.js'

export interface BacktestOptions extends GlobalOptions {
  readonly config: string
  readonly from: string
  readonly to: string
  readonly run?: string
  readonly standalone: boolean
}

export async function backtestCommand(options: BacktestOptions): Promise<void> {
  const startedAt = Date.now()
  const home = homeOf(options)
  const config = readConfig(options.config)
  await loadExternals(config, options.config)
  const span = readSpan(options.from, options.to)
  progress('reading the tape')
  if (config.universe.length === 0)
    throw new QuantbotError('CONFIG_INVALID', `${options.config}: universe: names no instrument to trade`)
  const tape = await prepareTape(home, config, span)
  if (tape.plan.bars === 0 && (tape.plan.feedRows ?? 0) === 0)
    throw new QuantbotError('LAKE_EMPTY', `no bar of the universe opens from ${options.from} to ${options.to}`)
  if (tape.absentFunding.length > 0)
    note(`no funding in the lake for ${tape.absentFunding.join(', ')}: stand-ins are used`)
  if (tape.absentFeeds.length > 0)
    note(`not in the lake: ${tape.absentFeeds.join(', ')}; what reads it has nothing to go by`)
  const id = options.run ?? freshRunId('backtest', startedAt)
  const deciders = catalogue(config, 'nextOpen')
  const run = makeRun({
    home,
    id,
    mode: 'backtest',
    log: 'derived',
    config,
    deciders,
    tape: tape.files,
    span,
    createdAt: startedAt,
  })
  const writer = openWriter(run, config)
  const sink = new LogSink(writer)
  const recorder = recorderFor(config, span)
  progress('deciding')
  const begun = performance.now()
  let outcome: ReturnType<typeof runBacktest>
  try {
    outcome = runBacktest({ config, plan: tape.plan, history: tape.history, sink, recorder })
  } finally {
    await writer.close({ seal: true })
  }
  const wallMs = performance.now() - begun
  endProgress()
  await reportBacktest({
    home,
    options,
    config,
    span,
    tape,
    run,
    outcome,
    sink,
    recording: recorder.finish(span.toDay),
    wallMs,
    startedAt,
  })
}
