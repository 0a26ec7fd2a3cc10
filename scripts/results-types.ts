/** Owns the shapes of what `quantbot --json` prints that the results read. */

export interface Interval {
  readonly low: number
  readonly high: number
}

export interface Book {
  readonly name: string
  readonly from: string
  readonly to: string
  readonly days: number
  readonly calendarDays: number
  readonly sharpe: number | null
  readonly sharpeCi: Interval | null
  readonly sharpeLo: number | null
  readonly psr0: number | null
  readonly psrGate: number | null
  readonly dsr: number | null
  readonly trials: number
  readonly totalReturn: number
  readonly annualVol: number | null
  readonly maxDrawdown: number
  readonly drawdown: { readonly peak: string; readonly trough: string } | null
  readonly exposureGross: number
  readonly exposureNet: number
  readonly invested: number
  readonly turnoverMonthly: number
  readonly fees: number
  readonly slippage: number
  readonly funding: number
}

export interface Verdict {
  readonly kind: string
  readonly text: string
}

export interface Carry {
  readonly sharpe: number | null
  readonly sharpeLo: number | null
  readonly accrualOnlySharpe: number | null
  readonly annualReturn: number | null
  readonly billsReturn: number | null
  readonly excessReturn: number | null
  readonly excessSharpe: number | null
}

export interface Signal extends Book {
  readonly verdict: Verdict
  readonly figures: {
    readonly live: { readonly from: string; readonly to: string; readonly days: number; readonly ofDays: number } | null
    readonly triggers: readonly (readonly [string, number])[]
    readonly entries: number
    readonly exits: number
    readonly settlements: number
    readonly legging: readonly (readonly [string, number])[]
    readonly proxyShare: number | null
    readonly carry: Carry | null
  }
  readonly window: { readonly summary: Book; readonly figures: Carry; readonly verdict: Verdict } | null
}

export interface Effect {
  readonly sharpe: number | null
  readonly totalReturn: number
  readonly maxDrawdown: number
}

export interface Backtest {
  readonly fingerprint: string
  readonly bars: number
  readonly ledgerGap: number
  readonly portfolio: Book & { readonly verdict: Verdict }
  readonly signals: Readonly<Record<string, Signal>>
  readonly overlays: Readonly<
    Record<
      string,
      {
        readonly with: Effect
        readonly without: Effect
        readonly difference: Effect
        readonly liveDays: number
        readonly triggers: readonly (readonly [string, number])[]
        readonly verdict: Verdict
      }
    >
  >
  readonly blender: {
    readonly portfolioSharpe: number | null
    readonly meanSharpe: number | null
    readonly signals: readonly string[]
    readonly verdict: Verdict
  }
  readonly correlations: {
    readonly signals: readonly string[]
    readonly matrix: readonly (readonly (number | null)[])[]
  }
}

export interface Counts {
  readonly alerts: number
  readonly tpAlerts: number
  readonly events: number
  readonly hitEvents: number
  readonly precision: number | null
  readonly precisionInterval: readonly [number, number] | null
  readonly recall: number | null
  readonly recallInterval: readonly [number, number] | null
}

export interface OiWarning {
  readonly kpi: { readonly verdict: string; readonly reason: string; readonly threshold: number }
  readonly variants: readonly {
    readonly variant: string
    readonly verdict: string
    readonly test: { readonly from?: string; readonly to?: string; readonly prediction: Counts }
  }[]
}
