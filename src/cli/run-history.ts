/** Owns what was evolved before the first event of a recorded run: the built-in market's own past. */

import { createSimMarket } from '#data/connectors/sim/market'
import type { Input } from '#engine/dispatcher'
import type { RecordedRun } from './recorded-run.js'

/** Inputs before the start, oldest first, as often as they are walked; none for runs without history. */
export function historyOf({ manifest, config }: RecordedRun): Iterable<Input> {
  if (manifest.mode !== 'sim') return []
  return { [Symbol.iterator]: () => createSimMarket(config.sim, config.seed).history()[Symbol.iterator]() }
}
