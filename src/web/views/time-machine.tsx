/** Owns the view of what changed between two moments: a base that is chosen here, and the seq that every view shows. */
import { useEffect, useState } from 'preact/hooks'
import { api } from '../api.js'
import { count, decimal, fixed, signed, time } from '../format.js'
import { usePage } from '../hooks.js'
import { Panel } from '../parts/panel.js'
import { Empty, Failed, Loading } from '../parts/states.js'
import { chooseSeq, goTo, linkTo } from '../run-store.js'
import type { ViewProps } from '../views.js'
import { type Change, diffStates, type StateDiff } from './time-machine-diff.js'
import { type Equity, TrackCanvas, useHistory } from './time-machine-history.js'
import { useFollowed } from './time-machine-hooks.js'
import { clamp, parseMoment, type Span, seqNear, timeLabels } from './time-machine-scale.js'
import type { Ticks } from './time-machine-ticks.js'
import './time-machine.css'

const DAY_MS = 86_400_000

export function TimeMachine({ argument }: ViewProps) {
  const facts = usePage((page) => page.facts)!
  const headSeq = usePage((page) => page.head?.seq ?? 1)
  const state = usePage((page) => page.state)
  const span = { first: facts.firstSeq, last: headSeq }
  const { equity, ticks } = useHistory(span)
  const asked = parseMoment(argument)
  const base = asked?.kind === 'seq' ? clamp(asked.seq, span) : span.first
  const { document: before, problem } = useFollowed(String(base), () => api.state(base))
  if (state === null) return <Loading what="Time machine" />
  const diff = before === null ? null : diffStates(before, state)
  return (
    <div class="stack time-machine">
      <Panel
        title="The run"
        note={`${count(span.first)} to ${count(span.last)} · equity in ${facts.currency}`}
        tools={<Bases equity={equity} ticks={ticks} seq={state.seq} ts={state.ts} span={span} />}
      >
        <TrackCanvas
          class="track-large"
          hasAxes
          data={{
            span,
            equity,
            ticks,
            labels: equity === null ? [] : timeLabels(equity, 12),
            between: [base, state.seq],
          }}
        />
        <p class="note key">
          <i class="swatch halts" /> halted <i class="swatch restarts" /> restarts <i class="swatch fills" /> fills{' '}
          <i class="swatch between" /> compared
        </p>
      </Panel>
      {problem === null ? null : <Failed problem={problem} />}
      {diff === null ? (
        problem === null ? (
          <Loading what="Comparing" />
        ) : null
      ) : (
        <Differences diff={diff} base={base} currency={facts.currency} />
      )}
    </div>
  )
}

interface BasesProps {
  readonly equity: Equity | null
  readonly ticks: Ticks
  readonly seq: number
  readonly ts: number
  readonly span: Span
}

/** Moments that one would compare with. */
function Bases({ equity, ticks, seq, ts, span }: BasesProps) {
  const ago = (ms: number): number | null => (equity === null ? null : seqNear(ts - ms, equity))
  const halt = ticks.halts.findLast(({ from }) => from < seq)
  const restart = ticks.restarts.findLast((each) => each.seq < seq)
  const bases: [string, number | null | undefined][] = [
    ['begin', span.first],
    ['a week before', ago(7 * DAY_MS)],
    ['a day before', ago(DAY_MS)],
    ['last halt', halt?.from === undefined ? null : halt.from - 1],
    ['last restart', restart === undefined ? null : restart.seq - 1],
    ['one event before', seq - 1],
  ]
  return (
    <>
      {bases.flatMap(([name, base]) =>
        base === null || base === undefined || base < span.first
          ? []
          : [
              <button type="button" key={name} class="quiet small" onClick={() => goTo('time', String(base))}>
                {name}
              </button>,
            ],
      )}
    </>
  )
}

/** A state keeps so many orders that have ended. */
const RECENT = 200

interface DifferencesProps {
  readonly diff: StateDiff
  /** Seq asked for; the state of it may be of an earlier event. */
  readonly base: number
  readonly currency: string
}

const SECTIONS: readonly {
  readonly key: keyof StateDiff & ('positions' | 'packages' | 'signals' | 'orders' | 'agents')
  readonly title: string
}[] = [
  { key: 'positions', title: 'Positions' },
  { key: 'packages', title: 'Packages' },
  { key: 'signals', title: 'Signals' },
  { key: 'orders', title: 'Orders' },
  { key: 'agents', title: 'Agents' },
]

