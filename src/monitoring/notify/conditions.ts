/** Owns what lasts, what was told lately, and what time alone makes worth telling. Knows no event. */
import { DAY_MS, floorTo, HOUR_MS } from '#core/time'
import { type Note, span } from './note.js'
import { DIGESTS_MAX, emptyFigures, type NotifyState, TOLD_MAX } from './notify-state.js'

/** Durations in milliseconds of the run. */
export interface RulePolicy {
  readonly repeatMs: number
  readonly feedDownMs: number
  readonly unknownMs: number
  readonly digestHourUtc: number
  /** Of the book. */
  readonly currency: string
}

/** How finely the run's time is looked at. */
const TICK_MS = 1000

/** Something began that lasts. Told now, or when it still lasts after `graceMs`; nothing where it lasts already. */
export function begin(state: NotifyState, note: Note, graceMs = 0): Note[] {
  if (state.conditions[note.key] !== undefined) return []
  const isNow = graceMs === 0
  state.conditions[note.key] = { note, since: note.ts, dueTs: note.ts + graceMs, toldTs: isNow ? note.ts : null }
  return isNow ? [note] : []
}

/** It is over: since when it lasted where somebody was told of it, else undefined. */
export function end(state: NotifyState, key: string): { readonly since: number } | undefined {
  const condition = state.conditions[key]
  delete state.conditions[key]
  return condition?.toldTs == null ? undefined : { since: condition.since }
}

/** Told at once, or counted where the same was told lately. */
export function once(state: NotifyState, note: Note): Note[] {
  const told = state.told[note.key]
  if (told === undefined) {
    const keys = Object.keys(state.told)
    if (keys.length >= TOLD_MAX) delete state.told[keys[0]!]
    state.told[note.key] = { ts: note.ts, again: 0, note }
    return [note]
  }
  state.told[note.key] = { ts: told.ts, again: told.again + 1, note }
  return []
}

/** What the time `ts` of the run makes worth telling. Cheap where it has hardly moved. */
export function tick(state: NotifyState, ts: number, policy: RulePolicy): Note[] {
  if (!state.running || ts - state.tickedTs < TICK_MS) return []
  state.tickedTs = ts
  const notes: Note[] = []
  for (const condition of Object.values(state.conditions)) {
    const { note, since, dueTs, toldTs } = condition
    const isFirst = toldTs === null
    if (isFirst ? ts < dueTs : ts - toldTs < policy.repeatMs) continue
    condition.toldTs = ts
    const text = `${note.text} For ${span(ts - since)} now.`
    notes.push(isFirst ? { ...note, ts, text } : { ...note, ts, title: `Still: ${note.title}`, text })
  }
  for (const [key, told] of Object.entries(state.told)) {
    if (ts - told.ts < policy.repeatMs) continue
    delete state.told[key]
    if (told.again === 0) continue
    const text = `${told.again} more in ${span(ts - told.ts)}; the newest: ${told.note.text}`
    notes.push({ ...told.note, ts, title: `Again: ${told.note.title}`, text })
    state.told[key] = { ts, again: 0, note: told.note }
  }
  return notes
}

/** Closes the digest's day where `ts` is in another one. The first day begins with the run and tells nothing by itself. */
export function rollDay(state: NotifyState, ts: number, policy: RulePolicy): void {
  const index = floorTo(ts - policy.digestHourUtc * HOUR_MS, DAY_MS) / DAY_MS
  if (state.dayIndex === null) {
    state.dayIndex = index
    state.figures = emptyFigures(0, ts)
    return
  }
  if (index <= state.dayIndex) return
  state.dayIndex = index
  const toTs = index * DAY_MS + policy.digestHourUtc * HOUR_MS
  state.digests.push({ figures: state.figures, toSeq: state.seq, toTs, firstSeq: state.firstSeq })
  state.figures = emptyFigures(state.seq, toTs)
  if (state.digests.length <= DIGESTS_MAX) return
  state.digests.shift()
  state.digestsLeftOut++
}
