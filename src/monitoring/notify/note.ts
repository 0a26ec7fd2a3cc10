/** Owns what is told: one note, and how text of others is made harmless before it stands in one. Never decides whom to tell. */
import { isoTime } from '#core/time'
import type { Severity } from './notify.port.js'

/** What a note is about. Notes of one kind are grouped. */
export const NOTE_KINDS = [
  'trading-halted',
  'trading-resumed',
  'agent-faulted',
  'agent-given-up',
  'agent-degraded',
  'agent-restored',
  'feed-down',
  'feed-restored',
  'log-stalled',
  'log-fault',
  'clock-stepped',
  'stop-triggered',
  'drawdown-rung',
  'risk-alert',
  'risk-alert-over',
  'order-rejected',
  'order-unknown',
  'order-known',
  'flatten-asked',
  'flat',
  'process-started',
  'process-stopped',
  'funds-transferred',
  'package-imbalanced',
  'position-settled',
  'cascade-warning',
  'cascade-warning-over',
  'digest',
  'collapsed',
  'test',
] as const
export type NoteKind = (typeof NOTE_KINDS)[number]

/** Plain JSON. */
export interface Note {
  readonly kind: NoteKind
  /** What exactly: the same key is the same thing, told again only after a while. */
  readonly key: string
  readonly severity: Severity
  /** Event that it is told because of. */
  readonly seq: number
  /** Of the run. */
  readonly ts: number
  /** One line of our own words. */
  readonly title: string
  /** Sentences with the numbers; may hold words of a venue or an operator, made plain by {@link plain}. */
  readonly text: string
}

const RANKS: Readonly<Record<Severity, number>> = { info: 0, warning: 1, critical: 2 }

export const isAtLeast = (severity: Severity, least: Severity): boolean => RANKS[severity] >= RANKS[least]

export const worse = (a: Severity, b: Severity): Severity => (RANKS[a] >= RANKS[b] ? a : b)

/** One line, no control, format or private character (line breaks, escapes, reversed text), at most `max` characters. */
export function plain(text: string, max = 200): string {
  const line = text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ').trim()
  const characters = [...line]
  return characters.length <= max ? line : `${characters.slice(0, max - 1).join('')}…`
}

/** `2024-12-31 08:00:00Z`. */
export const clockOf = (ts: number): string => `${isoTime(ts).slice(0, 19).replace('T', ' ')}Z`

/** `45 s`, `12 min`, `5 h`, `3 d`. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`
}

/** `-12.3 %` of a fraction. */
export const percent = (fraction: number): string => `${(fraction * 100).toFixed(1)} %`
