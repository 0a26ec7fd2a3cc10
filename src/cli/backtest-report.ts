/** Owns what `backtest` and what-ifs tell at the end: books of the signals alone, trials on record, tables, report.html, JSON. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PreparedTape } from '#backtest/prepare-tape'
import type { BacktestRecording } from '#backtest/recording'
import { renderReport } from '#backtest/report'
import { type BacktestOutcome, runBacktest } from '#backtest/run-backtest'
import { FingerprintSink } from '#backtest/sinks'
import { type BacktestStatistics, type StandAlone, statisticsJson, summarise } from '#backtest/statistics'
import { speechOf } from '#backtest/statistics-signal'
import { renderTables } from '#backtest/table'
import type { Config } from '#core/config/schema'
import { isoDay } from '#core/time'
import { appendTrials, readTrials } from '#data/trials'
import { configurationHash } from '#events/log/manifest'
import { enabledOverlays, enabledSignals, onlySignal, recorderFor, withoutSignal } from './backtest-recorder.js'
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
  const fingerprints = new Map([[run.manifest.configurationHash, sink.fingerprint()]])
  const books = options.standalone ? booksAlone(finished, fingerprints) : NO_BOOKS
  const configHash = run.manifest.configurationHash
  const stats = summarise(recording, { configHash, seed: config.seed, trials: readTrials(home), ...books })
  appendTrials(
    home,
    stats.trials.map((trial) => ({
      ...trial,
      fingerprint: fingerprints.get(trial.configHash) ?? '',
      at: new Date(finished.startedAt).toISOString(),
    })),
  )
  const report = join(run.dir, 'report.html')
  writeFileSync(report, reportOf(finished, stats, books.standAlone))
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
      ledgerGap: recording.ledgerGap,
      deposits: recording.transfers.reduce((sum, value) => sum + value, 0),
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

interface Books {
  readonly standAlone: readonly StandAlone[]
  readonly untested: readonly string[]
  readonly withoutOverlay: readonly StandAlone[]
}

const NO_BOOKS: Books = { standAlone: [], untested: [], withoutOverlay: [] }

/**
 * Each signal alone through risk and costs, the book that it is judged by, and the whole book without each overlay. A signal that never
 * had data in the blended run gets none. Nothing of them is logged but their fingerprints.
 */
function booksAlone({ config, span, tape, recording }: FinishedBacktest, fingerprints: Map<string, string>): Books {
  const overlays = enabledOverlays(config)
  const names = enabledSignals(config).filter((signal) => !overlays.includes(signal))
  const hasData = (signal: string) => speechOf(recording, signal)?.live.some((live) => live === 1) === true
  const untested = names.filter((signal) => !hasData(signal))
  const tested = names.filter((signal) => !untested.includes(signal))
  const acting = overlays.filter(hasData)
  const count = tested.length + acting.length
  let done = 0
  const book = (signal: string, own: Config, what: string): StandAlone => {
    progress(`deciding ${what} (${++done} of ${count})`)
    const sink = new FingerprintSink()
    const recorder = recorderFor(own, span)
    runBacktest({ config: own, plan: tape.plan, history: tape.history, sink, recorder })
    const configHash = configurationHash(configurationJson(own))
    fingerprints.set(configHash, sink.fingerprint())
    return { signal, recording: recorder.finish(span.toDay), configHash }
  }
  const standAlone = tested.map((signal) => book(signal, onlySignal(config, signal), `${signal} alone`))
  const without = acting.map((signal) => book(signal, withoutSignal(config, signal), `without ${signal}`))
  endProgress()
  const silent = overlays.filter((signal) => !acting.includes(signal))
  return {
    standAlone,
    untested,
    // An overlay that never spoke changed nothing: the book without it is the book.
    withoutOverlay: [...without, ...silent.map((signal) => ({ signal, recording }))],
  }
}

function reportOf(
  { config, span, tape, run, sink, recording }: FinishedBacktest,
  stats: BacktestStatistics,
  standAlone: readonly StandAlone[],
): string {
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
    standAlone,
  })
}
