/**
 * Owns the golden layouts of states (test/golden/state-layouts.json): of every agent and source that is snapshotted, its version and
 * the layout of its state after runs in which all of them have much to remember. A snapshot of an older run is told by its version
 * alone: where a layout changes under the same one, it would be misread. scripts/golden.ts and a spec call it.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type AnyDecider, catalogue, type Fills } from '#actors/catalogue'
import { SimBars } from '#actors/sim-bars.source'
import { configSchema } from '#core/config/schema'
import { SIGNAL_NAMES } from '#core/config/signal-names'
import { createSimMarket } from '#data/connectors/sim/market'
import { Dispatcher, type Input } from '#engine/dispatcher'
import { TIMERS } from '#engine/live-snapshots'
import { TimerHeap } from '#engine/timers'
import { WaitingOrders } from '#engine/waiting-orders'
import { LineBuffer } from '#events/line-buffer'
import { Layout, layoutDifferences } from './state-layout.js'
import { playWorld, WORLD_WORDS, worldConfig } from './state-world.js'

export interface StateLayout {
  readonly version: string
  /** Path to kinds of JSON. */
  readonly layout: Readonly<Record<string, string>>
}
/** By agent or source. */
export type StateLayouts = Readonly<Record<string, StateLayout>>

/** States are looked at after the first events of each type, and again and again. */
const FIRST = 3
const EVERY = 97
const SIM_INPUTS = 200

/** For tests of this test: an agent that is otherwise, a story that ends early. */
export interface StateLayoutsOptions {
  readonly change?: (decider: AnyDecider) => AnyDecider
  readonly days?: number
}

/** Versions and layouts as this program has them; some seconds. */
export function makeStateLayouts(options: StateLayoutsOptions = {}): StateLayouts {
  const found = new Found()
  for (const fills of ['quote', 'nextOpen'] as const) playInto(found, fills, options)
  const bars = simBars()
  for (let i = 0; i < SIM_INPUTS; i++) {
    found.add(bars.name, bars.version, bars.state())
    bars.next()
  }
  return found.describe()
}

class Found {
  readonly #versions = new Map<string, string>()
  readonly #layouts = new Map<string, Layout>()

  add(name: string, version: string, state: unknown): void {
    this.#versions.set(name, version)
    let layout = this.#layouts.get(name)
    if (layout === undefined) {
      layout = new Layout([...WORLD_WORDS, ...SIGNAL_NAMES.map(({ key }) => key)])
      this.#layouts.set(name, layout)
    }
    layout.add(state)
  }

  describe(): StateLayouts {
    return Object.fromEntries(
      [...this.#layouts]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, layout]) => [name, { version: this.#versions.get(name)!, layout: layout.describe() }]),
    )
  }
}

function playInto(found: Found, fills: Fills, { change = (decider) => decider, days }: StateLayoutsOptions): void {
  const config = worldConfig(fills)
  const deciders = catalogue(config, fills).map(change)
  const [waiting, timers, counts] = [new WaitingOrders(), new TimerHeap(), new Map<string, number>()]
  const lines = new LineBuffer()
  let isDue = false
  let events = 0
  const dispatcher = new Dispatcher({
    deciders,
    runSeed: config.seed,
    lines,
    log: 'derived',
    startRunning: true,
    observe: (event) => {
      if (event.type === 'AgentFaulted') throw new Error(`${event.data.agent} threw: ${event.data.code}`)
      waiting.fold(event)
      if (event.type === 'TimerRequested') timers.push(event.data)
      const isPart = event.type === 'OrderFilled' && Number(event.data.remaining) > 0
      const what = isPart ? 'a part of an order' : event.type
      const count = (counts.get(what) ?? 0) + 1
      counts.set(what, count)
      if (count <= FIRST || ++events % EVERY === 0) isDue = true
    },
  })
  const step = (type: Input['type'], ts: number, data: object): void => {
    dispatcher.step({ type, by: 'source/world', ts, data })
    lines.truncate(0)
    if (!isDue) return
    isDue = false
    for (const { name, version } of deciders) found.add(name, version, dispatcher.stateOf(name))
    found.add(TIMERS, '1', timers.state())
  }
  const send = (type: Input['type'], ts: number, data: object): void => {
    for (let due = timers.popDue(ts); due !== undefined; due = timers.popDue(ts))
      step('TimerFired', due.dueAt, { ...due })
    step(type, ts, data)
  }
  playWorld(fills, { send, waiting: () => waiting.instruments() }, days)
}

function simBars(): SimBars {
  const { sim, seed } = configSchema.parse({ seed: 3, sim: { symbols: 2, interval: '4h', historyDays: 5 } })
  return new SimBars(createSimMarket(sim, seed), createSimMarket(sim, seed))
}

const fileIn = (dir: string): string => join(dir, 'state-layouts.json')

/** As `writeStateLayouts` wrote them; none where there is no file yet. */
export function readStateLayouts(dir: string): StateLayouts {
  return existsSync(fileIn(dir)) ? (JSON.parse(readFileSync(fileIn(dir), 'utf8')) as StateLayouts) : {}
}

export function writeStateLayouts(dir: string, layouts: StateLayouts): void {
  writeFileSync(fileIn(dir), `${JSON.stringify(layouts, undefined, 1)}\n`)
}

/** A layout that changed under its version: snapshots of runs before would be misread. */
export function misreadable(golden: StateLayouts, now: StateLayouts): string[] {
  return Object.entries(now).flatMap(([name, { version, layout }]) => {
    const before = golden[name]
    if (before === undefined || before.version !== version) return []
    return layoutDifferences(before.layout, layout).map(
      (difference) => `${name}: ${difference}; raise its version (now ${version}) and run npm run golden`,
    )
  })
}

/** Everything in which the golden file is behind: what is misreadable, and what only has to be written anew. */
export function stateLayoutProblems(golden: StateLayouts, now: StateLayouts): string[] {
  const stale = [...new Set([...Object.keys(golden), ...Object.keys(now)])].sort().flatMap((name) => {
    const [before, after] = [golden[name]?.version, now[name]?.version]
    if (before === after) return []
    if (before === undefined) return [`${name} is new; run npm run golden`]
    if (after === undefined) return [`${name} is gone; run npm run golden`]
    return [`${name}: version ${before} became ${after}; run npm run golden`]
  })
  return [...misreadable(golden, now), ...stale]
}
