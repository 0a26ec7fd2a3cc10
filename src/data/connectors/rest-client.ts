/**
 * Owns asking a venue by REST: budget, sending, reading, and what failures mean for the next try. Never lets a query with
 * a signature, a key or a body into an error or a file.
 */
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import got, { type Got } from 'got'
import { QuantbotError } from '#core/errors'
import { invariant } from '#core/invariant'
import type { TimePort } from '#core/ports'
import { hashText, Sfc32 } from '#core/random'
import { type DurationMs, isoTime } from '#core/time'
import { wait } from '#core/wait'
import { type Call, type Page, type VenueAdapter, VenueFailed, type VenueFailure } from './adapter.port.js'
import { Backoff } from './backoff.js'
import type { Endpoints } from './endpoints.js'
import { parseJson } from './json-text.js'
import { PayloadRefused } from './normal.js'
import type { QuarantinePort } from './quarantine.js'
import type { Priority, RateBudget } from './rate-budget.js'

export interface RestClientOptions {
  readonly adapter: Pick<VenueAdapter, 'usage' | 'failure'> & { readonly venue: string }
  /** Sent with every request: keys of vendors. Never in an error or a file. */
  readonly headers?: Readonly<Record<string, string>>
  readonly endpoints: Endpoints
  readonly budget: RateBudget
  readonly time: TimePort
  readonly seed: number
  readonly quarantine?: QuarantinePort
  /** Longest wait for an answer, on `time`. */
  readonly timeoutMs?: DurationMs
  /** Measures the venue's clock anew; without it a refusal of our time is final. */
  readonly remeasure?: () => Promise<unknown>
  /** Every answer as it came. Must not throw. */
  readonly tap?: (receivedAt: number, call: string, body: string) => void
}

export interface SendOptions {
  readonly signal?: AbortSignal | undefined
  readonly priority?: Priority
  /** Requests at most, the first included. Being told to wait does not count. */
  readonly tries?: number
  /** VENUE_RATE_LIMITED when the venue has to be left alone for longer. */
  readonly patienceMs?: DurationMs
}

/** Ours: together about half a minute for a venue that fails all the time. */
const TRIES = 5
const TIMEOUT_MS = 10_000
const BACKOFF = { firstMs: 500, factor: 2, capMs: 15_000, jitter: 0.5 } as const
/** When a venue limits us without saying for how long (ours: the windows of all venues are a minute or shorter). */
const LIMITED_MS = 60_000
const BANNED_MS = 10 * 60_000
const PATIENCE_MS = 10 * 60_000
/** Times in a row that we may be told to wait before the call is given up. */
const PAUSES_MAX = 8
const SOCKETS_MAX = 16
/** Larger than any answer of a venue (ours): the longest, lists of all instruments, have some MB. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024
/** Pages of one history: ten years of minutes at 300 a page are fewer. */
const PAGES_MAX = 20_000

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** What one try gave: a value, or a failure that may pass. Anything final is thrown. */
type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: VenueFailure }

