/** Money paid into a running process and taken out: in its log, in its status, in no return. Needs `npm run build`. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readEvents } from '#events/log/reader'
import { type TestHome, testHome } from './run-process.js'

let home: TestHome
beforeEach(() => {
  home = testHome()
})
afterEach(() => home.remove())

interface Status {
  readonly equity: number
  readonly peak: number
  readonly drawdown: number
  readonly gross: number
  readonly halted: boolean
  readonly transfers?: string
}

const status = async (): Promise<Status> => (await home.json('status', 'a')) as unknown as Status // our own document

function transfersOf(id: string): Record<string, unknown>[] {
  const found: Record<string, unknown>[] = []
  readEvents(join(home.path, 'runs', id), (event) => {
    if (event.type === 'FundsTransferred') found.push(event.data as Record<string, unknown>) // as the log has it
  })
  return found
}

describe('quantbot funds', () => {
  it('moves the book and no drawdown, is refused where positions need the money, and replays', async () => {
    // Days at once, until something is held; then a market that nearly stands still while the commands are given.
    const config = join(home.path, 'low.yaml')
    mkdirSync(home.path, { recursive: true })
    writeFileSync(config, 'risk: { grossCap: 0.05 }\n')
    const run = ['run', '--run', 'a', '--config', config]
    await home.json(...run, '--speed', 'max', '--days', '6')
    const running = home.start(...run, '--speed', '10', '--json')
    await running.firstLine()

    const before = await status()
    expect(before.gross).toBeGreaterThan(0.002)
    const paid = await home.json('funds', 'deposit', '250000.5', 'a', '--reason', 'more')
    expect(paid).toMatchObject({ currency: 'USDT', amount: '250000.5' })
    const after = await status()
    expect(after.transfers).toBe('250000.5')
    expect(after.equity / before.equity).toBeGreaterThan(1.2)
    expect(Math.abs(after.drawdown - before.drawdown)).toBeLessThan(0.001)
    expect(after.peak).toBeGreaterThan(before.peak * 1.2)
    expect((await home.quantbot('status', 'a')).stdout).toContain('paid in less taken out 250,000.50')

    for (const [amount, ...more] of [
      ['1e5'],
      ['0'],
      ['nothing'],
      ['0.123456789'],
      ['5', '--currency', 'usdt'],
    ] as const) {
      const wrong = await home.quantbot('funds', 'withdraw', amount, 'a', ...more)
      expect([wrong.code, wrong.stderr.split(':')[0]], amount).toEqual([2, 'USAGE'])
    }
    for (const [amount, currency, why] of [
      ['99000000', 'USDT', 'the account holds'],
      [String(Math.floor(after.equity * 0.99)), 'USDT', 'is free'],
      ['1', 'DOGECOIN', 'no price of DOGECOIN'],
    ] as const) {
      const refused = await home.quantbot('funds', 'withdraw', amount, 'a', '--currency', currency)
      expect(refused.code, amount).toBe(1)
      expect(refused.stderr).toContain('CONTROL_REFUSED')
      expect(refused.stderr).toContain(why)
    }
    expect(await home.json('funds', 'withdraw', '50000', 'a')).toMatchObject({ amount: '-50000' })
    const last = await status()
    expect(last.transfers).toBe('200000.5')
    expect(Math.abs(last.drawdown - after.drawdown)).toBeLessThan(0.001)

    running.kill('SIGTERM')
    expect((await running.ended).code).toBe(0)
    expect(transfersOf('a')).toEqual([
      { currency: 'USDT', amount: '250000.5', reason: 'more' },
      { currency: 'USDT', amount: '-50000', reason: 'no reason given' },
    ])
    expect(await home.json('replay', 'a')).toMatchObject({ identical: true })
    expect((await home.quantbot('funds', 'deposit', '1', 'a')).stderr).toContain('NOT_RUNNING')
  })
})
