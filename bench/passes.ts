/** Owns one measured pass of a tape: decided into a synced log, decided without one, decided again against a log. */
import { RecordedLines } from '#backtest/recorded-lines'
import { type BacktestOutcome, runBacktest } from '#backtest/run-backtest'
import { ComparisonSink, FingerprintSink, LogSink } from '#backtest/sinks'
import type { GroupSink } from '#backtest/tape-driver'
import { LineComparison } from '#engine/comparison'
import { LogWriter } from '#events/log/writer'
import { scratchRun } from './scratch.js'
import type { MemoryTape } from './sim-tape.js'

export interface Pass {
  readonly ms: number
  /** Of all threads, so that help from other cores shows. */
  readonly cpuMs: number
  readonly bars: number
  readonly events: number
  readonly fingerprint: string
}

function measured(tape: MemoryTape, sink: FingerprintSink & GroupSink, end: () => void = () => undefined): Pass {
  const { config, plan, history } = tape
  const cpu = process.cpuUsage()
  const begun = performance.now()
  const outcome: BacktestOutcome = runBacktest({ config, plan, history, sink })
  end()
  const ms = performance.now() - begun
  const { user, system } = process.cpuUsage(cpu)
  const { bars, derivedEvents } = outcome
  return { ms, cpuMs: (user + system) / 1000, bars, events: derivedEvents, fingerprint: sink.fingerprint() }
}

/** Chained and synced; the log is left behind in `dir`. */
export async function passLogged(home: string, id: string, tape: MemoryTape): Promise<Pass & { readonly dir: string }> {
  const { dir, signer } = scratchRun(home, id, 'derived')
  const { writer } = LogWriter.open(dir, { signer })
  try {
    return { ...measured(tape, new LogSink(writer)), dir }
  } finally {
    await writer.close({ seal: false })
  }
}

/** Lines are encoded and hashed, and go nowhere. */
export function passUnlogged(tape: MemoryTape): Pass {
  return measured(tape, new FingerprintSink())
}

/** Compared byte by byte with the log in `dir`; throws at the first difference. */
export function passAgain(dir: string, tape: MemoryTape): Pass {
  const recorded = new RecordedLines(dir)
  const comparison = new LineComparison(recorded.next)
  try {
    return measured(tape, new ComparisonSink(comparison), () => {
      if (!comparison.end()) throw new Error(`decided otherwise: ${JSON.stringify(comparison.divergence)}`)
    })
  } finally {
    recorded.close()
  }
}
