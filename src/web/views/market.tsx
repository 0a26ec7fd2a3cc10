/** Owns the market view: one instrument's prices with what we did in it, and what else the run knows of it, as of the seq looked at. */
import { useEffect, useMemo, useState } from 'preact/hooks'
import type { MarketRow, PositionRow } from '#audit/view/view.port'
import { Candles } from '../charts/candles.js'
import type { ChartContent, Level } from '../charts/candles-chart.js'
import {
  barAt,
  barsUntil,
  candlesOf,
  intervalMs,
  type MarkKind,
  marksOf,
  volumesOf,
  whyOf,
} from '../charts/candles-data.js'
import { count, decimal, direction, percent, price, signedPercent, time } from '../format.js'
import { usePage } from '../hooks.js'
import { Panel } from '../parts/panel.js'
import { Empty, Failed, Loading } from '../parts/states.js'
import { goTo, linkTo, page } from '../run-store.js'
import type { ViewProps } from '../views.js'
import { askMarket, compact, intervalsFrom, type MarketDocs, type Panes, panesOf } from './market-data.js'
import { MarketMarks } from './market-marks.js'
import { useFollowed, usePaced } from './time-machine-hooks.js'
import './market.css'

const KINDS: readonly { readonly kind: MarkKind; readonly title: string }[] = [
  { kind: 'fill', title: 'Fills' },
  { kind: 'decision', title: 'Decisions' },
  { kind: 'stop', title: 'Stops' },
  { kind: 'refusal', title: 'Refusals' },
  { kind: 'settlement', title: 'Settlements' },
]

const DEPTH = 1_000
const DEPTH_MAX = 16_000
/** Real milliseconds between two looks at a market that goes on. */
const LIVE_EVERY_MS = 2_000

export function Market({ argument }: ViewProps) {
  const facts = usePage((each) => each.facts)!
  const state = usePage((each) => each.state)
  const at = usePage((each) => each.route.at)
  const fallback = state?.book.positions.find(({ quantity }) => Number(quantity) !== 0)?.instrument
  const [first] = useState(fallback ?? facts.instruments[0]?.instrument ?? '')
  const instrument = facts.instruments.some((each) => each.instrument === argument) ? argument : first
  const [interval, setInterval] = useState(facts.interval)
  const [depth, setDepth] = useState(DEPTH)
  const [shown, show] = useState<ReadonlySet<MarkKind>>(new Set<MarkKind>(['fill', 'decision', 'stop']))
  useEffect(() => setDepth(DEPTH), [instrument, interval])
  const coin = facts.instruments.find((each) => each.instrument === instrument)?.base ?? ''
  // In the past each seq is looked at as it is chosen; the head moves faster than a chart need be drawn.
  const paced = usePaced(state, LIVE_EVERY_MS, `${at}|${at === null ? '' : state?.seq}`)
  const key = paced === null || instrument === '' ? null : `${instrument}|${interval}|${depth}|${paced.seq}`
  const { document: docs, problem } = useFollowed(key, () =>
    askMarket({
      instrument,
      coin,
      interval,
      depth,
      headSeq: page.get().head?.seq ?? 0,
      seq: paced!.seq,
      ts: paced!.ts,
    }),
  )
  if (instrument === '') return <Empty>This run knows no instrument.</Empty>
  const row = state?.market.find((each) => each.instrument === instrument)
  const position = state?.book.positions.find((each) => each.instrument === instrument)
  const isOurs = docs !== null && docs.bars.instrument === instrument
  const counts = new Map(
    KINDS.map(({ kind }) => [kind, docs?.marks.marks.filter((mark) => mark.kind === kind).length ?? 0]),
  )
  const toggle = (kind: MarkKind): void => {
    const next = new Set(shown)
    if (!next.delete(kind)) next.add(kind)
    show(next)
  }
  return (
    <div class="stack market">
      <div class="market-bar">
        <label class="pick">
          <span class="note">Instrument</span>
          <select
            value={instrument}
            onChange={(event) => goTo('market', event.currentTarget.value)}
            data-test="instrument"
          >
            {facts.instruments.map((each) => (
              <option key={each.instrument} value={each.instrument}>
                {each.instrument}
              </option>
            ))}
          </select>
        </label>
        <Quote row={row} position={position} />
      </div>
      <Panel
        title={coin === '' ? instrument : `${coin} · ${instrument}`}
        class="chart"
        tools={
          <>
            <span class="switch">
              {KINDS.filter(({ kind }) => (counts.get(kind) ?? 0) > 0).map(({ kind, title }) => (
                <button
                  type="button"
                  key={kind}
                  aria-pressed={shown.has(kind)}
                  onClick={() => toggle(kind)}
                  class={`kind ${kind}`}
                >
                  {title} {counts.get(kind)}
                </button>
              ))}
            </span>
            <span class="switch">
              {intervalsFrom(facts.interval).map((each) => (
                <button type="button" key={each} aria-pressed={each === interval} onClick={() => setInterval(each)}>
                  {each}
                </button>
              ))}
            </span>
          </>
        }
      >
        {problem !== null ? <Failed problem={problem} /> : null}
        {isOurs ? (
          <Chart
            docs={docs}
            shown={shown}
            position={position}
            isOwnInterval={interval === facts.interval}
            onOldest={() => {
              if (docs.bars.ts.length > 0 && docs.bars.ts.length >= depth * 0.9)
                setDepth(Math.min(DEPTH_MAX, depth * 2))
            }}
          />
        ) : problem === null ? (
          <Loading what={instrument} />
        ) : null}
      </Panel>
      {isOurs ? <MarketMarks marks={docs.marks.marks} untilSeq={docs.seq} /> : null}
    </div>
  )
}

