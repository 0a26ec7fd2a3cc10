/** What a run on venues reads before it begins: as far back as its agents declare, and words for what is not there. */
import { describe, expect, it } from 'vitest'
import { historyFiles, historyLacks, historyNeeds, loadHistory } from '#cli/paper-history'
import { configSchema } from '#core/config/schema'
import { DAY_MS } from '#core/time'
import { importFiles } from '#data/import'
import { csv, DAY0, dailyCsv, importBars, tempHome } from '../data/fixtures.js'

const NOW = DAY0 + 9 * DAY_MS
const day = (n: number): number => DAY0 + n * DAY_MS
const OFF = { tsmom: { enabled: false }, donchian: { enabled: false }, meanReversion: { enabled: false } }
const BTC = { instrument: 'binance.usdm.BTCUSDT', base: 'BTC', tick: '0.1', lot: '0.001' }

const configOf = (signals: object, more: object = {}) =>
  configSchema.parse({ name: 'paper', interval: '1d', universe: [BTC], signals: { ...OFF, ...signals }, ...more })

const fundingDays = (signals: object): number => {
  const need = historyNeeds(configOf(signals), NOW).find(({ key }) => key.kind === 'funding')!
  return (need.to - need.from) / DAY_MS
}

describe('settlements before a start', () => {
  it('reach back a month, and for packages as far as they declare', () => {
    expect(fundingDays({})).toBe(31)
    expect(fundingDays({ meanReversion: {} })).toBe(31)
    expect(fundingDays({ xExchangeFunding: { enabled: true } })).toBe(94)
    expect(fundingDays({ xExchangeFunding: { enabled: true, halfLifeDays: 180 } })).toBeGreaterThan(94)
    expect(fundingDays({ oiPrice: { enabled: true } })).toBeGreaterThan(94)
  })
})

describe('a start of overlays', () => {
  const feeds = { onChain: ['coinmetrics.btc.CapMrktCurUSD', 'defillama.stablecoins.supply_usd'] }
  const rows = ['ts,CapMrktCurUSD', ...[-300, -299, 5].map((d) => `${day(d)},${1e9 + d}`)]

  it('has their series as history, of all its years, and never a row behind the start', async () => {
    const home = tempHome()
    await importBars(home, [dailyCsv(home, 9)], { market: 'usdm' })
    const given = { venue: 'coinmetrics', market: 'btc', symbol: 'CapMrktCurUSD', interval: '1d', lagMs: 0 } as const
    const { problems } = await importFiles({
      home,
      files: [csv(home, 'cap.csv', [...rows, `${day(20)},7`])],
      kind: 'onchain',
      ...given,
    })
    expect(problems).toEqual([])
    const config = configOf({ ssr: { enabled: true } }, { feeds })
    const needs = historyNeeds(config, NOW)
    const entries = await historyFiles(home, needs, config, NOW)
    const history = [...(await loadHistory(home, config, entries, NOW))()]
    const published = history.filter(({ type }) => type === 'OnChainPublished')
    expect(published.map(({ data }) => (data as { value: number }).value)).toEqual([1e9 - 300, 1e9 - 299, 1e9 + 5])
    const lacks = await historyLacks(home, config, needs, NOW)
    expect(lacks).toContain('no onchain defillama.stablecoins.supply_usd')
    expect(lacks.some((lack) => lack.includes('CapMrktCurUSD'))).toBe(false)
    expect(lacks.find((lack) => lack.includes('funding of'))).toMatch(/^no funding of binance\.usdm\.BTCUSDT from 20/)
  })

  it('without a feed of what they read says so, and for bars that begin late', async () => {
    const home = tempHome()
    await importBars(home, [dailyCsv(home, 9)], { market: 'usdm' })
    const config = configOf(
      { tsmom: {}, mvrv: { enabled: true } },
      { feeds: { onChain: ['coinmetrics.btc.CapMrktCurUSD'] } },
    )
    const lacks = await historyLacks(home, config, historyNeeds(config, NOW), NOW)
    expect(lacks).toContain('no coinmetrics.btc.CapMVRVCur, which mvrv reads: feeds.onChain does not name it')
    expect(lacks).toContainEqual(
      expect.stringMatching(/^bars of binance\.usdm\.BTCUSDT begin on 2020-12-30, wanted from 2019-/),
    )
  })
})
