/**
 * Owns who is told what and when: severity of a sink, groups, the limit an hour. Pure on plain JSON; times are the machine's. Never
 * drops a note: what is over the limit is held back and told in one.
 */
import { HOUR_MS } from '#core/time'
import { isAtLeast, type Note, type NoteKind, worse } from './note.js'
import type { Severity } from './notify.port.js'

export interface RoutePolicy {
  readonly minSeverity: Severity
  readonly digest: boolean
  readonly groupMs: number
  readonly maxPerHour: number
}

/** One line of a letter: the same thing said several times is one. */
export interface Line {
  readonly note: Note
  times: number
}

/** Notes that go out together. */
export interface Group {
  readonly kind: NoteKind
  severity: Severity
  count: number
  /** Machine's clock. */
  dueAt: number
  readonly first: Note
  last: Note
  /** The first so many, in order; `count` counts all. */
  readonly lines: Line[]
}

/** Counts of what was held back by the limit, told in one letter. */
export interface Held {
  readonly counts: Partial<Record<NoteKind, number>>
  readonly group: Group
}

export interface RouteState {
  /** By kind; by note where notes are not grouped. */
  readonly groups: Record<string, Group>
  /** Critical keys that went out at once, and when. */
  readonly urgent: Record<string, number>
  hour: { startAt: number; sent: number }
  held: Held | null
}

/** What a letter is made of. */
export interface Draft extends Group {
  /** By kind, where several are in it. */
  readonly counts: Readonly<Partial<Record<NoteKind, number>>> | null
}

export const LINES_MAX = 100
const URGENT_MAX = 1000

export function initialRoute(): RouteState {
  return { groups: {}, urgent: {}, hour: { startAt: 0, sent: 0 }, held: null }
}

const groupOf = (note: Note, dueAt: number): Group => ({
  kind: note.kind,
  severity: note.severity,
  count: 1,
  dueAt,
  first: note,
  last: note,
  lines: [{ note, times: 1 }],
})

/** Same thing in the same words: one line. */
const isSame = (a: Note, b: Note): boolean => a.key === b.key && a.title === b.title && a.text === b.text

function addLine(group: Group, { note, times }: Line): void {
  group.count += times
  group.severity = worse(group.severity, note.severity)
  group.last = note
  const same = group.lines.find((line) => isSame(line.note, note))
  if (same !== undefined) same.times += times
  else if (group.lines.length < LINES_MAX) group.lines.push({ note, times })
}

/** Takes a note for this sink. O(open groups) for most. */
export function admit(state: RouteState, note: Note, policy: RoutePolicy, now: number): void {
  if (note.kind === 'digest' ? !policy.digest : !isAtLeast(note.severity, policy.minSeverity)) return
  const { groupMs } = policy
  const key = groupMs === 0 ? `${note.kind}#${note.seq}:${note.key}` : note.kind
  const group = state.groups[key]
  const dueAt = isAtOnce(state, note, groupMs, now) ? now : now + groupMs
  if (group === undefined) state.groups[key] = groupOf(note, dueAt)
  else {
    addLine(group, { note, times: 1 })
    group.dueAt = Math.min(group.dueAt, dueAt)
  }
}

function isAtOnce(state: RouteState, note: Note, groupMs: number, now: number): boolean {
  if (note.kind === 'digest') return true
  if (note.severity !== 'critical') return false
  const before = state.urgent[note.key]
  if (before !== undefined && now - before < groupMs) return false
  const keys = Object.keys(state.urgent)
  for (const key of keys) if (now - state.urgent[key]! >= groupMs) delete state.urgent[key]
  if (keys.length >= URGENT_MAX) delete state.urgent[keys[0]!]
  state.urgent[note.key] = now
  return true
}

/** Groups whose time has come, `all` of them at an end, in order of their first event. Over the limit they are held back. */
export function due(state: RouteState, policy: RoutePolicy, now: number, all = false): Draft[] {
  const drafts: Draft[] = []
  // An hour begins with its first letter; a clock that went back begins one anew.
  const { startAt, sent } = state.hour
  if (sent === 0 || now - startAt >= HOUR_MS || now < startAt) state.hour = { startAt: now, sent: 0 }
  if (state.held !== null && (all || state.hour.sent === 0)) {
    state.hour.sent++
    drafts.push({ ...state.held.group, counts: state.held.counts })
    state.held = null
  }
  const ready = Object.entries(state.groups)
    .filter(([, group]) => all || group.dueAt <= now)
    .sort(([, a], [, b]) => a.first.seq - b.first.seq)
  for (const [key, group] of ready) {
    delete state.groups[key]
    if (group.severity === 'critical' || group.kind === 'digest') drafts.push({ ...group, counts: null })
    else if (state.hour.sent < policy.maxPerHour) {
      state.hour.sent++
      drafts.push({ ...group, counts: null })
    } else hold(state, group)
  }
  return drafts
}

function hold(state: RouteState, group: Group): void {
  if (state.held === null) {
    state.held = { counts: { [group.kind]: group.count }, group: { ...group, dueAt: state.hour.startAt + HOUR_MS } }
    return
  }
  const { counts, group: held } = state.held
  counts[group.kind] = (counts[group.kind] ?? 0) + group.count
  const listed = group.lines.reduce((sum, { times }) => sum + times, 0)
  for (const line of group.lines) addLine(held, line)
  held.count += group.count - listed
  held.last = group.last
}

/** When {@link due} has something next, machine's clock; undefined: nothing waits. */
export function nextDueAt(state: RouteState): number | undefined {
  const times = Object.values(state.groups).map(({ dueAt }) => dueAt)
  if (state.held !== null) times.push(state.held.group.dueAt)
  return times.length === 0 ? undefined : Math.min(...times)
}
