/**
 * Owns asking the venues of a new run, before anything is written, whether they answer and have its instruments. A run that
 * goes on is never held up: its connectors wait for a venue that is away.
 */
import { machineTime } from '#actors/scaled-time'
import type { Config } from '#core/config/schema'
import { isQuantbotError, type QuantbotError } from '#core/errors'
import { InstrumentBook } from '#data/connectors/instrument-book'
import { restClient, type VenueUse } from './paper-venues.js'

/** Requests of the first question to a venue: a person waits for the answer (ours). */
const TRIES = 2

/**
 * Venues that do not answer, with why. VENUE_REFUSED for an instrument that its venue does not have, naming the nearest;
 * VENUE_UNREACHABLE and its like when no venue answers; SECRET_MISSING, CONFIG_INVALID.
 */
export async function venuesAway(
  config: Config,
  uses: readonly VenueUse[],
): Promise<ReadonlyMap<string, QuantbotError>> {
  const answers = await Promise.all(uses.map(async (use) => [use.venue, await troubleOf(config, use)] as const))
  const away = new Map(
    answers.flatMap(([venue, trouble]) => (trouble === undefined ? [] : [[venue, trouble] as const])),
  )
  const [first] = away.values()
  if (first !== undefined && away.size === uses.length) throw first
  return away
}

async function troubleOf(
  config: Config,
  { venue, adapter, universe, watch }: VenueUse,
): Promise<QuantbotError | undefined> {
  const client = restClient(config, venue, machineTime)
  const instruments = [...universe.map(({ instrument }) => instrument), ...watch]
  const book = new InstrumentBook(
    adapter,
    client,
    instruments.map((instrument) => ({ instrument, kinds: [], isListed: true })),
    [],
  )
  try {
    await client.send(adapter.serverTime(), { tries: TRIES })
    await book.load(new AbortController().signal, () => false)
    return undefined
  } catch (error) {
    if (!isQuantbotError(error) || !error.retryable) throw error
    return error
  } finally {
    client.close()
  }
}
