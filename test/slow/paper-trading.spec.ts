/** `quantbot run --mode paper` on a simulated venue, as processes: it trades, explains, obeys, and goes on after any kill. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { machineTime } from '#actors/scaled-time'
import { Sfc32 } from '#core/random'
import { wait } from '#core/wait'
import { BTC, barFaults, barsOf, ETH, ofType, orderFaults, type PaperRig, paperRig } from '../paper-rig.js'

let rig: PaperRig
beforeEach(() => {
  rig = paperRig()
})
afterEach(() => rig.end())

const SPEED = 40
const CLOCK = ['--clock', 'venue', '--speed', String(SPEED)] as const

describe('a paper run', () => {
  it('trades on live quotes, explains its orders, adds up, obeys, and is decided the same again', async () => {
    const venue = await rig.sim({ venue: 'binance', speed: SPEED, start: await rig.eve(SPEED) })
    const config = rig.config('c', { binance: venue }, [BTC, ETH])
    const running = await rig.run('a', config, ...CLOCK)
    const status = await rig.until('a', 'holding', ({ positions }) =>
      (positions ?? []).some(({ quantity }) => quantity !== '0'),
    )
    expect(status).toMatchObject({
      mode: 'paper',
      halted: false,
      feeds: [{ venue: 'binance', quarantined: 0, pausedUntil: null }],
      stores: { cache: { kind: 'memory', isUp: true }, projector: null, api: null },
    })
    await rig.until('a', 'up', ({ feeds }) => feeds?.[0]?.isUp === true)
    expect((await rig.home.quantbot('status', 'a')).stdout).toMatch(
      /binance +up +sockets \d\/\d +frame .* ago +budget \d+.%/,
    )

    const halt = await rig.home.json('halt', 'a', '--reason', 'look')
    expect(halt.halted).toBe(Number(halt.seq) + 1)
    expect((await rig.home.json('resume', 'a')).resumed).toBeGreaterThan(Number(halt.seq))
    const flatten = await rig.home.json('flatten', 'a', '--reason', 'out')
    expect((flatten.orders as unknown[]).length).toBeGreaterThan(0)
    await rig.until(
      'a',
      'flat',
      ({ positions, openOrders }) => openOrders === 0 && (positions ?? []).every(({ quantity }) => quantity === '0'),
    )
    running.kill('SIGTERM')
    expect((await running.ended).code).toBe(0)

    const events = rig.events('a')
    expect(orderFaults(events)).toEqual([])
    expect(await barFaults(events, BTC.instrument, venue)).toEqual([])
    expect(await barFaults(events, ETH.instrument, venue, 'ETH/USDT:USDT')).toEqual([])
    const fills = ofType(events, 'OrderFilled')
    // Of the venue's own quotes, not of a model: some basis points from a bar's price, and on the price grid.
    for (const { data, ts } of fills) {
      const bar = barsOf(events, String(data.instrument)).find(
        ({ openTime }) => openTime <= ts && ts < openTime + 60_000,
      )
      if (bar === undefined) continue
      expect(Number(data.price)).toBeGreaterThan(bar.low * 0.998)
      expect(Number(data.price)).toBeLessThan(bar.high * 1.002)
    }
    expect(await rig.home.json('replay', 'a')).toMatchObject({ identical: true })
    expect(await rig.home.json('audit', 'verify', 'a')).toMatchObject({ ok: true, problems: [] })
    const trades = await rig.home.json('audit', 'trades', 'a')
    expect(trades).toMatchObject({ fills: fills.length, duplicates: 0 })
    const { balance, opening, totals } = trades as { balance: string; opening: string; totals: { net: string } }
    expect(Number(opening) + Number(totals.net)).toBeCloseTo(Number(balance), 6)
    const order = String(fills[0]?.data.order)
    const explained = (await rig.home.quantbot('audit', 'explain', 'a', order)).stdout
    expect(explained).toMatch(/\bbar\b/)
    expect(explained).toMatch(/quote of \S+ at/)
  })

  it('goes on after kill -9 at any moment: each bar once, no order lost or doubled, one replay', async () => {
    const venue = await rig.sim({ venue: 'binance', speed: SPEED, start: await rig.eve(SPEED) })
    const config = rig.config('c', { binance: venue }, [BTC, ETH], { log: { snapshotEvents: 300 } })
    const random = Sfc32.seeded(11, 0, 0)
    let lastSeq = 0
    for (let i = 0; i < 10; i++) {
      const running = await rig.run('a', config, ...CLOCK)
      // Sometimes in the midst of the start, before anything of it is in the log.
      if (i % 3 !== 2) {
        const status = await rig.until('a', 'further', ({ seq, state }) => state === 'running' && seq > lastSeq + 60)
        lastSeq = status.seq
      }
      await wait(machineTime, 20 + 300 * random.next())
      running.kill('SIGKILL')
      await running.ended
    }
    const running = await rig.run('a', config, ...CLOCK)
    await rig.until(
      'a',
      'further',
      ({ seq, ts, state }) => state === 'running' && seq > lastSeq + 300 && ts > Date.parse('2026-02-02T00:05:00Z'),
    )
    running.kill('SIGTERM')
    expect((await running.ended).code).toBe(0)
    const events = rig.events('a')
    expect(ofType(events, 'ProcessStarted').length).toBeGreaterThan(7)
    expect(await barFaults(events, BTC.instrument, venue)).toEqual([])
    expect(await barFaults(events, ETH.instrument, venue, 'ETH/USDT:USDT')).toEqual([])
    const instants = ofType(events, 'InstantClosed').map(({ data }) => Number(data.instant))
    expect(instants).toEqual([...new Set(instants)].sort((a, b) => a - b))
    expect(orderFaults(events)).toEqual([])
    expect(ofType(events, 'OrderFilled').length).toBeGreaterThan(0)
    expect(await rig.home.json('replay', 'a')).toMatchObject({ identical: true })
    expect(await rig.home.json('audit', 'verify', 'a')).toMatchObject({ ok: true })
  })
})
