/** Owns what must not be overlooked: no connection, a broken chain, a halt, a process that hangs, and that the past is looked at. */
import { useEffect, useState } from 'preact/hooks'
import { clock, count, percent, time, words } from '../format.js'
import { useNow, usePage } from '../hooks.js'
import { chooseSeq, linkTo } from '../run-store.js'

export function Banners() {
  return (
    <div class="banners">
      <Connection />
      <Chain />
      <Problem />
      <Process />
      <Halted />
      <Partial />
      <Past />
    </div>
  )
}

function Connection() {
  const connection = usePage((page) => page.connection)
  const since = usePage((page) => page.lostSince)
  const seq = usePage((page) => page.state?.seq)
  if (connection !== 'lost') return null
  return (
    <p class="banner bad" role="alert">
      <b>Offline.</b> quantbot has not answered since {clock(since)} UTC.{' '}
      {seq === undefined ? '' : `What is shown is as of seq ${count(seq)}. `}Trying again …
    </p>
  )
}

function Chain() {
  const head = usePage((page) => page.head)
  if (head === null) return null
  if (head.fault !== null)
    return (
      <p class="banner bad" role="alert">
        <b>The log is not read beyond seq {count(head.seq)}.</b> <code>{head.fault.code}</code> {head.fault.detail}
      </p>
    )
  if (head.read >= 1) return null
  return (
    <p class="banner">
      Reading the log for the first time: <progress value={head.read} /> {percent(head.read, 0)}
    </p>
  )
}

function Problem() {
  const problem = usePage((page) => page.problem)
  const connection = usePage((page) => page.connection)
  if (problem === null || (problem.status === 0 && connection === 'lost')) return null
  return (
    <p class="banner bad" role="alert">
      <code>{problem.code}</code> {problem.message}
    </p>
  )
}

/** So long may a process be busy before it is said to hang. */
const HANGS_AFTER_MS = 5_000

function Process() {
  const isLive = usePage((page) => page.facts?.isLive === true)
  const status = usePage((page) => page.status)
  const connection = usePage((page) => page.connection)
  const [answeredAt, answered] = useState(Date.now)
  const now = useNow()
  useEffect(() => {
    if (status !== null) answered(Date.now())
  }, [status])
  if (!isLive || connection !== 'open') return null
  if (status === null)
    return now - answeredAt < HANGS_AFTER_MS ? null : (
      <p class="banner bad" role="alert">
        <b>The trading process does not answer.</b> This page reads the log beside it and still does.
      </p>
    )
  if (status.state === 'stalled')
    return (
      <p class="banner bad" role="alert">
        <b>The log is stalled.</b> Nothing is decided until it can be written again.
      </p>
    )
  if (status.problems.length === 0) return null
  return (
    <p class="banner warn">
      {status.problems.map((problem) => (
        <span key={problem}>{problem} </span>
      ))}
    </p>
  )
}

function Halted() {
  const halt = usePage((page) => page.state?.halt ?? null)
  if (halt === null) return null
  return (
    <p class="banner bad" role="alert">
      <b>HALTED</b> since {time(halt.ts)} UTC: {words(halt.reason)}
      {halt.detail === undefined || halt.detail === '' ? '' : `: ${halt.detail}`} (
      <a href={linkTo('why', String(halt.seq))}>why</a>)
    </p>
  )
}

function Past() {
  const at = usePage((page) => page.route.at)
  const state = usePage((page) => page.state)
  const isTravelling = usePage((page) => page.isTravelling)
  if (at === null) return null
  return (
    <p class="banner past">
      <b>The past.</b> Every view shows seq {count(at)}
      {state !== null && !isTravelling ? ` · ${time(state.ts)} UTC` : ' …'}{' '}
      <button type="button" onClick={() => chooseSeq(null)}>
        Back to the head
      </button>
    </p>
  )
}

function Partial() {
  const isPartial = usePage((page) => page.state?.isPartial === true)
  const firstSeq = usePage((page) => page.facts?.firstSeq ?? 0)
  if (!isPartial) return null
  return (
    <p class="banner warn">
      The log begins at seq {count(firstSeq)}: what came before is archived, and missing from every figure here.
    </p>
  )
}
