/** Owns what the folder of a run's notifications tells without its process. Reads only. */
import type { NotifyStatus, SinkName } from './notify.port.js'
import { readSpool } from './spool.js'
import { readStored, type SinkState, spoolOf } from './store.js'

/** A few seconds old where the process runs. Errors of the system where a file cannot be read. */
export function storedStatus(folder: string): NotifyStatus {
  const stored = readStored(folder)
  if (stored === null) return { position: 0, sinks: [] }
  const lanes = Object.entries(stored.sinks) as [SinkName, SinkState][] // keys of our own file
  return {
    position: stored.rules.seq,
    sinks: lanes.map(([sink, { last, tally }]) => ({
      sink,
      queued: readSpool(spoolOf(folder, sink), last).length,
      ...tally,
    })),
  }
}