function Quote({ row, position }: { readonly row: MarketRow | undefined; readonly position: PositionRow | undefined }) {
  const quantity = Number(position?.quantity ?? 0)
  return (
    <dl class="facts">
      <Fact name="Price">{price(row?.price)}</Fact>
      {row?.mark == null ? null : <Fact name="Mark">{price(row.mark)}</Fact>}
      {row?.fundingRate == null ? null : (
        <Fact name={row.fundingIntervalHours === null ? 'Funding' : `Funding, ${row.fundingIntervalHours} h`}>
          {signedPercent(row.fundingRate, 4)}
        </Fact>
      )}
      {row?.openInterest == null ? null : <Fact name="Open interest">{compact(row.openInterest)}</Fact>}
      {position === undefined || quantity === 0 ? (
        <Fact name="Position">none</Fact>
      ) : (
        <>
          <Fact name={quantity > 0 ? 'Long' : 'Short'} tone={direction(quantity)}>
            {decimal(position.quantity)}
          </Fact>
          <Fact name="Average price">{price(Number(position.averagePrice))}</Fact>
          <Fact name="Weight">{percent(position.weight, 1)}</Fact>
          <Fact name="Unrealised" tone={direction(position.unrealised)}>
            {price(position.unrealised)}
          </Fact>
          {position.stopLevel === null ? null : <Fact name="Stop">{price(position.stopLevel)}</Fact>}
        </>
      )}
    </dl>
  )
}

function Fact({
  name,
  tone = '',
  children,
}: {
  readonly name: string
  readonly tone?: string
  readonly children: preact.ComponentChildren
}) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class={tone}>{children}</dd>
    </div>
  )
}

interface ChartProps {
  readonly docs: MarketDocs
  readonly shown: ReadonlySet<MarkKind>
  readonly position: PositionRow | undefined
  readonly isOwnInterval: boolean
  readonly onOldest: () => void
}

