/** Owns the log view: the newest events up to the seq looked at, filters, older ones on demand, each with its words and its JSON. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { count } from '../format.js'
import { usePage } from '../hooks.js'
import { Panel } from '../parts/panel.js'
import { Empty, Failed } from '../parts/states.js'
import { goTo } from '../run-store.js'
import type { ViewProps } from '../views.js'
import { LogChain } from './log-chain.js'
import { LogFilters } from './log-filters.js'
import { useLog } from './log-hooks.js'
import { type Filter, NO_FILTER } from './log-pages.js'
import { LogRow } from './log-row.js'
import './log.css'

export function Log({ argument }: ViewProps) {
  const state = usePage((page) => page.state)
  const at = usePage((page) => page.route.at)
  const headSeq = usePage((page) => page.head?.seq ?? 0)
  const filter = filterOf(argument)
  const key = JSON.stringify(filter)
  const until = at ?? headSeq
  const [isTailing, tail] = useState(true)
  const { stretch, problem, isAsking, older } = useLog(filter, until, at === null && isTailing, at !== null)
  const [open, toggle] = useOpened(key)
  const list = useRef<HTMLOListElement>(null)
  const foot = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const watched = foot.current
    if (watched === null || !stretch.hasOlder) return undefined
    // Older events come before the end of the list is reached.
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting === true && older(), {
      rootMargin: '600px',
    })
    observer.observe(watched)
    return () => observer.disconnect()
  }, [stretch.hasOlder, stretch.from, key])
  const newestFirst = [...stretch.events].reverse()
  return (
    <div class="stack log-view">
      <LogChain />
      <Panel
        title="Events"
        note={
          <span data-test="log-note">
            {count(stretch.events.length)} shown, newest first{at === null ? '' : `, up to seq ${count(at)}`}
          </span>
        }
        tools={
          at === null ? (
            <button type="button" aria-pressed={isTailing} onClick={() => tail(!isTailing)} data-test="tail">
              {isTailing ? '❚❚ Hold' : '▶ Follow'}
            </button>
          ) : undefined
        }
      >
        <LogFilters filter={filter} onChange={(next) => goTo('log', argumentOf(next))} />
        {problem === null ? null : <Failed problem={problem} />}
        <ol class="log" ref={list} data-test="log" data-newest={newestFirst[0]?.seq ?? 0} aria-busy={isAsking}>
          {newestFirst.map((event) => (
            <LogRow
              key={event.seq}
              event={event}
              isOpen={open.has(event.seq)}
              onToggle={() => toggle(event.seq)}
              onBy={(by) => goTo('log', argumentOf({ ...filter, by }))}
            />
          ))}
        </ol>
        {newestFirst.length === 0 && !isAsking && !stretch.hasOlder ? (
          <Empty>No event of this kind up to seq {count(state?.seq)}.</Empty>
        ) : null}
        <div ref={foot} class="log-foot">
          {stretch.hasOlder ? (
            <button type="button" class="quiet" onClick={older} disabled={isAsking}>
              {isAsking ? `Looking … down to seq ${count(stretch.from)}` : `Older than seq ${count(stretch.from)}`}
            </button>
          ) : (
            <span class="note">The log begins here.</span>
          )}
        </div>
      </Panel>
    </div>
  )
}

function useOpened(key: string): [ReadonlySet<number>, (seq: number) => void] {
  const [open, set] = useState<ReadonlySet<number>>(new Set())
  useEffect(() => set(new Set()), [key])
  return [
    open,
    (seq) => {
      const next = new Set(open)
      if (!next.delete(seq)) next.add(seq)
      set(next)
    },
  ]
}

/** Filters live in the address, so that a filtered log can be sent to somebody: `types=A,B&by=x&text=y`. */
export function filterOf(argument: string): Filter {
  const params = new URLSearchParams(argument)
  return {
    types: (params.get('types') ?? '').split(',').filter((type) => /^[A-Za-z]{1,60}$/.test(type)),
    by: params.get('by') ?? NO_FILTER.by,
    text: params.get('text') ?? NO_FILTER.text,
  }
}

export function argumentOf({ types, by, text }: Filter): string {
  const params = new URLSearchParams()
  if (types.length > 0) params.set('types', types.join(','))
  if (by !== '') params.set('by', by)
  if (text !== '') params.set('text', text)
  return params.toString()
}
