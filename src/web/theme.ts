/** Owns light and dark: what the system says, unless somebody chose; and the colours as a canvas needs them. */

const KEY = 'quantbot.theme'

export type Theme = 'dark' | 'light'

/** A browser may refuse its storage: the choice then lasts as long as the page. */
function stored(): Theme | undefined {
  try {
    const value = localStorage.getItem(KEY)
    return value === 'dark' || value === 'light' ? value : undefined
  } catch {
    return undefined
  }
}

const listeners = new Set<() => void>()
const system = matchMedia('(prefers-color-scheme: dark)')

export function themeNow(): Theme {
  const chosen = document.documentElement.dataset.theme
  if (chosen === 'dark' || chosen === 'light') return chosen
  return system.matches ? 'dark' : 'light'
}

export function applyTheme(): void {
  const chosen = stored()
  if (chosen !== undefined) document.documentElement.dataset.theme = chosen
  system.addEventListener('change', tell)
}

function tell(): void {
  for (const listener of [...listeners]) listener()
}

export function toggleTheme(): void {
  const next: Theme = themeNow() === 'dark' ? 'light' : 'dark'
  document.documentElement.dataset.theme = next
  try {
    localStorage.setItem(KEY, next)
  } catch {
    // It lasts as long as the page.
  }
  tell()
}

/** Called when colours have changed: charts on a canvas draw themselves again. Gives a function that ends it. */
export function onTheme(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** The colour behind a custom property of the stylesheet, as `rgb(…)`: `colour('--up')`. */
export function colour(property: string): string {
  const probe = document.createElement('span')
  probe.style.color = `var(${property})`
  document.body.append(probe)
  const value = getComputedStyle(probe).color
  probe.remove()
  return value
}
