/**
 * Owns reading a run's committed log for a projection: only the types that leave rows are parsed, a slice at a time, so that
 * a trading process beside it goes on. Never writes.
 */
import { typeOfLine } from '#audit/log-scan'
import { PROJECTED_TYPES } from '#data/stores/projection'
import type { CommittedCursor, CommittedEvents, OpenCommitted } from '#data/stores/projector'
import type { AnyEvent } from '#events/catalogue'
import { parseTrusted } from '#events/codec'
import { forEachLine, type LogPoint, pointOf } from '#events/log/chain'
import { findSeq, LogCursor } from '#events/log/reader'

/** Lines that are parsed before others have their turn; some milliseconds. */
const SLICE = 400

/** Cursors over a run's log. */
export function committedLog(runDir: string): OpenCommitted {
  return (after) => new RunCursor(runDir, after)
}

class RunCursor implements CommittedCursor {
  readonly #runDir: string
  #after: number
  /** Where reading goes on; undefined: at the start. */
  #point: LogPoint | undefined
  #cursor: LogCursor | undefined

  constructor(runDir: string, after: number) {
    this.#runDir = runDir
    this.#after = after
    if (after === 0) {
      this.#cursor = new LogCursor(runDir)
      return
    }
    const commit = findSeq(runDir, after)?.commit
    // A position amid a group is none of ours; from the start it is found too.
    if (commit?.lastSeq === after) this.#point = pointOf(commit)
  }

  async next(limit: number): Promise<CommittedEvents | undefined> {
    const events: AnyEvent[] = []
    let [count, lastSeq, lastTs] = [0, 0, 0]
    this.#cursor ??= new LogCursor(this.#runDir, this.#point === undefined ? {} : { from: this.#point })
    while (count < limit && this.#cursor.next()) {
      const commit = this.#cursor.commit()
      this.#point = pointOf(commit)
      if (commit.lastSeq <= this.#after) continue
      ;[lastSeq, lastTs] = [commit.lastSeq, commit.lastTs]
      count += commit.count
      await this.#parse(this.#cursor.lines(), events)
    }
    if (lastSeq === 0) {
      this.close()
      return undefined
    }
    const known = this.#after
    this.#after = lastSeq
    return { events: events.filter(({ seq }) => seq > known), lastSeq, lastTs }
  }

  close(): void {
    this.#cursor?.close()
    this.#cursor = undefined
  }

  async #parse(lines: Buffer, events: AnyEvent[]): Promise<void> {
    const wanted: [start: number, end: number][] = []
    forEachLine(lines, (bytes, start, end) => {
      if (PROJECTED_TYPES.has(typeOfLine(bytes, start, end))) wanted.push([start, end])
    })
    for (let i = 0; i < wanted.length; i++) {
      const [start, end] = wanted[i]!
      events.push(parseTrusted(lines.toString('utf8', start, end)))
      if (i % SLICE === SLICE - 1) await new Promise((resolve) => setImmediate(resolve))
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
}
