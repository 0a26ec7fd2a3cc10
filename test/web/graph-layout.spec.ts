/** Where agents stand: every dependency points right, nothing overlaps, lines say only what no longer way says. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type GraphNode, layoutGraph } from '#web/graph-layout'

const SIZES = { boxWidth: 140, boxHeight: 40, gapX: 50, gapY: 12 }
const node = (name: string, ...dependencies: readonly string[]): GraphNode => ({ name, dependencies })

const PIPELINE = [
  node('market/bars'),
  node('signal/tsmom', 'market/bars'),
  node('signal/donchian', 'market/bars'),
  node('signal/carry'),
  node('portfolio/blender', 'market/bars', 'signal/tsmom', 'signal/donchian', 'signal/carry'),
  node('risk/engine', 'market/bars', 'portfolio/blender'),
  node('execution/router', 'risk/engine'),
  node('venue/paper', 'risk/engine', 'execution/router'),
  node('risk/monitor', 'market/bars', 'portfolio/blender', 'risk/engine'),
  node('data/options'),
]

const layerOf = (nodes: readonly GraphNode[]): Record<string, number> =>
  Object.fromEntries(layoutGraph(nodes, SIZES).nodes.map(({ name, layer }) => [name, layer]))

describe('the graph of a run', () => {
  it('stands in layers, a signal without inputs among the signals, a leaf right behind what it reads', () => {
    expect(layerOf(PIPELINE)).toEqual({
      'market/bars': 0,
      'data/options': 0,
      'signal/tsmom': 1,
      'signal/donchian': 1,
      'signal/carry': 1,
      'portfolio/blender': 2,
      'risk/engine': 3,
      'execution/router': 4,
      'risk/monitor': 4,
      'venue/paper': 5,
    })
  })

  it('draws only the lines that no longer way says', () => {
    const lines = layoutGraph(PIPELINE, SIZES).lines.map(({ from, to }) => `${from} > ${to}`)
    expect(lines.sort()).toEqual(
      [
        'market/bars > signal/tsmom',
        'market/bars > signal/donchian',
        'signal/tsmom > portfolio/blender',
        'signal/donchian > portfolio/blender',
        'signal/carry > portfolio/blender',
        'portfolio/blender > risk/engine',
        'risk/engine > execution/router',
        'risk/engine > risk/monitor',
        'execution/router > venue/paper',
      ].sort(),
    )
  })

  it('leads a line past the layers between', () => {
    const { lines } = layoutGraph(
      [node('a'), node('b', 'a'), node('c', 'b'), node('x'), node('d', 'c'), node('e', 'a'), node('f', 'd', 'e')],
      SIZES,
    )
    expect(lines.find(({ from, to }) => from === 'e' && to === 'f')?.d.match(/C/g)).toHaveLength(1)
    expect(lines.find(({ from, to }) => from === 'a' && to === 'e')?.d.match(/H/g)?.length).toBeGreaterThan(0)
  })

  it('is empty for no agent, one box for one', () => {
    expect(layoutGraph([], SIZES)).toEqual({ nodes: [], lines: [], width: 0, height: 0 })
    expect(layoutGraph([node('a', 'unknown')], SIZES)).toEqual({
      nodes: [{ name: 'a', layer: 0, x: 0, y: 0 }],
      lines: [],
      width: 140,
      height: 40,
    })
  })

  it('cuts a cycle where it closes', () => {
    expect(layoutGraph([node('a', 'b'), node('b', 'a'), node('c', 'c')], SIZES).nodes).toHaveLength(3)
  })
})

describe('any graph', () => {
  const graphs = fc
    .array(fc.array(fc.nat({ max: 30 }), { maxLength: 4 }), { maxLength: 30 })
    .map((all) => all.map((before, i) => node(`n${i}`, ...before.filter((j) => j < i).map((j) => `n${j}`))))

  it('has each node once, inside the frame, apart from the others, right of what it reads', () => {
    fc.assert(
      fc.property(graphs, (nodes) => {
        const { nodes: placed, width, height } = layoutGraph(nodes, SIZES)
        expect(placed.map(({ name }) => name).sort()).toEqual(nodes.map(({ name }) => name).sort())
        const byName = new Map(placed.map((each) => [each.name, each]))
        for (const { x, y } of placed) {
          expect(x).toBeGreaterThanOrEqual(0)
          expect(x + SIZES.boxWidth).toBeLessThanOrEqual(width)
          expect(y).toBeGreaterThanOrEqual(-0.1)
          expect(y + SIZES.boxHeight).toBeLessThanOrEqual(height + 0.1)
        }
        for (const a of placed)
          for (const b of placed)
            if (a !== b && a.layer === b.layer)
              expect(Math.abs(a.y - b.y)).toBeGreaterThan(SIZES.boxHeight + SIZES.gapY - 0.2)
        for (const { name, dependencies } of nodes)
          for (const dependency of dependencies)
            expect(byName.get(dependency)!.layer).toBeLessThan(byName.get(name)!.layer)
      }),
    )
  })

  it('stands the same each time', () => {
    fc.assert(
      fc.property(graphs, (nodes) => {
        expect(layoutGraph(nodes, SIZES)).toEqual(layoutGraph([...nodes], SIZES))
      }),
    )
  })
})
