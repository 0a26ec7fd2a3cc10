/** Owns the keyboard: keys that work everywhere, and the list of them. Never takes a key from a field, or one held with Ctrl, Alt or Meta. */
import { useEffect, useRef } from 'preact/hooks'
import { chooseSeq, goTo } from '../run-store.js'
import { toggleTheme } from '../theme.js'
import { VIEWS } from '../views.js'

export function Shortcuts() {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target)) return
      if (document.querySelector('dialog[open]') !== null) return
      const view = /^[1-9]$/.test(event.key) ? VIEWS[Number(event.key) - 1] : undefined
      if (view !== undefined) goTo(view.id)
      else if (event.key === '?') dialog.current?.showModal()
      else if (event.key === 't') toggleTheme()
      else if (event.key === 'l') chooseSeq(null)
      else if (event.key === 'h') document.querySelector<HTMLElement>('[data-command]')?.focus()
      else return
      event.preventDefault()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])
  return (
    <dialog ref={dialog} class="shortcuts" aria-labelledby="shortcuts-title">
      <h2 id="shortcuts-title">Shortcuts</h2>
      <dl>
        {VIEWS.map(({ id, title }, i) => (
          <Row key={id} keys={String(i + 1)} does={title} />
        ))}
        <Row keys="l" does="Back to the head, from the past" />
        <Row keys="h" does="To the controls: halt, resume, flatten" />
        <Row keys="t" does="Dark or light" />
        <Row keys="?" does="This list" />
        <Row keys="Esc" does="Close a dialog" />
      </dl>
      <form method="dialog">
        <button type="submit">Close</button>
      </form>
    </dialog>
  )
}

function Row({ keys, does }: { readonly keys: string; readonly does: string }) {
  return (
    <div>
      <dt>
        <kbd>{keys}</kbd>
      </dt>
      <dd>{does}</dd>
    </div>
  )
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable]') !== null
}
