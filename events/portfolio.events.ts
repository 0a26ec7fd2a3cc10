/** Owns what the blender says: one event a decision, rows only for the instruments whose target changed. */
import { type EventOf, eventType } from './event-type.js'
import { flag, integer, list, name, nullable, number, oneOf, optional, record } from './field.js'

const part = record({
  signal: name('signal'),
  /** Clipped weight of the signal, divided by its eligible instruments. */
  weight: number(8, 'fraction of NAV'),
  confidence: number(6, 'in [0, 1]'),
  budget: number(6, 'share of the risk budget'),
  /** budget × confidence × weight / Σ budget: what it adds to the target. */
  contribution: number(8, 'fraction of NAV'),
  /** SignalChanged it stands on. */
  seq: integer('seq'),
})

export const portfolioBlended = eventType(
  'PortfolioBlended',
  1,
  'derived',
  'The signals, blended into target weights.',
  {
    instant: integer('epoch ms'),
    /** True at the scheduled rebalance, where risk looks at the whole book even if no row changed. */
    scheduled: flag(),
    rows: list(
      record({
        instrument: name('instrument id'),
        weight: number(8, 'fraction of NAV'),
        agreement: number(6, 'in [0, 1]'),
        outcome: oneOf('blended', 'conflict', 'flat'),
        parts: list(part),
        /** Overlays that changed the weight, in the order in which they acted. */
        overlays: optional(
          list(
            record({
              signal: name('signal'),
              before: number(8, 'fraction of NAV'),
              after: number(8, 'fraction of NAV'),
              seq: integer('seq'),
            }),
          ),
        ),
      }),
    ),
    /** Packages of the market-neutral bucket whose weight or legs changed. */
    packages: optional(
      list(
        record({
          package: name('package'),
          signal: name('signal'),
          /** Notional of one unit a NAV, as the bucket lets it; 0 closes it. */
          weight: number(8, 'fraction of NAV'),
          /** As the signal asked for, clipped to its maxAbsWeight. */
          wanted: number(8, 'fraction of NAV'),
          confidence: number(6, 'in [0, 1]'),
          /** Share of the signal in the bucket. */
          budget: number(6, 'share of the risk budget'),
          /** That share against the largest one: weight = wanted × confidence × size × bucket × betaScale. */
          size: optional(number(6, 'in [0, 1]')),
          /** Share of the bucket in the book. */
          bucket: number(6, 'share of the risk budget'),
          betaScale: number(6, 'of the beta gate, in [0, 1]'),
          /** PackageChanged it stands on. */
          seq: integer('seq'),
        }),
      ),
    ),
  },
)

export const portfolioWeighted = eventType(
  'PortfolioWeighted',
  1,
  'derived',
  'How the risk budget is shared among the signals from this close of a day on, and the figures behind it: all of them end the day before.',
  {
    instant: integer('epoch ms'),
    directionalMethod: oneOf('budget', 'erc'),
    bucketMethod: oneOf('erc', 'budget', 'equal'),
    covariance: oneOf('ewma', 'identity', 'constantCorrelation'),
    /** Days of virtual returns behind the covariance. */
    days: integer('days'),
    /** Shares of the two sides in the book; 1 for one that is alone. */
    directional: number(6, 'share of the risk budget'),
    bucket: number(6, 'share of the risk budget'),
    signals: list(
      record({
        signal: name('signal'),
        side: oneOf('directional', 'bucket'),
        /** Whether it has an opinion now. */
        isLive: flag(),
        /** Among the signals of its side. */
        budget: number(6, 'share of the risk budget'),
        /** Of its side, by the covariance; null while it is not measured. */
        riskShare: nullable(number(6, 'fraction of the variance')),
        /** Of its virtual returns while it holds something. */
        annualVol: nullable(number(6, 'fraction of NAV a year')),
        sharpe: nullable(number(4, 'a year')),
        /** Days behind that ratio. */
        days: integer('days'),
      }),
    ),
    /** Pairs of the signals that are measured. */
    correlations: list(
      record({
        first: name('signal'),
        second: name('signal'),
        ewma: nullable(number(4, 'in [-1, 1]')),
        ledoitWolf: nullable(number(4, 'in [-1, 1]')),
      }),
    ),
    /** Intensity of the shrinkage. */
    intensity: nullable(number(6, 'in [0, 1]')),
    /** By the configured covariance. */
    averageCorrelation: nullable(number(6, 'in [-1, 1]')),
    correlationAlert: number(6, 'in [0, 1]'),
    isCorrelated: flag(),
    /** Of the bucket to BTC. */
    beta: nullable(number(6, 'slope of daily returns')),
    betaDays: integer('days'),
    betaScale: number(6, 'of the beta gate, in [0, 1]'),
  },
)

export const portfolioEvents = [portfolioBlended, portfolioWeighted] as const
export type PortfolioBlended = EventOf<typeof portfolioBlended>
export type PortfolioWeighted = EventOf<typeof portfolioWeighted>
