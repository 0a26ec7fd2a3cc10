/** Owns what stands before the payload of an event line: seq, ts, type and author, read without parsing the rest. */
import { readSeq, readTs } from '#events/log/chain'

const COMMA = 0x2c
const QUOTE = 0x22
const TYPE_GAP = ',"type":"'.length
const CAUSE_GAP = ',"cause":'.length
const TS_GAP = ',"ts":'.length

/** The constant middle of lines: one a type and author. */
export interface Middle {
  readonly type: string
  readonly by: string
  /** Whether it is parsed. */
  readonly isWanted: boolean
}

/** Reads headers; remembers each middle once, so that a line costs one short string. Its keys stand in a fixed order. */
export class HeaderReader {
  readonly #wants: (type: string) => boolean
  readonly #middles = new Map<string, Middle>()
  seq = 0
  ts = 0
  cause = 0
  middle: Middle = { type: '', by: '', isWanted: false }
  /** Middles since this was emptied. */
  readonly seen = new Set<Middle>()

  constructor(wants: (type: string) => boolean) {
    this.#wants = wants
  }

  /** Fills the fields from the line at `start`; `end` is its newline. O(header). */
  read(bytes: Buffer, start: number, end: number): void {
    this.seq = readSeq(bytes, start, end)
    this.ts = readTs(bytes, start, end)
    let at = start + 1
    while (at < end && bytes[at] !== COMMA) at++
    at += TS_GAP
    while (at < end && bytes[at] !== COMMA) at++
    const from = at
    // Type, version, author: neither holds a comma (names of agents and types).
    for (let commas = 0; at < end && commas < 3; commas++) {
      at++
      while (at < end && bytes[at] !== COMMA) at++
    }
    const text = bytes.toString('latin1', from, at)
    this.middle = this.#middles.get(text) ?? this.#learn(text)
    this.seen.add(this.middle)
    let cause = 0
    for (let i = at + CAUSE_GAP; i < end && bytes[i] !== COMMA; i++) cause = cause * 10 + bytes[i]! - 48
    this.cause = cause
  }

  #learn(text: string): Middle {
    const type = text.slice(TYPE_GAP, text.indexOf('"', TYPE_GAP))
    const by = text.slice(text.lastIndexOf(':') + 2, text.lastIndexOf(String.fromCharCode(QUOTE)))
    const middle = { type, by, isWanted: this.#wants(type) }
    this.#middles.set(text, middle)
    return middle
  }
}
