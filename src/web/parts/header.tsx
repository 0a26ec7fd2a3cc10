/** Owns the bar on top: which run, which mode, as of when; theme. The mode is told by a word and a colour. */
import type { ComponentChildren } from 'preact'
import { count, time } from '../format.js'
import { usePage } from '../hooks.js'
import { linkTo } from '../run-store.js'
import { toggleTheme } from '../theme.js'
import { ModeBadge } from './mode-badge.js'

export function Header({ children }: { readonly children: ComponentChildren }) {
  const run = usePage((page) => page.facts?.run)
  return (
    <header class="top">
      <a class="brand" href={linkTo('overview')}>
        quantbot
      </a>
      <ModeBadge />
      <span class="run" title="Run">
        {run ?? ''}
      </span>
      <AsOf />
      <span class="spring" />
      {children}
      <button
        type="button"
        class="quiet"
        onClick={toggleTheme}
        aria-label="Switch between dark and light (t)"
        title="Dark or light (t)"
      >
        ◐
      </button>
    </header>
  )
}

/** The seq that every view shows. */
function AsOf() {
  const state = usePage((page) => page.state)
  const connection = usePage((page) => page.connection)
  const isLive = usePage((page) => page.route.at === null && page.facts?.isLive === true)
  const isRun = usePage((page) => page.facts?.mode !== 'backtest' && page.facts?.mode !== 'replay')
  if (state === null) return null
  const isOver = isRun && state.process.state === 'stopped'
  const isFollowing = isLive && connection === 'open'
  return (
    <span class="as-of" title="Everything on this page is as of this event of the log; times are UTC">
      {isFollowing ? <i class="dot good" title="Follows the log" /> : null}
      <span>
        seq <b data-test="seq">{count(state.seq)}</b>
      </span>
      {isOver ? <span>stopped</span> : null}
      <time dateTime={new Date(state.ts).toISOString()}>{time(state.ts)} UTC</time>
    </span>
  )
}
