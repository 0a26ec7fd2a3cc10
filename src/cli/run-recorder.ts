/** Owns composing the recorder of a run on venues: what it keeps, from where it knows terms, where its troubles are told. */
import { machineTime } from '#actors/scaled-time'
import type { Config } from '#core/config/schema'
import type { TimePort } from '#core/ports'
import { MINUTE_MS, SECOND_MS } from '#core/time'
import type { InstrumentFacts } from '#data/connectors/normal'
import { LakeRecorder } from '#data/recorder/lake-recorder'
import { lakeWriter } from '#data/recorder/thread-writer'
import { note } from './terminal.js'

/** How long a run that ends waits for the lake. */
const LAST_FLUSH_MS = 20 * SECOND_MS

/** Undefined where nothing is to be kept. Writes nothing before its `start`. */
export function runRecorder(
  home: string,
  config: Config,
  time: TimePort,
  facts: (instrument: string) => InstrumentFacts | undefined,
): LakeRecorder | undefined {
  const { record, recordMinutes, optionChainMinutes, onChain } = config.marketData
  if (record.length === 0) return undefined
  return new LakeRecorder({
    kinds: new Set(record),
    writer: lakeWriter(home),
    time,
    flushMs: recordMinutes * MINUTE_MS,
    chainMs: optionChainMinutes * MINUTE_MS,
    onChainLagMs: onChain.lagMinutes * MINUTE_MS,
    facts,
    onTrouble: (words) => note(`warning: lake: ${words}`),
  })
}

/** The last flush of a run, on the machine's clock. */
export function closeRecorder(recorder: LakeRecorder): Promise<void> {
  return recorder.close(LAST_FLUSH_MS, machineTime)
}
