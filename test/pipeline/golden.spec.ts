/** Golden logs: every host decides the recorded inputs into the recorded bytes. `npm run golden` writes them anew. */
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { AnyEvent } from '#events/catalogue'
import { countTypes, linesOf, sha256 } from './decide.js'
import { decideInputs, firstDifference, liveRun, readFingerprints, readGolden } from './golden-files.js'
import { makeDerived, makeFull } from './golden-logs.js'

const dir = fileURLToPath(new URL('../golden', import.meta.url))

describe.each(['derived', 'full'] as const)('the golden log "%s"', (name) => {
  const golden = readGolden(dir, name)

  it('holds what the program does: signals, orders, fills, stops, refusals', () => {
    const counts = countTypes(linesOf(golden.derived).map((line) => JSON.parse(line) as AnyEvent)) // our own lines
    const types = ['SignalChanged', 'PortfolioBlended', 'RiskAssessed', 'OrderApproved', 'OrderFilled', 'OrderRefused']
    const more = {
      derived: ['FundingAccrued', 'PositionSettled', 'OrderCancelled'],
      full: ['TimerRequested', 'CancelRequested', 'TradingHalted'],
    }
    for (const type of [...types, 'StopTriggered', ...more[name]]) expect(counts[type] ?? 0, type).toBeGreaterThan(0)
    expect(counts.AgentFaulted).toBeUndefined()
    expect(readFingerprints(dir)[name]).toBe(sha256(golden.derived))
  })

  it('is what a dispatcher decides, in a backtest and in a replay', () => {
    expect(firstDifference(golden.derived, decideInputs(golden, 'derived'))).toBe('')
    expect(firstDifference(golden.derived, decideInputs(golden, 'full'))).toBe('')
  })

  it('is what a live host decides onto a real log, which replays', async () => {
    const live = await liveRun(golden)
    expect(firstDifference(golden.derived, live.derived)).toBe('')
    expect(live.isIdentical).toBe(true)
  })

  it('is not what another seed or configuration decides', () => {
    const { config } = golden
    const other = { ...config, signals: { ...config.signals, tsmom: { ...config.signals.tsmom, volTarget: 0.16 } } }
    expect(decideInputs({ ...golden, config: other }, 'derived')).not.toBe(golden.derived)
  })
})

describe('the worlds behind the golden logs', () => {
  it('are made anew by the tape driver', () => {
    expect(firstDifference(readGolden(dir, 'derived').derived, makeDerived().derived)).toBe('')
  })

  it('are made anew by a host on quotes', async () => {
    const golden = readGolden(dir, 'full')
    const made = await makeFull()
    expect(made.inputs).toEqual(golden.inputs)
    expect(firstDifference(golden.derived, made.derived)).toBe('')
  })
})
