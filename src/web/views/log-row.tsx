/** Owns one line of the log: when, what, by whom, in words; opened, its JSON and where it came from. Texts of the log stay text. */
import { memo } from 'preact/compat'
import { count, time } from '../format.js'
import { linkTo } from '../run-store.js'
import { groupOf, type LogEvent } from './log-pages.js'

interface RowProps {
  readonly event: LogEvent
  readonly isOpen: boolean
  readonly onToggle: () => void
  readonly onBy: (by: string) => void
}

function Row({ event, isOpen, onToggle, onBy }: RowProps) {
  const { seq, ts, type, by, says, cause, data } = event
  return (
    <li class={isOpen ? 'open' : undefined}>
      <button type="button" class="line" aria-expanded={isOpen} onClick={onToggle} data-seq={seq}>
        <span class="seq">{count(seq)}</span>
        <time class="soft">{time(ts)}</time>
        <span class="type" data-group={groupOf(type)}>
          {type}
        </span>
        <span class="says">{says}</span>
        <span class="by">{by}</span>
      </button>
      {isOpen ? (
        <div class="details">
          <p class="note">
            <a href={linkTo('why', String(seq))}>Why</a>
            {cause > 0 ? (
              <>
                {' '}
                · caused by <a href={linkTo('why', String(cause))}>seq {count(cause)}</a>
              </>
            ) : null}{' '}
            · by{' '}
            <button type="button" class="link" onClick={() => onBy(by)} title="Only events of this agent">
              {by}
            </button>{' '}
            · {new Date(ts).toISOString()}
          </p>
          <pre>{JSON.stringify(data, null, 2)}</pre>
        </div>
      ) : null}
    </li>
  )
}

/** A row never changes but by being opened. */
export const LogRow = memo(Row, (a, b) => a.event === b.event && a.isOpen === b.isOpen)
