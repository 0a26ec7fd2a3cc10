/** Owns the funding filter of mean reversion (methods, section 3). Must be given a settled rate, never the upcoming one. */

/**
 * Whether |rate| <= the limit, inclusive: the venues' baseline is exactly 1 bp an 8 h interval, and a strict comparison
 * would reject most of history. `rate8h` is a fraction per 8 h; `epsilon` absorbs the rounding of scaled intervals.
 */
export function isFundingNeutral(rate8h: number, limitBps: number, epsilon = 1e-9): boolean {
  return Math.abs(rate8h) <= limitBps * 1e-4 + epsilon
}
