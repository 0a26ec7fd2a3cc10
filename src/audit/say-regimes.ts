/** Owns the sentences of what takes no position itself: overlays, early warnings, shares of the risk budget, views of markets, transfers. */
import { symbolOf } from '#core/ids'
import type { AnyEvent } from '#events/catalogue'
import type { PortfolioBlended, PortfolioWeighted } from '#events/portfolio.events'
import type { CascadeWarningChanged, RegimeChanged } from '#events/signal.events'
import { sayTerm, type Term } from './say-terms.js'
import { exact, figure, percent, ratio, when } from './words.js'

const REGIMES: Readonly<Record<string, string>> = {
  neutral: 'a neutral market',
  euphoria: 'euphoria',
  value: 'a market below its worth',
  scaled: 'a scale for longs',
  stale: 'nothing, for its data is too old',
  'warming-up': 'nothing yet, for too little is known',
}

const terms = (list: readonly Term[]): string => (list.length === 0 ? '' : `: ${list.map(sayTerm).join(', ')}`)

export function sayRegime({ by, ts, data }: RegimeChanged): string {
  const { regime, longFactor, shortFactor, blocksNewLongs, blocksShorts, asOf, validUntil } = data
  const effects = [
    longFactor === 1 ? [] : [`longs × ${ratio(longFactor)}`],
    shortFactor === 1 ? [] : [`shorts × ${ratio(shortFactor)}`],
    blocksNewLongs ? ['no new longs'] : [],
    blocksShorts ? ['no shorts'] : [],
  ].flat()
  const effect =
    effects.length === 0 ? 'blended weights stay as they are' : `${effects.join(', ')} until ${when(validUntil)}`
  const age = asOf > 0 ? ` (on ${when(asOf)})` : ''
  return `${by} sees ${REGIMES[regime] ?? regime} at ${when(ts)}${age}${terms(data.terms)}; ${effect}`
}

export function sayWarning({ by, ts, data }: CascadeWarningChanged): string {
  const on = data.isOn ? `warns of a cascade of liquidations in` : 'warns no more of a cascade in'
  const confirmed = data.isOn ? (data.isConfirmed ? ', confirmed by volume' : ', not confirmed by volume') : ''
  return `${by} ${on} ${symbolOf(data.instrument)} at ${when(ts)}${confirmed}${terms(data.terms)}; it takes no position`
}

type Overlay = NonNullable<PortfolioBlended['data']['rows'][number]['overlays']>[number]

/** `mvrv: 4 % → 2 % of NAV`. */
export const sayOverlay = ({ signal, before, after }: Overlay): string =>
  `overlay ${signal}: ${percent(before)} → ${percent(after)} of NAV`

const COVARIANCES = {
  ewma: 'covariances that fade',
  identity: 'covariances shrunk to equal variances',
  constantCorrelation: 'covariances shrunk to one correlation',
} as const

export function sayWeighting({ by, ts, data }: PortfolioWeighted): { says: string; details: string[] } {
  const { directional, bucket, days, covariance, beta, betaScale, averageCorrelation, correlationAlert } = data
  const sides = `directional ${percent(directional)}, market-neutral bucket ${percent(bucket)}`
  const correlated =
    averageCorrelation === null
      ? ''
      : `; average correlation ${ratio(averageCorrelation)} against an alert at ${ratio(correlationAlert)}${data.isCorrelated ? ', which it passed' : ''}`
  const gate =
    beta === null ? 'beta of the bucket unknown' : `beta of the bucket ${ratio(beta)} over ${data.betaDays} days`
  return {
    says: `${by} shared the risk budget at ${when(ts)} on ${days} days of ${COVARIANCES[covariance]}: ${sides}${correlated}; ${gate} → × ${ratio(betaScale)}`,
    details: data.signals.map((row) => {
      const live = row.isLive ? '' : ', without an opinion now'
      const measured = [
        row.riskShare === null ? [] : [`${percent(row.riskShare)} of the risk of its side`],
        row.annualVol === null ? [] : [`volatility ${percent(row.annualVol)} a year`],
        row.sharpe === null ? [] : [`Sharpe ${ratio(row.sharpe)} over ${row.days} days`],
      ].flat()
      const numbers = measured.length === 0 ? 'not measured' : measured.join(', ')
      return `${row.signal} (${row.side}): budget ${percent(row.budget)}${live}; ${numbers}`
    }),
  }
}

const unknown = (value: number | null, write: (value: number) => string): string =>
  value === null ? 'unknown' : write(value)

/** What data agents made of the market, and money paid in or out; undefined for other types. */
export function sayMarketView(event: AnyEvent): string | undefined {
  const { by, ts } = event
  switch (event.type) {
    case 'FundingSpreadChanged': {
      const { base, highest, highestApr, lowest, lowestApr, spreadApr, venues } = event.data
      return `${by} at ${when(ts)}: funding of ${base} on ${venues} instruments differs by ${percent(spreadApr)} a year, from ${percent(lowestApr)} (${lowest}) to ${percent(highestApr)} (${highest})`
    }
    case 'BasisChanged': {
      const { instrument, mark, index, basis, aprSimple, daysToExpiry } = event.data
      return `${by} at ${when(ts)}: ${symbolOf(instrument)} at ${figure(mark)} beside an index of ${figure(index)}: basis ${percent(basis)}, ${percent(aprSimple)} a year over ${ratio(daysToExpiry)} days`
    }
    case 'FuturesRolled': {
      const { base, venue, from, to } = event.data
      return `${by} at ${when(ts)}: the front future of ${base} on ${venue} is ${symbolOf(to)}${from === null ? '' : ` after ${symbolOf(from)}`}`
    }
    case 'VolatilitySurfaceChanged': {
      const { currency, venue, atmIv30, skew30, atmMissing, skewMissing, used } = event.data
      const atm = `${unknown(atmIv30, percent)}${atmMissing === null ? '' : ` [${atmMissing}]`}`
      const skew = `${unknown(skew30, (value) => `${ratio(value)} points`)}${skewMissing === null ? '' : ` [${skewMissing}]`}`
      return `${by} at ${when(ts)}: 30-day volatility of ${currency} on ${venue} at the money ${atm}, skew ${skew}, from ${used} options`
    }
    case 'FundsTransferred': {
      const { currency, amount, reason } = event.data
      const way = amount.startsWith('-') ? 'taken out' : 'paid in'
      return `${exact(amount.replace('-', ''))} ${currency} ${way} at ${when(ts)}: "${reason}"; it changes the net asset value and is no profit`
    }
    default:
      return undefined
  }
}
