/** Owns what an observer is composed of in earnest: the view of a run folder, its counters, its notifier. No logic of its own. */
import { openRunView } from '#audit/view/run-view'
import { createBookFold } from './book-fold.js'
import type { ObserverParts } from './observed-run.js'

export const OBSERVER_PARTS: ObserverParts = {
  openView: async ({ home, runDir }, onEvents) =>
    openRunView({ runDir, book: await createBookFold(home, runDir), onEvents }),
  createMetrics: () => ({ take: () => undefined, render: async () => '', contentType: 'text/plain; charset=utf-8' }),
  createNotifier: () => undefined,
}
