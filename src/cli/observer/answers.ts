/** Owns how the trading thread answers its observer: status at once, commands the way of every input. Refuses what came too late. */
import { isQuantbotError, QuantbotError } from '#core/errors'
import type { ClockPort } from '#core/ports'
import type { PageProcess } from '#monitoring/page/page.port'
import type { Failure, FromObserver, ToObserver } from './messages.js'

type Ask = Extract<FromObserver, { readonly kind: 'ask' }>

/** Every question gets one answer; `post` must not throw. Never rejects. */
export async function answerObserver(
  process: PageProcess,
  clock: ClockPort,
  { id, expiresAt, asked }: Ask,
  post: (message: ToObserver) => void,
): Promise<void> {
  try {
    if (clock.now() > expiresAt) throw new QuantbotError('UNRESPONSIVE', `${asked.do} came too late: not carried out`)
    if (asked.do === 'status') {
      post({ kind: 'answer', id, result: await process.status() })
      return
    }
    post({ kind: 'taken', id })
    post({ kind: 'answer', id, result: await process.command(asked) })
  } catch (error) {
    post({ kind: 'failure', id, failure: failureOf(error) })
  }
}

export function failureOf(error: unknown): Failure {
  if (isQuantbotError(error)) return { code: error.code, message: error.message }
  return { code: 'INTERNAL', message: error instanceof Error ? error.message : String(error) }
}
