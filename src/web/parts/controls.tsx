/** Owns the hand on the brake: halt, resume, flatten, each with a reason and a confirmation. Says what the log says, never more. */
import { useRef, useState } from 'preact/hooks'
import { api } from '../api.js'
import { openPositions } from '../book.js'
import { type Brake, mustType, outcomeOf, QUESTIONS } from '../controls.js'
import { usePage } from '../hooks.js'
import { asApiError } from '../run-store.js'
import { ModeBadge } from './mode-badge.js'

export function Controls() {
  const canControl = usePage((page) => page.facts?.canControl === true)
  // Of now, whatever moment is looked at; not known: both are offered.
  const isHalted = usePage(
    (page) => page.status?.halted ?? (page.route.at === null ? page.state?.book.halted : undefined),
  )
  const [brake, ask] = useState<Brake | null>(null)
  if (!canControl) return null
  return (
    <fieldset class="controls" aria-label="Controls">
      {isHalted === false ? null : (
        <button type="button" data-command="resume" onClick={() => ask('resume')}>
          Resume
        </button>
      )}
      {isHalted === true ? null : (
        <button type="button" class="danger" data-command="halt" onClick={() => ask('halt')}>
          Halt
        </button>
      )}
      <button type="button" class="danger" data-command="flatten" onClick={() => ask('flatten')}>
        Flatten
      </button>
      {brake === null ? null : <Confirm key={brake} brake={brake} onEnd={() => ask(null)} />}
    </fieldset>
  )
}

type Progress =
  | { readonly is: 'asking' }
  | { readonly is: 'sent' }
  | { readonly is: 'done'; readonly says: string }
  | { readonly is: 'failed'; readonly code: string; readonly says: string }

interface ConfirmProps {
  readonly brake: Brake
  readonly onEnd: () => void
}

function Confirm({ brake, onEnd }: ConfirmProps) {
  const run = usePage((page) => page.facts?.run ?? '')
  const mode = usePage((page) => page.facts?.mode ?? '')
  const [progress, went] = useState<Progress>({ is: 'asking' })
  const [typed, type] = useState('')
  const dialog = useRef<HTMLDialogElement | null>(null)
  const question = QUESTIONS[brake]
  const expected = mustType(brake, mode, run)
  const open = (element: HTMLDialogElement | null): void => {
    dialog.current = element
    if (element !== null && !element.open) element.showModal()
  }
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault()
    if (progress.is !== 'asking' && progress.is !== 'failed') return
    const form = event.currentTarget as HTMLFormElement // the listener is on it
    const reason = String(new FormData(form).get('reason') ?? '').trim()
    went({ is: 'sent' })
    try {
      went({ is: 'done', says: outcomeOf(brake, await api.control({ do: brake, reason })) })
    } catch (error) {
      const { code, message } = asApiError(error)
      went({ is: 'failed', code, says: message })
    }
  }
  return (
    <dialog ref={open} onClose={onEnd} aria-labelledby="confirm-title" class="confirm">
      <h2 id="confirm-title">
        {question.title} <ModeBadge />
      </h2>
      {progress.is === 'done' ? (
        <>
          <p role="status" data-test="outcome">
            {progress.says}
          </p>
          <FlattenProgress brake={brake} />
          <div class="buttons">
            <button type="button" onClick={() => dialog.current?.close()}>
              Close
            </button>
          </div>
        </>
      ) : (
        <form onSubmit={submit}>
          <p class="soft">{question.means}</p>
          <label>
            Why, for the log
            <input name="reason" required maxLength={200} autocomplete="off" />
          </label>
          {expected === null ? null : (
            <label>
              <span>
                This is real money. Type the run, <code>{expected}</code>
              </span>
              <input
                name="typed"
                autocomplete="off"
                spellcheck={false}
                value={typed}
                onInput={(event) => type(event.currentTarget.value)}
              />
            </label>
          )}
          {progress.is === 'failed' ? (
            <p class="bad" role="alert">
              <code>{progress.code}</code> {progress.says}
            </p>
          ) : null}
          <div class="buttons">
            <button type="button" onClick={() => dialog.current?.close()}>
              Cancel
            </button>
            <button
              type="submit"
              class={question.isDangerous ? 'danger solid' : ''}
              data-test="confirm"
              disabled={progress.is === 'sent' || (expected !== null && typed !== expected)}
            >
              {progress.is === 'sent' ? 'Waiting for the log …' : question.button}
            </button>
          </div>
        </form>
      )}
    </dialog>
  )
}

/** Follows the log while the dialog is open. */
function FlattenProgress({ brake }: { readonly brake: Brake }) {
  const flatten = usePage((page) => page.state?.flatten ?? null)
  const book = usePage((page) => page.state?.book ?? null)
  if (brake !== 'flatten' || flatten === null || book === null) return null
  if (flatten.flatSeq !== null)
    return (
      <p class="up" role="status" data-test="flat">
        <b>Flat.</b> The venues confirm it: no position and no order is open.
      </p>
    )
  return (
    <p class="warn-text" role="status">
      Not flat yet: {openPositions(book)} positions and {book.openOrders} orders are open.
    </p>
  )
}
