/** Owns notes of risk and of signals that warn: halts, rungs, stops, alerts, packages, cascades. */
import { begin, end, once } from './conditions.js'
import { type Note, percent, plain, span } from './note.js'
import type { Rules } from './rules.js'

const HALT = 'trading-halted'

/** Alerts that can end in the loss of the margin. */
const GRAVE: ReadonlySet<string> = new Set(['liquidation', 'marginStress', 'drawdown'])

const ofLimit = (value: number | null, limit: number | null): string =>
  value === null ? '' : limit === null ? ` at ${value}` : ` at ${value}, limit ${limit}`

export const RISK_RULES: Rules = {
  TradingHalted: ({ seq, ts, data }, state) => {
    const { reason, detail, value, limit } = data
    end(state, HALT)
    const title = `Trading halted: ${reason}`
    const text = `${plain(detail)}${ofLimit(value, limit)}. No order that adds risk is sent until you resume.`
    return begin(state, { kind: 'trading-halted', key: HALT, severity: 'critical', seq, ts, title, text })
  },

  TradingResumed: ({ seq, ts, data }, state) => {
    const lasted = end(state, HALT)
    const text = lasted === undefined ? 'Trading goes on.' : `It was halted for ${span(ts - lasted.since)}.`
    const title = `Trading resumed: ${plain(data.reason, 60)}`
    return [{ kind: 'trading-resumed', key: HALT, severity: 'warning', seq, ts, title, text }]
  },

  RiskAssessed: ({ seq, ts, data }, state) => {
    // The rung stands before the turnover limiter; the last `drawdown` is that of the halt.
    const turnover = data.steps.findIndex(({ step }) => step === 'turnover')
    if (turnover < 0) return []
    const bound = data.steps.slice(0, turnover).find(({ step }) => step === 'drawdown')
    const rung = Math.abs(bound?.limit ?? 0)
    const before = state.rung
    if (rung === before) return []
    state.rung = rung
    const isDeeper = rung > before
    const title = isDeeper
      ? `Drawdown beyond ${percent(rung)}: the book is scaled to ${percent(bound?.factor ?? 1)}`
      : rung === 0
        ? 'Drawdown recovered: the book has its full size again'
        : `Drawdown recovered to the rung of ${percent(rung)}`
    const measured = bound?.measured == null ? '' : `Drawdown ${percent(bound.measured)}, `
    const text = `${measured}NAV ${data.nav}.`
    return [
      { kind: 'drawdown-rung', key: `rung:${rung}`, severity: isDeeper ? 'warning' : 'info', seq, ts, title, text },
    ]
  },

  StopTriggered: ({ seq, ts, data }) => {
    const { instrument, side, level, price, multiple, extreme } = data
    const title = `Stop of ${instrument} (${side}) crossed`
    const text = `Price ${price} crossed ${level}: ${multiple} ATR from ${extreme}, the best since entry.`
    return [{ kind: 'stop-triggered', key: `stop:${instrument}`, severity: 'warning', seq, ts, title, text }]
  },

  RiskAlerted: ({ seq, ts, data }, state) => {
    const { what, subject, value, limit, isOn } = data
    const about = subject === undefined ? what : `${what} of ${subject}`
    const key = `risk-alert:${what}:${subject ?? ''}`
    if (isOn) {
      const severity = GRAVE.has(what) ? 'critical' : 'warning'
      const title = `Risk: ${about} beyond its limit`
      const text = `${value ?? 'unknown'}, limit ${limit}.`
      return begin(state, { kind: 'risk-alert', key, severity, seq, ts, title, text })
    }
    const lasted = end(state, key)
    const text = `${value ?? 'what it was about is gone'}, limit ${limit}; ${lasted ? `it lasted ${span(ts - lasted.since)}.` : ''}`
    return [{ kind: 'risk-alert-over', key, severity: 'info', seq, ts, title: `Risk: ${about} is back`, text }]
  },

  PackageImbalanced: ({ seq, ts, data }, state) => {
    const { action, excessDelta, excessWeight, tolerance, attempts, isHalted } = data
    const legs = data.legs.map(({ instrument, wanted, held }) => `${instrument} ${held} of ${wanted}`).join(', ')
    const title = `Package ${data.package} is out of balance: ${action}`
    const halted = isHalted ? ' Trading is halted.' : ''
    const text = `Excess delta ${excessDelta} coins (${percent(excessWeight)} of NAV, tolerance ${percent(tolerance)}), ${attempts} attempts; ${plain(legs, 500)}.${halted}`
    const key = `package:${data.package}:${action}`
    const severity = action === 'stuck' ? 'critical' : 'warning'
    return once(state, { kind: 'package-imbalanced', key, severity, seq, ts, title, text })
  },

  CascadeWarningChanged: ({ seq, ts, data }) => {
    const { instrument, isOn, isConfirmed, signal } = data
    const note = { key: `cascade:${signal}:${instrument}`, seq, ts }
    const numbers = data.terms
      .map(
        ({ name, value, threshold }) => `${name} ${value ?? '–'}${threshold === undefined ? '' : ` of ${threshold}`}`,
      )
      .join(', ')
    const confirmed = isConfirmed ? ' Open interest a day’s volume confirms it.' : ''
    const text = `${plain(numbers, 500)}.${confirmed} It takes no position.`
    const told: Note = isOn
      ? {
          ...note,
          kind: 'cascade-warning',
          severity: 'warning',
          title: `Liquidations of ${instrument} may cascade`,
          text,
        }
      : {
          ...note,
          kind: 'cascade-warning-over',
          severity: 'info',
          title: `Cascade warning of ${instrument} is over`,
          text,
        }
    return [told]
  },
}
