/** Owns reading `--from` and `--to`: UTC days, both inclusive. */
import { QuantbotError } from '#core/errors'
import { parseDay } from '#core/time'

export interface DaySpan {
  readonly fromDay: number
  readonly toDay: number
}

/** USAGE when a day is no date or they are in the wrong order. */
export function readSpan(from: string, to: string): DaySpan {
  const fromDay = readDay('--from', from)
  const toDay = readDay('--to', to)
  if (toDay < fromDay) throw new QuantbotError('USAGE', `--to ${to} lies before --from ${from}`)
  return { fromDay, toDay }
}

function readDay(option: string, text: string): number {
  const day = parseDay(text)
  if (day === undefined)
    throw new QuantbotError('USAGE', `${option} ${JSON.stringify(text)} is no day; write YYYY-MM-DD`)
  return day
}
