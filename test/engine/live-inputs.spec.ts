import { expect, it } from 'vitest'
import type { Input } from '#engine/dispatcher'
import { InputQueue } from '#engine/input-queue'
import { machineClock } from '#engine/live-clock'
import { LiveInputs } from '#engine/live-inputs'
import { TimerHeap } from '#engine/timers'

const input = (type: Input['type'], ts: number): Input => ({ type, by: 'supervisor/root', ts, data: {} })

it('timers that came due while nobody ran wait for all that had arrived at the start; afterwards time decides again', () => {
  const queue = new InputQueue({ capacity: 10 })
  const timers = new TimerHeap()
  const inputs = new LiveInputs(queue, timers, [], machineClock({ now: () => 200 }))
  timers.push({ agent: 'venue/paper', timer: 'arrive/o-1', dueAt: 5 })
  for (const ts of [100, 101]) queue.push(input('AgentLifecycleChanged', ts), 0)
  inputs.takeArrivedFirst()
  queue.push(input('OperatorCommanded', 102), 0)
  const taken = Array.from({ length: 4 }, () => inputs.take(0)?.input.type)
  expect(taken).toEqual(['AgentLifecycleChanged', 'AgentLifecycleChanged', 'TimerFired', 'OperatorCommanded'])
})
