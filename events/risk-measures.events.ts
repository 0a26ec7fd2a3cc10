/**
 * Owns what the monitor of risk measures: tails, stresses, exposures, margin of the current book, and which figure went beyond its
 * limit. Losses are positive, profits and losses of stresses are signed; all are fractions of NAV unless they say otherwise.
 */
import { type EventOf, eventType } from './event-type.js'
import { flag, integer, list, name, nullable, number, oneOf, optional, record } from './field.js'

const ofNav = number(6, 'fraction of NAV')

export const SHOCKS = [
  'priceUp',
  'priceDown',
  'btcUp',
  'btcDown',
  'volUp',
  'volDown',
  'basisUp',
  'basisDown',
  'fundingUp',
  'fundingDown',
  'peg',
  'venue',
] as const

const stress = record({
  shock: oneOf(...SHOCKS),
  /** The currency or the venue, where it is one. */
  subject: optional(name('what is shocked')),
  size: number(4, 'of the shock; funding: multiples of the last rates'),
  pnl: ofNav,
})

export const riskMeasured = eventType(
  'RiskMeasured',
  1,
  'derived',
  'What the book as it stands could lose: by its past, by shocks, by its margin.',
  {
    instant: integer('epoch ms'),
    cause: oneOf('daily', 'move'),
    nav: number(2, 'quote'),
    /** All legs of packages included. */
    gross: ofNav,
    /** Delta of packages included, balances in coins not. */
    net: ofNav,
    drawdown: number(6, 'from the peak, 0 or negative'),
    /** By the EWMA covariance. */
    annualVol: ofNav,
    /** Days of which the current book was played again, at most 365. */
    days: integer('days'),
    /** Share of gross times days with a return of the instrument itself; the rest stood in with its coin, then BTC. */
    coverage: number(4, 'in [0, 1]'),
    /** Of one day, by confidence; none below 30 days. */
    tails: list(
      record({
        confidence: number(4),
        historicVar: ofNav,
        historicEs: ofNav,
        normalVar: ofNav,
        normalEs: ofNav,
        cornishFisherVar: nullable(ofNav),
        /** Approximation: the historical figure of a day times √10, as if days were independent. */
        tenDayVarApprox: ofNav,
        tenDayEsApprox: ofNav,
      }),
    ),
    stresses: list(stress),
    /** Absent: no stress loses anything. */
    worst: optional(stress),
    venues: list(record({ venue: name('venue'), gross: ofNav, net: ofNav })),
    /** Net: delta of positions, of options too, and of balances in the coin. */
    coins: list(record({ coin: name('coin'), gross: ofNav, net: ofNav })),
    /** Loss by ten points of volatility, either way. */
    vegaTenPoints: ofNav,
    margin: record({
      collateral: ofNav,
      maintenance: ofNav,
      /** Maintenance / collateral. */
      used: number(6, 'fraction of the collateral'),
    }),
    /** Perpetuals and dated futures that are held. */
    legs: list(
      record({
        instrument: name('instrument id'),
        package: optional(name('package')),
        weight: number(6, 'notional, fraction of NAV, signed'),
        /** Move against it at which its margin is used up, a share of the price; null: no price does that. */
        distance: nullable(number(6)),
        /** Of a short leg: whether it outlives the rise of `risk.marginStress`. */
        survives: flag(),
      }),
    ),
    /** Average of all pairs; null below two or with too few days. */
    coinCorrelation: nullable(number(4, 'in [-1, 1]')),
    signalCorrelation: nullable(number(4, 'in [-1, 1]')),
  },
)

export const ALERTS = [
  'coinCorrelation',
  'signalCorrelation',
  'valueAtRisk',
  'stress',
  'liquidation',
  'marginStress',
  'venueLimit',
  'coinLimit',
  'drawdown',
] as const

export const riskAlerted = eventType(
  'RiskAlerted',
  1,
  'derived',
  'A figure of the book went beyond its limit, or came back.',
  {
    what: oneOf(...ALERTS),
    /** Instrument, venue, coin or shock, where it is of one. */
    subject: optional(name('what it is about')),
    /** Null: what it was about is gone. */
    value: nullable(number(6)),
    limit: number(6),
    isOn: flag(),
  },
)

export const riskMeasuresEvents = [riskMeasured, riskAlerted] as const
export type RiskMeasured = EventOf<typeof riskMeasured>
export type RiskAlerted = EventOf<typeof riskAlerted>
export type Shock = (typeof SHOCKS)[number]
export type Stress = RiskMeasured['data']['stresses'][number]
