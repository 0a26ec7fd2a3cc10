/** Owns the spread of funding across venues: the highest and the lowest rate of a slot. */
import type { FundingSpreadRow } from './store.port.js'

export interface SpreadPart {
  readonly instrument: string
  readonly at: number
  readonly rate8h: number
}

/** Parts in order of `at`; slots with one instrument have no spread. Of equal rates the first instrument is named. */
export function spreadsOf(parts: readonly SpreadPart[]): FundingSpreadRow[] {
  const spreads: FundingSpreadRow[] = []
  for (let i = 0; i < parts.length; ) {
    const { at } = parts[i]!
    let [highest, lowest, end] = [parts[i]!, parts[i]!, i]
    for (; end < parts.length && parts[end]!.at === at; end++) {
      const part = parts[end]!
      if (part.rate8h > highest.rate8h) highest = part
      if (part.rate8h < lowest.rate8h) lowest = part
    }
    if (end - i > 1)
      spreads.push({
        at,
        instruments: end - i,
        highest: highest.instrument,
        highestRate8h: highest.rate8h,
        lowest: lowest.instrument,
        lowestRate8h: lowest.rate8h,
        spread8h: highest.rate8h - lowest.rate8h,
      })
    i = end
  }
  return spreads
}
