/** Owns playing a run: the chosen seq moves by itself, so many events a second, until the end or until somebody takes it. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { count } from '../format.js'
import { chooseSeq, page } from '../run-store.js'
import { clamp, type Span } from './time-machine-scale.js'

/** Events a second. */
const RATES = [1, 10, 100, 1_000, 10_000, 100_000]

interface PlayProps {
  readonly span: Span
  readonly seq: number
  readonly at: number | null
}

/** About so many seconds for a whole run at first. */
const WHOLE_RUN_S = 60

export function Play({ span, seq, at }: PlayProps) {
  const length = span.last - span.first
  const [rate, setRate] = useState(() => RATES.findLast((each) => each * WHOLE_RUN_S <= length) ?? 1)
  const [isPlaying, play] = useState(false)
  usePlaying(isPlaying, rate, span, () => play(false))
  const toggle = (): void => {
    // From the head there is nowhere to go: the run begins again.
    if (!isPlaying && at === null) chooseSeq(span.first)
    play(!isPlaying)
  }
  const step = (by: number): void => {
    play(false)
    chooseSeq(clamp(seq + by, span))
  }
  return (
    <div class="dock-play">
      <button
        type="button"
        class="quiet"
        aria-label="One event back"
        title="One event back (←)"
        onClick={() => step(-1)}
      >
        ‹
      </button>
      <button
        type="button"
        class="play"
        aria-label={isPlaying ? 'Pause' : 'Play'}
        title={isPlaying ? 'Pause' : 'Play from here'}
        onClick={toggle}
        data-test="play"
      >
        {isPlaying ? '❚❚' : '▶'}
      </button>
      <button type="button" class="quiet" aria-label="One event on" title="One event on (→)" onClick={() => step(1)}>
        ›
      </button>
      <select
        aria-label="Events a second"
        title="Events a second"
        value={String(rate)}
        onChange={(event) => setRate(Number(event.currentTarget.value))}
      >
        {RATES.map((each) => (
          <option key={each} value={String(each)}>
            {count(each)}/s
          </option>
        ))}
      </select>
    </div>
  )
}

/** Each frame as many events as its time is worth. Stops when the seq was moved by anybody else, and becomes the head at the end. */
function usePlaying(isPlaying: boolean, rate: number, span: Span, stop: () => void): void {
  const last = useRef(span.last)
  last.current = span.last
  useEffect(() => {
    if (!isPlaying) return undefined
    let position = page.get().route.at ?? span.first
    let chosen = page.get().route.at
    let then = performance.now()
    const frame = (now: number): void => {
      if (page.get().route.at !== chosen) {
        stop()
        return
      }
      position += (Math.max(0, now - then) / 1000) * rate
      then = now
      if (position >= last.current) {
        chooseSeq(null)
        stop()
        return
      }
      chosen = Math.floor(position)
      if (chosen !== page.get().route.at) chooseSeq(chosen)
      handle = requestAnimationFrame(frame)
    }
    let handle = requestAnimationFrame(frame)
    return () => cancelAnimationFrame(handle)
  }, [isPlaying, rate])
}
