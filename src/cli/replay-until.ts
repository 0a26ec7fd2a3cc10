/** Owns `replay --until SEQ`: every agent's state after the step that holds a seq. */
import { catalogue } from '#actors/catalogue'
import { redecideLog } from '#backtest/redecide-log'
import { runBacktest } from '#backtest/run-backtest'
import { FingerprintSink } from '#backtest/sinks'
import { QuantbotError } from '#core/errors'
import type { Dispatcher } from '#engine/dispatcher'
import type { GlobalOptions } from './home.js'
import { openRecordedRun, type RecordedRun, tapeOf } from './recorded-run.js'
import { fillsOf } from './redecide-full-log.js'
import { restoredAgent } from './restored-agent.js'
import { historyOf } from './run-history.js'
import { endProgress, progress, say, sayJson } from './terminal.js'

export async function replayUntil(home: string, dir: string, until: string, options: GlobalOptions): Promise<void> {
  const seq = /^\d+$/.test(until) ? Number(until) : 0
  if (!Number.isSafeInteger(seq) || seq < 1)
    throw new QuantbotError('USAGE', `--until ${JSON.stringify(until)} is no seq`)
  const run = openRecordedRun(dir)
  progress('deciding again')
  const dispatcher = run.manifest.log === 'derived' ? await stateOfTape(home, run, seq) : stateOfLog(run, seq)
  endProgress()
  if (dispatcher.seq < seq)
    throw new QuantbotError('SEQ_OUT_OF_RANGE', `the last seq of ${run.manifest.run} is ${dispatcher.seq}`)
  const agents = dispatcher.slots.map(({ decider, state, running }) => ({
    agent: decider.name,
    version: decider.version,
    running,
    state,
  }))
  if (options.json === true) {
    sayJson({ runId: run.manifest.run, until: seq, seq: dispatcher.seq, ts: dispatcher.ts, agents })
    return
  }
  say(
    `${run.manifest.run}: state after the step that ends at seq ${dispatcher.seq} (${new Date(dispatcher.ts).toISOString()})`,
  )
  for (const { agent, state } of agents) say(`\n${agent}\n${JSON.stringify(state, null, 1)}`)
}

async function stateOfTape(home: string, run: RecordedRun, untilSeq: number): Promise<Dispatcher> {
  const tape = await tapeOf(home, run)
  return runBacktest({
    config: run.config,
    plan: tape.plan,
    history: tape.history,
    sink: new FingerprintSink(),
    untilSeq,
  }).dispatcher
}

function stateOfLog(run: RecordedRun, untilSeq: number): Dispatcher {
  const deciders = catalogue(run.config, fillsOf(run.manifest.mode))
  const { dispatcher, divergence } = redecideLog({
    runDir: run.dir,
    deciders,
    runSeed: run.config.seed,
    history: historyOf(run),
    restored: restoredAgent(run, deciders),
    untilSeq,
  })
  if (divergence !== undefined)
    throw new QuantbotError(
      'REPLAY_DIVERGED',
      `${run.manifest.run}: decided again differs before seq ${untilSeq}: ${divergence.decided ?? '(nothing)'}`,
    )
  return dispatcher
}
