/** Coins that are converted leave one account and bring to another: the auditor's book, tables and words say so, to the digit. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { auditExport } from '#audit/export'
import { RunFacts } from '#audit/run-facts'
import { wordsOf } from '#audit/say'
import { auditTrades } from '#audit/trades'
import { totalsText } from '#audit/trades-text'
import { configSchema } from '#core/config/schema'
import type { AnyEvent } from '#events/catalogue'
import { readManifest } from '#events/log/manifest'
import { FROM, givenRun, removeFolders, tempFolder } from './runs.js'

afterAll(removeFolders)

const SPOT = 'binance.spot.BTCUSDT'
const config = configSchema.parse({
  capital: '1000000',
  universe: [{ instrument: SPOT, base: 'BTC', tick: '0.01', lot: '0.00001' }],
})
const paid = {
  order: 'o-1-1',
  instrument: SPOT,
  trade: 't-1',
  side: 'buy',
  price: '60000',
  quantity: '0',
  remaining: '0',
  fee: '0.02',
  feeCurrency: 'BTC',
  liquidity: 'taker',
  referencePrice: '60000',
  slippageBps: 0,
}
const bought = {
  currency: 'BTC',
  amount: '-0.02',
  into: 'USDT',
  price: '60000.5',
  costBps: 12,
  cost: '1.440012',
  proceeds: '-1201.450012',
  reason: 'beyond the band',
}
const EVENTS = [
  {
    ts: FROM,
    type: 'InstantClosed',
    by: 'market/bars',
    cause: 0,
    data: { instant: FROM, intervals: ['1d'], missing: [] },
  },
  { ts: FROM, type: 'OrderFilled', by: 'venue/paper', cause: 0, data: paid },
  { ts: FROM, type: 'BalanceConverted', by: 'risk/engine', cause: 0, data: bought },
]

it('a conversion is in the book, in the table of cash and in words', async () => {
  const { runDir, events } = await givenRun(EVENTS, config)
  const summary = auditTrades(runDir, { onTrade: () => undefined })
  expect(summary).toMatchObject({ opening: '1000000', converted: '-1201.450012', balance: '998798.549988' })
  expect(summary.currencies.BTC).toMatchObject({ fees: '0.02', converted: '0.02', balance: '0' })
  const text = totalsText(summary)
  expect(text).toContain('opening + converted + net')
  expect(text).toContain('= net -0.02; converted 0.02; balance 0')

  const out = join(tempFolder(), 'cash.csv')
  await auditExport(runDir, { what: 'cash', format: 'csv', out })
  const [head, ...rows] = readFileSync(out, 'utf8').trim().split('\n')
  const [flow, currency, amount] = ['flow', 'currency', 'amount'].map((name) => head!.split(',').indexOf(name))
  expect(amount).toBeGreaterThan(0)
  const cells = rows.map((row) => row.split(',')).map((row) => [row[flow!], row[currency!], row[amount!]])
  expect(cells).toEqual([
    ['opening', 'USDT', '1000000'],
    ['fee', 'BTC', '-0.02'],
    ['conversion', 'BTC', '0.02'],
    ['conversion', 'USDT', '-1201.450012'],
  ])

  const facts = new RunFacts(readManifest(runDir).manifest)
  const { says } = wordsOf(events[2] as AnyEvent, facts, undefined, () => undefined) // of the catalogue
  expect(says).toContain('bought 0.02 BTC at 60,000.5, cost 1.440012 USDT (12 bp): -1,201.450012 USDT; beyond the band')
})
