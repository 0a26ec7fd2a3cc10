/**
 * Owns telling people what committed events mean: events to notes, notes to groups, groups to letters on disk, letters to sinks. The log
 * is the source: what was not on disk at a kill is made again from it. Never throws, never waits for a sink.
 */
import { MINUTE_MS, SECOND_MS } from '#core/time'
import { wait } from '#core/wait'
import type { AnyEvent } from '#events/catalogue'
import { type RulePolicy, rollDay, tick } from './conditions.js'
import { askDigest, type DigestAnswers, digestNote, NO_ANSWERS } from './digest.js'
import { emailSink } from './email.js'
import { type Lane, laneOf, lettersOf, nextOf } from './lane.js'
import type { Note } from './note.js'
import type { Notifier, NotifierOptions, NotifyHead, NotifyStatus } from './notify.port.js'
import type { DigestDue } from './notify-state.js'
import { admit } from './routing.js'
import { messagesOf } from './rules.js'
import { noteOfFault } from './rules-process.js'
import type { Sink } from './sink-queue.js'
import { slackSink } from './slack.js'
import { emptySink, emptyStored, openStored, type StoredNotifier, writeStored } from './store.js'

/** Ours. What comes within the first becomes one write; the position is written after the second where nothing else asks for it. */
const GATHER_MS = 200
const SAVE_MS = 5 * SECOND_MS
const DIGEST_MS = 20 * SECOND_MS
const DRAIN_MS = 5 * SECOND_MS
const LAST_DIGESTS_MS = 2 * SECOND_MS

/** The sinks that the configuration names. */
export function sinksOf(options: Pick<NotifierOptions, 'config' | 'secrets' | 'facts' | 'time'>): Sink[] {
  const { config, secrets, facts, time } = options
  const sinks: Sink[] = []
  if (config.email !== undefined) sinks.push(emailSink(config.email, secrets.email, facts))
  if (config.slack !== undefined && secrets.slack !== undefined)
    sinks.push(slackSink(secrets.slack.webhook, facts, time))
  return sinks
}

/** Errors of the system where the folder cannot be made or read. Does nothing, and makes no folder, where nobody is to be told. */
export function createNotifier(options: NotifierOptions): Notifier {
  const { config, facts } = options
  const isTold = config.modes.some((mode) => mode === facts.mode)
  const sinks = isTold ? sinksOf(options) : []
  return sinks.length === 0 ? SILENT : new RunNotifier(options, sinks)
}

const SILENT: Notifier = {
  take: () => undefined,
  start: () => undefined,
  stop: async () => undefined,
  status: () => ({ position: 0, sinks: [] }),
}

export class RunNotifier implements Notifier {
  readonly #options: NotifierOptions
  readonly #policy: RulePolicy
  readonly #stored: StoredNotifier
  readonly #lanes: readonly Lane[]
  readonly #after: number
  #position: number
  #savedAt: number
  #isChanged = false
  #isStopped = false
  #timer: (() => void) | undefined
  #timerAt = Number.POSITIVE_INFINITY
  #digesting: Promise<void> | undefined
  /** Time of the run minus that of the machine, when events came last. */
  #offset: number | undefined
  #wasUnusable = false
  /** Ends what a digest waits for. */
  readonly #over = new AbortController()

