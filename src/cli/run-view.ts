/**
 * Owns what a running process looks like on a terminal: lines of plain text with colours, fitted to a width. Pure: the
 * same status gives the same lines. Never longer than the terminal is high where a height is given.
 */
import type { RunStatus } from '#actors/run-status'
import { symbolOf } from '#core/ids'
import { isoTime } from '#core/time'
import { packageLines } from './package-view.js'
import { clock, figure, money, percent, type Words } from './run-words.js'
import { surroundingLines } from './surroundings-view.js'
import { paint } from './terminal.js'

type Style = Parameters<typeof paint>[0]

/** Text cut to a width; the mark says that it was. */
export function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`
}

const AGENT_STYLE: Readonly<Record<string, Style>> = {
  running: 'green',
  degraded: 'yellow',
  faulted: 'red',
  stopped: 'gray',
}

export interface Recent {
  readonly decisions: readonly Words[]
  readonly orders: readonly Words[]
  readonly alarms: readonly Words[]
}

const NOTHING: Recent = { decisions: [], orders: [], alarms: [] }

/** The whole view. `height` bounds the lines: positions and agents first, then the latest of everything else. */
export function viewLines(status: RunStatus, recent: Recent, width: number, height: number): string[] {
  const rowsMax = Math.max(3, Math.floor(height / 3))
  const fit = (text: string): string => cut(text, width)
  const head = [
    ...headLines(status, width),
    ...bookLines(status, width, rowsMax),
    ...packageLines(status, rowsMax, fit),
  ]
  const agents = ['', ...agentLines(status, width)]
  const lines = [...head, ...(head.length + agents.length + 12 <= height ? agents : ['', agentLine(status, width)])]
  const room = Math.max(0, height - lines.length - 1)
  const share = Math.max(0, Math.floor(room / 2) - 2)
  for (const [title, words] of [
    ['decisions', recent.decisions],
    ['orders', recent.orders],
  ] as const) {
    if (share < 1 || words.length === 0) continue
    lines.push(
      '',
      paint('bold', title),
      ...words.slice(-share).map(({ ts, text }) => cut(` ${clock(ts)}  ${text}`, width)),
    )
  }
  const alarm = recent.alarms.at(-1)
  if (alarm !== undefined && lines.length < height - 1)
    lines.push(paint('yellow', cut(`! ${clock(alarm.ts)}  ${alarm.text}`, width)))
  return lines.slice(0, Math.max(1, height - 1))
}

/** `quantbot status`: the same without what happened lately. */
export function statusLines(status: RunStatus, width: number): string[] {
  return [
    ...headLines(status, width),
    ...bookLines(status, width, 50),
    ...packageLines(status, 100, (text) => cut(text, width)),
    '',
    ...agentLines(status, width),
    ...surroundingLines(status, (text) => cut(text, width)),
    ...problems(status, width),
    // Whole whatever the width: half an address opens nothing.
    ...(status.url === undefined ? [] : ['', `page  ${status.url}`]),
  ]
}

function headLines(status: RunStatus, width: number): string[] {
  const { mode, runId, ts, speed, state, equity, opening, drawdown, gross, net, commitLagMs, feedAgeMs } = status
  const pace = mode !== 'sim' ? '' : speed === null ? '  as fast as it goes' : `  ×${money(speed)}`
  const label = mode === 'sim' ? ' SIMULATED ' : ` ${mode.toUpperCase()} `
  const time = ts === 0 ? 'starting' : `${isoTime(ts).slice(0, 16).replace('T', ' ')} UTC`
  const title = cut(`${label}  ${runId}  ${time}${pace}  ${state}`, width)
  const paid = Number(opening) + transferred(status)
  const pnl = equity - paid
  const sum = `${pnl > 0 ? '+' : ''}${money(pnl)} (${percent(paid > 0 ? pnl / paid : 0, 2, true)})`
  const book = `equity ${money(equity)}  PnL ${sum}  drawdown ${percent(drawdown)}  gross ${percent(gross)}  net ${percent(net, 1, true)}`
  const age = feedAgeMs === null ? 'none yet' : `${(feedAgeMs / 1000).toFixed(1)} s ago`
  const lag = `commit lag p50 ${commitLagMs.p50.toFixed(1)} ms, p99 ${commitLagMs.p99.toFixed(1)} ms`
  const flow = `seq ${money(status.seq)}  orders ${money(status.orders)}  fills ${money(status.fills)}  market input ${age}  ${lag}`
  const moved = transferLine(status)
  const lines = [
    paint(['bold', 'inverse'], title.slice(0, label.length)) + title.slice(label.length),
    ...wrapped(book, width),
    ...(moved === undefined ? [] : wrapped(moved, width)),
    ...wrapped(flow, width).map((line) => paint('gray', line)),
  ]
  if (status.halted)
    lines.push(paint(['bold', 'red'], cut(`TRADING HALTED: ${status.haltReason}  (quantbot resume)`, width)))
  if (state === 'stalled' || state === 'halted')
    lines.push(
      paint(['bold', 'red'], cut(`THE PROCESS IS ${state.toUpperCase()}: ${status.problems.at(-1) ?? ''}`, width)),
    )
  return lines
}

/** Paid in less taken out since the run began, in the book's own currency at the prices of now. */
function transferred({ transfers = '0', balances = [] }: RunStatus): number {
  return balances.reduce((sum, { transfers: moved, price }) => sum + Number(moved) * price, Number(transfers))
}

function transferLine({ transfers = '0', balances = [] }: RunStatus): string | undefined {
  const others = balances.filter((row) => row.transfers !== '0').map((row) => `${row.transfers} ${row.currency}`)
  if (transfers === '0' && others.length === 0) return undefined
  return `paid in less taken out ${[...(transfers === '0' ? [] : [money(Number(transfers), 2)]), ...others].join('  ')}`
}

/** Breaks at the double blanks between its parts. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = []
  for (const part of text.split('  ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 2 + part.length <= width) lines[lines.length - 1] = `${last}  ${part}`
    else lines.push(cut(part, width))
  }
  return lines
}

interface Column {
  readonly title: string
  readonly width: number
  readonly of: (row: RunStatus['positions'][number]) => string
}

/** In order of importance: a narrow terminal shows the first of them. */
const COLUMNS: readonly Column[] = [
  { title: 'weight', width: 8, of: ({ weight }) => percent(weight, 1, true) },
  { title: 'unrealised', width: 11, of: ({ unrealised }) => money(unrealised) },
  { title: 'target', width: 8, of: ({ target }) => percent(target, 1, true) },
  { title: 'mark', width: 11, of: ({ mark }) => figure(mark) },
  { title: 'quantity', width: 14, of: ({ quantity }) => quantity.replace(/^-/, '−') },
  { title: 'stop', width: 11, of: ({ stopLevel }) => (stopLevel === null ? '–' : figure(stopLevel)) },
  { title: 'realised', width: 11, of: ({ realised }) => money(Number(realised)) },
  { title: 'funding', width: 9, of: ({ funding }) => money(Number(funding)) },
]
const SYMBOL_WIDTH = 11

function bookLines({ positions }: RunStatus, width: number, rowsMax: number): string[] {
  let used = SYMBOL_WIDTH
  const columns = COLUMNS.filter((column) => {
    used += column.width
    return used <= width
  })
  const row = (first: string, cells: readonly string[]): string =>
    cut(first.padEnd(SYMBOL_WIDTH), SYMBOL_WIDTH) +
    cells.map((cell, i) => cut(cell, columns[i]!.width - 1).padStart(columns[i]!.width)).join('')
  const title = row(
    'position',
    columns.map(({ title }) => title),
  )
  if (positions.length === 0) return ['', paint('bold', cut(title, width)), cut('(flat)', width)]
  const shown = [...positions].sort((a, b) => Math.abs(b.value) - Math.abs(a.value)).slice(0, rowsMax)
  const rows = shown.map((position) => {
    const text = cut(
      row(
        symbolOf(position.instrument),
        columns.map(({ of }) => of(position)),
      ),
      width,
    )
    return position.quantity === '0' ? paint('gray', text) : text
  })
  const rest = positions.length - shown.length
  return ['', paint('bold', cut(title, width)), ...rows, ...(rest > 0 ? [cut(`… ${rest} more`, width)] : [])]
}

function agentLines({ agents }: RunStatus, width: number): string[] {
  const longest = Math.max(...agents.map(({ name, state }) => name.length + 1 + state.length))
  const text = Math.max(1, Math.min(longest, width - MARK.length - 1))
  const perLine = Math.max(1, Math.floor((width + GAP.length) / (MARK.length + 1 + text + GAP.length)))
  const cells = agents.map(({ name, state }) => {
    const cell = cut(`${name} ${state}`, text).padEnd(text)
    return `${paint(AGENT_STYLE[state] ?? 'gray', MARK)} ${cell}`
  })
  const lines: string[] = []
  for (let i = 0; i < cells.length; i += perLine)
    lines.push(
      cells
        .slice(i, i + perLine)
        .join(GAP)
        .trimEnd(),
    )
  return [paint('bold', 'agents'), ...lines]
}

/** Where there is no room for all of them: how many run, and which do not. */
function agentLine({ agents }: RunStatus, width: number): string {
  const others = agents.filter(({ state }) => state !== 'running').map(({ name, state }) => `, ${name} ${state}`)
  const text = cut(`agents: ${agents.length - others.length} running${others.join('')}`, width)
  return others.length === 0 ? text : paint('yellow', text)
}

const MARK = '●'
const GAP = '  '

function problems(status: RunStatus, width: number): string[] {
  return status.problems.map((problem) => paint('yellow', cut(`! ${problem}`, width)))
}

/** One line for a log that is no terminal. */
export function statusLine(status: RunStatus): string {
  const { mode, runId, ts, state, equity, drawdown, gross, net, halted, haltReason, seq, fills } = status
  const trading = halted ? `  TRADING HALTED: ${haltReason}` : ''
  if (state === 'starting') return `${mode} ${runId}  starting${waitedFor(status)}`
  const time = ts === 0 ? 'no event yet' : `${isoTime(ts).slice(0, 16).replace('T', ' ')} UTC`
  return `${mode} ${runId}  ${time}  ${state}  seq ${seq}  equity ${money(equity)}  drawdown ${percent(drawdown)}  gross ${percent(gross)}  net ${percent(net, 1, true)}  fills ${fills}${trading}`
}

/** Feeds that have not come up, and why. */
function waitedFor({ agents }: RunStatus): string {
  const late = agents.filter(({ kind, state }) => kind !== 'decider' && (state === 'starting' || state === 'faulted'))
  return late
    .map(({ name, state, reason }) => `  ${name} ${state}${state === 'faulted' && reason !== '' ? `: ${reason}` : ''}`)
    .join('')
}

export { NOTHING }
