/**
 * Owns what a viewer may ask of a run: one pass over the committed log that goes on for as long as the log grows, and every state in
 * between again from keyframes. Reads the run folder alone; never writes; yields to the thread that it shares.
 */
import { QuantbotError } from '#core/errors'
import { forEachLine, readSeq, readTs } from '#events/log/chain'
import { RunFacts as AuditFacts } from '../run-facts.js'
import { BarStore } from './bar-store.js'
import { barsOf } from './bars.js'
import { searchEvents } from './event-search.js'
import { explainFast } from './explain-fast.js'
import { factsOf, limitsOf } from './facts.js'
import { jumpTo } from './jumps.js'
import { Keyframes } from './keyframes.js'
import { LogBlocks } from './log-blocks.js'
import { LogPass } from './log-pass.js'
import { MarkStore } from './mark-store.js'
import { type Limits, renderState } from './render.js'
import type { RunView, RunViewOptions, ViewFigures } from './run-view.port.js'
import { SeriesFeed } from './series-feed.js'
import { SeriesStore } from './series-store.js'
import type {
  BarsDoc,
  EventPage,
  EventQuery,
  Head,
  MarksDoc,
  RunFacts,
  SeriesDoc,
  SeriesQuery,
  ViewState,
} from './view.port.js'
import { type Folded, ViewFold } from './view-fold.js'

export type { RunView, RunViewOptions } from './run-view.port.js'

/** MANIFEST_INVALID; LOG_CORRUPT where the log cannot even be begun. Nothing is read before `start`. */
export function openRunView(options: RunViewOptions): RunView {
  return new LogView(options)
}

class LogView implements RunView {
  readonly #options: RunViewOptions
  readonly #pass: LogPass
  readonly #facts: RunFacts
  readonly #words: AuditFacts
  readonly #limits: Limits
  readonly #fold: ViewFold
  readonly #jumpFold: ViewFold
  readonly #keyframes: Keyframes
  readonly #blocks: LogBlocks
  readonly #series = new SeriesStore()
  readonly #bars = new BarStore()
  readonly #marks: MarkStore
  readonly #folded: Folded
  /** False where a fold threw and left the state in hand amid a group: then every state is folded anew. */
  #isWhole = true

  constructor(options: RunViewOptions) {
    const { book } = options
    this.#options = options
    this.#pass = new LogPass(options)
    const { manifest } = this.#pass.read
    const { point } = this.#pass.from
    this.#facts = factsOf(manifest, point.seq + 1)
    this.#words = new AuditFacts(manifest)
    this.#limits = limitsOf(manifest)
    this.#marks = new MarkStore(this.#words)
    const agents = manifest.agents.map(({ name }) => name)
    const what = { book, log: manifest.log, agents, createdAt: manifest.createdAt }
    this.#fold = new ViewFold({ ...what, parsesAll: options.onEvents !== undefined })
    this.#jumpFold = new ViewFold({ ...what, parsesAll: false })
    this.#keyframes = new Keyframes(options.keyframes)
    this.#blocks = new LogBlocks(point, (from) => this.#pass.readerFrom(from), options.blocks)
    this.#folded = this.#initial()
    this.#keyframes.offer(point.seq, this.#folded)
    this.#followPass()
  }

