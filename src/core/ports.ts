/** Owns the interfaces between the pure rooms and I/O. Implementations live in events/log, src/data, src/venues, actors. */

/** What a commit made durable. */
export interface Commit {
  readonly lastSeq: number
  readonly count: number
  /** Chain hash, hex. */
  readonly hash: string
  /** Segment file name and the byte offset after the commit line: where a later verification may begin. */
  readonly segment: string
  readonly offset: number
}

/** Where groups of whole steps become durable. */
export interface LogPort {
  commitSync(lines: Uint8Array, count: number, lastSeq: number, lastTs: number): Commit
  commit(lines: Uint8Array, count: number, lastSeq: number, lastTs: number): Promise<Commit>
}

/** Time of the machine, injected. */
export interface ClockPort {
  /** UTC epoch ms. */
  now(): number
}
