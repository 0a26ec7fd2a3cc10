/** Owns what a signal said of one subject over time: its numbers as lines, its words as a list. */
import type { SeriesDoc, SignalRow } from '#audit/view/view.port'
import { api } from '../api.js'
import { figures, percent, time, words } from '../format.js'
import { useFetched, usePage } from '../hooks.js'
import { Why } from '../parts/link.js'
import { type Line, Plot } from '../parts/plot.js'
import { Empty, Failed, Loading } from '../parts/states.js'
import { goTo } from '../run-store.js'

interface HistoryProps {
  readonly row: SignalRow
  readonly agent: string
}

export function History({ row, agent }: HistoryProps) {
  const at = usePage((page) => page.route.at)
  const { signal, subject, seq } = row
  // A new word is a new question: nothing is asked while a signal is silent.
  const until = at ?? seq
  const series = useFetched(`${signal} ${subject} ${until}`, (abort) =>
    api.series({ name: `signal:${signal}:${subject}`, until }, abort),
  )
  const said = useFetched(`${signal} ${subject} ${until}`, (abort) =>
    api.events({ before: until + 1, by: agent, text: subject, limit: 60 }, abort),
  )
  return (
    <div class="signal-history">
      <div>
        <h3>What decided</h3>
        {series.problem !== null ? <Failed problem={series.problem} /> : null}
        {series.document === null ? (
          series.problem === null ? (
            <Loading what="History" />
          ) : null
        ) : (
          <Lines series={series.document} row={row} />
        )}
        <Terms row={row} />
      </div>
      <div>
        <h3>Its words, newest first</h3>
        {said.problem !== null ? <Failed problem={said.problem} /> : null}
        {said.document === null ? null : said.document.events.length === 0 ? (
          <Empty>None in the part of the log that was searched.</Empty>
        ) : (
          <ol class="said">
            {[...said.document.events].reverse().map((event) => (
              <li key={event.seq}>
                <time class="soft">{time(event.ts)}</time> <Why target={event.seq} /> <span>{event.says}</span>
              </li>
            ))}
          </ol>
        )}
      </div>
    </div>
  )
}

const SHARES = /weight|confidence|strength/i
const COLOURS = ['--accent', '--warn', '--up', '--soft'] as const

/** Numbers of the signal's own unit above, weights and confidence below. A click on a point explains it. */
function Lines({ series, row }: { readonly series: SeriesDoc; readonly row: SignalRow }) {
  if (series.ts.length === 0) return <Empty>No word of it up to here.</Empty>
  const columns = Object.entries(series.columns).filter(([, values]) => values.some((value) => value !== null))
  const own = columns.filter(([name]) => !SHARES.test(name))
  const shares = columns.filter(([name]) => SHARES.test(name))
  const pick = (index: number): void => {
    const seq = series.seq[index]
    if (seq !== undefined && seq > 0) goTo('why', String(seq))
  }
  const line = ([name, values]: (typeof columns)[number], i: number, format: Line['format']): Line => ({
    label: name === 'value' && row.term !== '' ? words(row.term) : words(name),
    values,
    colour: name === 'threshold' ? '--soft' : COLOURS[i % COLOURS.length]!,
    format,
    isStepped: true,
    isDashed: name === 'threshold',
  })
  return (
    <>
      {own.length === 0 ? null : (
        <Plot
          label={`${row.term} of ${row.signal} over time`}
          ts={series.ts}
          height={170}
          sync="signal"
          onPick={pick}
          lines={own.map((each, i) => line(each, i, (value) => figures(value)))}
        />
      )}
      {shares.length === 0 ? null : (
        <Plot
          label={`Weight and confidence of ${row.signal} over time`}
          ts={series.ts}
          height={130}
          sync="signal"
          onPick={pick}
          lines={shares.map((each, i) => line(each, i, (value) => percent(value)))}
        />
      )}
    </>
  )
}

function Terms({ row }: { readonly row: SignalRow }) {
  return (
    <dl class="terms">
      {row.terms.map(({ name, value, threshold }) => (
        <div key={name}>
          <dt>{words(name)}</dt>
          <dd>
            {figures(value)}
            {threshold === undefined ? null : <span class="soft"> against {figures(threshold)}</span>}
          </dd>
        </div>
      ))}
    </dl>
  )
}
