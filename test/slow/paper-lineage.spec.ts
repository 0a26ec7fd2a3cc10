/** What a paper run goes on with, as processes: the same configuration or none, files of the lake that were compacted meanwhile, and a child that takes over its book. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BTC, barFaults, barsOf, ETH, ofType, type PaperRig, paperRig, type Status } from '../paper-rig.js'

let rig: PaperRig
beforeEach(() => {
  rig = paperRig()
})
afterEach(() => rig.end())

const SPEED = 40
const CLOCK = ['--clock', 'venue', '--speed', String(SPEED)] as const

const quantities = ({ positions }: Status): (readonly [string, string])[] =>
  (positions ?? []).flatMap(({ instrument, quantity }) => (quantity === '0' ? [] : [[instrument, quantity] as const]))

describe('a paper run', () => {
  it('goes on with its own configuration and history alone, and hands its book to a child', async () => {
    const venue = await rig.sim({ venue: 'binance', speed: SPEED, start: await rig.eve(SPEED) })
    const config = rig.config('c', { binance: venue }, [BTC, ETH])
    const first = await rig.run('a', config, ...CLOCK)
    await rig.until('a', 'holding both', (status) => quantities(status).length === 2)
    first.kill('SIGTERM')
    expect((await first.ended).code).toBe(0)

    const other = rig.config('d', { binance: venue }, [BTC, ETH], { risk: { turnoverLimiter: false, netCap: 0.9 } })
    const refused = await rig.home.quantbot('run', '--mode', 'paper', '--run', 'a', '--config', other, ...CLOCK)
    expect(refused.code).toBe(2)
    expect(refused.stderr).toMatch(/RUN_DIFFERS.*risk\.netCap was 1, is 0\.9 now/)

    // The lake grows and is compacted: the files that the manifest names must be found all the same.
    const more = ['--kinds', 'bars', '--interval', '1m', '--market', 'usdm', '--symbols', 'BTCUSDT']
    const span = ['--from', '2026-01-31', '--to', '2026-01-31']
    const filled = await rig.home.quantbot('backfill', '--venue', 'binance', '--config', config, ...more, ...span)
    expect(filled).toMatchObject({ code: 0, stderr: expect.not.stringContaining('error') })
    expect((await rig.home.quantbot('data', 'compact')).code).toBe(0)
    const parent = (await rig.home.json('status', 'a')) as Status
    expect(await rig.home.json('replay', 'a')).toMatchObject({ identical: true })

    const child = await rig.run('b', other, '--child-of', 'a', ...CLOCK)
    await rig.until(
      'b',
      'running',
      ({ state, feeds, seq }) => state === 'running' && feeds?.[0]?.isUp === true && seq > 300,
    )
    child.kill('SIGTERM')
    expect((await child.ended).code).toBe(0)
    const events = rig.events('b')
    expect(events[0]).toMatchObject({ type: 'StateCarried', data: { parent: 'a', balance: parent.balance } })
    const carried = events[0]!.data.positions as { instrument: string; quantity: string }[]
    expect(quantities({ ...parent, positions: carried })).toEqual(quantities(parent))
    expect(await barFaults(events, BTC.instrument, venue)).toEqual([])
    expect(await rig.home.json('replay', 'b')).toMatchObject({ identical: true })

    const again = await rig.run('a', config, ...CLOCK)
    await rig.until(
      'a',
      'up',
      ({ state, feeds, seq }) => state === 'running' && feeds?.[0]?.isUp === true && seq > parent.seq + 300,
    )
    again.kill('SIGTERM')
    expect((await again.ended).code).toBe(0)
    expect(await barFaults(rig.events('a'), ETH.instrument, venue, 'ETH/USDT:USDT')).toEqual([])
    expect(await rig.home.json('replay', 'a')).toMatchObject({ identical: true })
  })

  it('is not decided again on history that is not its own', async () => {
    const venue = await rig.sim({ venue: 'binance', speed: SPEED, start: await rig.eve(SPEED) })
    const config = rig.config('c', { binance: venue }, [BTC])
    const running = await rig.run('a', config, ...CLOCK)
    await rig.until('a', 'running', ({ state }) => state === 'running')
    running.kill('SIGKILL')
    await running.ended
    const { history } = JSON.parse(readFileSync(join(rig.home.path, 'runs', 'a', 'manifest.json'), 'utf8')) as {
      history: { path: string }[]
    }
    const changed = filesBelow(rig.home.path).find((path) => path.endsWith(history[0]!.path))!
    writeFileSync(changed, Buffer.concat([readFileSync(changed), Buffer.from('x')]))
    for (const command of [
      ['replay', 'a'],
      ['run', '--mode', 'paper', '--run', 'a', '--config', config, ...CLOCK],
    ]) {
      const refused = await rig.home.quantbot(...command)
      expect(refused.stderr).toContain('TAPE_CHANGED')
      expect(refused.code).not.toBe(0)
    }
    expect(
      barsOf(rig.events('a'), BTC.instrument).length + ofType(rig.events('a'), 'ProcessStarted').length,
    ).toBeGreaterThan(0)
  })
})

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesBelow(join(folder, entry.name)) : [join(folder, entry.name)],
  )
}
