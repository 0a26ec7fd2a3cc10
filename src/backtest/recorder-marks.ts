/**
 * Owns the last prices of what no bar of the universe prices: dated futures, perpetuals elsewhere, options that a package named. Options
 * are in the unit of their venue. Bounded by the instruments that were named or marked. Pure.
 */
import type { EpochMs } from '#core/time'
import type { MarkChanged, OptionChainObserved } from '#events/market.events'
import type { PackageLeg } from '#events/package.events'

type Chain = OptionChainObserved['data']

export class LegMarks {
  readonly #marks = new Map<string, number>()
  /** Options of packages by expiry; the last chain of each, for a package may name one of its options next. */
  readonly #options = new Map<EpochMs, Set<string>>()
  readonly #chains = new Map<string, Chain>()

  /** 0 before the first. */
  of(instrument: string): number {
    return this.#marks.get(instrument) ?? 0
  }

  marked({ data }: MarkChanged): void {
    if (data.mark > 0) this.#marks.set(data.instrument, data.mark)
  }

  /** A fill is a price where there is none yet. */
  filled(instrument: string, price: number): void {
    if (!this.#marks.has(instrument)) this.#marks.set(instrument, price)
  }

  named(legs: readonly PackageLeg[]): void {
    for (const { instrument, terms } of legs) {
      if (terms.option === undefined || terms.expiresAt === undefined) continue
      const named = this.#options.get(terms.expiresAt)
      if (named?.has(instrument)) continue
      if (named === undefined) this.#options.set(terms.expiresAt, new Set([instrument]))
      else named.add(instrument)
      for (const chain of this.#chains.values()) if (chain.expiresAt === terms.expiresAt) this.#take(chain, instrument)
    }
  }

  observed({ data, ts }: OptionChainObserved): void {
    for (const [key, chain] of this.#chains)
      if (chain.expiresAt < ts) {
        this.#chains.delete(key)
        this.#options.delete(chain.expiresAt)
      }
    this.#chains.set(`${data.venue} ${data.currency} ${data.expiresAt}`, data)
    const named = this.#options.get(data.expiresAt)
    if (named !== undefined) for (const instrument of named) this.#take(data, instrument)
  }

  #take(chain: Chain, instrument: string): void {
    const quote = chain.options.find((option) => option.instrument === instrument)
    if (quote === undefined) return
    const { mark, bid, ask } = quote
    const price = mark ?? (bid === null || ask === null ? 0 : (bid + ask) / 2)
    if (price > 0) this.#marks.set(instrument, price)
  }
}
