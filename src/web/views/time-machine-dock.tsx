/**
 * Owns the time machine at the foot of the page: the run as a track, the seq that every view shows as its thumb. Moves it by pointer, key,
 * typed moment and play; fetches no state itself.
 */
import { useEffect, useRef, useState } from 'preact/hooks'
import { count, figures, time } from '../format.js'
import { usePage } from '../hooks.js'
import { chooseSeq, linkTo, page } from '../run-store.js'
import { TrackCanvas, useHistory, valueAt } from './time-machine-history.js'
import { MomentField } from './time-machine-moment.js'
import { Play } from './time-machine-play.js'
import { clamp, fractionOf, type Span, seqAfterKey, seqAtFraction, timeLabels } from './time-machine-scale.js'
import './time-machine.css'

/** This near to its end the thumb lets go: the head again. */
const SNAP = 0.998

export function Dock() {
  const facts = usePage((each) => each.facts)
  const headSeq = usePage((each) => each.head?.seq ?? 0)
  const at = usePage((each) => each.route.at)
  useEffect(() => {
    document.documentElement.dataset.time = at === null ? 'now' : 'past'
  }, [at])
  if (facts === null || headSeq < facts.firstSeq || headSeq === 0) return null
  return <Machine span={{ first: facts.firstSeq, last: headSeq }} at={at} isLive={facts.isLive} />
}

interface MachineProps {
  readonly span: Span
  readonly at: number | null
  readonly isLive: boolean
}

function Machine({ span, at, isLive }: MachineProps) {
  const { equity, ticks } = useHistory(span)
  const seq = at === null ? span.last : clamp(at, span)
  const isTravelling = usePage((each) => each.isTravelling)
  const stateTs = usePage((each) => each.state?.ts)
  const stateSeq = usePage((each) => each.state?.seq)
  const near = equity === null ? null : valueAt(equity, seq)
  const ts = stateSeq === seq || at === null ? stateTs : near?.ts
  return (
    <section class={at === null ? 'dock' : 'dock past'} aria-label="Time machine" data-test="dock">
      <Play span={span} seq={seq} at={at} />
      <Slider span={span} seq={seq} at={at}>
        <TrackCanvas
          class="track"
          hasAxes={false}
          data={{ span, equity, ticks, labels: equity === null ? [] : timeLabels(equity, 10), between: null }}
        />
      </Slider>
      <div class="dock-read">
        <MomentField seq={seq} span={span} points={equity} isPast={at !== null} />
        <time class="dock-time" data-test="dock-time">
          {ts === undefined ? '–' : `${stateSeq === seq || at === null ? '' : '≈ '}${time(ts)} UTC`}
        </time>
      </div>
      <div class="dock-ends">
        <button
          type="button"
          class={at === null ? 'live on' : 'live'}
          aria-pressed={at === null}
          onClick={() => chooseSeq(null)}
          title={isLive ? 'Follow the log (l)' : 'To the end of the run (l)'}
          data-test="live"
        >
          <i class={at === null && isLive ? 'dot good' : 'dot'} /> {isLive ? 'Live' : 'End'}
        </button>
        <a class="note" href={linkTo('time')} title="What changed between two moments">
          compare
        </a>
      </div>
      <span class="travelling" hidden={!isTravelling} aria-hidden="true" />
    </section>
  )
}

interface SliderProps extends Omit<MachineProps, 'isLive'> {
  readonly seq: number
  readonly children: preact.ComponentChildren
}

function Slider({ span, seq, at, children }: SliderProps) {
  const element = useRef<HTMLDivElement>(null)
  const [hovered, hover] = useState<number | null>(null)
  const move = usePointer(element, span)
  const fraction = fractionOf(seq, span)
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.altKey || event.metaKey) return
    const next = seqAfterKey({ key: event.key, shift: event.shiftKey }, seq, span)
    if (next === null) return
    event.preventDefault()
    chooseSeq(event.key === 'End' ? null : next)
  }
  useEffect(() => {
    const { style } = element.current!
    style.setProperty('--at', String(fraction))
    style.setProperty('--hover', String(hovered ?? 0))
  }, [fraction, hovered])
  return (
    <div
      ref={element}
      class="slider"
      role="slider"
      tabIndex={0}
      aria-label="Seq that every view shows"
      aria-valuemin={span.first}
      aria-valuemax={span.last}
      aria-valuenow={seq}
      aria-valuetext={`seq ${count(seq)} of ${count(span.last)}${at === null ? ', the head' : ''}`}
      data-test="slider"
      onKeyDown={onKeyDown}
      onPointerDown={move.down}
      onPointerMove={(event) => {
        hover(move.fractionOf(event))
        move.moved(event)
      }}
      onPointerUp={move.up}
      onPointerCancel={move.up}
      onPointerLeave={() => hover(null)}
    >
      {children}
      <span class="future" aria-hidden="true" />
      <span class="thumb" aria-hidden="true" />
      {hovered === null ? null : (
        <span class={hovered > 0.75 ? 'tip left' : 'tip'} aria-hidden="true">
          <HoverTip seq={seqAtFraction(hovered, span)} span={span} />
        </span>
      )}
    </div>
  )
}

function HoverTip({ seq, span }: { readonly seq: number; readonly span: Span }) {
  const { equity, ticks } = useHistory(span)
  const near = equity === null ? null : valueAt(equity, seq)
  const reach = (span.last - span.first) / 200
  const halt = ticks.halts.find(({ from, to }) => seq >= from - reach && seq <= (to ?? span.last) + reach)
  const restart = ticks.restarts.find((each) => Math.abs(each.seq - seq) <= reach)
  return (
    <>
      <b>{count(seq)}</b> {near === null ? '' : `≈ ${time(near.ts)}`}
      {near?.value == null ? '' : ` · equity ${figures(near.value, 7)}`}
      {halt === undefined ? '' : ` · halted: ${halt.reason}`}
      {restart === undefined ? '' : ` · ${restart.says}`}
    </>
  )
}

/** Pointer to seq: at most one choice a frame, whatever the mouse sends. */
function usePointer(element: { readonly current: HTMLDivElement | null }, span: Span) {
  const frame = useRef(0)
  const wanted = useRef(0)
  const newest = useRef(span)
  newest.current = span
  useEffect(() => () => cancelAnimationFrame(frame.current), [])
  const fractionOf = (event: PointerEvent): number => {
    const { left, width } = element.current!.getBoundingClientRect()
    return Math.min(1, Math.max(0, (event.clientX - left) / width))
  }
  const choose = (event: PointerEvent): void => {
    wanted.current = fractionOf(event)
    if (frame.current !== 0) return
    frame.current = requestAnimationFrame(() => {
      frame.current = 0
      const isHead = wanted.current >= SNAP && page.get().route.at === null
      chooseSeq(isHead ? null : seqAtFraction(wanted.current, newest.current))
    })
  }
  return {
    fractionOf,
    down: (event: PointerEvent): void => {
      if (event.button !== 0) return
      element.current!.setPointerCapture(event.pointerId)
      element.current!.focus({ preventScroll: true })
      choose(event)
    },
    moved: (event: PointerEvent): void => {
      if (element.current!.hasPointerCapture(event.pointerId)) choose(event)
    },
    up: (event: PointerEvent): void => {
      if (!element.current!.hasPointerCapture(event.pointerId)) return
      element.current!.releasePointerCapture(event.pointerId)
      if (fractionOf(event) >= SNAP) chooseSeq(null)
    },
  }
}
