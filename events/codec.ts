/**
 * Owns the line of an event: `{"seq":…,"ts":…,"type":…,"v":…,"by":…,"cause":…,"data":{…}}\n`, keys in this order.
 * Encoding quantises the payload in place, so that agents evolve on exactly what the log says.
 */
import type { EventEnvelope } from '#core/envelope'
import { InvariantError, invariant } from '#core/invariant'
import { type AnyEvent, EVENT_TYPES } from './catalogue.js'
import type { EventType } from './event-type.js'
import { type Chunk, chunkOf, type LineBuffer } from './line-buffer.js'
import { writeRecord } from './write.js'

const SEQ = chunkOf('{"seq":')
const TS = chunkOf(',"ts":')
const DATA = chunkOf(',"data":')
const END = chunkOf('}\n')

/** What an encoder remembers between lines: the constant middle of each (type, by). */
export class EventEncoder {
  readonly #middles = new Map<string, Map<string, Chunk>>()

  /**
   * Appends the line of an event and quantises `event.data` in place.
   * Throws InvariantError, leaving the buffer as it was, on an unknown type, key, NaN, infinity or −0.
   */
  encode(out: LineBuffer, event: EventEnvelope): void {
    const entry = EVENT_TYPES.get(event.type)
    if (entry === undefined) throw new InvariantError(`unknown event type ${event.type}`)
    const start = out.length
    try {
      this.#write(out, event, entry)
    } catch (error) {
      out.truncate(start)
      if (error instanceof InvariantError) throw new InvariantError(`${event.type} by ${event.by}: ${error.message}`)
      throw error
    }
  }

  #write(out: LineBuffer, event: EventEnvelope, entry: EventType): void {
    out.chunk(SEQ)
    out.integer(event.seq)
    invariant(Number.isSafeInteger(event.ts), 'ts is not a whole number')
    out.chunk(TS)
    out.integer(event.ts)
    out.chunk(this.#middle(event.type, event.by, entry.v))
    out.integer(event.cause)
    out.chunk(DATA)
    writeRecord(out, entry.payload.members, event.data, 'data')
    out.chunk(END)
  }

  #middle(type: string, by: string, v: number): Chunk {
    let agents = this.#middles.get(type)
    if (agents === undefined) {
      agents = new Map()
      this.#middles.set(type, agents)
    }
    let bytes = agents.get(by)
    if (bytes === undefined) {
      bytes = chunkOf(`,"type":${JSON.stringify(type)},"v":${v},"by":${JSON.stringify(by)},"cause":`)
      agents.set(by, bytes)
    }
    return bytes
  }
}

/** Parses a line that the chain vouches for; no schema check. */
export function parseTrusted(line: string): AnyEvent {
  return JSON.parse(line) as AnyEvent // the hash chain says that our encoder wrote it
}

/** The events of a whole group that the chain vouches for, in order: as one text, so that each line is no call of its own. */
export function parseTrustedGroup(group: Buffer): AnyEvent[] {
  // A line has no newline within, and ends with one.
  const text = group.toString('utf8', 0, Math.max(0, group.length - 1))
  return JSON.parse(`[${text.replaceAll('\n', ',')}]`) as AnyEvent[] // as above
}

const ENVELOPE = ['seq', 'ts', 'type', 'v', 'by', 'cause', 'data']

/** Parses a line and refuses whatever the catalogue does not know, key order of the envelope included. */
export function parseStrict(line: string): AnyEvent {
  const event = JSON.parse(line) as Record<string, unknown> // checked below
  const keys = Object.keys(event)
  invariant(
    keys.join() === ENVELOPE.join(),
    () => `event line has the keys ${keys.join()}, expected ${ENVELOPE.join()}`,
  )
  for (const key of ['seq', 'ts', 'v', 'cause'])
    invariant(Number.isSafeInteger(event[key]), () => `event line: ${key} is no whole number`)
  const entry = EVENT_TYPES.get(String(event.type))
  invariant(entry, () => `unknown event type ${String(event.type)}`)
  invariant(event.v === entry.v, () => `${entry.type}: version ${String(event.v)}, expected ${entry.v}`)
  entry.payload.check(event.data, `${entry.type}.data`)
  return event as unknown as AnyEvent // checked above
}
