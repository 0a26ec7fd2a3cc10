/** Owns the promise that what is held or ordered is quoted, legs of packages too. */
import { expect, it } from 'vitest'
import { TradedInstruments } from '#actors/traded-instruments'
import type { RouterState } from '#execution/router-state'
import type { RiskState } from '#risk/engine.decider'

it('an instrument is traded while it is held, ordered, or named by a package', () => {
  const leg = (instrument: string, ratio: number, quantity: string) => ({ instrument, ratio, position: { quantity } })
  const router = { live: [{ instrument: 'ordered' }] }
  const risk = {
    indexOf: { held: 0, flat: 1, spot: 2 },
    slots: [{ position: { quantity: '1' } }, { position: { quantity: '0' } }, { position: { quantity: '0' } }],
    packages: [{ legs: [leg('spot', 1, '0'), leg('future', -1, '0'), leg('closing', 0, '-2'), leg('closed', 0, '0')] }],
  }
  const traded = new TradedInstruments(
    () => router as unknown as RouterState, // only what it looks at
    () => risk as unknown as RiskState, // as above
  )
  const all = ['held', 'flat', 'ordered', 'spot', 'future', 'closing', 'closed', 'unknown']
  expect(all.filter((instrument) => traded.has(instrument))).toEqual(['held', 'ordered', 'spot', 'future', 'closing'])
})
