/** Owns the beta gate of the market-neutral bucket (methods, section 13). Must never scale a position up. */

/** min(1, limit / |beta|) for the bucket's 60-day beta to BTC; 1 without beta. `limit` > 0 (0.1). */
export function betaGateScale(beta: number, limit: number): number {
  const size = Math.abs(beta)
  return size > limit ? limit / size : 1
}
