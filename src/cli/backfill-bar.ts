/** Owns the progress bar of a backfill: share of time that is done, rows, requests, estimate of the end. */
import type { BackfillProgress } from '#data/backfill/backfill.port'
import { progress } from './terminal.js'

const WIDTH = 24
/** Rewriting the line more often only flickers. */
const EVERY_MS = 100

export class BackfillBar {
  readonly #begun = performance.now()
  #shownAt = 0

  show(state: BackfillProgress): void {
    const now = performance.now()
    if (now - this.#shownAt < EVERY_MS && state.doneMs < state.totalMs) return
    this.#shownAt = now
    progress(barText(state, now - this.#begun))
  }
}

/** `[######············]  25 %  1,200 rows  4 requests  0:12 left  binance.usdm.BTCUSDT 1h bars`. */
export function barText({ rows, requests, doneMs, totalMs, series }: BackfillProgress, elapsedMs: number): string {
  const share = totalMs > 0 ? Math.min(1, doneMs / totalMs) : 1
  const full = Math.round(share * WIDTH)
  const leftSeconds = share > 0 ? Math.round(((elapsedMs / share) * (1 - share)) / 1000) : undefined
  const left =
    leftSeconds === undefined
      ? ''
      : `  ${Math.floor(leftSeconds / 60)}:${String(leftSeconds % 60).padStart(2, '0')} left`
  const bar = `${'#'.repeat(full)}${'·'.repeat(WIDTH - full)}`
  return `[${bar}] ${String(Math.floor(share * 100)).padStart(3)} %  ${rows.toLocaleString('en-US')} rows  ${requests} requests${left}  ${series}`
}
