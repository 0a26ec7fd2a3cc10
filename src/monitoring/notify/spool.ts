/**
 * Owns the letters of one sink between their making and their delivery: in memory, and in one file that is appended to, where a kill at
 * any instant leaves them. Never says of a letter that it is delivered before the sink took it. When too many wait, the oldest become one.
 */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync } from 'node:fs'
import { replaceFile, writeAll } from './durable-file.js'
import { collapse, type Letter } from './letter.js'
import type { SinkName } from './notify.port.js'

/** Letters that wait at most; then the older half becomes one. Ours: three days of the default limit an hour. */
export const SPOOL_MAX = 2000

export interface SpoolOptions {
  readonly path: string
  readonly sink: SinkName
  readonly run: string
  /** Letters behind this number were written, but their position was not: they are made again. */
  readonly committed: number
  readonly max?: number
}

/** Letters of a spool file that wait, oldest first. Reads only; a torn last line is no letter. */
export function readSpool(path: string, committed = Number.POSITIVE_INFINITY): Letter[] {
  if (!existsSync(path)) return []
  let delivered = 0
  const letters: Letter[] = []
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const entry = parseEntry(line)
    if (entry === undefined) continue
    if ('delivered' in entry) delivered = entry.delivered
    else letters.push(entry)
  }
  return letters.filter(({ n }) => n > delivered && n <= committed)
}

function parseEntry(line: string): Letter | { readonly delivered: number } | undefined {
  if (!line.startsWith('{') || !line.endsWith('}')) return undefined
  try {
    return JSON.parse(line) as Letter | { readonly delivered: number } // lines of ours, whole by the test above
  } catch {
    return undefined
  }
}

export class Spool {
  readonly #options: SpoolOptions
  readonly #letters: Letter[]
  #fd: number | undefined
  /** The file lacks something that memory has. */
  #isBehind = false
  #isSending = false
  #appended = 0
  collapsed = 0

  /** Errors of the system where the file cannot be read. */
  constructor(options: SpoolOptions) {
    this.#options = options
    this.#letters = readSpool(options.path, options.committed)
    try {
      this.#rewrite()
    } catch {
      this.#isBehind = true // it is written anew, and its failure told, with the next letter
    }
  }

  get length(): number {
    return this.#letters.length
  }

  /** Number of the newest letter that waits; 0: none. */
  get lastNumber(): number {
    return this.#letters.at(-1)?.n ?? 0
  }

  /** The oldest letter; it stays where it is until it is {@link delivered}. */
  take(): Letter | undefined {
    this.#isSending = this.#letters.length > 0
    return this.#letters[0]
  }

  /** Adds letters, on disk when it returns. Where that fails they are kept in memory, and the error is thrown. */
  add(letters: readonly Letter[]): void {
    this.#letters.push(...letters)
    const tooMany = this.#letters.length > (this.#options.max ?? SPOOL_MAX)
    if (tooMany) this.#collapse()
    if (tooMany || this.#isBehind) this.#rewrite()
    else this.#append(letters.map((letter) => `${JSON.stringify(letter)}\n`).join(''), true)
  }

  /** The sink took the oldest letter, or never will. Its record outlives a kill; a cut of power may bring the letter back. */
  delivered(): void {
    const letter = this.#letters.shift()
    this.#isSending = false
    if (letter === undefined || this.#isBehind) return
    try {
      if (this.#letters.length === 0 && this.#appended > 256 * 1024) this.#rewrite()
      else this.#append(`{"delivered":${letter.n}}\n`, false)
    } catch {
      this.#isBehind = true // the next one who adds writes it anew
    }
  }

  /** Writes what could not be written before; nothing else where nothing is missing. Errors of the system. */
  sync(): void {
    if (this.#isBehind) this.#rewrite()
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }

  #append(text: string, isDurable: boolean): void {
    if (text === '') return
    this.#fd ??= openSync(this.#options.path, 'a', 0o600)
    this.#isBehind = true
    writeAll(this.#fd, text)
    if (isDurable) fsyncSync(this.#fd)
    this.#appended += text.length
    this.#isBehind = false
  }

  #rewrite(): void {
    this.close()
    this.#isBehind = true
    replaceFile(this.#options.path, this.#letters.map((letter) => `${JSON.stringify(letter)}\n`).join(''))
    this.#isBehind = false
    this.#appended = 0
  }

  /** The one that is on its way is left alone. */
  #collapse(): void {
    const from = this.#isSending ? 1 : 0
    const count = Math.floor((this.#letters.length - from) / 2)
    const old = this.#letters.slice(from, from + count)
    this.#letters.splice(from, count, collapse(old, this.#options.sink, this.#options.run))
    this.collapsed += count
  }
}
