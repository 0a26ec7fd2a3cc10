/** Owns what was evolved before the first event of a recorded run: the built-in market's own past, or files of the lake. */
import { createSimMarket } from '#data/connectors/sim/market'
import type { Input } from '#engine/dispatcher'
import { loadHistory } from './paper-history.js'
import type { RecordedRun } from './recorded-run.js'

/** Inputs before the start, oldest first, as often as they are asked for. */
export type History = () => Iterable<Input>

/** None for runs without history. TAPE_CHANGED where the lake has not the files that the manifest names. */
export async function historyOf(home: string, { manifest, config }: RecordedRun): Promise<History> {
  if (manifest.mode === 'sim') return () => createSimMarket(config.sim, config.seed).history()
  if (manifest.history.length === 0) return () => []
  return loadHistory(home, config, manifest.history, manifest.createdAt)
}