  constructor(options: NotifierOptions, sinks: readonly Sink[]) {
    const { config, folder, facts, after = 0, time } = options
    this.#options = options
    this.#policy = {
      repeatMs: config.repeatMinutes * MINUTE_MS,
      feedDownMs: config.feedDownSeconds * SECOND_MS,
      unknownMs: config.unknownSeconds * SECOND_MS,
      digestHourUtc: config.digestHourUtc,
      currency: facts.currency,
    }
    const stored = openStored(folder, () => this.#unusable('the position was unreadable and is set aside'))
    this.#stored = stored ?? emptyStored()
    this.#after = stored === null ? after : 0
    this.#position = this.#stored.rules.seq
    this.#savedAt = time.now()
    this.#lanes = sinks.map((sink) => {
      const state = this.#stored.sinks[sink.name] ?? emptySink()
      this.#stored.sinks[sink.name] = state
      return laneOf(this.#watched(), sink, state, stored !== null)
    })
  }

  take(events: readonly AnyEvent[], head: NotifyHead): void {
    if (this.#isStopped) return
    const { rules } = this.#stored
    let isNew = false
    for (const event of events) {
      if (event.seq <= rules.seq) continue
      isNew = true
      this.#fold(event)
    }
    this.#tell(noteOfFault(rules, head))
    if (!isNew && head.fault === null) return
    this.#isChanged = true
    this.#offset = rules.ts - this.#options.time.now()
    this.#schedule()
  }

  start(): void {
    for (const { queue } of this.#lanes) queue.wake()
    this.#wakeIn(GATHER_MS)
  }

  async stop(): Promise<void> {
    if (this.#isStopped) return
    this.#isStopped = true
    this.#timer?.()
    await this.#lastDigests()
    this.#flush(true)
    for (const { queue } of this.#lanes) queue.wake()
    await Promise.all(this.#lanes.map(({ queue }) => queue.stop(DRAIN_MS)))
    this.#isChanged = true
    this.#save()
    for (const { spool } of this.#lanes) spool.close()
  }

  status(): NotifyStatus {
    return { position: this.#position, sinks: this.#lanes.map(({ queue }) => queue.status()) }
  }

  /** A bug of a rule costs that event’s notes, never the reader that serves the page. */
  #fold(event: AnyEvent): void {
    const { rules } = this.#stored
    try {
      const notes = messagesOf(event, rules, this.#policy)
      if (event.seq > this.#after) this.#tell(notes)
    } catch (error) {
      rules.seq = event.seq
      this.#unusable(`${event.type} at seq ${event.seq}: ${error instanceof Error ? error.name : 'failed'}`)
    }
  }

  #tell(notes: readonly Note[]): void {
    if (notes.length === 0) return
    const now = this.#options.time.now()
    for (const note of notes) for (const { state, policy } of this.#lanes) admit(state.route, note, policy, now)
  }

  #schedule(): void {
    const isDigestDue = this.#stored.rules.digests.length > 0 && this.#digesting === undefined
    const inMs = isDigestDue ? 0 : nextOf(this.#lanes) - this.#options.time.now()
    this.#wakeIn(Math.max(GATHER_MS, Math.min(SAVE_MS, inMs)))
  }

  #wakeIn(ms: number): void {
    const { time } = this.#options
    const at = time.now() + ms
    if (this.#isStopped || at >= this.#timerAt) return
    this.#timer?.()
    this.#timerAt = at
    this.#timer = time.after(ms, () => {
      this.#timerAt = Number.POSITIVE_INFINITY
      this.#beat()
    })
  }

  #beat(): void {
    if (this.#isStopped) return
    const { time } = this.#options
    const { rules } = this.#stored
    if (this.#offset !== undefined && rules.running) {
      const runNow = time.now() + this.#offset
      this.#tell(tick(rules, runNow, this.#policy))
      rollDay(rules, runNow, this.#policy)
    }
    this.#digest()
    this.#flush(false)
    this.#schedule()
  }

  /** One digest after the other; what it asks others for has its time. */
  #digest(): void {
    const [next] = this.#stored.rules.digests
    if (next === undefined || this.#digesting !== undefined) return
    const { digest, facts } = this.#options
    const { rules } = this.#stored
    const isOld = next.toSeq <= this.#after
    const answers = isOld ? Promise.resolve(NO_ANSWERS) : this.#askInTime(next)
    this.#digesting = answers.then((answer) => {
      this.#digesting = undefined
      // It was left out meanwhile, or this is the end: then it waits for the next start.
      if (rules.digests[0] !== next || this.#over.signal.aborted) return
      rules.digests.shift()
      this.#isChanged = true
      if (isOld) return
      const sinks = this.status().sinks
      const about = { ...facts, hasSource: digest !== undefined, leftOut: rules.digestsLeftOut, sinks }
      rules.digestsLeftOut = 0
      this.#tell([digestNote(next, answer, about)])
      this.#wakeIn(GATHER_MS)
    })
  }

  /** Leaves neither timer nor listener behind. */
  async #askInTime(next: DigestDue): Promise<DigestAnswers> {
    const { time, digest } = this.#options
    const answered = new AbortController()
    const end = (): void => answered.abort()
    this.#over.signal.addEventListener('abort', end, { once: true })
    const late = wait(time, DIGEST_MS, answered.signal).then(() => NO_ANSWERS)
    try {
      return await Promise.race([askDigest(digest, next), late])
    } finally {
      this.#over.signal.removeEventListener('abort', end)
      end()
    }
  }

  /** Days that are over and not told: they are, as far as there is time. */
  async #lastDigests(): Promise<void> {
    const cancel = this.#options.time.after(LAST_DIGESTS_MS, () => this.#over.abort())
    this.#digest()
    while (this.#digesting !== undefined && !this.#over.signal.aborted) {
      await this.#digesting
      this.#digest()
    }
    cancel()
    this.#over.abort()
  }

  /** Letters first, the position behind them: a kill between the two makes them again. */
  #flush(all: boolean): void {
    const { time, facts } = this.#options
    const now = time.now()
    let isSaved = true
    for (const lane of this.#lanes) {
      const { sink, state, spool } = lane
      const letters = lettersOf(lane, facts.run, now, all)
      if (letters.length === 0) continue
      this.#isChanged = true
      this.#savedAt = 0
      const before = spool.collapsed
      isSaved = this.#try(() => spool.add(letters)) && isSaved
      if (spool.collapsed > before) {
        state.tally.collapsed += spool.collapsed - before
        const detail = `${spool.collapsed - before} letters became one`
        this.#options.onTrouble?.({ sink: sink.name, code: 'collapsed', detail })
      }
    }
    if (isSaved && now - this.#savedAt >= SAVE_MS) this.#save()
    for (const { queue } of this.#lanes) queue.wake()
  }

  #save(): void {
    if (!this.#isChanged) return
    const isSaved = this.#try(() => {
      for (const { spool } of this.#lanes) spool.sync()
      writeStored(this.#options.folder, this.#stored)
    })
    this.#savedAt = this.#options.time.now()
    if (!isSaved) return
    this.#isChanged = false
    this.#wasUnusable = false
    this.#position = this.#stored.rules.seq
  }

  #try(write: () => void): boolean {
    try {
      write()
      return true
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'failed'
      if (!this.#wasUnusable) this.#unusable(`${code}: what is told now is kept in memory alone`)
      this.#wasUnusable = true
      return false
    }
  }

  #unusable(detail: string): void {
    this.#options.onTrouble?.({ sink: null, code: 'spool-unusable', detail })
  }

  /** Counts change when sinks fail, too. */
  #watched(): NotifierOptions {
    const { onTrouble } = this.#options
    return {
      ...this.#options,
      onTrouble: (trouble) => {
        this.#isChanged = true
        onTrouble?.(trouble)
      },
    }
  }
}
