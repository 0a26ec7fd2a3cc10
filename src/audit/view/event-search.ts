/**
 * Owns finding events in a log of any length: blocks that cannot hold a match are passed over unread, and a question reads so many bytes at
 * most and then says how far it came. Never blocks the thread for longer than a block takes.
 */
import { QuantbotError } from '#core/errors'
import type { AnyEvent } from '#events/catalogue'
import { parseTrusted } from '#events/codec'
import { forEachLine } from '#events/log/chain'
import type { RunFacts } from '../run-facts.js'
import { wordsOf } from '../say.js'
import { HeaderReader, type Middle } from './line-header.js'
import type { LogBlocks } from './log-blocks.js'
import type { EventPage, EventQuery } from './view.port.js'

/** Event lines that one question reads at most, beyond the block that it is in; chosen here: a tenth of a second. */
const MAX_BYTES = 16 * 1024 * 1024
const DEFAULT_LIMIT = 200
const MAX_LIMIT = 1000

interface Wanted {
  readonly types: ReadonlySet<string> | undefined
  readonly by: string | undefined
  readonly text: Buffer | undefined
  /** Both exclusive. */
  readonly after: number
  readonly before: number
}

export interface SearchParts {
  readonly blocks: LogBlocks
  readonly facts: RunFacts
  readonly firstSeq: number
  readonly headSeq: number
  /** Bytes that are read at most; for tests. */
  readonly maxBytes?: number
}

/** A page, in order of seq. `after` alone searches forwards, everything else backwards from `before` or the newest. USAGE. */
export async function searchEvents(parts: SearchParts, query: EventQuery): Promise<EventPage> {
  const { limit = DEFAULT_LIMIT } = query
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > MAX_LIMIT)
    throw new QuantbotError('USAGE', `limit is ${limit}, not between 1 and ${MAX_LIMIT}`)
  const { firstSeq, headSeq } = parts
  const isForward = query.after !== undefined && query.before === undefined
  const wanted: Wanted = {
    types: query.types === undefined || query.types.length === 0 ? undefined : new Set(query.types),
    by: query.by,
    text: query.text === undefined || query.text === '' ? undefined : Buffer.from(query.text),
    after: Math.max(firstSeq - 1, query.after ?? 0),
    before: Math.min(headSeq + 1, query.before ?? Number.POSITIVE_INFINITY),
  }
  const { lines, searchedTo } = await (isForward ? forwards(parts, wanted, limit) : backwards(parts, wanted, limit))
  const events = lines.map((line) => rowOf(parseTrusted(line), parts.facts))
  const hasMore = isForward ? searchedTo < headSeq : searchedTo > wanted.after + 1
  return { events, hasMore, searchedTo }
}

interface Found {
  /** Matching lines in order of seq. */
  readonly lines: readonly string[]
  readonly searchedTo: number
}

async function backwards(parts: SearchParts, wanted: Wanted, limit: number): Promise<Found> {
  const { blocks, maxBytes = MAX_BYTES } = parts
  let found: Match[] = []
  let budget = maxBytes
  for (let i = blocks.indexOf(wanted.before - 1); i >= 0; i--) {
    const block = blocks.at(i)
    if (block.to.seq <= wanted.after) break
    if (mayHold(block.middles, wanted)) {
      found = [...matches(await blocks.read(i), wanted), ...found]
      if (found.length >= limit) {
        found = found.slice(-limit)
        return { lines: textOf(found), searchedTo: found[0]!.seq }
      }
      budget -= block.bytes
      await breath()
      if (budget <= 0) return { lines: textOf(found), searchedTo: Math.max(block.from.seq + 1, wanted.after + 1) }
    }
  }
  return { lines: textOf(found), searchedTo: wanted.after + 1 }
}

async function forwards(parts: SearchParts, wanted: Wanted, limit: number): Promise<Found> {
  const { blocks, maxBytes = MAX_BYTES, headSeq } = parts
  const found: Match[] = []
  let budget = maxBytes
  for (let i = blocks.indexOf(wanted.after + 1); i < blocks.count; i++) {
    const block = blocks.at(i)
    if (!mayHold(block.middles, wanted)) continue
    found.push(...matches(await blocks.read(i), wanted))
    if (found.length >= limit) {
      const some = found.slice(0, limit)
      return { lines: textOf(some), searchedTo: some.at(-1)!.seq }
    }
    budget -= block.bytes
    await breath()
    if (budget <= 0) return { lines: textOf(found), searchedTo: Math.min(block.to.seq, headSeq) }
  }
  return { lines: textOf(found), searchedTo: headSeq }
}

const breath = (): Promise<void> => new Promise((resolve) => setImmediate(resolve)) // nondeterminism-ok: lets the thread answer others

function fits({ type, by }: Middle, wanted: Wanted): boolean {
  return (wanted.types === undefined || wanted.types.has(type)) && (wanted.by === undefined || by === wanted.by)
}

function mayHold(middles: ReadonlySet<Middle>, wanted: Wanted): boolean {
  for (const middle of middles) if (fits(middle, wanted)) return true
  return false
}

interface Match {
  readonly seq: number
  readonly bytes: Buffer
}

const textOf = (found: readonly Match[]): string[] => found.map(({ bytes }) => bytes.toString('utf8'))

function matches(lines: Buffer, wanted: Wanted): Match[] {
  const header = new HeaderReader(() => false)
  const found: Match[] = []
  forEachLine(lines, (bytes, start, end) => {
    header.read(bytes, start, end)
    const { seq, middle } = header
    if (seq <= wanted.after || seq >= wanted.before || !fits(middle, wanted)) return
    const line = bytes.subarray(start, end)
    if (wanted.text === undefined || line.includes(wanted.text)) found.push({ seq, bytes: line })
  })
  return found
}

function rowOf(event: AnyEvent, facts: RunFacts): EventPage['events'][number] {
  const { seq, ts, type, by, cause, data } = event
  const focus = 'instrument' in data ? data.instrument : undefined
  return { seq, ts, type, by, cause, says: wordsOf(event, facts, focus, () => undefined).says, data }
}
