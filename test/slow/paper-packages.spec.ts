/** Packages on live connectors, as processes: carry with its spot leg, through kills, operators and a child. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { machineTime } from '#actors/scaled-time'
import { Sfc32 } from '#core/random'
import { MINUTE_MS, SECOND_MS } from '#core/time'
import { wait } from '#core/wait'
import {
  BTC,
  type LogEvent,
  ofType,
  orderFaults,
  type PaperRig,
  paperRig,
  type Status,
  type Traded,
} from '../paper-rig.js'

let rig: PaperRig
beforeEach(() => {
  rig = paperRig()
})
afterEach(() => rig.end())

const SPEED = 40
const CLOCK = ['--clock', 'venue', '--speed', String(SPEED)] as const
type Leg = Traded & { readonly role: 'leg' }
/** Steps finer than those of the venue, which must be taken from its own list. */
const SPOT: Leg = { instrument: 'binance.spot.BTCUSDT', role: 'leg', base: 'BTC', tick: '0.01', lot: '0.00001' }
const PERP: Traded = { ...BTC, lot: '0.0001' }
const CARRY = 'carry/binance.usdm.BTCUSDT'

const only = (signals: object) => ({
  signals: {
    tsmom: { enabled: false },
    donchian: { enabled: false },
    meanReversion: { enabled: false },
    ...signals,
  },
})
const carry = only({ fundingCarry: { enabled: true } })

interface LegStatus {
  readonly instrument: string
  readonly quantity: string
  readonly aim: string
}
interface PackageStatus {
  readonly package: string
  readonly status: string
  readonly units: string
  readonly residualDelta: number
  readonly legs: readonly LegStatus[]
}
const packagesOf = (status: Status): readonly PackageStatus[] => (status.packages ?? []) as readonly PackageStatus[]
const isHeld = (status: Status): boolean =>
  packagesOf(status).some(
    ({ status: state, legs }) =>
      state === 'open' && legs.length > 1 && legs.every(({ quantity, aim }) => quantity !== '0' && quantity === aim),
  ) && status.openOrders === 0
const isFlat = (status: Status): boolean =>
  status.openOrders === 0 && packagesOf(status).every(({ legs }) => legs.every(({ quantity }) => quantity === '0'))

/** Net of all fills, by instrument: what the log says is held. */
function netFills(events: readonly LogEvent[]): Record<string, number> {
  const net: Record<string, number> = {}
  for (const { data } of ofType(events, 'OrderFilled')) {
    const instrument = String(data.instrument)
    const sum = (net[instrument] ?? 0) + Number(data.quantity) * (data.side === 'buy' ? 1 : -1)
    net[instrument] = Math.round(sum * 1e8) / 1e8 + 0
  }
  return net
}

async function proves(id: string): Promise<void> {
  expect(await rig.home.json('replay', id)).toMatchObject({ identical: true })
  expect(await rig.home.json('audit', 'verify', id)).toMatchObject({ ok: true, problems: [] })
}