function Differences({ diff, base, currency }: DifferencesProps) {
  const shown = SECTIONS.filter(({ key }) => diff[key].length > 0)
  return (
    <>
      <div class="moments">
        <MomentCard title="From" {...diff.from} seq={base} onEnter={(seq) => goTo('time', String(seq))} />
        <span class="arrow" aria-hidden="true">
          →
        </span>
        <MomentCard title="To" {...diff.to} onEnter={chooseSeq} />
      </div>
      <Book changes={diff.book} currency={currency} />
      {diff.halts.length === 0 ? null : (
        <Panel title="Halts and the process" note={count(diff.halts.length)}>
          <Changes changes={diff.halts} />
        </Panel>
      )}
      <div class="differences">
        {shown.map(({ key, title }) => (
          <Panel
            key={key}
            title={title}
            note={
              diff[key].length >= RECENT
                ? `the newest ${count(diff[key].length)}`
                : `${count(diff[key].length)} changed`
            }
          >
            <Changes changes={diff[key]} />
          </Panel>
        ))}
      </div>
      {shown.length === 0 ? <Empty>No position, signal, order or agent changed between the two.</Empty> : null}
    </>
  )
}

interface MomentCardProps {
  readonly title: string
  readonly seq: number
  readonly ts: number
  readonly onEnter: (seq: number) => void
}

function MomentCard({ title, seq, ts, onEnter }: MomentCardProps) {
  const [typed, type] = useState<string | null>(null)
  useEffect(() => type(null), [seq])
  return (
    <form
      class="panel moment-card"
      onSubmit={(event) => {
        event.preventDefault()
        const moment = parseMoment(typed ?? '')
        if (moment?.kind === 'seq' && moment.seq > 0) onEnter(moment.seq)
        else type(null)
      }}
    >
      <label>
        <span class="note">{title} seq</span>
        <input
          type="text"
          inputMode="numeric"
          autocomplete="off"
          value={typed ?? count(seq)}
          onInput={(event) => type(event.currentTarget.value)}
          onBlur={() => type(null)}
        />
      </label>
      <time>{ts > 0 ? `${time(ts)} UTC` : 'before the first event'}</time>
    </form>
  )
}

/** Name of a number of the book: places, and whether more of it is better. */
const BOOK: Readonly<
  Record<string, { readonly places: number; readonly isGood: boolean; readonly percent?: boolean }>
> = {
  equity: { places: 2, isGood: true },
  drawdown: { places: 2, isGood: true, percent: true },
  'gross exposure': { places: 2, isGood: false, percent: true },
  'net exposure': { places: 2, isGood: false, percent: true },
  realised: { places: 2, isGood: true },
  fees: { places: 2, isGood: false },
  funding: { places: 2, isGood: true },
}

function Book({ changes, currency }: { readonly changes: readonly Change[]; readonly currency: string }) {
  if (changes.length === 0) return null
  return (
    <dl class="book-diff panel" data-test="book-diff">
      {changes.map(({ what, before, after, by }) => {
        const { places = 0, isGood = false, percent = false } = BOOK[what] ?? {}
        const scale = percent ? 100 : 1
        const unit = percent ? ' %' : ''
        const tone = !isGood || by === null || by === 0 ? '' : by > 0 ? 'up' : 'down'
        return (
          <div key={what}>
            <dt>
              {what}
              {what === 'equity' ? `, ${currency}` : ''}
            </dt>
            <dd class={`by ${tone}`}>
              {signed((by ?? 0) * scale, places)}
              {unit}
            </dd>
            <dd class="note">
              {fixed(Number(before) * scale, places)} → {fixed(Number(after) * scale, places)}
              {unit}
            </dd>
          </div>
        )
      })}
    </dl>
  )
}

const ROWS = 12

function Changes({ changes }: { readonly changes: readonly Change[] }) {
  const [isWhole, showWhole] = useState(false)
  const shown = isWhole ? changes : changes.slice(0, ROWS)
  return (
    <>
      <ul class="changes">
        {shown.map(({ kind, what, before, after, by, seq }, i) => (
          <li key={`${what}-${i}`} class={kind}>
            <span class="sign" title={kind}>
              {kind === 'came' ? '+' : kind === 'went' ? '−' : '~'}
            </span>
            <span class="what">
              {seq === null ? what : <a href={linkTo('why', String(seq))}>{what}</a>}
              {by === null || by === 0 || kind !== 'changed' ? null : (
                <span class={by > 0 ? 'up' : 'down'}>
                  {' '}
                  {by > 0 ? '+' : ''}
                  {decimal(String(Number(by.toPrecision(10))))}
                </span>
              )}
            </span>
            <span class="values">
              {before === '' ? null : <del>{before}</del>}
              {before === '' || after === '' ? null : ' → '}
              {after === '' ? null : <ins>{after}</ins>}
            </span>
          </li>
        ))}
      </ul>
      {changes.length > ROWS && !isWhole ? (
        <button type="button" class="quiet small" onClick={() => showWhole(true)}>
          All {count(changes.length)}
        </button>
      ) : null}
    </>
  )
}
