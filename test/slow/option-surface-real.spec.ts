/** The volatility surface on recorded chains of Deribit: our deltas beside the venue's own, and the agent over months of them. */
import { DuckDBInstance } from '@duckdb/node-api'
import { describe, expect, it } from 'vitest'
import { DAY_MS, HOUR_MS } from '#core/time'
import type { OptionChainObserved } from '#events/market.events'
import type { VolatilitySurfaceChanged } from '#events/market-view.events'
import { type OptionSide, yearsTo } from '#quant/black76'
import {
  type DeltaPoint,
  type SmileLegs as Legs,
  type SmilePoint,
  skewPoints,
  smileLegs,
  usableVol,
  volAtDelta,
} from '#quant/vol-surface'
import { createOptionsData } from '#signals/options-data.decider'
import { event } from '#test/given'
import { sharedPath } from '../shared.js'
import { play } from '../signals/play.js'

const folder = sharedPath('data', 'options', 'deribit')
if (folder === undefined)
  process.stderr.write('option-surface-real.spec: the shared data is NOT here, recorded chains are skipped\n')

const PARQUET = `SELECT ts, expiry, instrument, cp, strike, bid, ask, mark, mark_iv AS iv, delta, vega, oi, underlying_price AS forward, index_price`
/** The file of 2021 says expiry, strike and side by name, volatility in percent, and no time of the whole. */
const CSV = `SELECT (SELECT max(ts) FROM chain) AS ts,
  epoch_ms(strptime(split_part(instrument, '-', 2), '%d%b%y')) + 28800000 AS expiry, instrument,
  split_part(instrument, '-', 4) AS cp, split_part(instrument, '-', 3)::DOUBLE AS strike,
  bid, ask, mark, mark_iv_pct / 100 AS iv, delta, vega, oi, underlying_price AS forward, index_price`

interface Chain {
  readonly data: OptionChainObserved['data']
  /** How far the index moved while the chain was recorded, which took minutes: deltas are of other moments than the forward. */
  readonly indexMin: number
  readonly indexMax: number
}

/** Fraction. */
const MOVED_MAX = 0.0005

type Surface = VolatilitySurfaceChanged['data']
type Option = OptionChainObserved['data']['options'][number]

/** Chains of a file by time and expiry, in that order; the forward is that of the last row, as in a run it is the newest. */
async function chainsOf(file: string, currency: string): Promise<Chain[]> {
  const connection = await (await DuckDBInstance.create()).connect()
  await connection.run(`CREATE VIEW chain AS FROM '${folder}/${file}'`)
  const reader = await connection.runAndReadAll(
    `SELECT ts::DOUBLE, expiry::DOUBLE, instrument, cp, strike::DOUBLE, bid::DOUBLE, ask::DOUBLE, mark::DOUBLE, iv::DOUBLE,
       delta::DOUBLE, vega::DOUBLE, oi::DOUBLE, forward::DOUBLE, index_price::DOUBLE
     FROM (${file.endsWith('.csv') ? CSV : PARQUET} FROM chain) ORDER BY 1, 2, 5, 4`,
  )
  connection.closeSync()
  const chains: Chain[] = []
  let options: Option[] = []
  for (const [
    ts,
    expiry,
    instrument,
    cp,
    strike,
    bid,
    ask,
    mark,
    iv,
    delta,
    vega,
    oi,
    forward,
    index,
  ] of reader.getRows()) {
    const [at, expiresAt, underlyingPrice, indexPrice] = [Number(ts), Number(expiry), Number(forward), Number(index)]
    const last = chains.at(-1)
    const isSame = last?.data.at === at && last.data.expiresAt === expiresAt
    if (!isSame) options = []
    options.push({
      instrument: `deribit.option.${String(instrument)}`,
      strike: Number(strike),
      option: cp === 'C' ? 'call' : 'put',
      bid: positive(bid),
      ask: positive(ask),
      mark: positive(mark),
      markIv: positive(iv),
      delta: Number(delta),
      vega: Number(vega),
      openInterest: Number(oi),
    })
    if (isSame) chains.pop()
    chains.push({
      data: { venue: 'deribit', currency, expiresAt, at, underlyingPrice, indexPrice, options },
      indexMin: Math.min(indexPrice, isSame ? last.indexMin : indexPrice),
      indexMax: Math.max(indexPrice, isSame ? last.indexMax : indexPrice),
    })
  }
  return chains
}

