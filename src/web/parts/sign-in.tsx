/** Owns what stands before the page when there is no session. The token goes to the server and is forgotten. */
import { useState } from 'preact/hooks'
import { usePage } from '../hooks.js'
import { asApiError, openRun, page } from '../run-store.js'
import { openSessionWith } from '../session.js'

export function SignIn() {
  const problem = usePage((each) => each.problem)
  const [says, say] = useState('')
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault()
    const form = event.currentTarget as HTMLFormElement // the listener is on it
    const token = String(new FormData(form).get('token') ?? '')
    try {
      if (await openSessionWith(token)) {
        page.set({ session: 'opening', problem: null })
        await openRun()
      } else say('This is not the token of this process.')
    } catch (error) {
      say(asApiError(error).message)
    }
  }
  const refusal = says !== '' ? says : problem === null || problem.status === 401 ? '' : problem.message
  return (
    <main class="sign-in">
      <h1>quantbot</h1>
      <p>
        This page needs the token of the process that serves it. Open the URL that <code>quantbot run</code> or{' '}
        <code>quantbot open</code> printed (<code>quantbot status RUN --json</code> tells it again), or paste it here.
      </p>
      <form onSubmit={submit}>
        <label>
          URL or token
          <input name="token" type="password" autocomplete="off" required />
        </label>
        <button type="submit">Open</button>
      </form>
      <p class="bad" role="alert">
        {refusal}
      </p>
    </main>
  )
}
