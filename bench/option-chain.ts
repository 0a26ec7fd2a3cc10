/** Owns the option chains that the benchmark reads: generated ones, and the largest recorded snapshot where the shared data is there. */
import { DuckDBInstance } from '@duckdb/node-api'
import { Sfc32 } from '#core/random'
import { DAY_MS } from '#core/time'
import type { OptionChainObserved } from '#events/market.events'
import { black76, yearsTo } from '#quant/black76'
import { sharedData } from './lake.js'

/** All expiries of a currency at one time, nearest first. */
export type Snapshot = readonly OptionChainObserved['data'][]
type Option = OptionChainObserved['data']['options'][number]

const AT = 1_767_571_200_000
/** As Deribit lists them: days, Fridays, ends of months and quarters. */
const EXPIRY_DAYS = [1.3, 2.3, 4.3, 11.3, 18.3, 25.3, 53.3, 81.3, 172.3, 263.3, 354.3]
const STRIKES = 41
const TICK = 0.0001

/** About 900 options with a smile, a term structure, spreads and marks rounded as the venue rounds; equal for an equal seed. */
export function generate(seed: number): Snapshot {
  const random = Sfc32.seeded(seed)
  const index = 90_000 * (1 + 0.1 * (random.next() - 0.5))
  const level = 0.4 + 0.3 * random.next()
  return EXPIRY_DAYS.map((days) => {
    const expiresAt = AT + days * DAY_MS
    const years = yearsTo(expiresAt, AT)
    const forward = index * (1 + 0.06 * years)
    const width = level * Math.sqrt(years)
    const options: Option[] = []
    for (let i = 0; i < STRIKES; i++) {
      // Three standard deviations to both sides.
      const moneyness = ((i - (STRIKES - 1) / 2) / ((STRIKES - 1) / 2)) * 3
      const strike = Math.round((forward * Math.exp(moneyness * width)) / 250) * 250
      const iv = level * (1 + 0.03 * moneyness * moneyness - 0.05 * moneyness) * (1 + 0.01 * random.next())
      for (const option of ['call', 'put'] as const) {
        const greeks = black76(option, forward, strike, years, iv)
        const mark = Math.round((greeks?.priceCoin ?? 0) / TICK) * TICK
        const half = (1 + Math.floor(2 * random.next())) * TICK
        options.push({
          instrument: `deribit.option.BTC-D${days}-${strike}-${option === 'call' ? 'C' : 'P'}`,
          strike,
          option,
          bid: mark - half > 0 ? mark - half : null,
          ask: mark + half,
          mark: mark > 0 ? mark : null,
          markIv: iv,
          delta: greeks?.delta ?? null,
          vega: greeks?.vegaPerPoint ?? null,
          openInterest: null,
        })
      }
    }
    return {
      venue: 'deribit',
      currency: 'BTC',
      expiresAt,
      at: AT,
      underlyingPrice: forward,
      indexPrice: index,
      options,
    }
  })
}

/** The snapshot of most options that was recorded; undefined without the shared data. */
export async function recorded(): Promise<Snapshot | undefined> {
  const file = sharedData('options', 'deribit', 'BTC-chain-daily.parquet')
  if (file === undefined) return undefined
  const connection = await (await DuckDBInstance.create()).connect()
  const rows = await connection.runAndReadAll(
    `SELECT ts::DOUBLE, expiry::DOUBLE, instrument, cp, strike::DOUBLE, bid::DOUBLE, ask::DOUBLE, mark::DOUBLE, mark_iv::DOUBLE,
       underlying_price::DOUBLE, index_price::DOUBLE FROM '${file}'
     WHERE ts = (SELECT ts FROM '${file}' GROUP BY ts ORDER BY count(*) DESC, ts LIMIT 1) ORDER BY 2, 5, 4`,
  )
  connection.closeSync()
  const chains = new Map<number, OptionChainObserved['data'] & { options: Option[] }>()
  for (const [ts, expiry, name, cp, strike, bid, ask, mark, iv, forward, index] of rows.getRows()) {
    const expiresAt = Number(expiry)
    const chain = chains.get(expiresAt) ?? {
      venue: 'deribit',
      currency: 'BTC',
      expiresAt,
      at: Number(ts),
      underlyingPrice: Number(forward),
      indexPrice: Number(index),
      options: [],
    }
    chains.set(expiresAt, chain)
    chain.options.push({
      instrument: `deribit.option.${String(name)}`,
      strike: Number(strike),
      option: cp === 'C' ? 'call' : 'put',
      bid: positive(bid),
      ask: positive(ask),
      mark: positive(mark),
      markIv: positive(iv),
      delta: null,
      vega: null,
      openInterest: null,
    })
  }
  return [...chains.values()]
}

const positive = (cell: unknown): number | null => (typeof cell === 'number' && cell > 0 ? cell : null)
