/** Paper runs through a bad day of their venue, as processes: venues that die, are closed, drop an instrument; and one that is away at the start. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { machineTime } from '#actors/scaled-time'
import { SECOND_MS } from '#core/time'
import { wait } from '#core/wait'
import { BTC, barFaults, ETH, ofType, orderFaults, type PaperRig, paperRig } from '../paper-rig.js'
import { freePort } from '../servers.js'

let rig: PaperRig
beforeEach(() => {
  rig = paperRig()
})
afterEach(() => rig.end())

const SPEED = 40
const CLOCK = ['--clock', 'venue', '--speed', String(SPEED)] as const

describe('a paper run', () => {
  it('holds what it said while the venue is dead, says so, and fills what it missed', async () => {
    const venue = await rig.sim({ venue: 'binance', speed: SPEED, start: await rig.eve(SPEED) })
    const config = rig.config('c', { binance: venue }, [BTC, ETH])
    const running = await rig.run('a', config, ...CLOCK)
    await rig.until('a', 'holding', ({ positions }) => (positions ?? []).some(({ quantity }) => quantity !== '0'))
    await rig.until('a', 'up', ({ feeds }) => feeds?.[0]?.isUp === true)
    await venue.kill()
    const down = await rig.until(
      'a',
      'down',
      ({ feeds, doubts }) => feeds?.[0]?.isUp === false && (doubts as unknown[]).length === 2,
    )
    expect(down.state).toBe('running')
    await wait(machineTime, 2 * SECOND_MS)
    await venue.start()
    const up = await rig.until(
      'a',
      'up again',
      ({ feeds, doubts }) => feeds?.[0]?.isUp === true && (doubts as unknown[]).length === 0,
    )
    await rig.until('a', 'further', ({ ts }) => ts > up.ts + 130 * SECOND_MS)
    running.kill('SIGTERM')
    expect((await running.ended).code).toBe(0)
    const events = rig.events('a')
    const types = events.map(({ type }) => type)
    expect(types.lastIndexOf('FeedRestored')).toBeGreaterThan(types.lastIndexOf('FeedInterrupted'))
    const held = ofType(events, 'SignalChanged').filter(({ data }) => data.reason === 'held-stale')
    expect(held.map(({ data }) => data.instrument)).toEqual(expect.arrayContaining([BTC.instrument, ETH.instrument]))
    expect(await barFaults(events, BTC.instrument, venue)).toEqual([])
    expect(await barFaults(events, ETH.instrument, venue, 'ETH/USDT:USDT')).toEqual([])
    expect(orderFaults(events)).toEqual([])
    expect(await rig.home.json('replay', 'a')).toMatchObject({ identical: true })
  })

  it('withdraws a doubt that it died with', async () => {
    const venue = await rig.sim({ venue: 'binance', speed: SPEED, start: await rig.eve(SPEED) })
    const config = rig.config('c', { binance: venue }, [BTC])
    const first = await rig.run('a', config, ...CLOCK)
    await rig.until('a', 'up', ({ feeds }) => feeds?.[0]?.isUp === true)
    await venue.kill()
    await rig.until('a', 'in doubt', ({ doubts }) => (doubts as unknown[]).length === 1)
    await wait(machineTime, 200)
    first.kill('SIGKILL')
    await first.ended
    await venue.start()
    const second = await rig.run('a', config, ...CLOCK)
    await rig.until('a', 'up', ({ feeds, doubts }) => feeds?.[0]?.isUp === true && (doubts as unknown[]).length === 0)
    await wait(machineTime, 200)
    second.kill('SIGTERM')
    expect((await second.ended).code).toBe(0)
    const doubts = ofType(rig.events('a'), 'DataQualityChanged').filter(({ data }) => data.check === 'stale')
    expect(doubts.at(-1)?.data).toMatchObject({ subject: BTC.instrument, isBad: false })
    expect(doubts.some(({ data }) => data.isBad === true)).toBe(true)
  })

  it('waits through maintenance, settles what it holds of an instrument that is gone at a restart, and goes on with the others', async () => {
    const venue = await rig.sim({ venue: 'binance', speed: SPEED, start: await rig.eve(SPEED) })
    const config = rig.config('c', { binance: venue }, [BTC, ETH])
    const first = await rig.run('a', config, ...CLOCK)
    const quantityOf = (status: { positions?: readonly { instrument: string; quantity: string }[] }, id: string) =>
      status.positions?.find(({ instrument }) => instrument === id)?.quantity
    await rig.until('a', 'holding both', (status) =>
      [BTC, ETH].every(({ instrument }) => (quantityOf(status, instrument) ?? '0') !== '0'),
    )
    await venue.fault({ kind: 'maintenance', forMs: 30_000 })
    await rig.until('a', 'closed', ({ feeds }) => feeds?.[0]?.isUp === false)
    await rig.until('a', 'open', ({ feeds }) => feeds?.[0]?.isUp === true)
    first.kill('SIGKILL')
    await first.ended
    await venue.fault({ kind: 'delist', symbol: 'ETH/USDT:USDT' })
    const second = await rig.run('a', config, ...CLOCK)
    const settled = await rig.until(
      'a',
      'settled',
      (status) => status.state === 'running' && (quantityOf(status, ETH.instrument) ?? '0') === '0',
    )
    expect(quantityOf(settled, BTC.instrument)).not.toBe('0')
    const again = await rig.until('a', 'up', ({ feeds }) => feeds?.[0]?.isUp === true)
    await rig.until('a', 'further', ({ ts }) => ts > again.ts + 190 * SECOND_MS)
    second.kill('SIGTERM')
    expect((await second.ended).code).toBe(0)
    const events = rig.events('a')
    const gone = ofType(events, 'InstrumentDelisted')[0]!
    expect(gone.data.instrument).toBe(ETH.instrument)
    const later = ofType(events, 'InstantClosed').filter(({ seq }) => seq > gone.seq)
    expect(later.length).toBeGreaterThan(2)
    expect(later.flatMap(({ data }) => data.missing)).not.toContain(ETH.instrument)
    expect(await barFaults(events, BTC.instrument, venue)).toEqual([])
    expect(await rig.home.json('replay', 'a')).toMatchObject({ identical: true })
  })

  it('is not begun on a venue that is away, but goes on when it comes back', async () => {
    const port = await freePort()
    const away = { rest: `http://127.0.0.1:${port}`, ws: `ws://127.0.0.1:${port}` }
    const config = rig.config('c', {}, [BTC], { venues: { binance: away } })
    for (const clock of [CLOCK, []]) {
      const refused = await rig.home.quantbot('run', '--mode', 'paper', '--run', 'a', '--config', config, ...clock)
      expect(refused.code).toBe(1)
      expect(refused.stderr).toContain('VENUE_UNREACHABLE')
    }
    const venue = await rig.sim({ venue: 'binance', speed: 1, port })
    const first = await rig.run('a', config)
    await rig.until('a', 'up', ({ feeds }) => feeds?.[0]?.isUp === true)
    await venue.kill()
    first.kill('SIGKILL')
    await first.ended
    const second = await rig.run('a', config)
    const down = await rig.until('a', 'running', ({ state }) => state === 'running')
    expect(down).toMatchObject({ halted: false })
    expect(down.feeds?.[0]).toMatchObject({ isUp: false, reason: expect.stringContaining('VENUE_UNREACHABLE') })
    await venue.start()
    const up = await rig.until('a', 'up', ({ feeds }) => feeds?.[0]?.isUp === true)
    await rig.until('a', 'further', ({ seq }) => seq > up.seq + 6)
    second.kill('SIGTERM')
    expect((await second.ended).code).toBe(0)
    const events = rig.events('a')
    const resumed = ofType(events, 'ProcessStarted').at(-1)?.seq ?? 0
    const types = events.filter(({ seq }) => seq > resumed).map(({ type }) => type)
    expect(types.indexOf('FeedInterrupted')).toBeGreaterThan(0)
    expect(types.indexOf('FeedRestored')).toBeGreaterThan(types.indexOf('FeedInterrupted'))
    expect(types.lastIndexOf('MarkChanged')).toBeGreaterThan(types.indexOf('FeedRestored'))
    expect(types).not.toContain('TradingHalted')
  })
})
