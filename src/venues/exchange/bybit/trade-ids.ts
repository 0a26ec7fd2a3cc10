/** Owns ids of trades in the venue's forms: a number on spot, a UUID elsewhere. The same trade has one id on REST and stream. */
import type { Listed } from './symbols.js'

export function tradeId(of: Listed, id: number): string {
  if (of.category === 'spot') return `21${String(id).padStart(17, '0')}`
  return `${hash(of.symbol)}-0000-5000-8000-${id.toString(16).padStart(12, '0')}`
}

/** FNV-1a, so that trades of two symbols never share an id. */
function hash(text: string): string {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  return (value >>> 0).toString(16).padStart(8, '0')
}
