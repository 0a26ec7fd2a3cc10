/** Owns `replay --until SEQ`: every agent's state at a seq. Full logs are refolded, derived ones decided again from the tape. */
import { refoldUntil } from '#actors/refold-log'
import { runBacktest } from '#backtest/run-backtest'
import { FingerprintSink } from '#backtest/sinks'
import { QuantbotError } from '#core/errors'
import { findSeq, forEachGroup } from '#events/log/reader'
import type { GlobalOptions } from './home.js'
import { openRecordedRun, type RecordedRun, tapeOf } from './recorded-run.js'
import { refoldOptions } from './restored-agent.js'
import { historyOf } from './run-history.js'
import { endProgress, progress, say, sayJson } from './terminal.js'

export async function replayUntil(home: string, dir: string, until: string, options: GlobalOptions): Promise<void> {
  const seq = /^\d+$/.test(until) ? Number(until) : 0
  if (!Number.isSafeInteger(seq) || seq < 1)
    throw new QuantbotError('USAGE', `--until ${JSON.stringify(until)} is no seq`)
  const run = await openRecordedRun(dir)
  progress('finding the states')
  const states = run.manifest.log === 'derived' ? await statesOfTape(home, run, seq) : await statesOfLog(home, run, seq)
  endProgress()
  const agents = [...states].map(([agent, state]) => ({ agent, state }))
  if (options.json === true) {
    sayJson({ runId: run.manifest.run, until: seq, agents })
    return
  }
  say(`${run.manifest.run}: every agent's state at seq ${seq}`)
  for (const { agent, state } of agents) say(`\n${agent}\n${JSON.stringify(state, null, 1)}`)
}

type States = ReadonlyMap<string, unknown>

/** After the whole step that reaches the seq: inputs of a derived log take seqs without a line. */
async function statesOfTape(home: string, run: RecordedRun, untilSeq: number): Promise<States> {
  const { plan, history } = await tapeOf(home, run)
  const { dispatcher } = runBacktest({ config: run.config, plan, history, sink: new FingerprintSink(), untilSeq })
  if (dispatcher.seq < untilSeq) throw beyond(run, dispatcher.seq)
  return new Map(dispatcher.slots.map(({ decider, state }) => [decider.name, state]))
}

async function statesOfLog(home: string, run: RecordedRun, seq: number): Promise<States> {
  if (findSeq(run.dir, seq) === undefined) {
    let last = 0
    forEachGroup(run.dir, (_, commit) => {
      last = commit.lastSeq
    })
    throw beyond(run, last)
  }
  return refoldUntil(refoldOptions(run, await historyOf(home, run)), seq)
}

const beyond = (run: RecordedRun, last: number): QuantbotError =>
  new QuantbotError('SEQ_OUT_OF_RANGE', `the last seq of ${run.manifest.run} is ${last}`)
