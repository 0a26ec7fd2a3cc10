/** risk/monitor takes part where more than price decides, or where it is asked for. */
import { describe, expect, it } from 'vitest'
import { catalogue, isMonitored } from '#actors/catalogue'
import { configSchema } from '#core/config/schema'

describe('which runs are monitored', () => {
  const config = (signals: object, risk: object = {}) => configSchema.parse({ signals, risk })
  it('those of price alone are not, unless they ask for it; every other signal brings it', () => {
    expect(isMonitored(config({}))).toBe(false)
    expect(isMonitored(config({}, { monitor: true }))).toBe(true)
    for (const key of ['fundingCarry', 'oiPrice', 'crossSectional', 'cashCarry', 'ssr', 'mvrv', 'skewWhipsaw'])
      expect(isMonitored(config({ [key]: { enabled: true } }))).toBe(true)
    expect(isMonitored(config({ fundingCarry: { enabled: true } }, { monitor: false }))).toBe(false)
  })

  it('it stands behind everything that an order passes, off the order path', () => {
    const deciders = catalogue(configSchema.parse({ risk: { monitor: true } }), 'nextOpen')
    expect(deciders.at(-1)).toMatchObject({ name: 'risk/monitor', onOrderPath: false })
  })
})
