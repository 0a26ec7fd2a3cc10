/** Owns every request of the page: to its own origin only, typed by the contract of the view. Shows nothing; keeps no token. */
import type { Explanation } from '#audit/explanation.port'
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
} from '#audit/view/view.port'
import type { LiveStatus } from '#monitoring/metrics/live-status.port'

export interface PageFacts extends RunFacts {
  /** A process stands behind the page: there is a live head, and a status. */
  readonly isLive: boolean
  /** It takes commands. */
  readonly canControl: boolean
}

export type Command =
  | { readonly do: 'halt' | 'resume' | 'flatten'; readonly reason: string }
  | { readonly do: 'restart'; readonly agent: string; readonly reason: string }

/** What the server answered instead of a document. `status` 0: it did not answer. */
export class ApiError extends Error {
  readonly code: string
  readonly status: number

  constructor(code: string, message: string, status: number) {
    super(message)
    this.name = 'ApiError'
    this.code = code
    this.status = status
  }
}

type Params = Readonly<Record<string, string | number | readonly string[] | undefined>>

export function queryOf(params: Params): string {
  const query = new URLSearchParams()
  for (const [key, value] of Object.entries(params))
    if (value !== undefined && value !== '') query.set(key, typeof value === 'object' ? value.join(',') : String(value))
  const text = query.toString()
  return text === '' ? '' : `?${text}`
}

async function answer(path: string, init: RequestInit): Promise<Response> {
  const response = await fetch(path, { ...init, credentials: 'same-origin', cache: 'no-store' }).catch((error) => {
    if (init.signal?.aborted === true) throw error
    throw new ApiError('OFFLINE', 'quantbot does not answer', 0)
  })
  if (response.ok) return response
  const body: unknown = await response.json().catch(() => null)
  // What a proxy says need not be of our shape.
  const error = (body as { error?: { code?: unknown; message?: unknown } } | null)?.error
  throw new ApiError(String(error?.code ?? 'HTTP'), String(error?.message ?? response.statusText), response.status)
}

async function get<T>(path: string, params: Params = {}, signal?: AbortSignal): Promise<T> {
  const response = await answer(`${path}${queryOf(params)}`, signal ? { signal } : {})
  return (await response.json()) as T // the contract of the view, served by the same version
}

const post = (path: string, body: unknown, method = 'POST'): Promise<Response> =>
  answer(path, {
    method,
    headers: { 'content-type': 'application/json', 'x-quantbot': '1' },
    body: JSON.stringify(body),
  })

/** Each rejects with ApiError: 401 without a session, 400 USAGE, 404 ORDER_NOT_FOUND or SEQ_OUT_OF_RANGE, 409 CONTROL_REFUSED, 503. */
export const api = {
  facts: () => get<PageFacts>('/api/facts'),
  head: () => get<Head>('/api/head'),
  state: (seq?: number) => get<ViewState>('/api/state', { seq }),
  status: () => get<{ live: LiveStatus | null }>('/api/status'),
  series: (query: SeriesQuery, signal?: AbortSignal) => get<SeriesDoc>('/api/series', { ...query }, signal),
  bars: (
    query: { instrument: string; interval?: string; until?: number; from?: number; to?: number },
    signal?: AbortSignal,
  ) => get<BarsDoc>('/api/bars', query, signal),
  marks: (query: { instrument: string; after?: number; until?: number }, signal?: AbortSignal) =>
    get<MarksDoc>('/api/marks', query, signal),
  events: (query: EventQuery, signal?: AbortSignal) => get<EventPage>('/api/events', { ...query }, signal),
  explain: (target: string, signal?: AbortSignal) => get<Explanation>('/api/explain', { target }, signal),
  openSession: (token: string) => post('/session', { token }),
  /** The outcome, once it is on disk. */
  control: async (command: Command): Promise<unknown> => (await post('/api/control', command)).json(),
}
