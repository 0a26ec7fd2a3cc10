/** Owns `quantbot parse`: the normalised form of any payload of a venue, or why it is refused. For whoever debugs a venue. */
import { QuantbotError } from '#core/errors'
import { INTERVALS, type Interval, isInterval, isoTime } from '#core/time'
import type { PayloadParser } from '#data/connectors/adapter.port'
import { PARSERS } from '#data/connectors/adapters'
import { type InstrumentFacts, type Normal, type ParseContext, PayloadRefused } from '#data/connectors/normal'
import { payloadsIn, payloadText, type RecordedPayload } from '#data/connectors/payload-files'
import type { GlobalOptions } from './home.js'
import { say, sayJson } from './terminal.js'

export interface ParseOptions extends GlobalOptions {
  readonly venue: string
  readonly as?: string
  readonly market?: string
  readonly symbol?: string
  readonly interval?: string
  readonly instruments?: string
}

interface Refusal {
  readonly line: number
  readonly path: string
  readonly reason: string
}

export function parseCommand(file: string, options: ParseOptions): void {
  const parser = Object.hasOwn(PARSERS, options.venue) ? PARSERS[options.venue]! : undefined
  if (parser === undefined)
    throw new QuantbotError('USAGE', `--venue ${options.venue} is not one of ${Object.keys(PARSERS).join(', ')}`)
  const known = parser.topics.map(({ name }) => name)
  if (options.as !== undefined && !known.includes(options.as))
    throw new QuantbotError('USAGE', `--as ${options.as} is no topic of ${options.venue}; known: ${known.join(', ')}`)
  const { interval } = options
  if (interval !== undefined && !isInterval(interval))
    throw new QuantbotError('USAGE', `--interval ${interval} is not one of ${INTERVALS.join(', ')}`)
  const facts: Map<string, InstrumentFacts> =
    options.instruments === undefined ? new Map() : factsIn(parser, options.instruments, options.market)
  const records: Normal[] = []
  const refused: Refusal[] = []
  for (const item of payloadsIn(readable(file)))
    try {
      for (const record of readOne(parser, item, options, interval ?? intervalIn(item.url), facts)) {
        records.push(record)
        // A recording begins with the terms of what it holds.
        if (record.kind === 'instrument') facts.set(record.instrument, record.facts)
      }
    } catch (error) {
      if (!(error instanceof PayloadRefused)) throw error
      refused.push({ line: item.line, path: error.path, reason: error.reason })
    }
  if (options.json === true) sayJson({ records, refused })
  else print(records, refused)
  if (refused.length > 0) process.exitCode = 1
}

/** Topics that say the same of every market. */
const MARKETLESS = /^(?:control|rest\/(?:get_)?time)$/

/** Of bars, as the address asked for them. */
function intervalIn(url: string | undefined): Interval | undefined {
  const query = new URLSearchParams(url?.split('?')[1] ?? '')
  const asked = query.get('interval') ?? query.get('bar') ?? ''
  return isInterval(asked) ? asked : undefined
}

function readOne(
  parser: PayloadParser,
  item: RecordedPayload,
  options: ParseOptions,
  interval: Interval | undefined,
  facts: ReadonlyMap<string, InstrumentFacts>,
): readonly Normal[] {
  if (item.payload === undefined) throw new PayloadRefused('line', item.problem ?? 'holds no payload')
  const guess = parser.guess(item.payload, item.url)
  const topic = options.as ?? guess?.topic
  if (topic === undefined) throw new PayloadRefused('payload', 'is of no topic that is read here: name one with --as')
  const markets = parser.topics.find(({ name }) => name === topic)?.markets ?? []
  const only = markets.length === 1 || MARKETLESS.test(topic) ? markets[0] : undefined
  const market = options.market ?? item.market ?? guess?.market ?? only
  if (market === undefined)
    throw new PayloadRefused('payload', `does not say its market: --market ${markets.join(' or ')}`)
  const symbol = options.symbol ?? guess?.symbol
  const context: ParseContext = {
    receivedAt: item.receivedAt ?? Date.now(),
    market,
    ...(symbol === undefined ? {} : { symbol }),
    ...(interval === undefined ? {} : { interval }),
    facts: (instrument) => facts.get(instrument),
    price: () => undefined,
  }
  return parser.parse(topic, item.payload, context)
}

/** Instruments by id, from the venue's own list. */
function factsIn(parser: PayloadParser, file: string, asked: string | undefined): Map<string, InstrumentFacts> {
  const facts = new Map<string, InstrumentFacts>()
  for (const item of payloadsIn(readable(file))) {
    const guess = item.payload === undefined ? undefined : parser.guess(item.payload, item.url)
    if (guess === undefined) continue
    const context: ParseContext = {
      receivedAt: item.receivedAt ?? Date.now(),
      market: item.market ?? guess.market ?? asked ?? '',
      facts: () => undefined,
      price: () => undefined,
    }
    for (const record of parser.parse(guess.topic, item.payload, context))
      if (record.kind === 'instrument') facts.set(record.instrument, record.facts)
  }
  if (facts.size === 0) throw new QuantbotError('USAGE', `--instruments ${file} lists no instrument`)
  return facts
}

function readable(file: string): string {
  try {
    return payloadText(file)
  } catch (error) {
    throw new QuantbotError(
      'USAGE',
      `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}

/** Fields of a record that hold times. */
const TIMES = new Set(['ts', 'openTime', 'settledAt', 'nextFundingAt'])

function print(records: readonly Normal[], refused: readonly Refusal[]): void {
  for (const record of records) say(lineOf(record))
  for (const { line, path, reason } of refused) say(`refused, line ${line}: ${path} ${reason}`)
  say(`${records.length} records, ${refused.length} refused`)
}

function lineOf(record: Normal): string {
  const { kind } = record
  const instrument = 'instrument' in record ? (record.instrument ?? '') : ''
  const shown: object = record.kind === 'instrument' ? record.facts : record
  const fields = Object.entries(shown)
    .filter(([name, value]) => name !== 'instrument' && value !== kind)
    .map(([name, value]) => `${name}=${textOf(name, value)}`)
  return [kind.padEnd(12), instrument, ...fields].filter((part) => part !== '').join(' ')
}

/** Levels beyond this are counted, not shown. */
const LEVELS_SHOWN = 3

function textOf(name: string, value: unknown): string {
  if (value === null) return '-'
  if (typeof value === 'number' && TIMES.has(name)) return isoTime(value)
  if (!Array.isArray(value)) return String(value)
  const levels = Array.from({ length: value.length / 2 }, (_, i) => `${value[2 * i]}x${value[2 * i + 1]}`)
  const more = levels.length > LEVELS_SHOWN ? `,+${levels.length - LEVELS_SHOWN}` : ''
  return `[${levels.slice(0, LEVELS_SHOWN).join(',')}${more}]`
}
