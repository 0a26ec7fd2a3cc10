/** Owns `quantbot report`: what was claimed, measured on the lake. Never tunes anything. */
import { judgeVariant, KPI_THRESHOLD } from '#backtest/oi-warning'
import { findWarningSeries, loadWarningGrid, type Wanted, type WarningSeries } from '#backtest/oi-warning-data'
import { EVENT_RULES, HORIZON_HOURS, REFRACTORY_HOURS } from '#backtest/oi-warning-series'
import { configSchema } from '#core/config/schema'
import type { OiPriceConfig } from '#core/config/signals-schema'
import { QuantbotError } from '#core/errors'
import { DAY_MS, isoDay, parseDay } from '#core/time'
import { describeSeries } from '#data/layout'
import { readConfig } from './config-file.js'
import { type GlobalOptions, homeOf } from './home.js'
import { type OiWarningDocument, warningText } from './report-oi-warning.js'
import { readSpan } from './spans.js'
import { endProgress, progress, say, sayJson } from './terminal.js'

export interface OiWarningOptions extends GlobalOptions {
  readonly config?: string
  readonly instrument?: string
  readonly base: string
  readonly from?: string
  readonly to?: string
  readonly trainTo?: string
}

const FIRST_DAY = '1970-01-01'

const LAST_DAY = '2200-01-01'

export async function oiWarningCommand(options: OiWarningOptions): Promise<void> {
  const { fromDay, toDay } = readSpan(options.from ?? FIRST_DAY, options.to ?? LAST_DAY)
  const trainEnd = readTrainEnd(options, fromDay, toDay)
  const config = options.config === undefined ? undefined : readConfig(options.config)
  if (config === undefined && options.instrument !== undefined)
    throw new QuantbotError('USAGE', '--instrument names a feed of a configuration: give --config too')
  const wanted: Wanted = config === undefined ? { base: options.base } : { config, instrument: options.instrument }
  const home = homeOf(options)
  const rules = (config ?? configSchema.parse({})).signals.oiPrice
  progress('reading the lake')
  const found = await findWarningSeries(home, wanted)
  const variants: OiWarningDocument['variants'][number][] = []
  for (const series of [found.hourly, found.daily]) {
    if (series === undefined) continue
    const grid = await loadWarningGrid(home, series, toDay + DAY_MS, rules.maxAgeHours)
    progress(`judging ${describeSeries(series.openInterest)}`)
    const judged = judgeVariant(rules, grid, { from: fromDay, end: toDay + DAY_MS, trainEnd })
    variants.push({ ...judged, series: namesOf(series) })
  }
  endProgress()
  if (variants.length === 0) throw new QuantbotError('LAKE_EMPTY', `${home}: no bars of 1h or 1d beside open interest`)
  const document = documentOf(variants, found.whyNotHourly, rules, config !== undefined)
  if (options.json === true) sayJson(document)
  else say(warningText(document))
}

function readTrainEnd({ trainTo }: OiWarningOptions, fromDay: number, toDay: number): number | undefined {
  if (trainTo === undefined) return undefined
  const day = parseDay(trainTo)
  if (day === undefined)
    throw new QuantbotError('USAGE', `--train-to ${JSON.stringify(trainTo)} is no day; write YYYY-MM-DD`)
  if (day < fromDay || day >= toDay)
    throw new QuantbotError(
      'USAGE',
      `--train-to ${trainTo} must lie from ${isoDay(fromDay)} to before ${isoDay(toDay)}`,
    )
  return day + DAY_MS
}

const namesOf = ({ openInterest, bars, funding }: WarningSeries): Record<keyof WarningSeries, string> => ({
  openInterest: describeSeries(openInterest),
  bars: describeSeries(bars),
  funding: describeSeries(funding),
})

/** The claim is about hourly events: the daily variant never decides it. */
function documentOf(
  variants: OiWarningDocument['variants'],
  whyNotHourly: string | undefined,
  rules: OiPriceConfig,
  seriesOfConfig: boolean,
): OiWarningDocument {
  const hourly = variants.find(({ variant }) => variant === 'hourly')
  const { warningDays, warningZ, warningFundingQuantile, warningFundingDays, maxAgeHours } = rules
  return {
    kpi: {
      verdict: hourly?.verdict ?? 'NOT TESTABLE',
      reason: hourly?.reason ?? `the claim is about hourly events, and ${whyNotHourly ?? 'there are none'}`,
      threshold: KPI_THRESHOLD,
    },
    variants,
    thresholds: { warningDays, warningZ, warningFundingQuantile, warningFundingDays, maxAgeHours },
    eventRules: EVENT_RULES,
    horizonHours: HORIZON_HOURS,
    refractoryHours: REFRACTORY_HOURS,
    seriesOfConfig,
  }
}
