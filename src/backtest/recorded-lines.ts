/** Owns handing out the recorded lines of a run, group by group, for a comparison. */
import { LogCursor } from '#events/log/reader'

/** Derived logs: every line is a derived event. Close it when done. */
export class RecordedLines {
  readonly #cursor: LogCursor

  constructor(runDir: string) {
    this.#cursor = new LogCursor(runDir)
  }

  readonly next = (): Uint8Array | undefined => (this.#cursor.next() ? this.#cursor.lines() : undefined)

  close(): void {
    this.#cursor.close()
  }
}
