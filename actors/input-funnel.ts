/**
 * Owns the way of input streams into the host's bounded queue. When the queue says `wait`, `room$` says so to every
 * stream, and once there is room again. Never buffers and never drops: what is refused is reported.
 */
import type { Pushed } from '#engine/input-queue'
import type { PushedInput } from '#engine/live'
import { BehaviorSubject, type Observable, Subscription } from './streams.js'

export interface FunnelOptions {
  readonly push: (input: PushedInput) => Pushed
  /** The host takes nothing any more. */
  readonly onRefused: (input: PushedInput) => void
  /** A stream ended with an error; its agent reports the same to the supervisor. */
  readonly onError: (error: unknown) => void
}

export class InputFunnel {
  readonly #options: FunnelOptions
  readonly #room = new BehaviorSubject(true)
  readonly #subscriptions = new Subscription()

  constructor(options: FunnelOptions) {
    this.#options = options
  }

  get room$(): Observable<boolean> {
    return this.#room
  }

  connect(stream$: Observable<PushedInput>): void {
    this.#subscriptions.add(
      stream$.subscribe({ next: (input) => this.#take(input), error: (error) => this.#options.onError(error) }),
    )
  }

  /** The queue has room again. */
  hasRoom(): void {
    if (!this.#room.value) this.#room.next(true)
  }

  close(): void {
    this.#subscriptions.unsubscribe()
    this.#room.complete()
  }

  #take(input: PushedInput): void {
    const pushed = this.#options.push(input)
    if (pushed === 'refused') this.#options.onRefused(input)
    else if (pushed === 'wait' && this.#room.value) this.#room.next(false)
  }
}
