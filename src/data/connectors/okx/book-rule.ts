/** Owns OKX's rule for the order of book messages (docs-v5, "Order book channel"). Never keeps a book. */
import type { BookRule } from '../adapter.port.js'

/**
 * A snapshot replaces. An update applies when its prevSeqId is the id that the book has: heartbeats (both ids equal, no
 * levels) and sequence resets (seqId below prevSeqId) among them; the book then goes on from seqId. Anything else is a gap.
 * Checksums are 0 since 2026-06-23.
 */
export const okxBookRule: BookRule = {
  needsSnapshot: false,
  judge(message, last) {
    if (message.action === 'snapshot') return 'replace'
    // Without a book its snapshot was lost, and nobody sends another one unasked.
    return last !== null && message.previousId === last ? 'apply' : 'gap'
  },
}
