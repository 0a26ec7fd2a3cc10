/** Owns the redecide: inputs of a recorded run, decided again, compared byte by byte. */
import { RecordedLines } from '#backtest/recorded-lines'
import { runBacktest } from '#backtest/run-backtest'
import { ComparisonSink, Diverged } from '#backtest/sinks'
import { LineComparison } from '#engine/comparison'
import { fingerprintOf } from '#events/log/fingerprint'
import type { GlobalOptions } from './home.js'
import { openRecordedRun, type RecordedRun, tapeOf } from './recorded-run.js'
import { redecideFullLog } from './redecide-full-log.js'
import { historyOf } from './run-history.js'
import { endProgress, paint, progress, say, sayJson } from './terminal.js'

export interface Replay {
  readonly identical: boolean
  readonly fingerprint: string
  readonly derivedEvents: number
  readonly divergence: { readonly recorded: string | undefined; readonly decided: string | undefined } | undefined
  readonly wallMs: number
}

export async function replayAgain(home: string, dir: string, options: GlobalOptions): Promise<void> {
  const run = await openRecordedRun(dir)
  progress('deciding again')
  const replay =
    run.manifest.log === 'derived' ? await redecideTape(home, run) : redecideFullLog(run, await historyOf(home, run))
  endProgress()
  const { identical, fingerprint, derivedEvents, divergence } = replay
  const firstDivergence =
    divergence === undefined ? null : { recorded: parsed(divergence.recorded), decided: parsed(divergence.decided) }
  if (options.json === true)
    sayJson({
      runId: run.manifest.run,
      fingerprint,
      identical,
      derivedEvents,
      firstDivergence,
      wallMs: Math.round(replay.wallMs),
    })
  else {
    say(`run          ${run.manifest.run}`)
    say(`fingerprint  ${fingerprint}`)
    say(`derived      ${derivedEvents} events in ${(replay.wallMs / 1000).toFixed(2)} s`)
    if (divergence === undefined) say(paint('green', 'identical'))
    else {
      say(paint('red', 'DIFFERENT; first differing event:'))
      say(`  recorded  ${divergence.recorded ?? '(nothing: the record ends before)'}`)
      say(`  decided   ${divergence.decided ?? '(nothing: no such event is decided now)'}`)
    }
  }
  if (!identical) process.exitCode = 1
}

/** The run is decided again from the tape that its manifest names. The fingerprint printed is the record's own. */
export async function redecideTape(home: string, run: RecordedRun): Promise<Replay> {
  const tape = await tapeOf(home, run)
  const lines = new RecordedLines(run.dir)
  const comparison = new LineComparison(lines.next)
  const sink = new ComparisonSink(comparison)
  const begun = performance.now()
  try {
    runBacktest({ config: run.config, plan: tape.plan, history: tape.history, sink })
    comparison.end()
  } catch (error) {
    if (!(error instanceof Diverged)) throw error
  } finally {
    lines.close()
  }
  const wallMs = performance.now() - begun
  const divergence = comparison.divergence
  const identical = divergence === undefined
  return {
    identical,
    fingerprint: identical ? sink.fingerprint() : fingerprintOf(run.dir),
    derivedEvents: sink.events,
    divergence,
    wallMs,
  }
}

function parsed(line: string | undefined): unknown {
  return line === undefined ? null : JSON.parse(line)
}
