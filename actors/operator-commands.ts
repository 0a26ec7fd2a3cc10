/**
 * Owns commands of the operator on their way, transfers of money among them: each becomes one input, and is answered only when the step that it began is
 * durable, with what followed from it. Never acts by itself: what a command does is risk's decision.
 */
import { QuantbotError } from '#core/errors'
import type { PushedInput } from '#engine/live'
import type { AnyEvent } from '#events/catalogue'
import type { FundsTransferred, OperatorCommanded } from '#events/lifecycle.events'
import { type Observable, Subject } from './streams.js'

export type OperatorCommand = OperatorCommanded['data']['command']

/** What a command led to, all of it on disk. */
export interface CommandOutcome {
  readonly command: OperatorCommand
  /** Seq of OperatorCommanded. */
  readonly seq: number
  /** Seq of TradingHalted or TradingResumed; null when trading was halted, or went on, already. */
  readonly halted: number | null
  readonly resumed: number | null
  readonly orders: readonly { readonly seq: number; readonly order: string; readonly instrument: string }[]
  /** Every event of the step, in order. */
  readonly events: readonly { readonly seq: number; readonly type: string; readonly by: string }[]
}

/** What a transfer led to, on disk. */
export interface TransferOutcome {
  readonly currency: string
  readonly amount: string
  /** Seq of FundsTransferred. */
  readonly seq: number
  readonly events: CommandOutcome['events']
}

const BY = 'operator/control'
type Given = OperatorCommanded | FundsTransferred

interface Waiting {
  readonly resolve: (given: Given, followed: readonly AnyEvent[]) => void
  readonly reject: (error: unknown) => void
}

export class OperatorCommands {
  readonly #stream = new Subject<PushedInput>()
  /** In the order in which they were given, which is the order in which they are stepped. */
  readonly #waiting: Waiting[] = []
  #isClosed = false
  #transfers: Promise<unknown> = Promise.resolve()

  get inputs$(): Observable<PushedInput> {
    return this.#stream
  }

  /** CONTROL_REFUSED when the process takes no more commands. */
  give(command: OperatorCommand, reason: string): Promise<CommandOutcome> {
    return this.#send({ type: 'OperatorCommanded', by: BY, data: { command, reason } }, outcomeOf)
  }

  /**
   * As {@link give}: money is paid in, or taken out. One after the other, so that `refusal` weighs each against the book that the last
   * one left; CONTROL_REFUSED says why not.
   */
  transfer(transfer: FundsTransferred['data'], refusal: () => string | undefined): Promise<TransferOutcome> {
    const moved = this.#transfers.then(() => {
      const why = refusal()
      if (why !== undefined) throw new QuantbotError('CONTROL_REFUSED', why)
      return this.#send({ type: 'FundsTransferred', by: BY, data: transfer }, transferOf)
    })
    this.#transfers = moved.catch(() => undefined) // whoever asked is told
    return moved
  }

  #send<T>(input: PushedInput, outcome: (given: never, followed: readonly AnyEvent[]) => T): Promise<T> {
    if (this.#isClosed) return Promise.reject(refused())
    return new Promise((resolve, reject) => {
      // What is answered first was given first: the event is of the type that was sent.
      this.#waiting.push({ resolve: (given, followed) => resolve(outcome(given as never, followed)), reject })
      this.#stream.next(input)
    })
  }

  /** Durable events, in order and in whole steps. */
  committed(events: readonly AnyEvent[]): void {
    if (this.#waiting.length === 0) return
    for (let i = 0; i < events.length; i++) {
      const event = events[i]!
      if (event.type !== 'OperatorCommanded' && event.type !== 'FundsTransferred') continue
      let end = i + 1
      while (end < events.length && events[end]!.cause !== 0) end++
      this.#waiting.shift()?.resolve(event, events.slice(i + 1, end))
    }
  }

  /** The host took the latest command not. */
  refuse(): void {
    this.#waiting.pop()?.reject(refused())
  }

  /** No further command is taken; those under way are answered if their step still becomes durable. */
  stopTaking(): void {
    this.#isClosed = true
  }

  /** What was not answered never will be. */
  close(): void {
    this.#isClosed = true
    for (const { reject } of this.#waiting.splice(0)) reject(refused())
  }
}

function outcomeOf(event: OperatorCommanded, followed: readonly AnyEvent[]): CommandOutcome {
  const seqOf = (type: AnyEvent['type']): number | null => followed.find((each) => each.type === type)?.seq ?? null
  return {
    command: event.data.command,
    seq: event.seq,
    halted: seqOf('TradingHalted'),
    resumed: seqOf('TradingResumed'),
    orders: followed.flatMap((each) =>
      each.type === 'OrderApproved'
        ? [{ seq: each.seq, order: each.data.order, instrument: each.data.instrument }]
        : [],
    ),
    events: named(followed),
  }
}

function transferOf(
  { seq, data: { currency, amount } }: FundsTransferred,
  followed: readonly AnyEvent[],
): TransferOutcome {
  return { currency, amount, seq, events: named(followed) }
}

const named = (events: readonly AnyEvent[]): CommandOutcome['events'] =>
  events.map(({ seq, type, by }) => ({ seq, type, by }))

function refused(): QuantbotError {
  return new QuantbotError('CONTROL_REFUSED', 'the process is stopping or has halted')
}
