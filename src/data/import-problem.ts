/** Owns what an import says is wrong with a file, and how a person reads it. */
import { QuantbotError } from '#core/errors'

/** One fault of a file. A file with any is not imported at all. */
export interface ImportProblem {
  readonly code: 'IMPORT_UNREADABLE' | 'IMPORT_BAD_ROW'
  readonly file: string
  /** Physical line of a CSV file (the header is 1) or row of a Parquet file (from 1); undefined for the file as a whole. */
  readonly line: number | undefined
  readonly place: 'line' | 'row'
  readonly reason: string
}

/** How many faults of one file are told one by one. */
export const PROBLEMS_MAX = 20

/** Collects the faults of one file: the first {@link PROBLEMS_MAX} in full, the rest as a number. */
export class Problems {
  readonly list: ImportProblem[] = []
  readonly #file: string
  readonly #place: 'line' | 'row'
  #untold = 0

  constructor(file: string, place: 'line' | 'row') {
    this.#file = file
    this.#place = place
  }

  get any(): boolean {
    return this.list.length > 0
  }

  row(line: number, reason: string): void {
    this.#add({ code: 'IMPORT_BAD_ROW', file: this.#file, line, place: this.#place, reason })
  }

  unreadable(reason: string, line?: number): void {
    this.#add({ code: 'IMPORT_UNREADABLE', file: this.#file, line, place: this.#place, reason })
  }

  #add(problem: ImportProblem): void {
    if (this.list.length < PROBLEMS_MAX) this.list.push(problem)
    else this.#untold++
  }

  /** All told; when some were not, the last entry says how many. */
  all(): readonly ImportProblem[] {
    if (this.#untold === 0) return this.list
    const reason = `${this.#untold} more faults of this file are not listed`
    return [...this.list, { code: 'IMPORT_BAD_ROW', file: this.#file, line: undefined, place: this.#place, reason }]
  }
}

/** `prices.csv line 17: high 3 is below low 4`. */
export function describeProblem(problem: ImportProblem): string {
  const where = problem.line === undefined ? '' : ` ${problem.place} ${problem.line}`
  return `${problem.file}${where}: ${problem.reason}`
}

/** The error a command ends with: undefined when nothing is wrong, IMPORT_BAD_ROW when any row is. */
export function importError(problems: readonly ImportProblem[]): QuantbotError | undefined {
  if (problems.length === 0) return undefined
  const code = problems.some((problem) => problem.code === 'IMPORT_BAD_ROW') ? 'IMPORT_BAD_ROW' : 'IMPORT_UNREADABLE'
  return new QuantbotError(code, problems.map(describeProblem).join('\n'))
}
