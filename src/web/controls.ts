/** Owns what a command asks of a person and what its outcome says. Pure; "flat" is never said of an order to flatten. */
import { count } from './format.js'

export type Brake = 'halt' | 'resume' | 'flatten'

/** Of the server, read name by name. */
type Plain = Readonly<Record<string, unknown>>

export interface Question {
  readonly title: string
  readonly means: string
  readonly button: string
  readonly isDangerous: boolean
}

export const QUESTIONS: Readonly<Record<Brake, Question>> = {
  halt: {
    title: 'Halt trading',
    means:
      'No order that adds risk leaves the process from now on. Positions stay, and their stops go on working. A halt outlives a restart: only resume ends it.',
    button: 'Halt',
    isDangerous: true,
  },
  resume: {
    title: 'Resume trading',
    means: 'Orders may add risk again, as signals and limits ask for them.',
    button: 'Resume',
    isDangerous: false,
  },
  flatten: {
    title: 'Flatten the book',
    means:
      'Trading halts, and every position is closed with reduce-only orders; what does not fill at once is tried again. This page says "flat" when the venues confirm it, not before.',
    button: 'Flatten',
    isDangerous: true,
  },
}

/** What must be typed before the button works; null: nothing. Real money asks for the name of the run. */
export const mustType = (brake: Brake, mode: string, run: string): string | null =>
  brake === 'flatten' && mode === 'live' ? run : null

/** What the answer of the process says, in a sentence. The document is the server's: whatever it lacks is not claimed. */
export function outcomeOf(brake: Brake, outcome: unknown): string {
  const { seq, halted, resumed } = (typeof outcome === 'object' && outcome !== null ? outcome : {}) as Plain // whatever it is, its members are checked
  const at = typeof seq === 'number' ? ` Your word is event ${count(seq)} of the log.` : ''
  if (brake === 'halt') return `${halted === null ? 'Trading was halted already.' : 'Trading is halted.'}${at}`
  if (brake === 'resume') return `${resumed === null ? 'Trading was going on already.' : 'Trading goes on.'}${at}`
  return `Flattening has begun: not flat until the venues confirm it.${at}`
}
