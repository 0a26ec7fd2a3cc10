/** Owns the way from view to view; folds behind a button where the screen is narrow. */
import { useEffect, useState } from 'preact/hooks'
import { usePage } from '../hooks.js'
import { linkTo } from '../run-store.js'
import { VIEWS } from '../views.js'

export function Navigation() {
  const current = usePage((page) => page.route.view)
  // Links keep the seq that is looked at.
  const at = usePage((page) => page.route.at)
  const [isOpen, open] = useState(false)
  useEffect(() => open(false), [current, at])
  const title = VIEWS.find(({ id }) => id === current)?.title ?? VIEWS[0]!.title
  return (
    <nav aria-label="Views" class={isOpen ? 'views open' : 'views'}>
      <button type="button" class="fold" aria-expanded={isOpen} aria-controls="views" onClick={() => open(!isOpen)}>
        <span aria-hidden="true">☰</span> {title}
      </button>
      <ul id="views">
        {VIEWS.map(({ id, title: name }, i) => (
          <li key={id}>
            <a href={linkTo(id)} aria-current={id === current ? 'page' : undefined} aria-keyshortcuts={String(i + 1)}>
              <span>{name}</span>
              <kbd>{i + 1}</kbd>
            </a>
          </li>
        ))}
      </ul>
    </nav>
  )
}