function Chart({ docs, shown, position, isOwnInterval, onOldest }: ChartProps) {
  const [hovered, hover] = useState<number | null>(null)
  const view = useMemo(
    () => contentOf(docs, shown, position, isOwnInterval),
    [docs, shown, position?.averagePrice, position?.stopLevel],
  )
  const { content, panes, bars } = view
  return (
    <>
      <Legend docs={{ ...docs, bars }} panes={panes} at={hovered} />
      <Candles
        content={content}
        subject={`${docs.bars.instrument}|${docs.bars.interval}`}
        label={`${docs.bars.instrument}: ${bars.ts.length} bars of ${docs.bars.interval} up to ${time(bars.ts.at(-1))}, ${content.marks.length} marks. The table below says the same.`}
        onMark={(id) => {
          location.hash = withSeq(whyOf(id))
        }}
        onOldest={onOldest}
        onHover={hover}
      />
      {bars.ts.length === 0 ? (
        <Empty>
          No bar of this instrument is known up to seq {count(docs.seq)}: the log has none, nor has the history that it
          was made from.
        </Empty>
      ) : null}
      {panes.absent.length === 0 ? null : (
        <p class="note" data-test="absent">
          Not shown, the run has no data of it here: {panes.absent.join(', ')}.
        </p>
      )}
    </>
  )
}

/** A link of the chart keeps the seq looked at, as every other does. */
function withSeq(hash: string): string {
  const [, view, argument] = hash.split('/')
  return linkTo(view!, decodeURIComponent(argument!))
}

function contentOf(
  docs: MarketDocs,
  shown: ReadonlySet<MarkKind>,
  position: PositionRow | undefined,
  isOwnInterval: boolean,
) {
  // A coarser bar that is still open holds closed bars only; one of the run's own interval is known when it has closed.
  const bars = isOwnInterval ? barsUntil(docs.bars, docs.ts) : docs.bars
  const panes = panesOf({ ...docs, bars })
  const isOpen = position !== undefined && Number(position.quantity) !== 0
  const levels: Level[] = !isOpen
    ? []
    : [{ title: 'average', price: Number(position.averagePrice), colour: '--accent' }]
  if (isOpen && position.stopLevel !== null) levels.push({ title: 'stop', price: position.stopLevel, colour: '--warn' })
  const content: ChartContent = {
    candles: candlesOf(bars),
    volumes: volumesOf(bars),
    marks: marksOf(bars, docs.marks, shown, docs.seq),
    levels,
    panes: panes.shown,
  }
  return { content, panes, bars }
}

/** The bar under the pointer, or the newest: its numbers, those of the panes, and what we did in it. */
function Legend({ docs, panes, at }: { readonly docs: MarketDocs; readonly panes: Panes; readonly at: number | null }) {
  const { bars, marks } = docs
  const i = at === null ? bars.ts.length - 1 : barAt(bars.ts, at * 1000)
  const opened = bars.ts[i]
  if (opened === undefined) return null
  const [open, close] = [bars.open[i]!, bars.close[i]!]
  const ends = opened + intervalMs(bars.interval)
  const done = at === null ? [] : marks.marks.filter(({ ts }) => ts >= opened && ts < ends).slice(0, 3)
  return (
    <p class="legend note">
      <time>{time(opened)}</time> <span>O {price(open)}</span> <span>H {price(bars.high[i])}</span>{' '}
      <span>L {price(bars.low[i])}</span> <span class={direction(close - open)}>C {price(close)}</span>{' '}
      <span>V {compact(bars.volume[i]!)}</span>
      {panes.shown.map((pane) => {
        const value = pane.points.findLast((point) => point.time * 1000 <= opened)?.value
        return (
          <span key={pane.id}>
            <i class="swatch" data-pane={pane.id} /> {pane.title} {value === undefined ? '–' : pane.format(value)}
          </span>
        )
      })}
      {done.map(({ seq, says }) => (
        <span key={seq} class="did">
          {says}
        </span>
      ))}
    </p>
  )
}
