/** Owns what is read of a venue now: sockets and polls for what is wanted, changed while they run. Never reads a record. */
import { setMaxListeners } from 'node:events'
import type { TimePort } from '#core/ports'
import type { DurationMs } from '#core/time'
import { wait } from '#core/wait'
import type { Knowledge, PollPlan, VenueAdapter, Want } from './adapter.port.js'
import { every } from './every.js'
import type { Normal } from './normal.js'
import type { RestClient } from './rest-client.js'
import type { SocketGroup } from './socket-group.js'

export interface WantedStreamsOptions {
  readonly adapter: Pick<VenueAdapter, 'sockets' | 'polls'>
  readonly sockets: Pick<SocketGroup, 'start' | 'replan' | 'stop'>
  readonly client: Pick<RestClient, 'send'>
  readonly knowledge: Knowledge
  readonly time: TimePort
  readonly onRecords: (records: readonly Normal[]) => void
}

/** Between polls that begin together: they do not all leave at the same moment. */
const STAGGER_MS: DurationMs = 50
const STAGGERED = 20

export class WantedStreams {
  readonly #options: WantedStreamsOptions
  #key: string | undefined
  #polls = new AbortController()
  #asked = 0
  #failed = 0

  constructor(options: WantedStreamsOptions) {
    this.#options = options
  }

  /** Polls that were asked, and that failed behind all tries. */
  get stats(): { readonly asked: number; readonly failed: number } {
    return { asked: this.#asked, failed: this.#failed }
  }

  start(wants: readonly Want[]): void {
    this.#key = keyOf(wants)
    this.#options.sockets.start(this.#options.adapter.sockets(wants))
    this.#poll(wants)
  }

  /** What is read from now on; what is wanted as before is not interrupted. Nothing while it is not started. */
  change(wants: readonly Want[]): void {
    if (this.#key === undefined || keyOf(wants) === this.#key) return
    this.#key = keyOf(wants)
    this.#options.sockets.replan(this.#options.adapter.sockets(wants))
    this.#polls.abort()
    this.#poll(wants)
  }

  stop(): void {
    this.#key = undefined
    this.#polls.abort()
    this.#options.sockets.stop()
  }

  #poll(wants: readonly Want[]): void {
    const { adapter, knowledge } = this.#options
    this.#polls = new AbortController()
    const { signal } = this.#polls
    setMaxListeners(0, signal)
    for (const [index, plan] of adapter.polls(wants, knowledge).entries()) void this.#ask(plan, index, signal)
  }

  async #ask({ everyMs, call }: PollPlan, index: number, signal: AbortSignal): Promise<void> {
    const { time, client, onRecords } = this.#options
    await wait(time, (index % STAGGERED) * STAGGER_MS, signal)
    const ask = async (): Promise<void> => {
      this.#asked++
      const records = await client.send(call, { signal, tries: 2 })
      if (!signal.aborted) onRecords(records)
    }
    await every(time, everyMs, signal, ask, () => this.#failed++)
  }
}

/** The same wants in another order are other wants: the order decides what a cap leaves out. */
const keyOf = (wants: readonly Want[]): string =>
  wants.map(({ kind, facts, interval }) => `${kind} ${facts.instrument} ${interval ?? ''}`).join('\n')
