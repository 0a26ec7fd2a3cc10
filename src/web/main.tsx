/** Owns the start of the page. */
import { render } from 'preact'
import { App } from './app.js'
import { asApiError, openRun, page, routeChanged } from './run-store.js'
import { openSession } from './session.js'
import { applyTheme } from './theme.js'
import { viewOf } from './views.js'
import './style.css'

async function start(): Promise<void> {
  applyTheme()
  addEventListener('hashchange', routeChanged)
  // Its code comes while the session is opened; a failure is met where the view is drawn.
  viewOf(page.get().route.view)
    .load()
    .catch(() => undefined)
  try {
    await openSession()
  } catch (error) {
    page.set({ session: 'absent', problem: asApiError(error) })
  }
  // The address has lost its token: it is a route now.
  routeChanged()
  render(<App />, document.getElementById('app')!) // stands in index.html
  if (page.get().session !== 'absent') await openRun()
}

void start()
