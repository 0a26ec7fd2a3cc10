/** Owns the list of views: order, names, and where each is loaded from when it is first looked at. */
import type { ComponentType } from 'preact'

export interface ViewProps {
  /** What stands behind the view's name in the address, decoded. */
  readonly argument: string
}

export interface View {
  readonly id: string
  readonly title: string
  readonly load: () => Promise<ComponentType<ViewProps>>
}

/** The keys 1 to 8 open them. */
export const VIEWS: readonly View[] = [
  { id: 'overview', title: 'Overview', load: async () => (await import('./views/overview.js')).Overview },
  { id: 'market', title: 'Market', load: async () => (await import('./views/market.js')).Market },
  { id: 'signals', title: 'Signals', load: async () => (await import('./views/signals.js')).Signals },
  { id: 'orders', title: 'Orders', load: async () => (await import('./views/orders.js')).Orders },
  { id: 'why', title: 'Why', load: async () => (await import('./views/why.js')).Why },
  { id: 'time', title: 'Time machine', load: async () => (await import('./views/time-machine.js')).TimeMachine },
  { id: 'agents', title: 'Agents', load: async () => (await import('./views/agents.js')).Agents },
  { id: 'log', title: 'Log', load: async () => (await import('./views/log.js')).Log },
]

/** The first where there is none of that name. */
export const viewOf = (id: string): View => VIEWS.find((view) => view.id === id) ?? VIEWS[0]!
