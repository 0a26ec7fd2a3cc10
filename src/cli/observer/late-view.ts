/** Owns a view that is opened later: reading the history of a run takes its time, and a port is told at once. Holds nothing itself. */
import type { EventQuery, Head, RunFacts, RunViewPort, SeriesQuery } from '#audit/view/view.port'
import { invariant } from '#core/invariant'

/** Until `opened` is fulfilled it may only be listened to. */
export class LateView implements RunViewPort {
  /** Rejects with what the view could not be opened for. */
  readonly opened: Promise<void>
  #view: RunViewPort | undefined
  readonly #listeners = new Set<(head: Head) => void>()
  #settle: { readonly resolve: () => void; readonly reject: (error: unknown) => void } | undefined

  constructor() {
    this.opened = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
    this.opened.catch(() => undefined) // who opened it hears of it too, and nobody else need ask
  }

  open(view: RunViewPort): void {
    this.#view = view
    view.onHead((head) => {
      for (const listener of this.#listeners) listener(head)
    })
    this.#settle?.resolve()
  }

  fail(error: unknown): void {
    this.#settle?.reject(error)
  }

  facts(): RunFacts {
    return this.#opened.facts()
  }

  head(): Head {
    return this.#opened.head()
  }

  state(seq?: number) {
    return this.#opened.state(seq)
  }

  series(query: SeriesQuery) {
    return this.#opened.series(query)
  }

  bars(query: Parameters<RunViewPort['bars']>[0]) {
    return this.#opened.bars(query)
  }

  marks(query: Parameters<RunViewPort['marks']>[0]) {
    return this.#opened.marks(query)
  }

  events(query: EventQuery) {
    return this.#opened.events(query)
  }

  explain(target: string) {
    return this.#opened.explain(target)
  }

  onHead(fn: (head: Head) => void): () => void {
    this.#listeners.add(fn)
    return () => this.#listeners.delete(fn)
  }

  get #opened(): RunViewPort {
    invariant(this.#view !== undefined, 'the view is not open yet')
    return this.#view
  }
}
