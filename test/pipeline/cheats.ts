/** Owns planted look-ahead: deciders that read what they must not. They exist to be caught; never part of a catalogue. */
import { type AnyDecider, catalogue } from '#actors/catalogue'
import type { BarSeries } from '#backtest/tape'
import type { TapePlan } from '#backtest/tape-plan'
import type { Config } from '#core/config/schema'
import type { Draft, EventEnvelope } from '#core/envelope'
import type { Make } from './lookahead.js'

type SignalDraft = { type: string; data: { instrument: string; side: string; strength: number; targetWeight: number } }

/** The catalogue with one agent's drafts rewritten. */
function withDrafts(name: string, rewrite: (draft: Draft, event: EventEnvelope, plan: TapePlan) => Draft): Make {
  return (config: Config, plan: TapePlan) =>
    catalogue(config, 'nextOpen').map(
      (decider): AnyDecider =>
        decider.name !== name
          ? decider
          : {
              ...decider,
              decide: (state, event, context) =>
                decider.decide(state, event, context).map((draft) => rewrite(draft as Draft, event, plan)) as never, // drafts of the same types
            },
    )
}

function barsOf(plan: TapePlan, instrument: string): BarSeries {
  return plan.merged.series.find((s) => s.kind === 'bars' && s.instrument === instrument) as BarSeries // the tape has bars of it
}

/** Takes the side of the next bar: it knows its close. */
export const peeksAtNextBar = withDrafts('signal/tsmom', (draft, event, plan) => {
  const { data, type } = draft as unknown as SignalDraft
  const { rows } = barsOf(plan, data.instrument)
  const next = rows.availableAt.findIndex((at) => at > event.ts)
  if (next < 0 || data.targetWeight === 0) return draft
  const up = rows.close[next]! > rows.open[next]!
  const size = Math.abs(data.targetWeight)
  return { type, data: { ...data, side: up ? 'long' : 'short', targetWeight: up ? size : -size } }
})

/** Divides its size by the volatility of the whole sample: the leak of MVRV z-scores and of normalised features. */
export const normalisesOverAll = withDrafts('signal/tsmom', (draft, _event, plan) => {
  const { data, type } = draft as unknown as SignalDraft
  const { close } = barsOf(plan, data.instrument).rows
  const largest = close.reduce((max, price) => Math.max(max, price), 0)
  return { type, data: { ...data, targetWeight: data.targetWeight * Math.min(1, 100 / largest) } }
})

/** A venue that fills at the close that was known when the order was decided. */
export const fillsAtTheClose = withDrafts('venue/paper', (draft, event, plan) => {
  if (draft.type !== 'OrderFilled') return draft
  const data = draft.data as { instrument: string }
  const { rows } = barsOf(plan, data.instrument)
  const close = String(rows.close[rows.availableAt.indexOf(event.ts)] ?? rows.close[0])
  return { type: draft.type, data: { ...data, price: close, referencePrice: close } }
})

/** A venue that fills at the open of the bar that just closed: it earns the very bar that decided. */
export const fillsAtTheOpenBefore = withDrafts('venue/paper', (draft, event, plan) => {
  if (draft.type !== 'OrderFilled') return draft
  const data = draft.data as { instrument: string }
  const { rows } = barsOf(plan, data.instrument)
  const open = String(rows.open[rows.availableAt.indexOf(event.ts)]!)
  return { type: draft.type, data: { ...data, price: open, referencePrice: open } }
})
