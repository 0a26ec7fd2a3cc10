/** Owns what is known of one agent: how it stands and since when, whom it reads, its newest events; and the button that restarts it. */
import { useRef, useState } from 'preact/hooks'
import type { AgentRow } from '#audit/view/view.port'
import type { LiveStatus } from '#monitoring/metrics/live-status.port'
import { api } from '../api.js'
import { age, count, time } from '../format.js'
import { usePage } from '../hooks.js'
import { Panel } from '../parts/panel.js'
import { Empty, Failed } from '../parts/states.js'
import { asApiError, linkTo } from '../run-store.js'
import { toneOf } from './agents-tone.js'
import { useFollowed } from './time-machine-hooks.js'

interface DetailsProps {
  readonly name: string
  readonly row: AgentRow | undefined
  readonly live: LiveStatus | null
}

const EVENTS = 12

export function AgentDetails({ name, row, live }: DetailsProps) {
  const facts = usePage((page) => page.facts)!
  const seq = usePage((page) => page.state?.seq ?? 0)
  const ts = usePage((page) => page.state?.ts ?? 0)
  const at = usePage((page) => page.route.at)
  const self = facts.agents.find((each) => each.name === name)
  const readers = facts.agents.filter(({ dependencies }) => dependencies.includes(name)).map((each) => each.name)
  const health = live?.agents.find((each) => each.name === name)?.health
  return (
    <Panel
      title={name}
      class="agent-details"
      note={self === undefined ? undefined : `version ${self.version}`}
      tools={
        <a class="small" href={linkTo('agents')} aria-label="Close the details">
          ✕
        </a>
      }
    >
      <dl class="rows" data-test="agent-details">
        <Row name="State">
          <i class={`dot ${toneOf(row?.state ?? '')}`} /> {row?.state ?? 'not yet begun'}
          {row === undefined || row.since === 0 ? '' : ` for ${age(ts - row.since)}`}
          {row === undefined || row.sinceSeq === 0 ? null : (
            <>
              {' '}
              (<a href={linkTo('why', String(row.sinceSeq))}>seq {count(row.sinceSeq)}</a>)
            </>
          )}
        </Row>
        {row === undefined || row.reason === '' ? null : <Row name="Reason">{row.reason}</Row>}
        <Row name="Restarts">{count(row?.restarts ?? 0)}</Row>
        {health === undefined ? null : (
          <Row name="Health">
            <span class={health.isHealthy ? '' : 'warn-text'}>{health.isHealthy ? 'well' : 'unwell'}</span>{' '}
            {health.detail}
          </Row>
        )}
        <Row name="Last word">
          {row === undefined || row.lastSeq === 0 ? (
            'none yet'
          ) : (
            <>
              {time(row.lastTs)}, {age(ts - row.lastTs)} ago (
              <a href={linkTo('why', String(row.lastSeq))}>seq {count(row.lastSeq)}</a>)
            </>
          )}
        </Row>
        <Row name="Reads">
          <Names names={self?.dependencies ?? []} none="inputs alone" />
        </Row>
        <Row name="Read by">
          <Names names={readers} none="nobody" />
        </Row>
      </dl>
      {facts.canControl && self !== undefined ? <Restart name={name} isPast={at !== null} /> : null}
      <Newest name={name} seq={seq} />
    </Panel>
  )
}

function Row({ name, children }: { readonly name: string; readonly children: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

function Names({ names, none }: { readonly names: readonly string[]; readonly none: string }) {
  if (names.length === 0) return <span class="soft">{none}</span>
  return (
    <>
      {names.map((name, i) => (
        <span key={name}>
          {i === 0 ? '' : ', '}
          <a href={linkTo('agents', name)}>{name}</a>
        </span>
      ))}
    </>
  )
}

function Newest({ name, seq }: { readonly name: string; readonly seq: number }) {
  const { document, problem } = useFollowed(seq === 0 ? null : `${name}|${seq}`, () =>
    api.events({ by: name, before: seq + 1, limit: EVENTS }),
  )
  if (problem !== null) return <Failed problem={problem} />
  if (document === null) return null
  const events = document.events.filter((event) => event.by === name).reverse()
  return (
    <div class="newest">
      <h3>
        Its newest events <a href={linkTo('log', new URLSearchParams({ by: name }).toString())}>all in the log</a>
      </h3>
      {events.length === 0 ? <Empty>It has said nothing up to seq {count(seq)}.</Empty> : null}
      <ol>
        {events.map((event) => (
          <li key={event.seq}>
            <a href={linkTo('why', String(event.seq))} title={`seq ${event.seq}`}>
              {time(event.ts)}
            </a>{' '}
            <b>{event.type}</b> <span class="soft">{event.says}</span>
          </li>
        ))}
      </ol>
    </div>
  )
}

function Restart({ name, isPast }: { readonly name: string; readonly isPast: boolean }) {
  const dialog = useRef<HTMLDialogElement>(null)
  const [said, say] = useState<{ readonly text: string; readonly isBad: boolean } | null>(null)
  const [isSending, send] = useState(false)
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault()
    const form = event.currentTarget as HTMLFormElement // the listener is on it
    const reason = String(new FormData(form).get('reason') ?? '').trim()
    send(true)
    try {
      await api.control({ do: 'restart', agent: name, reason })
      say({ text: `${name} was restarted; the log says how.`, isBad: false })
      form.reset()
    } catch (error) {
      const { code, message } = asApiError(error)
      say({ text: `${code}: ${message}`, isBad: true })
    }
    send(false)
    dialog.current?.close()
  }
  return (
    <div class="restart">
      <button
        type="button"
        disabled={isPast}
        title={
          isPast ? 'The past cannot be changed: go back to the head' : 'Drop its state and fold it again from the log'
        }
        onClick={() => dialog.current?.showModal()}
        data-test="restart"
      >
        Restart …
      </button>
      {said === null ? null : (
        <p class={said.isBad ? 'bad-text' : 'soft'} role="status">
          {said.text}
        </p>
      )}
      <dialog ref={dialog} aria-labelledby="restart-title">
        <form onSubmit={submit}>
          <h2 id="restart-title">Restart {name}?</h2>
          <p class="soft">
            Its state is dropped and folded again from the log; what it decides does not change. Inputs wait meanwhile.
            The command and its outcome become events.
          </p>
          <label class="reason">
            Reason
            <input name="reason" required maxLength={500} autocomplete="off" />
          </label>
          <p class="dialog-buttons">
            <button type="button" class="quiet" onClick={() => dialog.current?.close()}>
              Leave it
            </button>
            <button type="submit" class="danger" disabled={isSending} data-test="restart-confirm">
              {isSending ? 'Restarting …' : 'Restart'}
            </button>
          </p>
        </form>
      </dialog>
    </div>
  )
}
