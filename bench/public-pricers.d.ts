/** What the benchmark uses of two public pricers that declare no types. Rates a year, volatilities as decimals. */
declare module 'greeks' {
  type Side = 'call' | 'put'
  export function getDelta(s: number, k: number, t: number, v: number, r: number, side: Side): number
  export function getGamma(s: number, k: number, t: number, v: number, r: number): number
  export function getVega(s: number, k: number, t: number, v: number, r: number): number
  export function getTheta(s: number, k: number, t: number, v: number, r: number, side: Side): number
}
declare module 'implied-volatility' {
  export function getImpliedVolatility(
    cost: number,
    s: number,
    k: number,
    t: number,
    r: number,
    side: 'call' | 'put',
    estimate?: number,
  ): number
}
