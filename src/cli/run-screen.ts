/**
 * Owns showing a running process: the live view on a terminal (log-update redraws only lines that changed, in one
 * synchronised write, and hides the cursor), its log elsewhere and with --json. Never slows the host.
 */
import type { Committed, TradingProblem, TradingProcess } from '#actors/host'
import type { ProcessLog } from './process-log.js'
import { type Recent, statusLine, viewLines } from './run-view.js'
import { type Words, wordsOf } from './run-words.js'
import { note } from './terminal.js'

/** How often the view is drawn, and the line written (ours). */
const VIEW_MS = 200
const LINE_MS = 5000
const KEPT = 40

export interface Screen {
  problem(problem: TradingProblem): void
  /** Leaves the terminal as it was found. Idempotent. */
  close(): void
}

/** Before a process exists problems are only told. */
export const SILENT_SCREEN: Screen = {
  problem: ({ code, detail }) => note(`warning: ${code}: ${detail}`),
  close: () => undefined,
}

/** The latest words of each topic. */
class Memory implements Recent {
  readonly decisions: Words[] = []
  readonly orders: Words[] = []
  readonly alarms: Words[] = []

  take({ events }: Committed): void {
    // Older ones of a large group would be pushed out at once.
    for (const event of events) {
      const words = wordsOf(event)
      if (words === undefined) continue
      const list = words.topic === 'decision' ? this.decisions : words.topic === 'order' ? this.orders : this.alarms
      list.push(words)
      if (list.length > KEPT) list.shift()
    }
  }
}

/** Lines of the log stand above the view. */
export async function viewScreen(process_: TradingProcess, log: ProcessLog): Promise<Screen> {
  const { createLogUpdate } = await import('log-update')
  const memory = new Memory()
  const watching = process_.observe((committed) => memory.take(committed))
  const redraw = createLogUpdate(process.stdout, { showCursor: false })
  const draw = (): void => {
    const { columns = 80, rows = 24 } = process.stdout
    redraw(viewLines(process_.status(), memory, columns, rows).join('\n'))
  }
  const timer = setInterval(draw, VIEW_MS)
  process.stdout.on('resize', draw)
  draw()
  log.around((write) => {
    redraw.clear()
    write()
    draw()
  })
  let isOpen = true
  return {
    problem: problemTo(log),
    close: () => {
      if (!isOpen) return
      isOpen = false
      log.around(undefined)
      clearInterval(timer)
      process.stdout.off('resize', draw)
      watching.unsubscribe()
      draw()
      redraw.done()
    },
  }
}

/** The process's log: alarms and, now and then, how it goes; decisions and orders at `debug`, every event at `trace`. */
export function logScreen(process_: TradingProcess, log: ProcessLog): Screen {
  const watching = process_.observe(({ events }) => {
    const isDebug = log.isEnabled('debug')
    for (const event of events) {
      const words = wordsOf(event)
      if (words?.topic === 'alarm') log.say('warn', { seq: words.seq, ts: words.ts }, words.text)
      else if (words !== undefined && isDebug) log.say('debug', { seq: words.seq, ts: words.ts }, words.text)
      else if (log.isEnabled('trace')) log.say('trace', { seq: event.seq, ts: event.ts, by: event.by }, event.type)
    }
  })
  const timer = setInterval(() => {
    const status = process_.status()
    if (log.isPretty) {
      log.say('info', {}, statusLine(status))
      return
    }
    const { seq, ts, equity, drawdown, fills, halted, state, commitLagMs } = status
    log.say('info', { seq, ts, equity, drawdown, fills, halted, state, commitLagMs }, 'status')
  }, LINE_MS)
  return {
    problem: problemTo(log),
    close: () => {
      clearInterval(timer)
      watching.unsubscribe()
    },
  }
}

const problemTo =
  (log: ProcessLog): Screen['problem'] =>
  ({ code, detail, isFatal }) =>
    log.say(isFatal ? 'fatal' : 'warn', { code }, log.isPretty ? `${code}: ${detail}` : detail)
