/**
 * Owns deciding the inputs of a full log again: recorded inputs in, every line compared by bytes. Never asks a clock, a
 * market or a venue. States may be looked at after any seq.
 */
import type { AnyDecider } from '#actors/catalogue'
import { type Divergence, LineComparison } from '#engine/comparison'
import { Dispatcher, type Input } from '#engine/dispatcher'
import type { AnyEvent } from '#events/catalogue'
import { parseTrusted } from '#events/codec'
import { LineBuffer } from '#events/line-buffer'
import { forEachLine, LogCursor } from '#events/log/reader'
import { RecordedLines } from './recorded-lines.js'

export interface RedecideOptions {
  readonly runDir: string
  readonly deciders: readonly AnyDecider[]
  readonly runSeed: number
  /** What was evolved before the first event of the log. */
  readonly history?: Iterable<Input>
  /** State of a faulted agent at the input that restored it. */
  readonly restored?: (agent: string, event: AnyEvent) => unknown
  /** Stops after the step that reaches this seq. */
  readonly untilSeq?: number
}

export interface Redecision {
  readonly dispatcher: Dispatcher
  readonly divergence: Divergence | undefined
  readonly derivedEvents: number
}

export function redecideLog(options: RedecideOptions): Redecision {
  const lines = new LineBuffer(1 << 20)
  const { runDir, deciders, runSeed, restored } = options
  const untilSeq = options.untilSeq ?? Number.POSITIVE_INFINITY
  const dispatcher = new Dispatcher({ deciders, runSeed, lines, log: 'full', startRunning: false })
  for (const input of options.history ?? []) dispatcher.warm(input)
  const recorded = new RecordedLines(runDir)
  const comparison = new LineComparison(recorded.next)
  const cursor = new LogCursor(runDir)
  try {
    let goOn = true
    while (goOn && cursor.next()) {
      forEachLine(cursor.lines(), (bytes, start, end) => {
        if (!goOn || !isInput(bytes, start, end)) return
        if (dispatcher.seq >= untilSeq) {
          goOn = false
          return
        }
        const event = parseTrusted(bytes.toString('utf8', start, end))
        if (event.type === 'AgentRestored' && restored !== undefined)
          dispatcher.restore(event.data.agent, restored(event.data.agent, event))
        dispatcher.step(event)
        goOn = comparison.take(lines.view())
        lines.truncate(0)
      })
    }
    if (goOn && untilSeq === Number.POSITIVE_INFINITY) comparison.end()
  } finally {
    cursor.close()
    recorded.close()
  }
  return { dispatcher, divergence: comparison.divergence, derivedEvents: dispatcher.derived }
}

const CAUSE_ZERO = Buffer.from(',"cause":0,"data":')

/** Whether the envelope of a line says `cause` 0; the envelope stands before any text that could look like it. */
function isInput(bytes: Buffer, start: number, end: number): boolean {
  const at = bytes.indexOf(CAUSE_ZERO, start)
  if (at < 0 || at >= end) return false
  return bytes.indexOf(',"cause":', start) === at
}
