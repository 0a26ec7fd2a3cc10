/** Owns the sentences of what venues and vendors told beside bars: marks, rates, open interest, volatility, chains, doubts. */
import { symbolOf } from '#core/ids'
import type { AnyEvent } from '#events/catalogue'
import { figure, percent, when } from './words.js'

/** A sentence; undefined for types that other rooms of words know. */
export function sayLiveData(event: AnyEvent): string | undefined {
  const { ts } = event
  switch (event.type) {
    case 'DataQualityChanged': {
      const { subject, check, isBad, detail } = event.data
      const verdict = isBad ? 'began to fail' : 'passed again'
      return `data of ${symbolOf(subject)}: the check "${check}" ${verdict} at ${when(ts)} (${detail})`
    }
    case 'MarkChanged': {
      const { instrument, mark, index } = event.data
      const beside = index === null ? '' : ` beside an index of ${figure(index)}`
      return `mark of ${symbolOf(instrument)} at ${when(ts)}: ${figure(mark)}${beside}`
    }
    case 'FundingRateChanged': {
      const { instrument, rate, intervalHours } = event.data
      return `funding of ${symbolOf(instrument)} stood at ${percent(rate)} for ${figure(intervalHours)} h at ${when(ts)}`
    }
    case 'OpenInterestChanged':
      return `open interest of ${symbolOf(event.data.instrument)} at ${when(ts)}: ${figure(event.data.openInterest)} coins`
    case 'VolatilityIndexChanged':
      return `volatility index of ${event.data.currency} at ${when(ts)}: ${percent(event.data.value)} a year`
    case 'OptionChainObserved': {
      const { venue, currency, expiresAt, options } = event.data
      return `${options.length} options of ${currency} on ${venue} that expire at ${when(expiresAt)}, as quoted at ${when(ts)}`
    }
    case 'OnChainPublished': {
      const { source, metric, asset, value, periodStart, revision } = event.data
      const corrected = revision === 0 ? '' : `, correction ${revision}`
      return `${metric} of ${asset} by ${source} for ${when(periodStart)}: ${figure(value)}${corrected}`
    }
    default:
      return undefined
  }
}
