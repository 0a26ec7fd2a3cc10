/**
 * Owns asking the venues of a new run, before anything is written, whether they answer and have its instruments. A run that
 * goes on is never held up: its connectors wait for a venue that is away.
 */
import { machineTime } from '#actors/scaled-time'
import type { Config, UniverseEntry } from '#core/config/schema'
import { isQuantbotError, QuantbotError } from '#core/errors'
import { parseInstrument } from '#core/ids'
import { InstrumentBook } from '#data/connectors/instrument-book'
import type { InstrumentKind } from '#data/connectors/normal'
import { isInverse, isOption, kindOfId } from '#events/instrument-kind'
import { restClient, type VenueUse } from './paper-venues.js'

/** Requests of the first question to a venue: a person waits for the answer (ours). */
const TRIES = 2

/** Markets that hold one kind, on which nothing need be asked. */
const COIN_MARKETS: readonly string[] = ['coinm', 'inverse', 'option']

/**
 * Venues that do not answer, with why. CONFIG_INVALID for an instrument that its venue does not have, naming the nearest, or
 * that single signals cannot trade; VENUE_UNREACHABLE and its like when no venue answers; SECRET_MISSING.
 */
export async function venuesAway(
  config: Config,
  uses: readonly VenueUse[],
): Promise<ReadonlyMap<string, QuantbotError>> {
  config.universe.forEach((entry, i) => {
    const market = parseInstrument(entry.instrument)?.market ?? ''
    if (COIN_MARKETS.includes(market)) checkKind(entry, kindOfId(entry.instrument), i)
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
  config.universe.forEach((entry, i) => {
    if (isOf(entry.instrument)) checkKind(entry, kindOf(book, entry.instrument, `universe.${i}.instrument`), i)
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

/**
 * Single signals are sized in coins at a price in quote. Contracts of dollars and options are not: only packages size them, and the
 * terms of an option come with the order.
 */
function checkKind({ instrument, role }: UniverseEntry, kind: InstrumentKind, i: number): void {
  if (isOption(kind))
    refuse(
      i,
      `${instrument} is an option, which single signals cannot size; packages trade those of marketData.optionChains, and it may stand in marketData.watch`,
    )
  if (isInverse(kind) && role !== 'leg')
    refuse(
      i,
      `${instrument} is an inverse contract, settled in its coin, which single signals cannot size; packages can (role: leg), and it may stand in marketData.watch`,
    )
}

function refuse(i: number, why: string): never {
  throw new QuantbotError('CONFIG_INVALID', `universe.${i}.instrument: ${why}`)
}

/** Whether a run of this configuration hears prices of an instrument: where not, an order for it ends without a trade. */
export function isHeard({ universe, marketData }: Config, instrument: string): boolean {
  if (marketData.watch.includes(instrument) || universe.some((entry) => entry.instrument === instrument)) return true
  const { venue, symbol = '' } = parseInstrument(instrument) ?? {}
  if (venue !== 'deribit' || !isOption(kindOfId(instrument))) return false
  return marketData.optionChains.some((currency) => symbol.startsWith(`${currency}-`))
}
