/** Owns what the specs of notifications share: a policy, a configuration, a sink that is scripted, events by the thousand. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type NotificationsConfig, notificationsSchema } from '#core/config/operate-schema'
import type { AnyEvent } from '#events/catalogue'
import type { RulePolicy } from '#monitoring/notify/conditions'
import type { SinkFailed } from '#monitoring/notify/failures'
import type { Letter } from '#monitoring/notify/letter'
import type { Note } from '#monitoring/notify/note'
import type { NotifyHead, SinkName } from '#monitoring/notify/notify.port'
import { initialNotifyState, type NotifyState } from '#monitoring/notify/notify-state'
import { messagesOf } from '#monitoring/notify/rules'
import type { Sink } from '#monitoring/notify/sink-queue'
import { event } from '../given.js'

/** 2026-01-01, 06:00 UTC. */
export const T0 = 1_767_247_200_000
export const FACTS = { run: 'r1', mode: 'paper', currency: 'USDT' } as const

export const POLICY: RulePolicy = {
  repeatMs: 3_600_000,
  feedDownMs: 120_000,
  unknownMs: 60_000,
  digestHourUtc: 7,
  currency: 'USDT',
}

export const started = (seq: number, ts: number, resumedAt = 0): AnyEvent =>
  event(
    'ProcessStarted',
    { mode: 'paper', codeVersion: '0.4.0', node: '20.19.0', resumedAt, tornBytes: 0 },
    { seq, ts, by: 'host/live' },
  )

/** Folds events; gives the notes of the last one. */
export function told(events: readonly AnyEvent[], state: NotifyState = initialNotifyState()): readonly Note[] {
  let notes: readonly Note[] = []
  for (const one of events) notes = messagesOf(one, state, POLICY)
  return notes
}

export function configOf(settings: object = {}): NotificationsConfig {
  return notificationsSchema.parse({
    email: { host: 'localhost', from: 'bot@example.org', to: ['you@example.org'], minSeverity: 'info' },
    ...settings,
  })
}

const folders: string[] = []

export function notifyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'quantbot-notify-'))
  folders.push(folder)
  return join(folder, 'notify', 'r1')
}

export function removeNotifyFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
}

export const headOf = (events: readonly AnyEvent[]): NotifyHead => {
  const last = events.at(-1)
  return { seq: last?.seq ?? 0, ts: last?.ts ?? 0, fault: null }
}

/** Takes letters, or does what `next` says: fails, or never answers. */
export class ScriptedSink implements Sink {
  readonly name: SinkName
  readonly taken: Letter[] = []
  attempts = 0
  next: (letter: Letter) => SinkFailed | 'hang' | undefined = () => undefined

  constructor(name: SinkName = 'email') {
    this.name = name
  }

  async deliver(letter: Letter): Promise<{ readonly refused: number }> {
    this.attempts++
    const fate = this.next(letter)
    if (fate === 'hang') return new Promise(() => undefined)
    if (fate !== undefined) throw fate
    this.taken.push(letter)
    return { refused: 0 }
  }
}

/** Each worth a note of its own: stops of as many instruments, `perMs` apart. */
export function stops(count: number, from: { readonly seq: number; readonly ts: number }, apartMs = 0): AnyEvent[] {
  return Array.from({ length: count }, (_, i) =>
    event(
      'StopTriggered',
      { instrument: `binance.usdm.C${i}USDT`, side: 'long', level: 90, extreme: 100, atr: 5, multiple: 2, price: 89 },
      { seq: from.seq + i, ts: from.ts + i * apartMs, by: 'risk/engine' },
    ),
  )
}
