/** Owns what a terminal says of packages and of accounts in other currencies: one line each, one a leg. Pure, as run-view. */
import type { RunStatus } from '#actors/run-status'
import type { BalanceView, LegView, PackageView } from '#risk/book-view'
import { figure, money, percent } from './run-words.js'
import { paint } from './terminal.js'

const minus = (text: string): string => text.replace(/^-/, '−')

/** Nothing for a book that has neither. `rowsMax` bounds the lines of packages; `cut` fits a line to the terminal. */
export function packageLines(
  { packages = [], balances = [] }: RunStatus,
  rowsMax: number,
  cut: (text: string) => string,
): string[] {
  const rows = packages.flatMap((row) => [headLine(row), ...legLines(row)])
  const rest = rows.length - rowsMax
  return [
    ...(rows.length === 0 ? [] : ['', paint('bold', 'packages')]),
    ...rows.slice(0, rowsMax).map(({ text, isPlain }) => (isPlain ? cut(text) : paint('yellow', cut(text)))),
    ...(rest > 0 ? [`… ${rest} more`] : []),
    ...(balances.length === 0 ? [] : ['', paint('bold', 'balances')]),
    ...balances.map((row) => cut(balanceLine(row))),
  ]
}

interface Row {
  readonly text: string
  readonly isPlain: boolean
}

function headLine(row: PackageView): Row {
  const { status, units, target, residualDelta, refusal, legs } = row
  const value = legs.reduce((most, { weight }) => Math.max(most, Math.abs(weight)), 0)
  const parts = [
    row.package,
    status,
    `${minus(units)} units`,
    `${percent(value)} of ${percent(target)}`,
    `delta ${percent(residualDelta, 2, true)}`,
    ...(refusal === '' ? [] : [`refused: ${refusal}`]),
  ]
  return { text: parts.join('  '), isPlain: status === 'open' && refusal === '' }
}

/** A leg that is not as aimed says what it shall be. */
function legLines({ legs }: PackageView): Row[] {
  const roles = Math.max(0, ...legs.map(({ role }) => role.length))
  const names = Math.max(0, ...legs.map(({ instrument }) => instrument.length))
  return legs.map((leg) => {
    const { role, instrument, quantity, aim } = leg
    const held = `${minus(quantity)}${quantity === aim ? '' : ` → ${minus(aim)}`}`
    const text = [`  ${role.padEnd(roles)}`, instrument.padEnd(names), held, ...sums(leg)].join('  ')
    return { text, isPlain: quantity === aim }
  })
}

function sums({ mark, currency, unrealised, realised, fees, funding }: LegView): string[] {
  const sum = (value: number): string => `${figure(value)} ${currency}`
  return [
    `mark ${figure(mark)}`,
    `unrealised ${sum(unrealised)}`,
    ...(Number(realised) === 0 ? [] : [`realised ${sum(Number(realised))}`]),
    ...(Number(funding) === 0 ? [] : [`funding ${sum(Number(funding))}`]),
    `fees ${sum(Number(fees))}`,
  ]
}

function balanceLine({ currency, balance, converted = '0', price, value }: BalanceView): string {
  const worth = price > 0 ? `worth ${money(value)} at ${figure(price)}` : 'no price yet: it does not count'
  const moved = converted === '0' ? '' : `  converted ${minus(converted)}`
  return `${currency.padEnd(5)} ${minus(balance)}  ${worth}${moved}`
}
