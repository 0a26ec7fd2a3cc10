/** Owns the progress line of commands that read a whole log. */
import { exact } from '#audit/words'
import { progress } from './terminal.js'

const EVERY_MS = 100

/** To be called with the last seq of every group. */
export function seqProgress(verb: string): (lastSeq: number) => void {
  let shownAt = 0
  return (lastSeq) => {
    const now = Date.now()
    if (now - shownAt < EVERY_MS) return
    shownAt = now
    progress(`${verb} up to seq ${exact(String(lastSeq))}`)
  }
}
