/** Owns what `backtest` and what-ifs tell at the end: books of the signals alone, trials on record, tables, report.html, JSON. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PreparedTape } from '#backtest/prepare-tape'
import type { BacktestRecording } from '#backtest/recording'
import { renderReport } from '#backtest/report'
import { type BacktestOutcome, runBacktest } from '#backtest/run-backtest'
import { FingerprintSink } from '#backtest/sinks'
import { type BacktestStatistics, PORTFOLIO, type StandAlone, statisticsJson, summarise } from '#backtest/statistics'
import { renderTables } from '#backtest/table'
import type { Config } from '#core/config/schema'
import { isoDay } from '#core/time'
import { appendTrials, readTrials } from '#data/trials'
import { configurationHash } from '#events/log/manifest'
import { enabledSignals, onlySignal, recorderFor } from './backtest-recorder.js'
import type { GlobalOptions } from './home.js'
import { configurationJson, type MadeRun } from './new-run.js'
import type { DaySpan } from './spans.js'
import { endProgress, progress, say, sayJson } from './terminal.js'

export interface FinishedBacktest {
  readonly home: string
  readonly options: GlobalOptions & { readonly standalone: boolean }
  readonly config: Config
  readonly span: DaySpan
  readonly tape: PreparedTape
  readonly run: MadeRun
  readonly outcome: BacktestOutcome
  readonly sink: FingerprintSink
  readonly recording: BacktestRecording
  readonly wallMs: number
  readonly startedAt: number
}

/** Writes report.html and the trials, prints table or JSON. */
export function reportBacktest(finished: FinishedBacktest): void {
  const { home, options, config, run, outcome, sink, recording, wallMs } = finished
  const fingerprints = new Map([[PORTFOLIO, sink.fingerprint()]])
  const standAlone = options.standalone ? booksAlone(finished, fingerprints) : []
  const configHash = run.manifest.configurationHash
  const stats = summarise(recording, { configHash, seed: config.seed, trials: readTrials(home), standAlone })
  appendTrials(
    home,
    stats.trials.map((trial) => ({
      ...trial,
      fingerprint: fingerprints.get(trial.signal) ?? '',
      at: new Date(finished.startedAt).toISOString(),
    })),
  )
  const report = join(run.dir, 'report.html')
  writeFileSync(report, reportOf(finished, stats))
  const barsPerSecond = Math.round(outcome.bars / (wallMs / 1000))
  if (options.json === true) {
    const { bars, derivedEvents, inputs } = outcome
    sayJson({
      runId: run.manifest.run,
      fingerprint: sink.fingerprint(),
      bars,
      barsPerSecond,
      wallMs: Math.round(wallMs),
      inputs,
      derivedEvents,
      totalWallMs: Date.now() - finished.startedAt,
      dir: run.dir,
      report,
      configurationHash: configHash,
      ...statisticsJson(stats),
    })
    return
  }
  say(renderTables(stats, { width: process.stdout.columns ?? 120, color: process.stdout.isTTY === true }))
  say(
    `run          ${run.manifest.run}\nfolder       ${run.dir}\nreport       ${report}\nfingerprint  ${sink.fingerprint()}`,
  )
  say(
    `${outcome.bars} bars in ${(wallMs / 1000).toFixed(2)} s: ${barsPerSecond} bars/s, ${outcome.derivedEvents} events decided`,
  )
}

/** Each signal alone through risk and costs: the book it is judged by. Nothing of it is logged but its fingerprint. */
function booksAlone({ config, span, tape }: FinishedBacktest, fingerprints: Map<string, string>): StandAlone[] {
  const books = enabledSignals(config).map((signal) => {
    progress(`deciding ${signal} alone`)
    const own = onlySignal(config, signal)
    const sink = new FingerprintSink()
    const recorder = recorderFor(own, span)
    runBacktest({ config: own, plan: tape.plan, history: tape.history, sink, recorder })
    fingerprints.set(signal, sink.fingerprint())
    return { signal, recording: recorder.finish(span.toDay), configHash: configurationHash(configurationJson(own)) }
  })
  endProgress()
  return books
}

function reportOf({ config, span, tape, run, sink, recording }: FinishedBacktest, stats: BacktestStatistics): string {
  const { proxyDays, instrumentDays } = tape.plan
  return renderReport(stats, recording, {
    runId: run.manifest.run,
    fingerprint: sink.fingerprint(),
    configHash: run.manifest.configurationHash,
    from: isoDay(span.fromDay),
    to: isoDay(span.toDay),
    seed: config.seed,
    proxyShare: instrumentDays === 0 ? 0 : proxyDays / instrumentDays,
    absentFunding: tape.absentFunding,
    benchmarkCostBps: config.execution.takerFeeBps + config.execution.halfSpreadBps,
    codeVersion: run.manifest.codeVersion,
  })
}
