/**
 * Owns what a viewer may ask of a run: one pass over the committed log that goes on for as long as the log grows, and every state in
 * between again from keyframes. Reads the run folder alone; never writes; yields to the thread that it shares.
 */
import { QuantbotError } from '#core/errors'
import { explain } from '../explain.js'
import { factsOf, limitsOf } from './facts.js'
import { jumpTo } from './jumps.js'
import { Keyframes } from './keyframes.js'
import { LogPass } from './log-pass.js'
import { renderState } from './render.js'
import type { RunView, RunViewOptions } from './run-view.port.js'
import type { ViewState } from './view.port.js'
import { type Folded, ViewFold } from './view-fold.js'

export type { RunView, RunViewOptions } from './run-view.port.js'

/** MANIFEST_INVALID; LOG_CORRUPT where the log cannot even be begun. Nothing is read before `start`. */
export function openRunView(options: RunViewOptions): RunView {
  const { book, runDir } = options
  const pass = new LogPass(options)
  const { manifest } = pass.read
  const { point, lastTs } = pass.from
  const facts = factsOf(manifest, point.seq + 1)
  const limits = limitsOf(manifest)
  const agents = manifest.agents.map(({ name }) => name)
  const what = { book, log: manifest.log, agents, createdAt: manifest.createdAt }
  const fold = new ViewFold({ ...what, parsesAll: options.onEvents !== undefined })
  const jumpFold = new ViewFold({ ...what, parsesAll: false })
  const keyframes = new Keyframes(options.keyframes)
  const initial = (): Folded => {
    const folded = fold.initial()
    folded.view.seq = point.seq
    folded.view.ts = lastTs
    return folded
  }
  const parts = {
    fold: jumpFold,
    keyframes,
    start: point,
    initial,
    readerFrom: (from: typeof point) => pass.readerFrom(from),
  }
  const folded = initial()
  keyframes.offer(point, folded)
  // A fold that threw left the state in hand amid a group: then every state is folded anew.
  let isWhole = true
  pass.onGroup = ({ lines }) => {
    isWhole = false
    const events = fold.group(folded, lines, Number.POSITIVE_INFINITY)
    isWhole = true
    return events
  }
  pass.onCommit = (reached) => keyframes.offer(reached, folded)

  return {
    facts: () => facts,
    head: () => pass.head,
    onHead: (fn) => pass.onHead(fn),
    start: () => pass.start(),
    committed: (lastSeq) => pass.committed(lastSeq),
    close: () => pass.close(),
    caughtUp: (seq) => pass.caughtUp(seq),
    async state(seq): Promise<ViewState> {
      const { head } = pass
      const at = seq ?? head.seq
      if (!Number.isSafeInteger(at) || at > head.seq || at < facts.firstSeq - 1) {
        const detail = `${runDir} has been read from seq ${facts.firstSeq} to ${head.seq}, not ${at}`
        throw new QuantbotError('SEQ_OUT_OF_RANGE', detail)
      }
      const there = at === head.seq && isWhole ? folded : await jumpTo(parts, at)
      return renderState(there.view, book.book(there.book), limits, facts.firstSeq > 1)
    },
    explain: async (target) => explain(runDir, target),
    series: () => Promise.reject(new QuantbotError('USAGE', 'series')),
    bars: () => Promise.reject(new QuantbotError('USAGE', 'bars')),
    marks: () => Promise.reject(new QuantbotError('USAGE', 'marks')),
    events: () => Promise.reject(new QuantbotError('USAGE', 'events')),
  }
}
