/** Owns what a check of `quantbot doctor` finds, and running checks beside each other, each with its time. Never hangs. */
import { isQuantbotError } from '#core/errors'
import { scrub } from '../redact.js'

export type Level = 'ok' | 'warn' | 'fail'

export interface Finding {
  /** `machine`, `config`, `secrets`, `stores`, `notify`, `venues`, `log`, `lake`, `ports`. */
  readonly area: string
  /** What was looked at: `stores.postgres`, `binance`. */
  readonly subject: string
  readonly level: Level
  /** What was found, or what is wrong. */
  readonly detail: string
  /** What the person should do; absent when there is nothing. */
  readonly mend?: string
}

export interface Check {
  readonly area: string
  readonly subject: string
  /** Ours, where it is not the usual one. */
  readonly timeoutMs?: number
  /** One finding, or several of parts. Rejects with what failed; stops soon when `signal` is aborted. */
  run(signal: AbortSignal): Promise<Found | readonly Finding[]>
}

export type Found = Pick<Finding, 'level' | 'detail' | 'mend'>

/** Longest time of a check (ours): an operator waits for it. */
const TIMEOUT_MS = 8_000

export const ok = (detail: string): Found => ({ level: 'ok', detail })
export const warn = (detail: string, mend: string): Found => ({ level: 'warn', detail, mend })
export const failed = (detail: string, mend: string): Found => ({ level: 'fail', detail, mend })

/** All at once; in the order of the checks. A check that throws or does not end is a finding too. */
export async function runChecks(checks: readonly Check[]): Promise<readonly Finding[]> {
  const found = await Promise.all(checks.map((check) => runCheck(check)))
  return found.flat().map((finding) => ({
    ...finding,
    detail: scrub(finding.detail),
    ...(finding.mend === undefined ? {} : { mend: scrub(finding.mend) }),
  }))
}

async function runCheck({ area, subject, timeoutMs = TIMEOUT_MS, run }: Check): Promise<readonly Finding[]> {
  const stop = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Found>((resolve) => {
    timer = setTimeout(() => {
      resolve(
        failed(`no answer in ${timeoutMs / 1000} s`, 'Check that it runs and that nothing between drops packets.'),
      )
      stop.abort()
    }, timeoutMs)
  })
  try {
    const found = await Promise.race([Promise.resolve().then(() => run(stop.signal)), late])
    return Array.isArray(found) ? (found as readonly Finding[]) : [{ area, subject, ...(found as Found) }] // by the type of run
  } catch (error) {
    return [{ area, subject, ...thrown(error) }]
  } finally {
    clearTimeout(timer)
    stop.abort()
  }
}

function thrown(error: unknown): Found {
  if (isQuantbotError(error)) return failed(`${error.code}: ${error.message}`, error.mend)
  const text = error instanceof Error ? error.message.split('\n')[0] || error.name : String(error)
  return failed(text, 'Look at what the message names.')
}
