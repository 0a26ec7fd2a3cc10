/** Owns Deribit's option fee (methods, section 9). Must never hold a rate: rates are configuration, stamped with a date. */

/**
 * Fee in coin of a trade of `quantity` (contracts of 1 coin): min(rate, capFraction x price) each, for `rate` of the
 * underlying (0.0003) and a cap as a share of the option's price (0.125); `priceCoin` is the option's price in coin.
 * Source: deribit.com fee schedule, options, as stated in methods, section 9.
 */
export function deribitOptionFee(priceCoin: number, quantity: number, rate: number, capFraction: number): number {
  return Math.min(rate, capFraction * priceCoin) * Math.abs(quantity)
}
