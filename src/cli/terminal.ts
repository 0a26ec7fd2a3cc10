/** Owns what commands print: one JSON document on stdout with --json, tables without; progress and errors on stderr. */
import { styleText } from 'node:util'
import { isQuantbotError, QuantbotError } from '#core/errors'
import { scrub, scrubKnown } from './redact.js'

type Style = Parameters<typeof styleText>[0]

/** Colours only where stdout is a terminal and NO_COLOR is not set. */
export function paint(style: Style, text: string): string {
  return process.stdout.isTTY && process.env.NO_COLOR === undefined ? styleText(style, text) : text
}

export function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** The one JSON document (or line) of a command. */
export function sayJson(document: unknown): void {
  process.stdout.write(`${scrubKnown(JSON.stringify(document))}\n`)
}

const plain = (text: string): void => {
  process.stderr.write(`${scrub(text)}\n`)
}
let take: (text: string) => void = plain

/** For a person, beside what a command prints. In a running process a line of its log. */
export function note(text: string): void {
  take(text)
}

/** Notes go there until the function that is given is called. */
export function redirectNotes(to: (text: string) => void): () => void {
  take = to
  return () => {
    take = plain
  }
}

/** A line that is rewritten while work goes on; silent where stderr is no terminal. */
export function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}

export function endProgress(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
}

/** Prints an error with its code and mend, sets the exit code. A bug shows its stack, an expected error never. */
export function fail(error: unknown, json: boolean): void {
  const known = isQuantbotError(error)
    ? error
    : new QuantbotError('INTERNAL', error instanceof Error ? (error.stack ?? error.message) : String(error))
  endProgress()
  if (json) sayJson({ error: { code: known.code, message: known.message, mend: known.mend } })
  plain(`${known.code}: ${known.message}\n  mend: ${known.mend}`)
  process.exitCode = known.exitCode
}