/** Files say 0 or nothing where there is no quote. */
const positive = (cell: unknown): number | null => (typeof cell === 'number' && cell > 0 ? cell : null)

const LEGS = ['atm', 'put25', 'call25'] as const

/** Legs of the options that count, by the venue's own deltas. */
function legsOfVenue(kept: readonly Option[]): Legs {
  const side = (option: OptionSide): DeltaPoint[] =>
    kept
      .filter((row) => row.option === option)
      .sort((a, b) => (option === 'call' ? a.strike - b.strike : b.strike - a.strike))
      .map(({ delta, markIv }) => ({ absDelta: Math.abs(delta!), iv: markIv! }))
  const [calls, puts] = [side('call'), side('put')]
  return { atm: volAtDelta(calls, 0.5), put25: volAtDelta(puts, 0.25), call25: volAtDelta(calls, 0.25) }
}

/** Distances of our figures from the venue's in volatility points, sorted; `onlyOne`: legs that one finds and the other not. */
class Distances {
  expiries = 0
  onlyOne = 0
  readonly legs: number[] = []
  readonly skews: number[] = []

  add(ours: Legs, theirs: Legs): void {
    this.expiries++
    for (const leg of LEGS) {
      const [a, b] = [ours[leg], theirs[leg]]
      if (a !== null && b !== null) this.legs.push(100 * Math.abs(a - b))
      else if (a !== b) this.onlyOne++
    }
    if (ours.put25 === null || ours.call25 === null || theirs.put25 === null || theirs.call25 === null) return
    this.skews.push(Math.abs(skewPoints(ours.put25, ours.call25) - skewPoints(theirs.put25, theirs.call25)))
  }

  at(share: number): { leg: number; skew: number } {
    const of = (values: number[]): number => values.sort((a, b) => a - b)[Math.ceil(share * values.length) - 1] ?? 0
    return { leg: of(this.legs), skew: of(this.skews) }
  }

  report(what: string): void {
    const say = (share: number): string => `${this.at(share).leg.toFixed(3)} / ${this.at(share).skew.toFixed(3)}`
    process.stdout.write(
      `${what}: ${this.expiries} expiries, ${this.legs.length} legs; legs / skews apart, points: half ${say(0.5)}, 99 % ${say(0.99)}, most ${say(1)}\n`,
    )
  }
}

/** Of all expiries of 2 days and more, and of those while the index stood still. */
function distances(chains: readonly Chain[]): { all: Distances; still: Distances } {
  const [all, still] = [new Distances(), new Distances()]
  for (const { data, indexMin, indexMax } of chains) {
    const { options, underlyingPrice: forward, expiresAt, at } = data
    if (expiresAt - at < 2 * DAY_MS) continue
    const years = yearsTo(expiresAt, at)
    const kept = options.filter(({ option: side, strike, bid, ask, markIv: iv }) => {
      const [low, high] = [bid === null ? null : bid * forward, ask === null ? null : ask * forward]
      return usableVol({ side, strike, iv, bid: low, ask: high }, forward, years) !== null
    })
    const points = kept.map(({ option, strike, markIv }): SmilePoint => ({ side: option, strike, iv: markIv! }))
    const ours = smileLegs(points, forward, years)
    const theirs = legsOfVenue(kept)
    all.add(ours, theirs)
    if (indexMax / indexMin - 1 < MOVED_MAX) still.add(ours, theirs)
  }
  return { all, still }
}

const QUOTED = [
  ['BTC-chain-6h-7to100d.parquet', 'BTC'],
  ['BTC-chain-daily.parquet', 'BTC'],
  ['ETH-chain-daily.parquet', 'ETH'],
] as const