export class RestClient {
  readonly #options: RestClientOptions
  readonly #got: Got
  readonly #agents = {
    http: new HttpAgent({ keepAlive: true, maxSockets: SOCKETS_MAX }),
    https: new HttpsAgent({ keepAlive: true, maxSockets: SOCKETS_MAX }),
  }
  readonly #random: Sfc32

  constructor(options: RestClientOptions) {
    this.#options = options
    this.#random = Sfc32.seeded(options.seed, hashText(options.adapter.venue), hashText('rest'))
    this.#got = got.extend({
      agent: this.#agents,
      retry: { limit: 0 },
      throwHttpErrors: false,
      followRedirect: false,
      responseType: 'text',
      headers: { 'user-agent': 'quantbot', accept: 'application/json', ...options.headers },
    })
  }

  /**
   * Sends within the budget and reads the answer. What may pass is tried again with growing waits; when limited, exactly
   * as told. VENUE_UNREACHABLE, VENUE_RATE_LIMITED, VENUE_REFUSED, PAYLOAD_REFUSED; the signal's reason when aborted.
   */
  async send<T>(call: Call<T>, options: SendOptions = {}): Promise<T> {
    const { signal, priority = 'normal', tries = TRIES, patienceMs = PATIENCE_MS } = options
    const { budget, time } = this.#options
    const host = this.#hostOf(call)
    const backoff = new Backoff(BACKOFF, this.#random)
    let pauses = 0
    let isRemeasured = false
    for (;;) {
      await budget.acquire(call.costs, { host, priority, signal, patienceMs })
      const outcome = await this.#try(call, signal)
      if (outcome.ok) return outcome.value
      signal?.throwIfAborted()
      const { failure } = outcome
      if (failure.kind === 'rateLimited' || failure.kind === 'banned') {
        this.#pause(failure, host)
        if (++pauses > PAUSES_MAX) throw this.#error('VENUE_RATE_LIMITED', call, failure)
        continue
      }
      if (failure.kind === 'clock' && this.#options.remeasure && !isRemeasured) {
        isRemeasured = true
        await this.#options.remeasure()
        continue
      }
      if (failure.kind === 'badRequest' || failure.kind === 'auth' || failure.kind === 'clock')
        throw this.#error('VENUE_REFUSED', call, failure)
      const waitMs = Math.max(failure.waitMs ?? 0, backoff.next())
      if (backoff.failures >= tries || waitMs > patienceMs) throw this.#error('VENUE_UNREACHABLE', call, failure)
      await wait(time, waitMs, signal)
      signal?.throwIfAborted()
    }
  }

  /** The rows of a history, page by page. Fails as {@link send}. */
  async *pages<T>(call: Call<Page<T>>, options: SendOptions = {}): AsyncGenerator<readonly T[], void, undefined> {
    let next: Call<Page<T>> | undefined = call
    for (let count = 0; next !== undefined; count++) {
      const asked: Call<Page<T>> = next
      const page: Page<T> = await this.send(asked, options)
      if (page.rows.length > 0) yield page.rows
      next = page.next
      const isStuck = next !== undefined && next.path === asked.path && next.body === asked.body
      if (isStuck || count >= PAGES_MAX)
        throw new QuantbotError('PAYLOAD_REFUSED', `${this.nameOf(asked)}: the pages of this history do not end`)
    }
  }

  /** All rows of a history that is short. Fails as {@link send}. */
  async all<T>(call: Call<Page<T>>, options: SendOptions = {}): Promise<T[]> {
    const rows: T[] = []
    for await (const page of this.pages(call, options)) rows.push(...page)
    return rows
  }

  /** Closes the connections that are kept. */
  close(): void {
    this.#agents.http.destroy()
    this.#agents.https.destroy()
  }

  /** `binance GET /fapi/v1/klines?symbol=BTCUSDT`: without what is secret. */
  nameOf(call: Call<unknown>): string {
    return `${this.#options.adapter.venue} ${callName(call)}`
  }

  async #try<T>(call: Call<T>, signal: AbortSignal | undefined): Promise<Outcome<T>> {
    const { adapter, budget, time } = this.#options
    const answer = await this.#exchange(call, signal)
    if ('kind' in answer) return { ok: false, failure: answer }
    const receivedAt = time.now()
    this.#options.tap?.(receivedAt, callName(call), answer.body)
    budget.observe(adapter.usage(answer.headers, call))
    if (answer.status < 200 || answer.status > 299)
      return { ok: false, failure: adapter.failure(answer.status, answer.headers, answer.body) }
    try {
      return { ok: true, value: call.read(jsonOf(answer.body), receivedAt) }
    } catch (error) {
      if (error instanceof VenueFailed) return { ok: false, failure: this.#failureInside(error.failure, answer) }
      if (!(error instanceof PayloadRefused)) throw error
      const { path, reason } = error
      const topic = callName(call)
      this.#options.quarantine?.add({
        recvTs: receivedAt,
        venue: adapter.venue,
        topic,
        reason,
        path,
        msg: answer.body,
      })
      throw new QuantbotError('PAYLOAD_REFUSED', `${this.nameOf(call)}: ${path}: ${reason}`)
    }
  }

  /** A limit that is told inside a 200: its reset stands in the headers, which `read` does not see. */
  #failureInside(failure: VenueFailure, { status, headers, body }: Answer): VenueFailure {
    if (failure.kind !== 'rateLimited') return failure
    const told = this.#options.adapter.failure(status, headers, body)
    return told.kind === 'rateLimited' ? told : failure
  }

  /** One request, or why there is no answer. The wait for it is measured on the injected clock. */
  async #exchange(call: Call<unknown>, signal: AbortSignal | undefined): Promise<Answer | VenueFailure> {
    const { endpoints, time, timeoutMs = TIMEOUT_MS } = this.#options
    const late = new AbortController()
    const stop = (): void => late.abort()
    let isTooLong = false
    const cancel = time.after(timeoutMs, stop)
    signal?.addEventListener('abort', stop, { once: true })
    try {
      const request = this.#got(`${endpoints[call.endpoint]}${call.path}`, {
        method: call.method,
        signal: late.signal,
        ...(call.body === undefined ? {} : { body: call.body, headers: { 'content-type': contentTypeOf(call.body) } }),
      })
      void request.on('downloadProgress', ({ transferred }) => {
        if (transferred <= ANSWER_BYTES_MAX) return
        isTooLong = true
        late.abort()
      })
      const response = await request
      return { status: response.statusCode, headers: response.headers, body: response.body as string } // asked for as text
    } catch (error) {
      if (isTooLong)
        throw new QuantbotError('PAYLOAD_REFUSED', `${this.nameOf(call)}: longer than ${ANSWER_BYTES_MAX} bytes`)
      const code = late.signal.aborted ? 'TIMEOUT' : errorCode(error)
      return { kind: 'temporary', waitMs: null, code, detail: late.signal.aborted ? 'no answer in time' : 'no answer' }
    } finally {
      cancel()
      signal?.removeEventListener('abort', stop)
    }
  }

  /** A limit holds for its host; a ban for the address, so everywhere. */
  #pause({ kind, waitMs }: VenueFailure, host: string): void {
    const { budget, time } = this.#options
    if (kind === 'banned') budget.pauseUntil(time.now() + (waitMs ?? BANNED_MS))
    else budget.pauseUntil(time.now() + (waitMs ?? LIMITED_MS), host)
  }

  #hostOf(call: Call<unknown>): string {
    const url = this.#options.endpoints[call.endpoint]
    invariant(url !== undefined, () => `${this.#options.adapter.venue}: no endpoint ${call.endpoint}`)
    return new URL(url).host
  }

  #error(
    code: 'VENUE_RATE_LIMITED' | 'VENUE_REFUSED' | 'VENUE_UNREACHABLE',
    call: Call<unknown>,
    failure: VenueFailure,
  ): QuantbotError {
    const until = this.#options.budget.pausedUntil(this.#hostOf(call))
    const when = code === 'VENUE_RATE_LIMITED' && until !== undefined ? ` until ${isoTime(until)}` : ''
    return new QuantbotError(code, `${this.nameOf(call)}: ${failure.code} ${failure.detail}${when}`.slice(0, 400))
  }
}

const SECRET = /^(?:signature|sign|timestamp|recvWindow|apiKey|api_key|listenKey|token|access_token|client_secret)$/i

function callName({ method, path }: Call<unknown>): string {
  const [bare, query] = path.split('?', 2)
  const shown = (query ?? '').split('&').filter((pair) => pair !== '' && !SECRET.test(pair.split('=', 1)[0]!))
  return `${method} ${bare}${shown.length > 0 ? `?${shown.join('&')}` : ''}`
}

function jsonOf(body: string): unknown {
  try {
    return parseJson(body)
  } catch {
    throw new PayloadRefused('$', 'is no JSON')
  }
}

function contentTypeOf(body: string): string {
  return /^[{[]/.test(body) ? 'application/json' : 'application/x-www-form-urlencoded'
}

/** `ECONNREFUSED`, `ENOTFOUND` …: the cause's code, where got wraps it. */
function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'ERR_NETWORK'
}
