/**
 * Owns asking the venues of a new run, before anything is written, whether they answer and have its instruments. A run that
 * goes on is never held up: its connectors wait for a venue that is away.
 */
import { machineTime } from '#actors/scaled-time'
import type { Config } from '#core/config/schema'
import { isQuantbotError, QuantbotError } from '#core/errors'
import { parseInstrument } from '#core/ids'
import { InstrumentBook } from '#data/connectors/instrument-book'
import type { InstrumentKind } from '#data/connectors/normal'
import { restClient, type VenueUse } from './paper-venues.js'

/** Requests of the first question to a venue: a person waits for the answer (ours). */
const TRIES = 2

/** The ledger of inverse contracts and of options is not there yet. */
const NOT_TRADED: readonly string[] = ['coinm', 'inverse', 'option']
const TRADED: readonly InstrumentKind[] = ['spot', 'linearPerpetual', 'linearFuture']

/**
 * Venues that do not answer, with why. CONFIG_INVALID for an instrument that its venue does not have, naming the nearest, or
 * that is not traded yet; VENUE_UNREACHABLE and its like when no venue answers; SECRET_MISSING.
 */
export async function venuesAway(
  config: Config,
  uses: readonly VenueUse[],
): Promise<ReadonlyMap<string, QuantbotError>> {
  config.universe.forEach(({ instrument }, i) => {
    if (NOT_TRADED.includes(parseInstrument(instrument)?.market ?? '')) refuseUntraded(instrument, i)
  })
  const answers = await Promise.all(uses.map(async (use) => [use.venue, await troubleOf(config, use)] as const))
  const away = new Map(
    answers.flatMap(([venue, trouble]) => (trouble === undefined ? [] : [[venue, trouble] as const])),
  )
  const [first] = away.values()
  if (first !== undefined && away.size === uses.length) throw first
  return away
}

async function troubleOf(config: Config, use: VenueUse): Promise<QuantbotError | undefined> {
  const { venue, adapter, universe, watch } = use
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
    await book.load(new AbortController().signal, () => true)
    check(config, use.venue, book)
    return undefined
  } catch (error) {
    if (!isQuantbotError(error) || !error.retryable) throw error
    return error
  } finally {
    client.close()
  }
}

/** Only what is wrong with the instruments of one venue. */
function check(config: Config, venue: string, book: InstrumentBook): void {
  const isOf = (instrument: string): boolean => parseInstrument(instrument)?.venue === venue
  config.universe.forEach(({ instrument }, i) => {
    if (!isOf(instrument)) return
    if (!TRADED.includes(kindOf(book, instrument, `universe.${i}.instrument`))) refuseUntraded(instrument, i)
  })
  config.marketData.watch.forEach((instrument, i) => {
    if (isOf(instrument)) kindOf(book, instrument, `marketData.watch.${i}`)
  })
}

function kindOf(book: InstrumentBook, instrument: string, key: string): InstrumentKind {
  try {
    return book.need(instrument).kind
  } catch (error) {
    if (!isQuantbotError(error)) throw error
    throw new QuantbotError('CONFIG_INVALID', `${key}: ${error.message}`)
  }
}

function refuseUntraded(instrument: string, i: number): never {
  throw new QuantbotError(
    'CONFIG_INVALID',
    `universe.${i}.instrument: ${instrument} is an inverse contract or an option, which are not traded yet; it may stand in marketData.watch`,
  )
}
