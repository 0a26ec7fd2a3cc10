/** Owns how signals are put in rows: every signal once, by kind, its strongest word in front. Pure. */
import type { RunFacts, SignalRow } from '#audit/view/view.port'

export type SignalKind = SignalRow['kind']

export interface SignalEntry {
  readonly signal: string
  readonly title: string
  readonly agent: string
  readonly isEnabled: boolean
  /** The strongest first: by blended weight, then asked weight, then how lately. Empty: silent so far, or switched off. */
  readonly rows: readonly SignalRow[]
  /** `5 long, 2 short, 1 flat`. */
  readonly tally: string
}

export interface SignalGroup {
  readonly kind: SignalKind
  readonly title: string
  readonly entries: readonly SignalEntry[]
}

const KINDS: readonly { readonly kind: SignalKind; readonly title: string }[] = [
  { kind: 'directional', title: 'Directional' },
  { kind: 'package', title: 'Packages' },
  { kind: 'overlay', title: 'Overlays' },
]

/** Built-in names; a module's own signal goes by its name. The kind is what counts while a signal has not spoken. */
const KNOWN: Readonly<Record<string, readonly [title: string, kind: SignalKind]>> = {
  tsmom: ['Time-series momentum', 'directional'],
  donchian: ['Donchian breakout', 'directional'],
  meanrev: ['Mean reversion', 'directional'],
  oi: ['Open interest and price', 'directional'],
  xsection: ['Cross-section', 'directional'],
  carry: ['Funding carry', 'package'],
  basis: ['Cash and carry', 'package'],
  dispersion: ['Funding across exchanges', 'package'],
  vrp: ['Volatility risk premium', 'package'],
  skew: ['Skew', 'package'],
  ssr: ['Stablecoin supply ratio', 'overlay'],
  mvrv: ['Market to realised value', 'overlay'],
}

export const titleOf = (signal: string): string => KNOWN[signal]?.[0] ?? signal

const weightOf = (row: SignalRow): number => Math.abs(row.blendedWeight ?? 0)

export function signalGroups(facts: RunFacts['signals'], rows: readonly SignalRow[]): SignalGroup[] {
  const spoken = new Map<string, SignalRow[]>()
  for (const row of rows) spoken.set(row.signal, [...(spoken.get(row.signal) ?? []), row])
  const names = new Set([...facts.map(({ signal }) => signal), ...spoken.keys()])
  const entries = [...names].map((signal): SignalEntry & { kind: SignalKind } => {
    const fact = facts.find((each) => each.signal === signal)
    const own = [...(spoken.get(signal) ?? [])].sort(
      (a, b) => weightOf(b) - weightOf(a) || Math.abs(b.targetWeight) - Math.abs(a.targetWeight) || b.ts - a.ts,
    )
    return {
      signal,
      title: titleOf(signal),
      agent: fact?.agent ?? `signal/${signal}`,
      isEnabled: fact?.isEnabled ?? true,
      rows: own,
      tally: tallyOf(own),
      kind: own[0]?.kind ?? KNOWN[signal]?.[1] ?? 'directional',
    }
  })
  return KINDS.map(({ kind, title }) => ({
    kind,
    title,
    entries: entries.filter((entry) => entry.kind === kind),
  })).filter((group) => group.entries.length > 0)
}

function tallyOf(rows: readonly SignalRow[]): string {
  const by = new Map<string, number>()
  for (const { stance } of rows) by.set(stance, (by.get(stance) ?? 0) + 1)
  return [...by].map(([stance, n]) => `${n} ${stance}`).join(', ')
}

/** How far the value stands beyond (+) or short of (−) its threshold, in its own unit; null where either is absent. */
export const distance = ({ value, threshold }: Pick<SignalRow, 'value' | 'threshold'>): number | null =>
  value === null || threshold === null ? null : value - threshold

/** As it stands in an address: `tsmom:binance.usdm.BTCUSDT`. */
export const keyOf = ({ signal, subject }: Pick<SignalRow, 'signal' | 'subject'>): string => `${signal}:${subject}`
