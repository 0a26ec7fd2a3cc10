/** Owns the folder of a run's notifications: the position with all that belongs to it, in one file that is old or new after a crash. */
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { replaceFile } from './durable-file.js'
import type { SinkName } from './notify.port.js'
import { initialNotifyState, type NotifyState } from './notify-state.js'
import { initialRoute, type RouteState } from './routing.js'
import { emptyTally, type Tally } from './sink-queue.js'

export interface SinkState {
  /** Number of the last letter. */
  last: number
  readonly route: RouteState
  readonly tally: Tally
}

/** `rules.seq` is the position: what earlier events had to tell is in the spools, or delivered, or waits in `sinks`. */
export interface StoredNotifier {
  readonly v: 1
  readonly rules: NotifyState
  readonly sinks: Partial<Record<SinkName, SinkState>>
}

export const emptyStored = (): StoredNotifier => ({ v: 1, rules: initialNotifyState(), sinks: {} })
export const emptySink = (): SinkState => ({ last: 0, route: initialRoute(), tally: emptyTally() })

const fileOf = (folder: string): string => join(folder, 'position.json')
export const spoolOf = (folder: string, sink: SinkName): string => join(folder, `${sink}.ndjson`)

/** Null: none yet, or one that cannot be read. Only reads. */
export function readStored(folder: string): StoredNotifier | null {
  if (!existsSync(fileOf(folder))) return null
  try {
    const stored = JSON.parse(readFileSync(fileOf(folder), 'utf8')) as Partial<StoredNotifier> // our own file; version checked
    return stored.v === 1 && stored.rules !== undefined && stored.sinks !== undefined
      ? (stored as StoredNotifier)
      : null
  } catch {
    return null
  }
}

/** As {@link readStored}; makes the folder, and sets a file aside that cannot be read. Errors of the system. */
export function openStored(folder: string, onSetAside: (path: string) => void): StoredNotifier | null {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const stored = readStored(folder)
  if (stored === null && existsSync(fileOf(folder))) {
    const aside = `${fileOf(folder)}.unreadable`
    renameSync(fileOf(folder), aside)
    onSetAside(aside)
  }
  return stored
}

export const writeStored = (folder: string, stored: StoredNotifier): void =>
  replaceFile(fileOf(folder), JSON.stringify(stored))
