/** Owns one pass of a tape through the whole pipeline. Never reads files or clocks; the caller brings tape, sink and recorder. */
import { catalogue } from '#actors/catalogue'
import type { Config } from '#core/config/schema'
import { QuantbotError } from '#core/errors'
import { DAY_MS, isAligned } from '#core/time'
import { Dispatcher, type Input } from '#engine/dispatcher'
import type { AnyEvent } from '#events/catalogue'
import { LineBuffer } from '#events/line-buffer'
import { equity, type RiskState } from '#risk/engine.decider'
import { priceOf } from '#risk/instruments/accounts'
import { findLeg, findPackage, markOf } from '#risk/packages/package-state'
import type { Recorder } from './recorder.js'
import { type GroupSink, TapeDriver } from './tape-driver.js'
import type { RecordedCommand } from './tape-from-log.js'
import type { TapePlan } from './tape-plan.js'

export interface BacktestInputs {
  readonly config: Config
  readonly plan: TapePlan
  /** Bars before the span: evolved, never decided on. */
  readonly history?: TapePlan
  /** The same as inputs, of a run whose history is no tape. */
  readonly historyInputs?: Iterable<Input>
  readonly sink: GroupSink
  readonly recorder?: Recorder
  readonly commands?: readonly RecordedCommand[]
  readonly untilSeq?: number
}

export interface BacktestOutcome {
  readonly dispatcher: Dispatcher
  readonly bars: number
  readonly inputs: number
  readonly derivedEvents: number
  /** False when `untilSeq` stopped it. */
  readonly finished: boolean
}

/** Decides a whole tape. A decider that throws ends it: AGENT_FAULTED names agent and seq. */
export function runBacktest(inputs: BacktestInputs): BacktestOutcome {
  const { config, plan, history, historyInputs, sink, recorder, commands, untilSeq } = inputs
  const lines = new LineBuffer(1 << 22)
  const faults: AnyEvent[] = []
  const driver = new TapeDriver({
    plan,
    lines,
    sink,
    groupEvents: config.log.groupEvents,
    ...(recorder === undefined ? {} : { onInstant: dayRecorder(() => dispatcher, recorder) }),
    onEvent: (event) => {
      if (event.type === 'AgentFaulted') faults.push(event)
      recorder?.observe(event)
    },
    ...(commands === undefined ? {} : { commands }),
    ...(untilSeq === undefined ? {} : { untilSeq }),
  })
  const dispatcher: Dispatcher = new Dispatcher({
    deciders: catalogue(config, 'nextOpen'),
    runSeed: config.seed,
    lines,
    log: 'derived',
    startRunning: true,
    observe: driver.observe,
  })
  const risk = (): RiskState => dispatcher.stateOf<RiskState>('risk/engine')
  recorder?.priceCoins(
    (currency) => priceOf(risk(), currency),
    (pkg, instrument) => legMark(risk(), pkg, instrument),
  )
  if (history !== undefined) TapeDriver.warm(dispatcher, history)
  for (const input of historyInputs ?? []) dispatcher.warm(input)
  const finished = driver.run(dispatcher)
  const fault = faults[0]
  if (fault?.type === 'AgentFaulted')
    throw new QuantbotError(
      'AGENT_FAULTED',
      `${fault.data.agent} threw (${fault.data.code}, ${fault.data.phase}) on seq ${fault.data.at}`,
    )
  return { dispatcher, bars: plan.bars, inputs: driver.inputs, derivedEvents: dispatcher.derived, finished }
}

/** What risk takes a leg to be worth now; 0 where it holds no such leg. */
function legMark(state: RiskState, pkg: string, instrument: string): number {
  const own = findPackage(state, pkg)
  const leg = own && findLeg(own, instrument)
  return leg === undefined ? 0 : markOf(state, leg)
}

function dayRecorder(dispatcher: () => Dispatcher, recorder: Recorder): (ts: number) => void {
  return (ts) => {
    if (isAligned(ts, DAY_MS)) recorder.day(ts, equity(dispatcher().stateOf<RiskState>('risk/engine')))
  }
}