describe('a paper run with a carry', () => {
  it('holds both legs, is paid funding, explains a leg, obeys, hands the package to a child', async () => {
    const venue = await rig.sim({ venue: 'binance', speed: SPEED, start: await rig.eve(SPEED) })
    const config = rig.config('c', { binance: venue }, [PERP, SPOT], carry)
    const running = await rig.run('a', config, ...CLOCK)
    const status = await rig.until('a', 'holding', isHeld)
    const [pkg] = packagesOf(status)
    expect(pkg).toMatchObject({ package: CARRY, signal: 'carry', kind: 'carry', status: 'open' })
    expect(pkg!.legs.map(({ instrument }) => instrument)).toEqual([PERP.instrument, SPOT.instrument])
    const [perp, spot] = pkg!.legs.map(({ quantity }) => Number(quantity))
    expect(perp).toBeLessThan(0)
    expect(spot).toBe(-perp!)
    expect(Math.abs(pkg!.residualDelta)).toBeLessThan(0.001)
    const text = (await rig.home.quantbot('status', 'a')).stdout
    expect(text).toMatch(/carry\/binance\.usdm\.BTCUSDT +open +[\d.]+ units/)
    expect(text).toMatch(/spot +binance\.spot\.BTCUSDT +[\d.]+ +mark [\d,]+/)
    const paid = await rig.until(
      'a',
      'paid',
      ({ packages }) =>
        JSON.stringify(packages ?? []).includes('"funding":"') &&
        /"funding":"-?[1-9\d]*\.?\d*[1-9]/.test(JSON.stringify(packages)),
    )
    // The settlement is a rebalance too: its orders have ended a minute later.
    const isQuiet = (now: Status): boolean => now.openOrders === 0 && Number(now.ts) > Number(paid.ts) + MINUTE_MS
    await rig.until('a', 'quiet', isQuiet)

    // Taken over by a child as it stands, while the parent is stopped in good order.
    running.kill('SIGTERM')
    expect((await running.ended).code).toBe(0)
    const parent = packagesOf((await rig.home.json('status', 'a')) as Status)
    await proves('a')
    const events = rig.events('a')
    expect(orderFaults(events)).toEqual([])
    const rows = ofType(events, 'FundingAccrued').flatMap(({ data }) => data.rows as Record<string, string>[])
    expect(rows.length).toBeGreaterThan(0)
    for (const row of rows) expect(row).toMatchObject({ instrument: PERP.instrument, package: CARRY, proxy: false })
    const leg = ofType(events, 'OrderFilled').find(({ data }) => data.instrument === SPOT.instrument)!
    const explained = (await rig.home.quantbot('audit', 'explain', 'a', String(leg.data.order))).stdout
    expect(explained).toContain(`leg of ${CARRY}`)
    expect(explained).toMatch(/funding [\d.]+ % a year over 9 settlements/)
    expect(explained).toMatch(/quote of BTCUSDT at/)

    const child = await rig.run('b', config, '--child-of', 'a', ...CLOCK)
    const taken = await rig.until('b', 'running', (now) => now.state === 'running' && packagesOf(now).length === 1)
    expect(packagesOf(taken)[0]!.legs.map(({ quantity }) => quantity)).toEqual(
      parent[0]!.legs.map(({ quantity }) => quantity),
    )
    await rig.until('b', 'holding on', (now) => isHeld(now) && now.seq > 200)
    const halt = await rig.home.json('halt', 'b', '--reason', 'look')
    expect(halt.halted).toBe(Number(halt.seq) + 1)
    const flatten = await rig.home.json('flatten', 'b', '--reason', 'out')
    const orders = flatten.orders as { instrument: string }[]
    expect(orders.map(({ instrument }) => instrument).sort()).toEqual([SPOT.instrument, PERP.instrument])
    await rig.until('b', 'flat', isFlat)
    child.kill('SIGTERM')
    expect((await child.ended).code).toBe(0)
    const after = rig.events('b')
    expect(orderFaults(after)).toEqual([])
    const unwound = ofType(after, 'OrderApproved').filter(({ seq }) => seq > Number(halt.seq))
    expect(new Set(unwound.map(({ data }) => data.purpose))).toEqual(new Set(['unwind']))
    await proves('b')
  })

  it('goes on after kill -9 in the midst of being built: no leg is lost, none doubled, one replay', async () => {
    const venue = await rig.sim({ venue: 'binance', speed: SPEED, start: await rig.eve(SPEED) })
    // Answers take seconds of the venue, so that kills fall between the legs.
    const slow = { execution: { latencyMsMedian: 4_000, latencyMsP99: 12_000 }, log: { snapshotEvents: 200 } }
    const config = rig.config('c', { binance: venue }, [PERP, SPOT], { ...carry, ...slow })
    const random = Sfc32.seeded(7, 0, 0)
    const counts = (): string =>
      JSON.stringify(
        ['OrderApproved', 'OrderSubmitted', 'OrderFilled'].map((type) => ofType(rig.events('a'), type).length),
      )
    let isBetween = false
    for (let i = 0; i < 5; i++) {
      const running = await rig.run('a', config, ...CLOCK)
      await rig.until('a', 'ordering', (now) => now.state === 'running' && (Number(now.openOrders) > 0 || isHeld(now)))
      await wait(machineTime, 100 * random.next())
      running.kill('SIGKILL')
      await running.ended
      isBetween ||= counts() !== '[2,2,2]'
    }
    expect(isBetween).toBe(true)
    const running = await rig.run('a', config, ...CLOCK)
    const status = await rig.until('a', 'holding', isHeld)
    running.kill('SIGTERM')
    expect((await running.ended).code).toBe(0)
    const events = rig.events('a')
    expect(ofType(events, 'ProcessStarted').length).toBeGreaterThan(2)
    expect(orderFaults(events)).toEqual([])
    const legs = packagesOf(status)[0]!.legs
    expect(netFills(events)).toEqual(
      Object.fromEntries(legs.map(({ instrument, quantity }) => [instrument, Number(quantity)])),
    )
    expect(Number(legs[0]!.quantity)).toBe(-Number(legs[1]!.quantity))
    await proves('a')
  })
})

describe('a paper run with options', () => {
  it('sells a straddle with wings at the chain, hedged by the perpetual, on volatility that the history realised', async () => {
    // It decides at midnight, on a chain of some quarters of an hour.
    const pace = { speed: 60, start: await rig.eve(60, 25 * SECOND_MS), seed: 4, symbols: 2 }
    const venue = await rig.sim({ venue: 'deribit', ...pace })
    const hedge = { instrument: 'deribit.perpetual.BTC-PERPETUAL', role: 'leg', base: 'BTC', quote: 'USD' }
    const config = rig.config('c', { deribit: venue }, [{ ...hedge, tick: '0.5', lot: '10' } as Leg], {
      interval: '15m',
      ...only({ volRiskPremium: { enabled: true } }),
      marketData: { maxClockOffsetMs: 120_000, staleMs: 120_000, optionChains: ['BTC'], optionChainMinutes: 5 },
    })
    const running = await rig.run('o', config, '--clock', 'venue', '--speed', String(pace.speed))
    const status = await rig.until('o', 'holding', isHeld)
    running.kill('SIGTERM')
    expect((await running.ended).code).toBe(0)
    const [pkg] = packagesOf(status)
    expect(pkg!.legs.length).toBe(5)
    expect(Math.abs(pkg!.residualDelta)).toBeLessThan(0.05)
    expect(status.balances).toMatchObject([{ currency: 'BTC' }])
    expect(orderFaults(rig.events('o'))).toEqual([])
    await proves('o')
  })
})
