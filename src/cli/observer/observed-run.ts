/**
 * Owns one observer: the view of a run and what is fed by it, the counters of `/metrics`, the notifier and the page, in good order from
 * start to end. The same in a thread beside a process and in `quantbot open`. Reads the log as anybody could; never writes to it.
 */
import type { Head, RunFacts, RunViewPort } from '#audit/view/view.port'
import { isQuantbotError } from '#core/errors'
import type { TimePort } from '#core/ports'
import { SECOND_MS } from '#core/time'
import { wait } from '#core/wait'
import type { AnyEvent } from '#events/catalogue'
import type { RunMetrics } from '#monitoring/metrics/run-metrics'
import type { Notifier } from '#monitoring/notify/notify.port'
import type { PageOptions, PageProcess, PageServer } from '#monitoring/page/page.port'
import { LateView } from './late-view.js'
import type { ObserverSpec, PagePlace, WebSpec } from './messages.js'

/** Longest wait at the end for what is committed and not yet read (ours). */
const LAST_EVENTS_MS = 2 * SECOND_MS

export interface ObservedView extends RunViewPort {
  start(): void
  /** Wakes the reader: the log has come so far. */
  committed(lastSeq: number): void
  close(): void | Promise<void>
}

/** What an observer is composed of; lent, so that a test may put doubles in their place. */
export interface ObserverParts {
  openView(spec: ObserverSpec, onEvents: (events: readonly AnyEvent[], head: Head) => void): Promise<ObservedView>
  createMetrics(facts: RunFacts): RunMetrics | Promise<RunMetrics>
  /** Undefined: nobody is told of this run. */
  createNotifier(
    spec: ObserverSpec,
    view: RunViewPort,
    onProblem: (detail: string) => void,
  ): Notifier | undefined | Promise<Notifier | undefined>
}

export interface Observing {
  readonly spec: ObserverSpec
  readonly parts: ObserverParts
  /** Null: no process runs it. */
  readonly process: PageProcess | null
  readonly time: TimePort
  /** Something a person should know. Must not throw. */
  readonly onProblem: (detail: string) => void
  /** Where it listens, long before a long history is read. */
  readonly onPlace?: (place: PagePlace) => void
}

export interface ObservedRun {
  readonly place: PagePlace
  committed(lastSeq: number): void
  /** What is committed up to `lastSeq` is served and notified first, within some seconds. Never rejects. */
  close(lastSeq: number): Promise<void>
}

/**
 * Listens first, so that its port is known at once; what is asked waits until the view is open. Fails as the view does. A port that cannot
 * be bound is a problem that is told, and the page is off.
 */
export async function observeRun(observing: Observing): Promise<ObservedRun> {
  const { spec, parts, process, time, onProblem } = observing
  const late = new LateView()
  let metrics: RunMetrics | undefined
  let notifier: Notifier | undefined
  const rendered: PageOptions['metrics'] = async (status) => {
    const { contentType } = metrics! // there is one before anything is answered
    const state = await late.state().catch(() => null) // a log that is not read yet, or stands: the rest is told
    const notify = notifier?.status() ?? null
    return { text: await metrics!.render({ status, state, head: late.head(), notify }), contentType }
  }
  const given = { view: late, ready: late.opened, process, time, metrics: rendered }
  const page = spec.web === null ? undefined : await serve(spec.web, given, onProblem)
  const place = page === undefined ? null : { host: page.host, port: page.port }
  observing.onPlace?.(place)
  const view = await parts
    .openView(spec, (events, head) => {
      metrics?.take(events)
      notifier?.take(events, head)
    })
    .catch(async (error: unknown) => {
      late.fail(error)
      await page?.close()
      throw error
    })
  metrics = spec.web === null ? undefined : await parts.createMetrics(view.facts())
  try {
    notifier = await parts.createNotifier(spec, view, onProblem)
  } catch (error) {
    onProblem(`nobody is notified: ${String(error)}`) // a folder that cannot be made takes nothing else with it
  }
  late.open(view)
  notifier?.start()
  view.start()
  return {
    place,
    committed: (lastSeq) => view.committed(lastSeq),
    close: async (lastSeq) => {
      if (lastSeq > 0) await caughtUp(view, lastSeq, time)
      const ends = [notifier?.stop(), page?.close()]
      for (const ended of await Promise.allSettled(ends))
        if (ended.status === 'rejected') onProblem(`the observer's end: ${String(ended.reason)}`)
      await view.close()
    },
  }
}

async function serve(
  { host, port, mayMove, allowedHosts, token, root }: WebSpec,
  rest: Pick<PageOptions, 'view' | 'ready' | 'process' | 'time' | 'metrics'>,
  onProblem: (detail: string) => void,
): Promise<PageServer | undefined> {
  const { servePage } = await import('#monitoring/page/page-server')
  const options: PageOptions = { ...rest, host, port, allowedHosts, token, webRoot: root }
  try {
    return await servePage(options)
  } catch (error) {
    if (!isQuantbotError(error)) throw error
    if (!mayMove || !error.message.includes('EADDRINUSE')) {
      onProblem(`${error.message}: there is no page and no metrics`)
      return undefined
    }
  }
  const page = await servePage({ ...options, port: 0 })
  onProblem(`port ${port} is taken: the page is on port ${page.port}`)
  return page
}

/** Fulfilled when the view has read so far, its log cannot be read on, or it takes too long. */
async function caughtUp(view: ObservedView, lastSeq: number, time: TimePort): Promise<void> {
  const late = new AbortController()
  const isDone = ({ seq, fault }: Head): boolean => seq >= lastSeq || fault !== null
  const letGo = view.onHead((head) => {
    if (isDone(head)) late.abort()
  })
  view.committed(lastSeq)
  if (!isDone(view.head())) await wait(time, LAST_EVENTS_MS, late.signal)
  letGo()
}