  /** What is done with each group of the pass. */
  #followPass(): void {
    const feed = new SeriesFeed(this.#series)
    this.#pass.onGroup = (group) => {
      this.#isWhole = false
      const events = this.#fold.group(this.#folded, group.lines, Number.POSITIVE_INFINITY, (step, folded, figures) => {
        feed.take(step, folded, figures)
        for (let i = 0; i < step.length; i++) {
          const event = step[i]!
          if (event.type === 'BarClosed') this.#bars.append(event)
          else this.#marks.take(event)
        }
      })
      this.#isWhole = true
      if (this.#blocks.add(group, this.#fold.middles)) this.#keyframes.offer(group.commit.lastSeq, this.#folded)
      return events
    }
    this.#pass.hasRoom = () => this.#blocks.settled()
  }

  facts(): RunFacts {
    return this.#facts
  }

  head(): Head {
    return this.#pass.head
  }

  onHead(fn: (head: Head) => void): () => void {
    return this.#pass.onHead(fn)
  }

  start(): void {
    this.#pass.start()
  }

  committed(lastSeq: number): void {
    this.#pass.committed(lastSeq)
  }

  close(): Promise<void> {
    return this.#pass.close()
  }

  caughtUp(seq?: number): Promise<void> {
    return this.#pass.caughtUp(seq)
  }

  figures(): ViewFigures {
    const { count: keyframes, bytes: keyframeBytes, every: keyframeEvents } = this.#keyframes
    return {
      keyframes,
      keyframeBytes,
      keyframeEvents,
      blocks: this.#blocks.count,
      packedBytes: this.#blocks.packedBytes,
    }
  }

  async state(seq?: number): Promise<ViewState> {
    const { head } = this.#pass
    const at = this.#checked(seq ?? head.seq)
    const folded = at === head.seq && this.#isWhole ? this.#folded : await this.#jump(at)
    return renderState(folded.view, this.#options.book.book(folded.book), this.#limits, this.#facts.firstSeq > 1)
  }

  async series(query: SeriesQuery): Promise<SeriesDoc> {
    return this.#series.query(query)
  }

  bars(query: Parameters<RunView['bars']>[0]): Promise<BarsDoc> {
    const { history } = this.#options
    const parts = { store: this.#bars, interval: this.#facts.interval, history, tsAt: (seq: number) => this.#tsAt(seq) }
    return barsOf(parts, query)
  }

  async marks({ instrument, after, until }: Parameters<RunView['marks']>[0]): Promise<MarksDoc> {
    return this.#marks.query(instrument, after, until)
  }

  events(query: EventQuery): Promise<EventPage> {
    const { firstSeq } = this.#facts
    const headSeq = this.#pass.head.seq
    const { searchBytes: maxBytes } = this.#options
    const bound = maxBytes === undefined ? {} : { maxBytes }
    return searchEvents({ blocks: this.#blocks, facts: this.#words, firstSeq, headSeq, ...bound }, query)
  }

  explain(target: string): Promise<unknown> {
    const { runDir } = this.#options
    const { firstSeq } = this.#facts
    const headSeq = this.#pass.head.seq
    const at = async (seq: number) => (await this.#jump(seq)).view
    return explainFast({ runDir, facts: this.#words, blocks: this.#blocks, firstSeq, headSeq, at }, target)
  }

  #initial(): Folded {
    const folded = this.#fold.initial()
    folded.view.seq = this.#pass.from.point.seq
    folded.view.ts = this.#pass.from.lastTs
    return folded
  }

  #jump(seq: number): Promise<Folded> {
    const [fold, keyframes, blocks] = [this.#jumpFold, this.#keyframes, this.#blocks]
    return jumpTo({ fold, keyframes, blocks, initial: () => this.#initial() }, seq)
  }

  #checked(seq: number): number {
    const { firstSeq } = this.#facts
    const last = this.#pass.head.seq
    if (Number.isSafeInteger(seq) && seq <= last && seq >= firstSeq - 1) return seq
    throw new QuantbotError(
      'SEQ_OUT_OF_RANGE',
      `${this.#options.runDir} was read from seq ${firstSeq} to ${last}, not ${seq}`,
    )
  }

  /** Time of the newest event up to `seq`. */
  async #tsAt(seq: number): Promise<number> {
    const at = this.#checked(Math.min(seq, this.#pass.head.seq))
    const index = this.#blocks.indexOf(at)
    let newest = index === 0 ? this.#pass.from.lastTs : this.#blocks.at(index - 1).lastTs
    forEachLine(await this.#blocks.read(index), (bytes, start, end) => {
      if (readSeq(bytes, start, end) <= at) newest = readTs(bytes, start, end)
    })
    return newest
  }
}
