/** A state whose layout changed under its agent's version is caught; what the golden file holds is as rich as it should be. */
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import type { AnyDecider } from '#actors/catalogue'
import { Layout, layoutDifferences } from './state-layout.js'
import { makeStateLayouts, readStateLayouts, type StateLayouts, stateLayoutProblems } from './state-layouts.js'

const golden = readStateLayouts(fileURLToPath(new URL('../golden', import.meta.url)))

describe('the layouts of states', () => {
  let now: StateLayouts
  beforeAll(() => {
    now = makeStateLayouts()
  }, 120_000)

  it('are those of the golden file, or their versions were raised', () => {
    expect(stateLayoutProblems(golden, now)).toEqual([])
  })

  it('are of every agent that there is', () => {
    expect(Object.keys(now)).toEqual(
      [
        ...['market/bars', 'market/coverage', 'data/funding', 'data/futures', 'data/options'],
        ...['signal/tsmom', 'signal/donchian', 'signal/meanrev', 'signal/oi', 'signal/xsection', 'signal/carry'],
        ...['signal/basis', 'signal/dispersion', 'signal/vrp', 'signal/skew', 'signal/ssr', 'signal/mvrv'],
        ...['portfolio/blender', 'risk/engine', 'risk/monitor', 'execution/router', 'venue/paper'],
        ...['connector/sim', 'engine/timers'],
      ].sort(),
    )
  })

  it('show what is held only now and then', () => {
    const shown = (name: string, ...paths: string[]): void => {
      for (const path of paths) expect(Object.keys(now[name]!.layout), name).toContain(path)
    }
    shown(
      'risk/engine',
      'slots[].hit.level',
      'slots[].stop.extreme',
      'packages[].legs[].instrument',
      'orders.open[].order',
    )
    shown('execution/router', 'live[].phase', 'finished[].order', 'legs[].bid')
    shown('portfolio/blender', 'told.signals[].riskShare', 'history[].values[]', 'bucket.packages[].legs[].ratio')
    shown('signal/vrp', 'desk.unit.options[].instrument', 'premium.iv')
    shown('signal/skew', 'desk.unit.hedge.instrument')
    shown('signal/dispersion', 'coins[].pair[]')
  })

  it('are maps where ids are keys, and no id of the world stands in a path', () => {
    const paths = Object.values(now).flatMap(({ layout }) => Object.keys(layout))
    expect(paths.filter((path) => /BTC|USDT|binance|deribit|\d{4}/.test(path))).toEqual([])
    expect(now['risk/engine']!.layout.indexOf).toBe('map')
  })

  it('are caught when they change under their version', () => {
    /** A golden in which one agent was otherwise. */
    const changed = (name: string, change: Partial<StateLayouts[string]>): StateLayouts => ({
      ...now,
      [name]: { ...now[name]!, ...change },
    })
    const { layout, version } = now['risk/engine']!
    const { peak: _peak, ...without } = layout
    expect(stateLayoutProblems(changed('risk/engine', { layout: without }), now)).toEqual([
      `risk/engine: state.peak is new; raise its version (now ${version}) and run npm run golden`,
    ])
    const more = { ...layout, 'ledger.old': 'string' }
    expect(stateLayoutProblems(changed('risk/engine', { layout: more }), now)).toEqual([
      `risk/engine: state.ledger.old is gone; raise its version (now ${version}) and run npm run golden`,
    ])
    expect(stateLayoutProblems(changed('risk/engine', { version: '0', layout: without }), now)).toEqual([
      `risk/engine: version 0 became ${version}; run npm run golden`,
    ])
    const { 'risk/engine': _engine, ...others } = now
    expect(stateLayoutProblems(others, now)).toEqual(['risk/engine is new; run npm run golden'])
    expect(stateLayoutProblems({ ...now, 'signal/gone': now['risk/engine']! }, now)).toEqual([
      'signal/gone is gone; run npm run golden',
    ])
  })

  it('are caught when an agent itself remembers otherwise', () => {
    const change = (decider: AnyDecider): AnyDecider =>
      decider.name === 'signal/tsmom' ? { ...decider, initial: () => remembered(decider.initial()) } : decider
    const [before, other] = [makeStateLayouts({ days: 1 }), makeStateLayouts({ days: 1, change })]
    const { version } = now['signal/tsmom']!
    const said = (what: string): string =>
      `signal/tsmom: state.${what}; raise its version (now ${version}) and run npm run golden`
    expect(stateLayoutProblems(before, other)).toEqual(
      [said('since is new'), said('spans[] is new'), said('spans is new')].sort(),
    )
  })
})

/** A member more. */
const remembered = (state: unknown): unknown => ({ ...(state as object), since: 0, spans: [1] }) // an object, as all are

describe('a layout', () => {
  const layoutOf = (...states: unknown[]): Record<string, string> => {
    const layout = new Layout(['BTC', 'binance'])
    for (const state of states) layout.add(state)
    return layout.describe()
  }

  it('merges elements and values, and tells kinds', () => {
    expect(
      layoutOf(
        { rows: [], byId: {}, last: null, ok: true },
        { rows: [{ at: 1 }, { at: null }], byId: { 'a/b': { n: 'x' }, c: { n: 2 } }, last: { q: [1] }, ok: false },
      ),
    ).toEqual({
      '.': 'object',
      byId: 'map',
      'byId{}': 'object',
      'byId{}.n': 'number|string',
      last: 'null|object',
      'last.q': 'array',
      'last.q[]': 'number',
      ok: 'boolean',
      rows: 'array',
      'rows[]': 'object',
      'rows[].at': 'null|number',
    })
    expect(layoutOf({ of: { BTC: 1 } }, { of: { binance: 'x' } })).toEqual({
      '.': 'object',
      of: 'map',
      'of{}': 'number|string',
    })
  })

  it.each([
    ['a member is renamed', { from: 1, size: 2 }, { since: 1, size: 2 }, ['state.from is gone', 'state.since is new']],
    ['a number becomes a text', { size: 2 }, { size: '2' }, ['state.size was number and is string']],
    [
      'an array becomes a map',
      { of: [1] },
      { of: { BTC: 1 } },
      ['state.of was array and is map', 'state.of[] is gone', 'state.of{} is new'],
    ],
    ['the state itself is another', [1], null, ['state was array and is null', 'state.[] is gone']],
    ['nothing but values changed', { size: 2 }, { size: 3 }, []],
  ])('tells when %s', (_what, before, after, differences) => {
    expect(layoutDifferences(layoutOf(before), layoutOf(after))).toEqual(differences)
  })
})
