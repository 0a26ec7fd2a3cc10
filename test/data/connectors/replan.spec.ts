import { describe, expect, it } from 'vitest'
import { DAY_MS, HOUR_MS } from '#core/time'
import type { SocketPlan, Want } from '#data/connectors/adapter.port'
import { ADAPTERS } from '#data/connectors/adapters'
import { chosenOptions } from '#data/connectors/chain-choice'
import type { InstrumentFacts, Venue } from '#data/connectors/normal'
import { replan } from '#data/connectors/replan'

const NOW = Date.UTC(2026, 0, 15, 8)

function optionOf(base: string, days: number, strike: number, option: 'call' | 'put' = 'call'): InstrumentFacts {
  const expiresAt = NOW + days * DAY_MS
  // What planning reads of an option.
  return {
    instrument: `deribit.option.${base}-${days}-${strike}-${option === 'call' ? 'C' : 'P'}`,
    base,
    quote: 'USD',
    settle: base,
    strike,
    option,
    expiresAt,
    fundingIntervalMs: null,
  } as InstrumentFacts
}

const FUTURES: Readonly<Record<Venue, (i: number) => string>> = {
  binance: (i) => `binance.usdm.C${i}USDT`,
  bybit: (i) => `bybit.linear.C${i}USDT`,
  okx: (i) => `okx.swap.C${i}-USDT-SWAP`,
  deribit: (i) => `deribit.perpetual.C${i}-PERPETUAL`,
}

const wantsOf = (venue: Venue, which: readonly number[]): Want[] =>
  which.flatMap((i) =>
    (['mark', 'book', 'trades'] as const).map((kind) => ({
      kind,
      facts: {
        instrument: FUTURES[venue](i),
        base: `C${i}`,
        quote: 'USDT',
        option: null,
        fundingIntervalMs: HOUR_MS,
      } as InstrumentFacts, // what planning reads
    })),
  )
const namesOf = (plans: readonly (SocketPlan | undefined)[]): string[] =>
  plans.flatMap((plan) => plan?.topics.map(({ name }) => `${plan.endpoint} ${name}`) ?? [])

describe('planning sockets anew', () => {
  for (const venue of ['binance', 'bybit', 'okx', 'deribit'] as const)
    it(`holds all that is wanted once, within the caps, and moves nothing that stays: ${venue}`, () => {
      const adapter = ADAPTERS[venue]!
      const pack = (wants: readonly Want[]) => adapter.sockets(wants)
      let wants = wantsOf(venue, [...Array(150).keys()])
      let plans: readonly SocketPlan[] = pack(wants)
      expect(plans.length).toBeGreaterThan(venue === 'bybit' || venue === 'deribit' ? 0 : 1)
      // Every day some come and some go.
      for (let day = 0; day < 20; day++) {
        const kept = wants.filter(({ facts }) => Number(/\d+/.exec(facts.instrument)![0]) % 20 !== day % 20)
        wants = [...wantsOf(venue, [1000 + 2 * day, 1001 + 2 * day]), ...kept]
        const before = plans
        const { plans: changed, added } = replan(before, pack(wants), pack)
        expect(namesOf([...changed, ...added]).sort()).toEqual(namesOf(pack(wants)).sort())
        const there = new Set(namesOf(before))
        for (const [i, plan] of before.entries()) {
          const still = namesOf([changed[i]]).filter((name) => there.has(name))
          expect(namesOf([plan]).filter((name) => still.includes(name))).toEqual(still)
        }
        expect(namesOf(added).filter((name) => there.has(name))).toEqual([])
        plans = [...changed.filter((plan) => plan !== undefined), ...added]
        for (const plan of plans)
          expect(
            pack(plan.topics.flatMap((topic) => topic.wants)).filter((other) => other.endpoint === plan.endpoint)
              .length,
          ).toBe(1)
      }
      expect(plans.length).toBeLessThanOrEqual(pack(wants).length + 2)
      const { plans: same, added } = replan(plans, pack(wants), pack)
      expect(same.every((plan, i) => plan === plans[i])).toBe(true)
      expect(added).toEqual([])
    })

  it('ends what has nothing left', () => {
    const pack = (wants: readonly Want[]) => ADAPTERS.binance!.sockets(wants)
    expect(replan(pack(wantsOf('binance', [1])), [], pack)).toEqual({ plans: [undefined, undefined], added: [] })
  })
})

describe('which options are worth a stream', () => {
  const strikes = Array.from({ length: 61 }, (_, i) => 40_000 + i * 2000)
  const days = [0.2, 1.5, 8, 15, 43, 71, 160, 340]
  const all = days.flatMap((day) =>
    strikes.flatMap((strike) => [optionOf('BTC', day, strike), optionOf('BTC', day, strike, 'put')]),
  )

  it('those of 1 to 100 days around the forward, each expiry as many standard deviations', () => {
    const chosen = chosenOptions(all, NOW, () => 100_000)
    expect(chosen.length).toBe(all.length)
    const first = chosen.slice(0, 200)
    expect(new Set(first.map(({ expiresAt }) => (expiresAt! - NOW) / DAY_MS))).toEqual(new Set([1.5, 8, 15, 43, 71]))
    const widest = (day: number): number =>
      Math.max(
        ...first
          .filter(({ expiresAt }) => expiresAt === NOW + day * DAY_MS)
          .map(({ strike }) => Math.abs(Math.log(strike! / 100_000)) / Math.sqrt(day)),
      )
    expect(widest(71)).toBeGreaterThan(widest(8) * 0.6)
    expect(widest(8)).toBeGreaterThan(widest(71) * 0.6)
    expect(first[0]?.strike).toBe(100_000)
  })

  it('of all coins alike, by the middle of their strikes while no price is known; expired ones never', () => {
    const eth = [1500, 2000, 2500].map((strike) => optionOf('ETH', 8, strike))
    const chosen = chosenOptions([...all, ...eth, optionOf('BTC', -1, 100_000)], NOW, () => undefined)
    expect(chosen.slice(0, 30).some(({ base }) => base === 'ETH')).toBe(true)
    expect(chosen.length).toBe(all.length + 3)
    expect(chosen.find(({ base }) => base === 'ETH')?.strike).toBe(2000)
    expect(chosen.find(({ base }) => base === 'BTC')?.strike).toBe(100_000)
  })

  it('fills Deribit’s cap of tickers with them and leaves the rest to the poll', () => {
    const wants = chosenOptions(all, NOW, () => 100_000).map((facts): Want => ({ kind: 'options', facts }))
    const topics = ADAPTERS.deribit!.sockets(wants).flatMap((plan) => plan.topics)
    expect(topics.length).toBe(400)
    expect(topics.every(({ wants: [want] }) => want!.facts.expiresAt! - NOW > DAY_MS)).toBe(true)
    const polls = ADAPTERS.deribit!.polls(wants, { facts: () => undefined, price: () => undefined })
    expect(polls.map(({ name }) => name)).toEqual(['chain BTC'])
  })
})
