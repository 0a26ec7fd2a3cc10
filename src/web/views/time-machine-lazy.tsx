/** Owns when the time machine is loaded: behind the first view, whose time it must not take. */
import type { ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { usePage } from '../hooks.js'

export function TimeMachineDock() {
  const hasState = usePage((page) => page.state !== null || page.route.at !== null)
  const [loaded, load] = useState<{ readonly Dock: ComponentType } | null>(null)
  useEffect(() => {
    if (!hasState) return
    // Without it the page still shows the head; a reload brings it back.
    import('./time-machine-dock.js').then(
      ({ Dock }) => load({ Dock }),
      () => undefined,
    )
  }, [hasState])
  return loaded === null ? null : <loaded.Dock />
}
