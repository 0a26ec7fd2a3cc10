/**
 * Owns what signals say on a tape: they and the data agents run, nobody who blends, sizes or trades. Never writes a log.
 */
import { type AnyDecider, catalogue } from '#actors/catalogue'
import type { Config } from '#core/config/schema'
import { QuantbotError } from '#core/errors'
import { Dispatcher } from '#engine/dispatcher'
import type { AnyEvent, EventNamed } from '#events/catalogue'
import { LineBuffer } from '#events/line-buffer'
import { type GroupSink, TapeDriver } from './tape-driver.js'
import type { TapePlan } from './tape-plan.js'

const WORDS = ['SignalChanged', 'PackageChanged', 'RegimeChanged', 'CascadeWarningChanged'] as const
export type Word = EventNamed<(typeof WORDS)[number]>

const isWord = (event: AnyEvent): event is Word => (WORDS as readonly string[]).includes(event.type)

/** Rooms of agents that speak of markets: nobody of them hears of orders. */
const SPEAKERS = /^(?:market|data|signal)\//

/** The agents of a configuration that signals need, and the signals themselves; `signals`: agent names, all when left out. */
export function speakers(config: Config, signals?: ReadonlySet<string>): AnyDecider[] {
  const found = catalogue(config, 'nextOpen').filter(
    ({ name }) => SPEAKERS.test(name) && (!name.startsWith('signal/') || signals === undefined || signals.has(name)),
  )
  const names = new Set(found.map(({ name }) => name))
  return found.map((decider) => ({
    ...decider,
    dependencies: decider.dependencies.filter((name) => names.has(name)),
  }))
}

/** Agent names of the signals among deciders, in their order. */
export const signalNames = (deciders: readonly AnyDecider[]): string[] =>
  deciders.flatMap(({ name }) => (name.startsWith('signal/') ? [name] : []))

export interface Listening {
  readonly config: Config
  readonly deciders: readonly AnyDecider[]
  readonly plan: TapePlan
  readonly history: TapePlan
  readonly onWord: (word: Word) => void
}

const NOWHERE: GroupSink = { group: () => undefined }

/** Decides a tape and tells every word of a signal. AGENT_FAULTED names the agent that threw. */
export function listen({ config, deciders, plan, history, onWord }: Listening): void {
  const lines = new LineBuffer(1 << 20)
  const driver = new TapeDriver({
    plan,
    lines,
    sink: NOWHERE,
    groupEvents: config.log.groupEvents,
    onEvent: (event) => {
      if (event.type === 'AgentFaulted')
        throw new QuantbotError(
          'AGENT_FAULTED',
          `${event.data.agent} threw (${event.data.code}, ${event.data.phase}) on seq ${event.data.at}`,
        )
      if (isWord(event)) onWord(event)
    },
  })
  const dispatcher = new Dispatcher({
    deciders,
    runSeed: config.seed,
    lines,
    log: 'derived',
    startRunning: true,
    observe: driver.observe,
  })
  TapeDriver.warm(dispatcher, history)
  driver.run(dispatcher)
}

/** What was said, without the places in the log that it stands on: another signal's words would move those. */
export function textOf({ type, ts, data }: Word): string {
  const { inputs, ...said } = data
  return JSON.stringify({ ts, type, data: said })
}
