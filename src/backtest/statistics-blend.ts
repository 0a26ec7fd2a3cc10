/** Owns what the blend is held against: the mean of its signals, and the same book without an overlay. Pure. */
import type { BacktestRecording, Tally } from './recording.js'
import type { SignalFigures } from './statistics-signal.js'
import { speechOf } from './statistics-signal.js'
import type { Summary } from './statistics-summary.js'
import { type Verdict, whatWasNotSaid } from './statistics-verdict.js'

/** Whether the blended book beats the mean Sharpe ratio of its signals alone, all over the same calendar days. */
export interface BlenderVerdict {
  readonly portfolioSharpe: number | null
  /** Of the signals that are testable; one that never traded counts as 0. */
  readonly meanSharpe: number | null
  readonly signals: readonly string[]
  readonly verdict: Verdict
}

export function blenderVerdict(
  portfolio: Summary,
  signals: readonly (Summary & { readonly figures: SignalFigures; readonly verdict: Verdict })[],
): BlenderVerdict {
  const books = signals.filter(({ verdict }) => verdict.kind !== 'NOT TESTABLE')
  const names = books.map(({ name }) => name)
  const portfolioSharpe = portfolio.sharpe
  if (books.length < 2 || portfolioSharpe === null) {
    const text = `NOT TESTABLE - ${books.length} testable signals to compare with`
    return { portfolioSharpe, meanSharpe: null, signals: names, verdict: { kind: 'NOT TESTABLE', text } }
  }
  const meanSharpe = books.reduce((sum, { figures }) => sum + (figures.sharpeCalendar ?? 0), 0) / books.length
  const kind = portfolioSharpe > meanSharpe ? 'PASS' : 'FAIL'
  const text = `${kind} - blended Sharpe ${portfolioSharpe.toFixed(2)} against ${meanSharpe.toFixed(2)}, the mean of ${books.length} signals alone (${names.join(', ')}), the same calendar days; a difference of points, without a test of significance`
  return { portfolioSharpe, meanSharpe, signals: names, verdict: { kind, text } }
}

/** What an overlay did: the blended book with it less the same book without it. No gate. */
export interface OverlayEffect {
  readonly signal: string
  readonly with: OverlayFigures
  readonly without: OverlayFigures
  readonly difference: OverlayFigures
  /** Regimes by how often they began. */
  readonly triggers: Tally
  readonly liveDays: number
  readonly verdict: Verdict
}

export interface OverlayFigures {
  readonly sharpe: number | null
  readonly totalReturn: number
  readonly maxDrawdown: number
}

const figures = ({ sharpe, totalReturn, maxDrawdown }: Summary): OverlayFigures => ({
  sharpe,
  totalReturn,
  maxDrawdown,
})

export function overlayEffect(
  signal: string,
  recording: BacktestRecording,
  portfolio: Summary,
  without: Summary,
): OverlayEffect {
  const speech = speechOf(recording, signal)
  const live = speech?.live.reduce((sum, value) => sum + value, 0) ?? 0
  const [a, b] = [figures(portfolio), figures(without)]
  const difference = {
    sharpe: a.sharpe === null || b.sharpe === null ? null : a.sharpe - b.sharpe,
    totalReturn: a.totalReturn - b.totalReturn,
    maxDrawdown: a.maxDrawdown - b.maxDrawdown,
  }
  return {
    signal,
    with: a,
    without: b,
    difference,
    triggers: speech?.triggers ?? [],
    liveDays: live,
    verdict: overlayVerdict(
      live,
      difference,
      speech && whatWasNotSaid(speech, { ...recording, fills: [], packages: [] }),
    ),
  }
}

function overlayVerdict(live: number, { sharpe, totalReturn }: OverlayFigures, missing: string | undefined): Verdict {
  if (live === 0) return { kind: 'NOT TESTABLE', text: `NOT TESTABLE - ${missing ?? 'it never spoke'}` }
  const points = (100 * totalReturn).toFixed(2)
  const change = sharpe === null ? 'undefined' : sharpe.toFixed(3)
  const text = `NO GATE - ${live} days with a regime; the blended book with it less without it: Sharpe ${change}, return ${points} points`
  return { kind: 'NO GATE', text }
}
