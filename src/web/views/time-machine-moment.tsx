/** Owns going to a typed moment: a seq or a UTC time. Shows the seq looked at while nobody types. */
import { useState } from 'preact/hooks'
import { api } from '../api.js'
import { barAt } from '../charts/candles-data.js'
import { count } from '../format.js'
import { asApiError, chooseSeq } from '../run-store.js'
import type { Equity } from './time-machine-history.js'
import { clamp, parseMoment, type Span, seqAtTime } from './time-machine-scale.js'

interface MomentProps {
  readonly seq: number
  readonly span: Span
  /** Known events: the search begins between two of them. */
  readonly points: Equity | null
  readonly isPast: boolean
}

export function MomentField({ seq, span, points, isPast }: MomentProps) {
  const [typed, type] = useState<string | null>(null)
  const [problem, say] = useState('')
  const go = async (event: Event): Promise<void> => {
    event.preventDefault()
    const moment = parseMoment(typed ?? '')
    if (moment === null) {
      say('a seq, or a UTC time such as 2025-03-01 14:30')
      return
    }
    try {
      const found =
        moment.kind === 'seq' ? moment.seq : await seqAtTime(moment.ts, between(moment.ts, span, points), tsOf)
      chooseSeq(clamp(found, span))
      type(null)
      say('')
    } catch (error) {
      say(asApiError(error).message)
    }
  }
  return (
    <form class="moment" onSubmit={go}>
      <label>
        <span class="note">{isPast ? 'past seq' : 'seq'}</span>
        <input
          type="text"
          inputMode="text"
          autocomplete="off"
          spellcheck={false}
          aria-label="Go to a seq or a UTC time"
          title="Type a seq or a UTC time (2025-03-01 14:30), then Enter"
          aria-invalid={problem !== ''}
          value={typed ?? count(seq)}
          onFocus={(event) => event.currentTarget.select()}
          onInput={(event) => type(event.currentTarget.value)}
          onBlur={() => {
            type(null)
            say('')
          }}
          onKeyDown={(event) => {
            if (event.key === 'Escape') event.currentTarget.blur()
          }}
          data-test="moment"
        />
      </label>
      {problem === '' ? null : (
        <span class="bad-text problem" role="alert">
          {problem}
        </span>
      )}
    </form>
  )
}

async function tsOf(seq: number): Promise<number> {
  const { events } = await api.events({ after: seq - 1, limit: 1 })
  return events[0]?.ts ?? Number.POSITIVE_INFINITY
}

function between(ts: number, span: Span, points: Equity | null): Span {
  if (points === null || points.ts.length === 0) return span
  const i = barAt(points.ts, ts)
  return {
    first: Math.max(span.first, points.seq[i] ?? span.first),
    last: Math.min(span.last, points.seq[i + 1] ?? span.last),
  }
}
