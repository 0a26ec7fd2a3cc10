/** Transfers of money on their way into the log: one after the other, each weighed against the book that the last one left. */
import { describe, expect, it } from 'vitest'
import { OperatorCommands } from '#actors/operator-commands'
import type { PushedInput } from '#engine/live'
import type { AnyEvent } from '#events/catalogue'

const event = (seq: number, type: string, data: unknown): AnyEvent =>
  ({ seq, ts: 1, type, v: 1, by: 'x/y', cause: 0, data }) as AnyEvent // only what commands look at
const money = (amount: string) => ({ currency: 'USDT', amount, reason: 'why' })
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('a transfer', () => {
  it('is sent when the one before it is on disk, and answered with its own event', async () => {
    const commands = new OperatorCommands()
    const sent: PushedInput[] = []
    commands.inputs$.subscribe((input) => sent.push(input))
    const asked: string[] = []
    const transfer = (amount: string) =>
      commands.transfer(money(amount), () => {
        asked.push(amount)
        return undefined
      })
    const [first, second] = [transfer('5'), transfer('-3')]
    await settled()
    expect(asked).toEqual(['5'])
    expect(sent).toEqual([{ type: 'FundsTransferred', by: 'operator/control', data: money('5') }])
    commands.committed([event(4, 'FundsTransferred', money('5'))])
    expect(await first).toEqual({ currency: 'USDT', amount: '5', seq: 4, events: [] })
    await settled()
    expect(asked).toEqual(['5', '-3'])
    commands.committed([event(5, 'FundsTransferred', money('-3'))])
    expect(await second).toMatchObject({ amount: '-3', seq: 5 })
  })

  it('that is refused sends nothing, says why, and holds up nobody', async () => {
    const commands = new OperatorCommands()
    const sent: PushedInput[] = []
    commands.inputs$.subscribe((input) => sent.push(input))
    const refused = commands.transfer(money('-9'), () => 'too much')
    const next = commands.transfer(money('1'), () => undefined)
    await expect(refused).rejects.toMatchObject({
      code: 'CONTROL_REFUSED',
      message: expect.stringContaining('too much'),
    })
    await settled()
    expect(sent.map(({ data }) => data)).toEqual([money('1')])
    commands.committed([event(7, 'FundsTransferred', money('1'))])
    expect(await next).toMatchObject({ seq: 7 })
  })

  it('and commands are answered in the order in which they were sent', async () => {
    const commands = new OperatorCommands()
    const transfer = commands.transfer(money('1'), () => undefined)
    await settled()
    const halt = commands.give('halt', 'why')
    commands.committed([
      event(1, 'FundsTransferred', money('1')),
      event(2, 'OperatorCommanded', { command: 'halt', reason: 'why' }),
    ])
    expect(await transfer).toMatchObject({ seq: 1 })
    expect(await halt).toMatchObject({ command: 'halt', seq: 2 })
  })
})
