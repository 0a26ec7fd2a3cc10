/** Owns what the blender says: one event a decision, rows only for the instruments whose target changed. */
import { type EventOf, eventType } from './event-type.js'
import { flag, integer, list, name, number, oneOf, optional, record } from './field.js'

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

export const portfolioEvents = [portfolioBlended] as const
export type PortfolioBlended = EventOf<typeof portfolioBlended>
