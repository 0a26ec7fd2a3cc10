/**
 * Owns showing a running process: the live view on a terminal (log-update redraws only lines that changed, in one
 * synchronised write, and hides the cursor), a line now and then elsewhere, pino with --json. Never slows the host.
 */
import { createLogUpdate } from 'log-update'
import { pino } from 'pino'
import type { Committed, TradingProblem, TradingProcess } from '#actors/host'
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
  problem: ({ code, detail }) => note(`${code}: ${detail}`),
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

export function viewScreen(process_: TradingProcess): Screen {
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
  let isOpen = true
  return {
    problem: ({ code, detail }) => {
      redraw.clear()
      note(`${code}: ${detail}`)
      draw()
    },
    close: () => {
      if (!isOpen) return
      isOpen = false
      clearInterval(timer)
      process.stdout.off('resize', draw)
      watching.unsubscribe()
      draw()
      redraw.done()
    },
  }
}

export function lineScreen(process_: TradingProcess): Screen {
  const watching = process_.observe(({ events }) => {
    for (const event of events) {
      const words = wordsOf(event)
      if (words?.topic === 'alarm') note(words.text)
    }
  })
  const timer = setInterval(() => note(statusLine(process_.status())), LINE_MS)
  return {
    problem: SILENT_SCREEN.problem,
    close: () => {
      clearInterval(timer)
      watching.unsubscribe()
    },
  }
}

/** Structured log on stderr. */
export function pinoScreen(process_: TradingProcess): Screen {
  const log = pino({ base: { run: process_.status().runId } }, pino.destination({ fd: 2, sync: true }))
  const watching = process_.observe(({ events }) => {
    for (const event of events) {
      const words = wordsOf(event)
      if (words?.topic === 'alarm') log.warn({ seq: words.seq, ts: words.ts }, words.text)
    }
  })
  const timer = setInterval(() => {
    const { seq, ts, equity, drawdown, fills, halted, state, commitLagMs } = process_.status()
    log.info({ seq, ts, equity, drawdown, fills, halted, state, commitLagMs }, 'status')
  }, LINE_MS)
  return {
    problem: ({ code, detail, isFatal }) => log[isFatal ? 'fatal' : 'warn']({ code }, detail),
    close: () => {
      clearInterval(timer)
      watching.unsubscribe()
    },
  }
}
