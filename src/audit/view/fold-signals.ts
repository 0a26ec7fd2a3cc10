/** Owns what signals, packages, overlays and the blend say in the view: the newest word of each and since when. No opinion of its own. */
import type { PackageChanged } from '#events/package.events'
import type { PortfolioBlended } from '#events/portfolio.events'
import type { CascadeWarningChanged, RegimeChanged, SignalChanged } from '#events/signal.events'
import type { FoldState, Mutable } from './fold-state.js'
import type { SignalRow } from './view.port.js'

type Term = SignalRow['terms'][number]

export const signalKey = (signal: string, subject: string): string => `${signal}|${subject}`

type Opinion = Pick<SignalRow, 'signal' | 'subject' | 'kind' | 'stance' | 'reason'> &
  Pick<SignalRow, 'strength' | 'confidence' | 'targetWeight' | 'terms' | 'validUntil'>

function take(state: FoldState, { seq, ts }: { readonly seq: number; readonly ts: number }, said: Opinion): void {
  const key = signalKey(said.signal, said.subject)
  const known = state.signals[key]
  const isSame = known !== undefined && known.stance === said.stance && known.reason === said.reason
  const { name, value, threshold }: Partial<Term> =
    said.terms.find((term) => term.threshold !== undefined) ?? said.terms[0] ?? {}
  const row: Mutable<SignalRow> = {
    ...said,
    blendedWeight: known?.blendedWeight ?? null,
    term: name ?? '',
    value: value ?? null,
    threshold: threshold ?? null,
    sinceSeq: isSame ? known.sinceSeq : seq,
    since: isSame ? known.since : ts,
    seq,
    ts,
  }
  state.signals[key] = row
}

export function onSignal(state: FoldState, event: SignalChanged): void {
  const { signal, instrument, side, reason, strength, confidence, targetWeight, terms, validUntil } = event.data
  const said = { signal, subject: instrument, kind: 'directional', stance: side } as const
  take(state, event, { ...said, reason, strength, confidence, targetWeight, terms, validUntil })
}

export function onPackage(state: FoldState, event: PackageChanged): void {
  const { signal, reason, strength, confidence, targetWeight, terms, validUntil } = event.data
  const stance = targetWeight > 0 ? 'open' : 'flat'
  const said = { signal, subject: event.data.package, kind: 'package', stance } as const
  take(state, event, { ...said, reason, strength, confidence, targetWeight, terms, validUntil })
}

/** An overlay takes no position: its strength is what it does to long weights. */
export function onRegime(state: FoldState, event: RegimeChanged): void {
  const { signal, regime, longFactor, shortFactor, blocksNewLongs, blocksShorts, terms, validUntil } = event.data
  const acts = [
    ...(longFactor === 1 ? [] : [`longs × ${longFactor}`]),
    ...(shortFactor === 1 ? [] : [`shorts × ${shortFactor}`]),
    ...(blocksNewLongs ? ['no new longs'] : []),
    ...(blocksShorts ? ['no shorts'] : []),
  ]
  const said = { signal, subject: '', kind: 'overlay', stance: regime, reason: acts.join(', ') } as const
  take(state, event, { ...said, strength: longFactor, confidence: 1, targetWeight: 0, terms, validUntil })
}

export function onWarning(state: FoldState, event: CascadeWarningChanged): void {
  const { signal, instrument, isOn, isConfirmed } = event.data
  const name = `cascade ${signal} ${instrument}`
  state.alerts = state.alerts.filter((row) => row.name !== name)
  const text = `early warning of a liquidation cascade in ${instrument}${isConfirmed ? ', confirmed' : ''}`
  if (isOn) state.alerts.push({ name, text, since: event.ts, seq: event.seq })
}

export function onBlended(state: FoldState, { seq, data }: PortfolioBlended): void {
  for (const { instrument, weight, agreement, outcome, parts } of data.rows) {
    state.blend[instrument] = {
      instrument,
      weight,
      agreement,
      outcome,
      seq,
      parts: parts.map(({ signal, contribution, seq: of }) => ({ signal, contribution, seq: of })),
    }
    for (const { signal, contribution } of parts) {
      const row = state.signals[signalKey(signal, instrument)]
      if (row !== undefined) row.blendedWeight = contribution
    }
  }
  for (const { package: id, signal, weight } of data.packages ?? []) {
    state.blendedPackages[id] = seq
    const row = state.signals[signalKey(signal, id)]
    if (row !== undefined) row.blendedWeight = weight
  }
}
