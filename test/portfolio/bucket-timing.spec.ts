/** When packages are blended: in the instant in which their signal spoke, not one later, which may be hours. */
import { describe, expect, it } from 'vitest'
import { HOUR_MS } from '#core/time'
import { given } from '../given.js'
import { blended, blenderOf, instant, ON, packageWeights, packs } from './rig.js'

const carry = () => blenderOf({ fundingCarry: ON })

describe('a package that was said when an instant closed', () => {
  const closed = instant(HOUR_MS)
  const word = (cause: number) => ({ ...packs('carry/BTC', 0.0476), cause, ts: closed.ts })

  it('is blended in that instant, once', () => {
    const { drafts } = given(carry(), [closed]).when(word(closed.seq))
    expect(blended(drafts)).toMatchObject({ instant: HOUR_MS, scheduled: false })
    expect(packageWeights(drafts)).toEqual({ 'carry/BTC': 0.0476 })
    given(carry(), [closed, word(closed.seq)])
      .when(instant(2 * HOUR_MS))
      .thenNothing()
  })

  it('waits for the next one where anything else made the signal speak', () => {
    const other = word(closed.seq + 1000)
    given(carry(), [closed]).when(other).thenNothing()
    expect(packageWeights(given(carry(), [closed, other]).when(instant(2 * HOUR_MS)).drafts)).toEqual({
      'carry/BTC': 0.0476,
    })
  })
})
