/** Owns reading JSON so that ids beyond 2^53 survive, as text. Never changes any other value. */
import { parse } from 'lossless-json'

/** An integer that a double may not hold, where a value stands: 17 digits and more, or 16 that begin with a 9. */
const LONG_INTEGER = /[:[,]\s*-?(?:9\d{15}|\d{17,})\d*\s*[,\]}]/

/** As JSON.parse, which it is unless there is a long integer. Throws SyntaxError. */
export function parseJson(text: string): unknown {
  return LONG_INTEGER.test(text) ? parse(text, undefined, exactNumber) : JSON.parse(text)
}

function exactNumber(text: string): number | string {
  const value = Number(text)
  return /^-?\d+$/.test(text) && !Number.isSafeInteger(value) ? text : value
}
