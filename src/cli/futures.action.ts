/** Owns `quantbot data roll`: which dated future is the front when, and the one series that follows from it. */
import { QuantbotError } from '#core/errors'
import { symbolOf } from '#core/ids'
import { DAY_MS, isoTime } from '#core/time'
import {
  type ContinuousPoint,
  continuousSeries,
  type RollRatio,
  ratioAdjusted,
  rollRatios,
} from '#quant/continuous-future'
import { type FrontSpan, type RollRule, rollCalendar } from '#quant/roll-calendar'
import { BY } from './futures.command.js'
import { activityOf, chainOf, pricesOf } from './futures-chain.js'
import { type GlobalOptions, homeOf } from './home.js'
import { readSpan } from './spans.js'
import { say, sayJson } from './terminal.js'

export interface RollOptions extends GlobalOptions {
  readonly venue: string
  readonly product: string
  readonly from: string
  readonly to: string
  readonly by: string
  readonly days: string
  readonly series?: boolean
  readonly ratio?: boolean
}

export async function rollCommand(options: RollOptions): Promise<void> {
  const { venue, product, by } = options
  const home = homeOf(options)
  const { fromDay, toDay } = readSpan(options.from, options.to)
  const daysBefore = Number(options.days)
  if (options.days.trim() === '' || !(daysBefore >= 0 && daysBefore <= 365))
    throw new QuantbotError('USAGE', `--days ${options.days} is no number of days from 0 to 365`)
  if (!isRule(by)) throw new QuantbotError('USAGE', `--by ${by} is none of ${Object.keys(BY).join(', ')}`)
  if (options.ratio === true && options.series !== true) throw new QuantbotError('USAGE', '--ratio needs --series')
  const end = toDay + DAY_MS
  const chain = await chainOf(home, venue, product, fromDay, end)
  const what = BY[by]
  const rule: RollRule =
    what === undefined
      ? { kind: 'days', daysBefore }
      : { kind: 'crossover', daysBefore, activity: await activityOf(home, chain, what) }
  const spans = rollCalendar(chain.contracts, rule)
  const fronts = spans.filter(({ from, until }) => (from ?? fromDay) < end && until > fromDay)
  const series = options.series === true ? await seriesOf(home, chain, spans, fromDay, end, options.ratio === true) : {}
  const answer = { venue, product, by, daysBefore, fronts, ...series }
  if (options.json === true) sayJson(answer)
  else print(answer)
}

const isRule = (by: string): by is keyof typeof BY => Object.hasOwn(BY, by)

interface Series {
  readonly series?: readonly ContinuousPoint[]
  readonly rolls?: readonly RollRatio[]
  readonly adjusted?: readonly ContinuousPoint[]
}

async function seriesOf(
  home: string,
  chain: Awaited<ReturnType<typeof chainOf>>,
  spans: readonly FrontSpan[],
  from: number,
  end: number,
  isAdjusted: boolean,
): Promise<Series> {
  const prices = await pricesOf(home, chain)
  const series = continuousSeries(spans, prices).filter(({ ts }) => ts >= from && ts < end)
  if (!isAdjusted) return { series }
  const first = series[0]?.ts ?? end
  const rolls = rollRatios(spans, prices).filter(({ at }) => at > first && at < end)
  const adjusted = ratioAdjusted(series, rolls)
  if (adjusted !== null) return { series, rolls, adjusted }
  const without = rolls.find(({ ratio }) => ratio === null)
  throw new QuantbotError(
    'LAKE_EMPTY',
    `${without?.from} and ${without?.to} have no price of one time before their roll: it has no ratio`,
  )
}

function print({ fronts, series, adjusted }: { readonly fronts: readonly FrontSpan[] } & Series): void {
  const minute = (ts: number | null): string => (ts === null ? '' : isoTime(ts).slice(0, 16))
  say('from              until             expires           by         contract')
  for (const { from, until, expiresAt, why, instrument } of fronts)
    say(`${minute(from).padEnd(16)}  ${minute(until)}  ${minute(expiresAt)}  ${why.padEnd(9)}  ${symbolOf(instrument)}`)
  if (series === undefined) return
  say(`\nat                contract  ${'price'.padStart(12)}${adjusted ? 'adjusted'.padStart(14) : ''}`)
  for (const [i, { ts, price, instrument }] of series.entries()) {
    const also = adjusted === undefined ? '' : adjusted[i]!.price.toFixed(2).padStart(14)
    say(`${minute(ts)}  ${symbolOf(instrument).padEnd(8)}  ${String(price).padStart(12)}${also}`)
  }
}
