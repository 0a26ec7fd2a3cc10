/** What crosses between the trading thread and its observer: questions have an answer in time, and nothing is done late. */
import { describe, expect, it } from 'vitest'
import { answerObserver } from '#cli/observer/answers'
import { Calls, TAKE_MS } from '#cli/observer/calls'
import type { FromObserver, ToObserver } from '#cli/observer/messages'
import { SeqMark } from '#cli/observer/seq-mark'
import { QuantbotError } from '#core/errors'
import { HandTime, ProcessDouble } from '../monitoring/page-rig.js'

type Ask = Extract<FromObserver, { readonly kind: 'ask' }>

function rig() {
  const time = new HandTime()
  const process = new ProcessDouble()
  const posted: Ask[] = []
  const answers: ToObserver[] = []
  const calls = new Calls((message) => posted.push(message as Ask), time)
  /** The trading thread has its turn. */
  const serve = async (): Promise<void> => {
    for (const ask of posted.splice(0))
      await answerObserver(process, time, ask, (answer) => {
        answers.push(answer)
        calls.heard(answer)
      })
  }
  return { time, process, posted, answers, calls, serve }
}

describe('asking the trading thread', () => {
  it('gives its status, once for all who ask within half a second', async () => {
    const { calls, posted, serve, time } = rig()
    const both = Promise.all([calls.status(), calls.status()])
    expect(posted).toHaveLength(1)
    await serve()
    expect(await both).toEqual([{ state: 'running' }, { state: 'running' }])
    time.advance(500)
    void calls.status()
    expect(posted).toHaveLength(1)
  })

  it('ends with UNRESPONSIVE when it does not answer, and is asked anew', async () => {
    const { calls, posted, serve, time } = rig()
    const status = calls.status()
    time.advance(TAKE_MS + 500)
    await expect(status).rejects.toMatchObject({ code: 'UNRESPONSIVE' })
    posted.splice(0)
    const again = calls.status()
    await serve()
    expect(await again).toEqual({ state: 'running' })
  })

  it('gives the outcome of a command, and its refusal as it was meant', async () => {
    const { calls, process, serve } = rig()
    const halted = calls.command({ do: 'halt', reason: 'x' })
    await serve()
    expect(await halted).toEqual({ seq: 11 })
    process.fails = new QuantbotError('CONTROL_REFUSED', 'it is stopping')
    const refused = calls.command({ do: 'resume', reason: 'x' })
    const rejected = expect(refused).rejects.toMatchObject({ code: 'CONTROL_REFUSED', message: 'it is stopping' })
    await serve()
    await rejected
  })

  it('never carries out what was not taken up in time', async () => {
    const { calls, process, serve, time } = rig()
    const halted = calls.command({ do: 'flatten', reason: 'x' })
    const rejected = expect(halted).rejects.toMatchObject({
      code: 'UNRESPONSIVE',
      message: expect.stringContaining('was not carried out') as string,
    })
    time.advance(TAKE_MS + 500)
    await rejected
    await serve()
    expect(process.commands).toEqual([])
  })

  it('waits for the disk once a command was taken up, and then says that it may still happen', async () => {
    const { calls, process, serve, time } = rig()
    let finish: (outcome: unknown) => void = () => undefined
    process.command = () =>
      new Promise((resolve) => {
        finish = resolve
      })
    const slow = calls.command({ do: 'halt', reason: 'x' })
    void serve()
    time.advance(20_000)
    finish({ seq: 12 })
    expect(await slow).toEqual({ seq: 12 })
    const stalled = calls.command({ do: 'halt', reason: 'x' })
    const rejected = expect(stalled).rejects.toMatchObject({
      code: 'UNRESPONSIVE',
      message: expect.stringContaining('may still be carried out') as string,
    })
    void serve()
    time.advance(31_000)
    await rejected
  })

  it('ends with the observer', async () => {
    const { calls } = rig()
    const status = calls.status()
    calls.close()
    await expect(status).rejects.toMatchObject({ code: 'UNRESPONSIVE' })
  })

  it('makes no promise of what a bug said', async () => {
    const { calls, process, serve } = rig()
    process.command = () => Promise.reject(new TypeError('x is undefined'))
    const failed = calls.command({ do: 'halt', reason: 'x' })
    const rejected = expect(failed).rejects.toMatchObject({ code: 'INTERNAL' })
    await serve()
    await rejected
  })
})

describe('how far the log has come', () => {
  it('wakes the reader once, however many groups are committed before it looks', () => {
    const writer = new SeqMark()
    const reader = new SeqMark(writer.memory)
    expect([1, 2, 3].map((seq) => writer.put(seq))).toEqual([true, false, false])
    expect(reader.take()).toBe(3)
    expect(writer.put(2 ** 52)).toBe(true)
    expect(reader.take()).toBe(2 ** 52)
  })
})
