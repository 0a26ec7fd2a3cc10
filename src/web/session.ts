/** Owns how the page gets its session: the token of the printed URL for a cookie that no script can read. Stores the token nowhere. */
import { ApiError, api } from './api.js'
import { tokenOf } from './routes.js'

/** The token leaves the address bar and the history before anything else is asked for. */
export async function openSession(): Promise<void> {
  const token = tokenOf(location.hash)
  if (token === undefined) return
  history.replaceState(null, '', `${location.pathname}#/overview`)
  await api.openSession(token)
}

/** From the form of who came without a token. True: open. Rejects where the server is away or refuses for another reason. */
export async function openSessionWith(text: string): Promise<boolean> {
  const token = /[0-9a-f]{32}/.exec(text.trim())?.[0]
  if (token === undefined) return false
  try {
    await api.openSession(token)
    return true
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return false
    throw error
  }
}
