/** Marks of the simulated exchange into the lake, page by page, as the market had them. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { scaledTime } from '#actors/scaled-time'
import { configSchema } from '#core/config/schema'
import { MINUTE_MS } from '#core/time'
import type { BackfillRequest } from '#data/backfill/backfill.port'
import { runBackfill } from '#data/backfill/run-backfill'
import { ADAPTERS } from '#data/connectors/adapters'
import { resolveEndpoints } from '#data/connectors/endpoints'
import { RateBudget } from '#data/connectors/rate-budget'
import { RestClient } from '#data/connectors/rest-client'
import { loadRows } from '#data/lake'
import { PROTOCOLS } from '#venues/exchange/protocols'
import { type Exchange, openExchange } from '#venues/exchange/server'
import { generatedWorld } from '#venues/exchange/world/generated'

const START = Date.UTC(2026, 0, 15, 7, 57, 30)
const FROM = Date.UTC(2026, 0, 14)
const MINUTES = 1477

let exchange: Exchange | undefined
const home = mkdtempSync(join(tmpdir(), 'marks-'))
afterEach(async () => {
  await exchange?.close()
  rmSync(home, { recursive: true, force: true })
})

describe.each([
  ['binance', 'usdm'],
  ['bybit', 'linear'],
] as const)('backfill of marks from %s', (venue, market) => {
  it('writes the mark at the end of each interval, readable from then on, each once', async () => {
    const time = scaledTime(1, START)
    const world = generatedWorld({ seed: 5, venue, symbols: 2 })
    exchange = await openExchange({ protocol: PROTOCOLS[venue]!(), world, time, seed: 5 })
    const adapter = ADAPTERS[venue]!
    const { venues } = configSchema.parse({ venues: { [venue]: { rest: exchange.rest, ws: exchange.ws } } })
    const budget = new RateBudget({ venue, pools: adapter.pools, time, limitShare: 1, cancelReserve: 0 })
    const endpoints = resolveEndpoints(adapter, venues[venue])
    const client = new RestClient({ adapter, endpoints, budget, time, seed: 1 })
    const request: BackfillRequest = {
      home,
      adapter,
      market,
      time,
      kinds: ['mark'],
      symbols: ['BTCUSDT'],
      interval: '1m',
      from: FROM,
      to: FROM + MINUTES * MINUTE_MS,
      ask: (call, signal) => client.send(call, { signal }),
    }
    const report = await runBackfill(request)
    expect(report).toMatchObject({ rows: MINUTES, conflicts: [], failures: [] })
    expect((await runBackfill(request)).rows).toBe(0)
    client.close()
    const key = { kind: 'mark', venue, market, symbol: 'BTCUSDT', interval: '1m' } as const
    const rows = await loadRows(home, key, 0, Number.MAX_SAFE_INTEGER)
    const perpetual = world.instruments(START).find(({ id }) => id === 'BTC/USDT:USDT')!
    rows.ts.forEach((ts, i) => {
      expect(ts).toBe(FROM + i * MINUTE_MS)
      expect(rows.availableAt[i]).toBe(ts + MINUTE_MS)
      const truth = world.mark(perpetual, ts + MINUTE_MS - 1)
      expect(Math.abs((rows.mark as Float64Array)[i]! / truth - 1)).toBeLessThan(1e-4)
    })
  })
})
