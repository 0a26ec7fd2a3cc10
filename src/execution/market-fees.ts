/** Owns which fee a simulated venue charges, in basis points. Rates are configuration; must never hold one. */
import type { ExecutionConfig } from '#core/config/schema'
import { isOption } from '#events/instrument-kind'
import type { InstrumentKind } from '#events/market.events'

export interface Fees {
  makerFeeBps: number
  takerFeeBps: number
}

/**
 * Fees of an instrument: of options the one of options (of the underlying); else what the configuration says about its market;
 * else what is `listed`; else the configured fees of all.
 */
export function feesOf(config: ExecutionConfig, instrument: string, kind: InstrumentKind, listed: Fees = config): Fees {
  if (isOption(kind)) return { makerFeeBps: config.optionFeeBps, takerFeeBps: config.optionFeeBps }
  const market = instrument.split('.', 2).join('.')
  const { makerFeeBps, takerFeeBps } = config.fees.find((fees) => fees.market === market) ?? listed
  return { makerFeeBps, takerFeeBps }
}
