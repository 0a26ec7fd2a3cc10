/** Owns the frame of the page: header, navigation, banners, the view that is looked at, footer. */
import type { ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { usePage } from './hooks.js'
import { Banners } from './parts/banners.js'
import { Controls } from './parts/controls.js'
import { Footer } from './parts/footer.js'
import { Header } from './parts/header.js'
import { Navigation } from './parts/navigation.js'
import { Shortcuts } from './parts/shortcuts.js'
import { SignIn } from './parts/sign-in.js'
import { Loading } from './parts/states.js'
import { TimeMachineDock } from './views/time-machine-lazy.js'
import { type ViewProps, viewOf } from './views.js'

export function App() {
  const session = usePage((page) => page.session)
  const mode = usePage((page) => page.facts?.mode)
  useEffect(() => {
    document.documentElement.dataset.mode = mode ?? ''
  }, [mode])
  if (session === 'absent') return <SignIn />
  return (
    <>
      <button type="button" class="skip" onClick={skip}>
        Skip to the view
      </button>
      <Header>
        <Controls />
      </Header>
      <div class="frame">
        <Navigation />
        <main id="main" tabIndex={-1}>
          <Banners />
          <CurrentView />
        </main>
      </div>
      <Footer />
      <TimeMachineDock />
      <Shortcuts />
    </>
  )
}

/** Not a link: addresses belong to the views. */
function skip(): void {
  document.getElementById('main')?.focus()
}

const loaded = new Map<string, ComponentType<ViewProps>>()

function CurrentView() {
  const id = usePage((page) => page.route.view)
  const argument = usePage((page) => page.route.argument)
  const run = usePage((page) => page.facts?.run)
  const view = viewOf(id)
  const [, redraw] = useState(0)
  const Component = loaded.get(view.id)
  useEffect(() => {
    document.title = run === undefined ? 'quantbot' : `${view.title} · ${run} · quantbot`
  }, [view, run])
  useEffect(() => {
    if (loaded.has(view.id)) return
    view.load().then((component) => {
      loaded.set(view.id, component)
      redraw((n) => n + 1)
    }, reload)
  }, [view])
  if (Component === undefined || run === undefined) return <Loading what={view.title} />
  return <Component argument={argument} />
}

/** A part of the page that is gone belongs to an older version than the server's. Once: a page that cannot load does not load itself for ever. */
function reload(): void {
  const key = 'quantbot.reloaded'
  if (sessionStorage.getItem(key) !== null) return
  sessionStorage.setItem(key, '1')
  location.reload()
}
