import { Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { InputFunnel } from '#actors/input-funnel'
import { OperatorCommands } from '#actors/operator-commands'
import { OrdersAtWork } from '#actors/orders-at-work'
import type { Pushed } from '#engine/input-queue'
import type { PushedInput } from '#engine/live'
import type { AnyEvent } from '#events/catalogue'
import type { LiveOrder, RouterState } from '#execution/router-state'

const input = (n: number): PushedInput => ({ type: 'ClockStepped', by: 'host/clock', data: { backMs: n } })

describe('streams into the host', () => {
  const rig = (answers: Pushed[]) => {
    const pushed: PushedInput[] = []
    const refused: PushedInput[] = []
    const errors: unknown[] = []
    const funnel = new InputFunnel({
      push: (each) => {
        pushed.push(each)
        return answers.shift() ?? 'taken'
      },
      onRefused: (each) => refused.push(each),
      onError: (error) => errors.push(error),
    })
    const room: boolean[] = []
    funnel.room$.subscribe((hasRoom) => room.push(hasRoom))
    const stream$ = new Subject<PushedInput>()
    funnel.connect(stream$)
    return { funnel, pushed, refused, errors, room, stream$ }
  }

  it('are told once to wait and once that there is room', () => {
    const { funnel, room, stream$, pushed } = rig(['taken', 'wait', 'wait'])
    for (let i = 0; i < 3; i++) stream$.next(input(i))
    expect(room).toEqual([true, false])
    funnel.hasRoom()
    funnel.hasRoom()
    expect(room).toEqual([true, false, true])
    expect(pushed).toHaveLength(3)
  })

  it('report what was refused, and their errors', () => {
    const { refused, errors, stream$ } = rig(['refused'])
    stream$.next(input(1))
    expect(refused).toEqual([input(1)])
    stream$.error(new Error('broken'))
    expect(errors).toHaveLength(1)
  })

  it('are cut when the process stops', () => {
    const { funnel, stream$, pushed } = rig([])
    funnel.close()
    stream$.next(input(1))
    expect(pushed).toEqual([])
  })
})

const event = (seq: number, type: string, cause: number, data: unknown = {}): AnyEvent =>
  ({ seq, ts: 1, type, v: 1, by: 'x/y', cause, data }) as AnyEvent // only what commands look at

describe('commands of the operator', () => {
  it('are answered in order, each with what followed from it', async () => {
    const commands = new OperatorCommands()
    const sent: PushedInput[] = []
    commands.inputs$.subscribe((each) => sent.push(each))
    const halt = commands.give('halt', 'why')
    const flatten = commands.give('flatten', 'out')
    expect(sent.map(({ data }) => data)).toEqual([
      { command: 'halt', reason: 'why' },
      { command: 'flatten', reason: 'out' },
    ])
    commands.committed([event(4, 'BarClosed', 0), event(5, 'SignalChanged', 4)])
    commands.committed([
      event(6, 'OperatorCommanded', 0, { command: 'halt' }),
      event(7, 'TradingHalted', 6),
      event(8, 'BarClosed', 0),
      event(9, 'OrderApproved', 8, { order: 'o-8-1', instrument: 'a.b.C' }),
      event(10, 'OperatorCommanded', 0, { command: 'flatten' }),
      event(11, 'OrderApproved', 10, { order: 'o-10-1', instrument: 'a.b.C' }),
    ])
    expect(await halt).toMatchObject({ command: 'halt', seq: 6, halted: 7, resumed: null, orders: [] })
    expect(await flatten).toMatchObject({
      command: 'flatten',
      seq: 10,
      halted: null,
      orders: [{ seq: 11, order: 'o-10-1', instrument: 'a.b.C' }],
    })
  })

  it('are refused when the host takes nothing, or the process stops', async () => {
    const commands = new OperatorCommands()
    commands.inputs$.subscribe(() => commands.refuse())
    await expect(commands.give('halt', 'why')).rejects.toMatchObject({ code: 'CONTROL_REFUSED' })
    const other = new OperatorCommands()
    const waiting = other.give('halt', 'why')
    other.stopTaking()
    await expect(other.give('halt', 'late')).rejects.toMatchObject({ code: 'CONTROL_REFUSED' })
    other.close()
    await expect(waiting).rejects.toMatchObject({ code: 'CONTROL_REFUSED' })
  })
})

describe('orders at work', () => {
  it('are the same list until the router adds or removes one', () => {
    const order = (instrument: string): LiveOrder => ({ instrument }) as LiveOrder // only what it looks at
    const state = { live: [order('b'), order('a'), order('b')] } as RouterState // as above
    const atWork = new OrdersAtWork(() => state)
    const first = atWork.instruments()
    expect(first).toEqual(['a', 'b'])
    expect(atWork.instruments()).toBe(first)
    state.live.push(order('c'))
    expect(atWork.instruments()).toEqual(['a', 'b', 'c'])
    state.live = state.live.slice(1)
    expect(atWork.instruments()).toEqual(['a', 'b', 'c'])
    state.live = []
    expect(atWork.instruments()).toEqual([])
  })

  it('leave out what the feed does not quote', () => {
    const live = ['option', 'b', 'a'].map((instrument) => ({ instrument }) as LiveOrder) // only what it looks at
    const state = { live } as RouterState // as above
    expect(
      new OrdersAtWork(
        () => state,
        (id) => id !== 'option',
      ).instruments(),
    ).toEqual(['a', 'b'])
  })
})
