/** Owns the signals: each once, grouped by kind; its subjects and their history on demand. */
import { useState } from 'preact/hooks'
import type { SignalRow } from '#audit/view/view.port'
import { age, direction, figures, percent, signedPercent, time, words } from '../format.js'
import { usePage, useRunNow } from '../hooks.js'
import { Instrument, Why } from '../parts/link.js'
import { Loading } from '../parts/states.js'
import { linkTo } from '../run-store.js'
import { distance, keyOf, type SignalEntry, type SignalGroup, signalGroups } from '../signal-groups.js'
import type { ViewProps } from '../views.js'
import { History } from './signals-history.js'
import './signals.css'

const COLUMNS = 11

export function Signals({ argument }: ViewProps) {
  const state = usePage((page) => page.state)
  const facts = usePage((page) => page.facts)
  const now = useRunNow()
  if (state === null || facts === null) return <Loading what="Signals" />
  const groups = signalGroups(facts.signals, state.signals)
  return (
    <div class="stack">
      <div class="row">
        <h1>Signals</h1>
        <span class="note">Weights are fractions of NAV. A click shows the history.</span>
      </div>
      <section class="panel" aria-label="Signals">
        <div class="scroll">
          <table class="signals cards">
            <thead>
              <tr>
                <th scope="col">Signal</th>
                <th scope="col">Of</th>
                <th scope="col">Stance</th>
                <th scope="col" class="n">
                  Value
                </th>
                <th scope="col" class="n">
                  Threshold
                </th>
                <th scope="col" class="n" title="Value less threshold">
                  Distance
                </th>
                <th scope="col" class="n">
                  Confidence
                </th>
                <th scope="col" class="n" title="As the signal asks for it, of NAV">
                  Asked
                </th>
                <th scope="col" class="n" title="What the blend made of it, of NAV">
                  Blended
                </th>
                <th scope="col" class="n">
                  Since
                </th>
                <th scope="col">Why</th>
              </tr>
            </thead>
            {groups.map((group) => (
              <Group key={group.kind} group={group} chosen={argument} now={now} />
            ))}
          </table>
        </div>
      </section>
    </div>
  )
}

interface Shared {
  /** Key of the row whose history is open. */
  readonly chosen: string
  /** Epoch ms of the run. */
  readonly now: number
}

function Group({ group, ...shared }: Shared & { readonly group: SignalGroup }) {
  return (
    <tbody>
      <tr class="group">
        <th scope="rowgroup" colSpan={COLUMNS}>
          {group.title}
        </th>
      </tr>
      {group.entries.map((entry) => (
        <Entry key={entry.signal} entry={entry} {...shared} />
      ))}
    </tbody>
  )
}

function Entry({ entry, chosen, now }: Shared & { readonly entry: SignalEntry }) {
  const hasChosen = entry.rows.slice(1).some((row) => keyOf(row) === chosen)
  const [isOpen, open] = useState(hasChosen)
  const [first, ...others] = entry.rows
  if (first === undefined)
    return (
      <tr class="silent" data-signal={entry.signal}>
        <th scope="row">
          {entry.title} <small>{entry.signal}</small>
        </th>
        <td colSpan={COLUMNS - 1}>{entry.isEnabled ? 'has not spoken yet' : 'switched off'}</td>
      </tr>
    )
  const shown = isOpen || hasChosen ? [first, ...others] : [first]
  return (
    <>
      {shown.map((row, i) => (
        <Row key={keyOf(row)} row={row} chosen={chosen} now={now} agent={entry.agent}>
          {i > 0 ? null : (
            <>
              <span>{entry.title}</span> <small>{entry.signal}</small>
              {others.length === 0 ? null : (
                <div class="note">
                  {entry.tally}
                  <button type="button" class="fold-rows" aria-expanded={isOpen} onClick={() => open(!isOpen)}>
                    {isOpen ? `− ${others.length}` : `+ ${others.length}`}
                  </button>
                </div>
              )}
            </>
          )}
        </Row>
      ))}
    </>
  )
}

interface RowProps extends Shared {
  readonly row: SignalRow
  readonly agent: string
  readonly children: preact.ComponentChildren
}

const tone = (stance: string): string => (stance === 'long' ? 'up' : stance === 'short' ? 'down' : '')

function Row({ row, chosen, now, agent, children }: RowProps) {
  const key = keyOf(row)
  const isChosen = key === chosen
  const isExpired = row.validUntil > 0 && row.validUntil < now
  return (
    <>
      <tr class={isChosen ? 'chosen' : ''} data-signal={row.signal} data-subject={row.subject}>
        <th scope="row">{children}</th>
        <td data-name="Of">
          <a href={linkTo('signals', isChosen ? '' : key)} aria-expanded={isChosen}>
            {row.subject === '' ? 'the whole book' : <Instrument id={row.subject} />}
          </a>
        </td>
        <td class={tone(row.stance)} data-name="Stance">
          {words(row.stance)}
        </td>
        <td class="n" title={row.term} data-name="Value">
          {figures(row.value)} <div class="note">{words(row.term)}</div>
        </td>
        <td class="n" data-name="Threshold">
          {figures(row.threshold)}
        </td>
        <td class="n" data-name="Distance">
          {figures(distance(row))}
        </td>
        <td class="n" data-name="Confidence">
          {percent(row.confidence, 0)}
        </td>
        <td class={`n ${direction(row.targetWeight)}`} data-name="Asked">
          {signedPercent(row.targetWeight)}
        </td>
        <td class={`n ${direction(row.blendedWeight)}`} data-name="Blended">
          {signedPercent(row.blendedWeight)}
        </td>
        <td class="n" data-name="Since">
          <time title={`${time(row.since)} UTC`}>{age(now - row.since)}</time>
          {isExpired ? <div class="note warn-text">expired</div> : null}
        </td>
        <td data-name="Why">
          <Why target={row.seq}>{row.reason === '' ? undefined : words(row.reason)}</Why>
        </td>
      </tr>
      {isChosen ? (
        <tr class="history">
          <td colSpan={COLUMNS}>
            <History row={row} agent={agent} />
          </td>
        </tr>
      ) : null}
    </>
  )
}