describe.skipIf(folder === undefined)('volatility at 50 and 25 delta of recorded chains', () => {
  it.each(QUOTED)('%s: by our deltas as by the venue’s', async (file, currency) => {
    const { all, still } = distances(await chainsOf(file, currency))
    all.report(`${file}, all`)
    still.report(`${file}, index still`)
    expect(all.onlyOne).toBe(0)
    expect(all.legs.length).toBeGreaterThan(2.5 * all.expiries)
    expect(still.expiries).toBeGreaterThan(300)
    // Volatility points. The venue's deltas are rounded to five digits and, at best, some seconds from the forward.
    expect(still.at(0.5).skew).toBeLessThan(0.01)
    expect(still.at(0.99).skew).toBeLessThan(0.15)
    expect(still.at(1).leg).toBeLessThan(0.2)
    expect(still.at(1).skew).toBeLessThan(0.25)
    // The index moved by up to two percent while a chain was recorded.
    expect(all.at(0.5).skew).toBeLessThan(0.03)
    expect(all.at(0.99).skew).toBeLessThan(0.75)
    expect(all.at(1).skew).toBeLessThan(2.5)
  })

  it.each([
    ['BTC-chain-2021-02.csv', 'BTC'],
    ['ETH-chain-2021-02.csv', 'ETH'],
  ])('%s: where books have one side or are wide, marks of 2.5 beside 0.52 are no surface', async (file, currency) => {
    const chains = await chainsOf(file, currency)
    expect(chains.length).toBeGreaterThan(5)
    expect(distances(chains).all.legs).toEqual([])
  })
})

describe.skipIf(folder === undefined)('data/options over recorded chains', () => {
  it.each(QUOTED)('%s', async (file, currency) => {
    const tape = (await chainsOf(file, currency)).map(({ data }) => event('OptionChainObserved', data, { ts: data.at }))
    // Snapshots lie up to 29 hours apart: chains count for three looks at them.
    const { said } = play(createOptionsData(12 * HOUR_MS), tape)
    // What stands at the end of each snapshot: between the chains of one, old and new ones mix.
    const standing = new Map<number, Surface>()
    let word: Surface | undefined
    let next = 0
    tape.forEach(({ ts }, at) => {
      for (; said[next]?.at === at; next++) word = said[next]!.data as unknown as Surface // its only word
      if (word !== undefined) standing.set(ts, word)
    })
    const words = [...standing.values()]
    const skews = words.flatMap(({ skew30 }) => (skew30 === null ? [] : [skew30]))
    const rare = skews.filter((skew) => Math.abs(skew) > 15).length
    process.stdout.write(
      `${file}: ${words.length} snapshots, ${said.length} words; skew ${Math.min(...skews)} to ${Math.max(...skews)} points, ` +
        `beyond 15 in ${rare}\n`,
    )
    expect(words.length).toBe(new Set(tape.map(({ ts }) => ts)).size)
    // The one of a moment when most books were wide.
    expect(
      words.filter(({ atmMissing, skewMissing }) => atmMissing !== null || skewMissing !== null).length,
    ).toBeLessThan(3)
    expect(rare).toBeLessThan(5)
    const mean = (from: number, to: number, of: 'atmIv30' | 'put25Iv30' | 'call25Iv30'): number => {
      const values = [...standing].flatMap(([ts, { [of]: iv }]) => (ts >= from && ts < to && iv !== null ? [iv] : []))
      return values.reduce((sum, iv) => sum + iv, 0) / values.length
    }
    const [january, february, march, april] = [0, 1, 2, 3].map((month) => Date.UTC(2026, month, 1))
    expect(mean(february!, march!, 'put25Iv30')).toBeGreaterThan(mean(february!, march!, 'call25Iv30') + 0.05)
    if (currency !== 'BTC') return
    // As those who gathered the data found them, by means of their own: 39 % in January, 51 % in February and March.
    expect(Math.abs(mean(january!, february!, 'atmIv30') - 0.39)).toBeLessThan(0.01)
    expect(Math.abs(mean(february!, april!, 'atmIv30') - 0.51)).toBeLessThan(0.01)
  })
})
