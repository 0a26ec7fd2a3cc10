/** Owns what an observer is composed of in earnest: the view of a run folder, its counters, its notifier. No logic of its own. */
import { isMainThread } from 'node:worker_threads'
import { machineTime } from '#actors/scaled-time'
import { openRunView } from '#audit/view/run-view'
import type { RunViewPort } from '#audit/view/view.port'
import { formatCheckpoint, readCheckpoints } from '#events/log/checkpoints'
import type { DigestSource } from '#monitoring/notify/notify.port'
import { notifyFolder } from '../notify-folder.js'
import { createBookFold } from './book-fold.js'
import { giveWay } from './give-way.js'
import { createLakeBars } from './lake-bars.js'
import type { ObserverParts } from './observed-run.js'

export const OBSERVER_PARTS: ObserverParts = {
  openView: async ({ home, runDir, isLive }, onEvents) =>
    openRunView({
      runDir,
      book: await createBookFold(home, runDir),
      history: createLakeBars(home, runDir),
      onEvents,
      ...(isLive && { restMs: giveWay() }),
    }),
  // Beside the process, a thread has a heap of its own.
  createMetrics: async (facts) => {
    const { createRunMetrics } = await import('#monitoring/metrics/run-metrics')
    return createRunMetrics(facts, isMainThread ? undefined : () => process.memoryUsage().heapUsed)
  },
  createNotifier: async ({ home, runDir, notify }, view, onProblem) => {
    if (notify === null) return undefined
    const { createNotifier } = await import('#monitoring/notify/notifier')
    const facts = view.facts()
    return createNotifier({
      ...notify,
      folder: notifyFolder(home, facts.run),
      facts,
      time: machineTime,
      digest: digestSource(runDir, view),
      onTrouble: ({ sink, code, detail }) =>
        onProblem(`notifications${sink === null ? '' : ` by ${sink}`}: ${code}: ${detail}`),
    })
  },
}

function digestSource(runDir: string, view: RunViewPort): DigestSource {
  return {
    equityAt: async (seq) => (await view.state(seq)).book.equity,
    checkpoint: async () => {
      const newest = readCheckpoints(runDir).at(-1)
      return newest === undefined ? null : formatCheckpoint(newest).trimEnd()
    },
  }
}
