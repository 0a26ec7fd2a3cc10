/**
 * What the signal says of its unit is what risk and the exact ledger make of its words: the same dollars of the hedge, the same profit.
 */
import { expect, it } from 'vitest'
import { volRiskPremium } from '#core/config/signals-schema'
import { formatUnits, parseUnits, unitsToNumber } from '#core/decimal'
import type { EventEnvelope } from '#core/envelope'
import { DAY_MS, HOUR_MS } from '#core/time'
import { quantise } from '#events/line-buffer'
import type { OptionChainObserved } from '#events/market.events'
import type { PackageLeg } from '#events/package.events'
import { applyFill, createLedger } from '#risk/ledger'
import { createLeg, type LegState, legProfit, type PackageBook } from '#risk/packages/package-state'
import { quantityFor } from '#risk/packages/sizing'
import { createVolRiskPremium } from '#signals/vol-risk-premium.decider'
import { chain, expiry, MONDAY, now, term, type Word, words } from './option-tape.js'

const UNITS = parseUnits('3')
/** Risk looks at the book only for slots of the universe, which these legs have none of. */
const BOOK = { slots: [] } as unknown as PackageBook

/** A fortnight of snapshots of an index that realises less than the chains imply, then days with up, down and back. */
function tape(): EventEnvelope[] {
  const events: EventEnvelope[] = []
  for (let hours = -14 * 24; hours <= 7 * 24; hours += 6) {
    const day = hours / 24
    const forward = day < 0 ? 100_000 * (1 + 0.004 * (hours % 12 === 0 ? 1 : -1)) : 100_000 * (1 + 0.12 * Math.sin(day))
    events.push(chain(MONDAY + hours * HOUR_MS, expiry(10), { forward }), now(MONDAY + hours * HOUR_MS))
  }
  return events
}

/** Price that a leg trades at in a chain: options at bid or ask, the hedge at the index. */
function fillPrice({ options, indexPrice }: OptionChainObserved['data'], leg: PackageLeg, change: bigint): number {
  const row = options.find(({ instrument }) => instrument === leg.instrument)
  if (row === undefined) return indexPrice!
  return change < 0n ? row.bid! : row.ask!
}

it('profit and dollars of the hedge are those of the ledger', () => {
  const events = tape()
  const list = words(createVolRiskPremium(volRiskPremium.parse({ optionLot: '0.000001' })), events).filter(
    ({ data }) => data.targetWeight > 0,
  )
  expect(list.length).toBeGreaterThan(15)
  const ledger = createLedger('0')
  const legs = new Map<string, LegState>()
  const dollars: number[] = []
  for (const word of list) {
    const { data } = events.find(
      ({ ts, type }) => type === 'OptionChainObserved' && ts === word.ts,
    ) as OptionChainObserved
    for (const said of word.data.legs) {
      const leg = legs.get(said.instrument) ?? createLeg(said, -1)
      legs.set(said.instrument, leg)
      leg.ratio = said.ratio
      leg.mark = data.options.find(({ instrument }) => instrument === said.instrument)?.mark ?? data.indexPrice!
      const change = quantityFor(BOOK, leg, UNITS) - parseUnits(leg.position.quantity)
      const price = formatUnits(parseUnits(quantise(fillPrice(data, said, change), 8).toFixed(8)))
      const quantity = formatUnits(change < 0n ? -change : change)
      const fill = { side: change < 0n ? 'sell' : 'buy', price, quantity, fee: '0' } as const
      applyFill(ledger, leg.position, fill, word.ts, said.terms.kind)
      if (said.role === 'hedge') dollars.push(leg.position.quantityNumber)
    }
    expectAgreement(word, ledger.balanceNumber, [...legs.values()], data.underlyingPrice)
  }
  // It was bought and sold, long and short.
  expect(Math.min(...dollars)).toBeLessThan(0)
  expect(Math.max(...dollars)).toBeGreaterThan(0)
  expect(list.at(-1)!.ts - list[0]!.ts).toBeGreaterThan(5 * DAY_MS)
})

/** But for the hedge, which stands on ten dollars, and the digits of prices. */
function expectAgreement(word: Word, balance: number, legs: readonly LegState[], forward: number): void {
  const coins = legs.reduce((sum, leg) => sum + legProfit(BOOK, leg), balance)
  const pnl = unitsToNumber(UNITS) * term(word, 'pnl')!
  expect(Math.abs(coins * forward - pnl)).toBeLessThan(15)
}
