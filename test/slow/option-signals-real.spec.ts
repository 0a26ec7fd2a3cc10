/** The option signals over recorded chains of Deribit: what they sell, hedge, hold and leave, with counts that a reader can check. */
import { DuckDBInstance } from '@duckdb/node-api'
import { describe, expect, it } from 'vitest'
import { skewWhipsaw, volRiskPremium } from '#core/config/signals-schema'
import type { EventEnvelope } from '#core/envelope'
import { DAY_MS, HOUR_MS, isoDay } from '#core/time'
import type { OptionChainObserved } from '#events/market.events'
import { createSkewWhipsaw } from '#signals/skew-whipsaw.decider'
import { createVolRiskPremium } from '#signals/vol-risk-premium.decider'
import { event } from '#test/given'
import { sharedPath } from '../shared.js'
import { leg, now, term, usdDelta, type Word, words } from '../signals/option-tape.js'
import { play } from '../signals/play.js'

const folder = sharedPath('data', 'options', 'deribit')
if (folder === undefined)
  process.stderr.write('option-signals-real.spec: the shared data is NOT here, recorded chains are skipped\n')

type Chain = OptionChainObserved['data']

/** Whole daily chains, and between them, where there are, those of 7 to 100 days every six hours; in order of time and expiry. */
async function recorded(currency: string): Promise<Chain[]> {
  const connection = await (await DuckDBInstance.create()).connect()
  const columns =
    'ts, expiry, instrument, cp, strike, bid::DOUBLE AS bid, ask::DOUBLE AS ask, mark, mark_iv::DOUBLE AS iv, underlying_price AS forward, index_price AS index'
  const daily = `SELECT ${columns} FROM '${folder}/${currency}-chain-daily.parquet'`
  const often = `SELECT ${columns} FROM '${folder}/${currency}-chain-6h-7to100d.parquet'`
  const both = `${daily} UNION ALL SELECT * FROM (${often}) WHERE (ts, expiry) NOT IN (SELECT DISTINCT ts, expiry FROM (${daily}))`
  const reader = await connection.runAndReadAll(
    `SELECT ts::DOUBLE, expiry::DOUBLE, forward, index, instrument, cp, strike, bid, ask, mark, iv
     FROM (${currency === 'BTC' ? both : daily}) ORDER BY 1, 2, 7, 6`,
  )
  connection.closeSync()
  const chains: Chain[] = []
  let options: Chain['options'][number][] = []
  for (const row of reader.getRows()) {
    const [at, expiresAt, underlyingPrice, indexPrice] = row.slice(0, 4).map(Number) as [number, number, number, number]
    const [name, cp, strike, bid, ask, mark, iv] = row.slice(4)
    const last = chains.at(-1)
    if (last?.at !== at || last.expiresAt !== expiresAt) {
      options = []
      chains.push({ venue: 'deribit', currency, expiresAt, at, underlyingPrice, indexPrice, options })
    }
    options.push({
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
  return chains
}

const positive = (cell: unknown): number | null => (typeof cell === 'number' && cell > 0 ? cell : null)

/** Chains at their times and an instant every hour, as a run has them. */
function tapeOf(chains: readonly Chain[]): EventEnvelope[] {
  const tape: EventEnvelope[] = []
  let hour = Math.ceil(chains[0]!.at / HOUR_MS) * HOUR_MS
  chains.forEach((data, i) => {
    for (; hour < data.at; hour += HOUR_MS) tape.push(now(hour))
    tape.push(event('OptionChainObserved', data, { ts: data.at, seq: i + 1 }))
  })
  tape.push(now(hour))
  return tape
}

const count = (list: readonly Word[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const { data } of list) counts[data.reason] = (counts[data.reason] ?? 0) + 1
  return counts
}

function report(what: string, list: readonly Word[]): void {
  const exits = list.filter(({ data }) => data.targetWeight === 0)
  const pnl = exits.map((word) => (100 * term(word, 'pnl')!) / word.data.price)
  const sum = pnl.reduce((a, b) => a + b, 0)
  process.stdout.write(
    `${what}: ${JSON.stringify(count(list))}; ${exits.length} units left, ${sum.toFixed(2)} % of a coin together, ` +
      `worst ${Math.min(0, ...pnl).toFixed(2)}; ${exits.map(({ ts, data }) => `${isoDay(ts)} ${data.reason}`).join(', ')}\n`,
  )
}

/** What must hold of every word, whatever the market did. */
function expectSound(list: readonly Word[]): void {
  for (const word of list) {
    const { data, ts } = word
    if (data.targetWeight === 0) continue
    expect(data.targetWeight).toBeLessThanOrEqual(0.2)
    expect(data.validUntil).toBeGreaterThan(ts)
    if (['premium', 'rich-puts', 'rich-calls', 'vega-limit', 'hedge'].includes(data.reason)) {
      expect(Math.abs(usdDelta(word))).toBeLessThan(1e-5)
      expect(term(word, 'vegaOfNav')).toBeLessThanOrEqual(0.011)
    }
  }
  // The size, the options and their ratios stay from entry to exit.
  const held = (word: Word): string =>
    JSON.stringify(
      word.data.legs.filter(({ role }) => role !== 'hedge').map(({ instrument, ratio }) => [instrument, ratio]),
    )
  list.forEach((word, i) => {
    const before = list[i - 1]
    if (before === undefined || before.data.targetWeight === 0 || word.data.targetWeight === 0) return
    expect(held(word)).toBe(held(before))
    expect(word.data.targetWeight).toBe(before.data.targetWeight)
    expect(word.data.price).toBe(before.data.price)
  })
}

describe.skipIf(folder === undefined)('option signals over recorded chains', () => {
  const tapes = new Map<string, Promise<EventEnvelope[]>>()
  const tapeFor = (currency: string): Promise<EventEnvelope[]> => {
    const tape = tapes.get(currency) ?? recorded(currency).then(tapeOf)
    tapes.set(currency, tape)
    return tape
  }

  it.each([
    ['BTC', 'variance'],
    ['BTC', 'points'],
    ['ETH', 'variance'],
  ] as const)('vrp sells straddles of %s by the rule %s', async (currency, rule) => {
    // Chains of ETH are a day apart: older ones must do.
    const maxAgeHours = currency === 'BTC' ? 14 : 30
    const config = volRiskPremium.parse({ currency, rule, maxAgeHours })
    const list = words(createVolRiskPremium(config), await tapeFor(currency))
    report(`vrp ${currency} ${rule}`, list)
    expectSound(list)
    const entries = list.filter(({ data }, i) => data.targetWeight > 0 && !((list[i - 1]?.data.targetWeight ?? 0) > 0))
    expect(entries.length).toBeGreaterThan(5)
    const { hedge = 0 } = count(list)
    expect(hedge).toBeGreaterThan(3 * entries.length)
    for (const word of entries) {
      const days = (leg(word, 'call')!.terms.expiresAt! - word.ts) / DAY_MS
      expect(days).toBeGreaterThanOrEqual(7)
      expect(days).toBeLessThanOrEqual(14)
      expect(term(word, 'iv')).toBeGreaterThan(term(word, 'rv')!)
      expect(term(word, 'wingCost')! / term(word, 'premium')!).toBeLessThan(0.15 + 1e-6)
      expect(Math.abs(leg(word, 'wingPut')!.delta + 0.25)).toBeLessThan(0.1)
      expect(Math.abs(leg(word, 'call')!.terms.strike! / word.data.price - 1)).toBeLessThan(0.02)
      // Snapshots some six hours or a day apart: the step is said.
      expect(term(word, 'rvStepHours')).toBeGreaterThan(currency === 'BTC' ? 4 : 20)
      expect(term(word, 'rvStepHours')).toBeLessThan(currency === 'BTC' ? 9 : 30)
    }
  })

  it.each(['BTC', 'ETH'])('skew fades %s beyond its thresholds', async (currency) => {
    const maxAgeHours = currency === 'BTC' ? 14 : 30
    for (const entryPoints of [15, 12, 8]) {
      const list = words(
        createSkewWhipsaw(skewWhipsaw.parse({ currency, entryPoints, exitPoints: 5, maxAgeHours })),
        await tapeFor(currency),
      )
      report(`skew ${currency} beyond ${entryPoints}`, list)
      expectSound(list)
      const entries = list.filter(({ data }) => data.reason === 'rich-puts' || data.reason === 'rich-calls')
      // Beyond 15 points at 30 days is rare (methods.md 10).
      if (entryPoints === 15) expect(entries.length).toBeLessThan(5)
      for (const word of entries) {
        expect(Math.abs(term(word, 'skew30')!)).toBeGreaterThan(entryPoints)
        const days = (leg(word, 'put')!.terms.expiresAt! - word.ts) / DAY_MS
        expect(days).toBeGreaterThanOrEqual(14)
        expect(days).toBeLessThanOrEqual(45)
        expect(Math.abs(leg(word, 'put')!.delta + 0.25)).toBeLessThan(0.1)
      }
    }
  })

  it('are the same after a snapshot in the middle', async () => {
    const tape = (await tapeFor('BTC')).slice(0, 4000)
    const make = () => createVolRiskPremium(volRiskPremium.parse({}))
    const whole = play(make(), tape)
    expect(whole.said.length).toBeGreaterThan(10)
    expect(play(make(), tape, 2500)).toEqual(whole)
  })
})
