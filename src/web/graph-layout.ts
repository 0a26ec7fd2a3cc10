/**
 * Owns where the agents of a run stand on a drawing: layers left to right by dependency, few crossings, lines that go around nodes.
 * Pure: the same agents always stand in the same places. Must never touch the document.
 */

export interface GraphNode {
  readonly name: string
  /** Whom it reads. Names that are not among the nodes are left out. */
  readonly dependencies: readonly string[]
}

export interface Placed {
  readonly name: string
  readonly layer: number
  /** Of the box's top left corner. */
  readonly x: number
  readonly y: number
}

export interface Line {
  readonly from: string
  readonly to: string
  /** Of an SVG path. */
  readonly d: string
}

export interface GraphLayout {
  readonly nodes: readonly Placed[]
  readonly lines: readonly Line[]
  readonly width: number
  readonly height: number
}

export interface GraphSizes {
  readonly boxWidth: number
  readonly boxHeight: number
  /** Between layers, and between boxes of a layer. */
  readonly gapX: number
  readonly gapY: number
}

/** A box, or the place where a line passes a layer. */
interface Slot {
  readonly id: string
  readonly layer: number
  readonly isBox: boolean
  readonly before: Slot[]
  readonly after: Slot[]
  y: number
}

const SWEEPS = 12
/** Height of a passing line against a box. */
const PASSAGE = 0.35

/** O(sweeps · lines · log nodes); a cycle is cut where it closes. */
export function layoutGraph(nodes: readonly GraphNode[], sizes: GraphSizes): GraphLayout {
  const edges = withoutDetours(acyclic(nodes))
  const layers = slotsByLayer(nodes, layersOf(nodes, edges), edges)
  for (let sweep = 0; sweep < SWEEPS; sweep++) order(layers, sweep % 2 === 0)
  const height = place(layers, sizes)
  const xOf = (layer: number): number => layer * (sizes.boxWidth + sizes.gapX)
  const slots = layers.flat()
  return {
    nodes: slots
      .filter(({ isBox }) => isBox)
      .map(({ id, layer, y }) => ({ name: id, layer, x: xOf(layer), y: round(y - sizes.boxHeight / 2) })),
    lines: slots.filter(({ isBox }) => isBox).flatMap((slot) => linesFrom(slot, xOf, sizes)),
    width: layers.length === 0 ? 0 : xOf(layers.length - 1) + sizes.boxWidth,
    height,
  }
}

type Edges = ReadonlyMap<string, ReadonlySet<string>>

/** From each node to its readers, in the order of the nodes; an edge that closes a cycle is left out. */
function acyclic(nodes: readonly GraphNode[]): Edges {
  const names = new Set(nodes.map(({ name }) => name))
  const readers = new Map<string, Set<string>>(nodes.map(({ name }) => [name, new Set()]))
  const reaches = (from: string, to: string): boolean =>
    from === to || [...(readers.get(from) ?? [])].some((next) => reaches(next, to))
  for (const { name, dependencies } of nodes)
    for (const dependency of dependencies)
      if (names.has(dependency) && !reaches(name, dependency)) readers.get(dependency)!.add(name)
  return readers
}

/** Only the edges that no longer way says already: what a person needs to see. */
function withoutDetours(edges: Edges): Edges {
  const reaches = (from: string, to: string): boolean =>
    [...(edges.get(from) ?? [])].some((next) => next === to || reaches(next, to))
  return new Map(
    [...edges].map(([from, readers]) => [
      from,
      new Set([...readers].filter((to) => ![...readers].some((other) => other !== to && reaches(other, to)))),
    ]),
  )
}

/** As late as the readers let it: a signal that reads nobody stands among the signals, not at the far left. */
function layersOf(nodes: readonly GraphNode[], edges: Edges): ReadonlyMap<string, number> {
  const depth = new Map<string, number>()
  const toEnd = (name: string): number => {
    const known = depth.get(name)
    if (known !== undefined) return known
    const found = Math.max(-1, ...[...edges.get(name)!].map(toEnd)) + 1
    depth.set(name, found)
    return found
  }
  const deepest = Math.max(0, ...nodes.map(({ name }) => toEnd(name)))
  const late = new Map(nodes.map(({ name }) => [name, deepest - toEnd(name)]))
  // A node that nobody reads stands right behind what it reads, or first, not in the last layer whatever that is.
  for (const { name, dependencies } of nodes) {
    const known = dependencies.filter((each) => late.has(each) && edges.get(each)!.has(name))
    if (edges.get(name)!.size === 0) late.set(name, Math.max(-1, ...known.map((each) => late.get(each)!)) + 1)
  }
  return late
}

function slotsByLayer(nodes: readonly GraphNode[], layerOf: ReadonlyMap<string, number>, edges: Edges): Slot[][] {
  const layers: Slot[][] = []
  const add = (id: string, layer: number, isBox: boolean): Slot => {
    const slot: Slot = { id, layer, isBox, before: [], after: [], y: 0 }
    while (layers.length <= layer) layers.push([])
    layers[layer]!.push(slot)
    return slot
  }
  const boxes = new Map(nodes.map(({ name }) => [name, add(name, layerOf.get(name)!, true)]))
  for (const [from, readers] of edges) {
    // Lines of one node share a passage for as long as they go the same way.
    const passages: Slot[] = [boxes.get(from)!]
    for (const to of [...readers].sort((a, b) => layerOf.get(a)! - layerOf.get(b)!)) {
      const target = boxes.get(to)!
      while (passages.at(-1)!.layer < target.layer - 1) {
        const last = passages.at(-1)!
        const passage = add(from, last.layer + 1, false)
        link(last, passage)
        passages.push(passage)
      }
      link(passages[target.layer - 1 - boxes.get(from)!.layer]!, target)
    }
  }
  return layers
}

function link(a: Slot, b: Slot): void {
  a.after.push(b)
  b.before.push(a)
}

/** Each layer by the mean place of its neighbours in the layer before (or behind); those without neighbours keep their place. */
function order(layers: readonly Slot[][], isForward: boolean): void {
  const sequence = isForward ? layers.slice(1) : layers.slice(0, -1).reverse()
  for (const layer of layers)
    layer.forEach((slot, i) => {
      slot.y = (i + 0.5) / layer.length
    })
  for (const layer of sequence) {
    const keyed = layer.map((slot) => {
      const neighbours = isForward ? slot.before : slot.after
      const mean = neighbours.reduce((sum, { y }) => sum + y, 0) / neighbours.length
      return { slot, key: neighbours.length === 0 ? slot.y : mean }
    })
    keyed.sort((a, b) => a.key - b.key)
    keyed.forEach(({ slot }, i) => {
      layer[i] = slot
      slot.y = (i + 0.5) / layer.length
    })
  }
}

/** Gives each slot the y of its middle: layers centred, then drawn towards their neighbours as far as there is room. Height of all. */
function place(layers: readonly Slot[][], { boxHeight, gapY }: GraphSizes): number {
  const heightOf = ({ isBox }: Slot): number => (isBox ? boxHeight : boxHeight * PASSAGE)
  const heights = layers.map((layer) => layer.reduce((sum, slot) => sum + heightOf(slot) + gapY, -gapY))
  const height = Math.max(0, ...heights)
  layers.forEach((layer, i) => {
    let top = (height - heights[i]!) / 2
    for (const slot of layer) {
      slot.y = top + heightOf(slot) / 2
      top += heightOf(slot) + gapY
    }
  })
  for (let pass = 0; pass < SWEEPS; pass++)
    for (const layer of pass % 2 === 0 ? layers : [...layers].reverse()) {
      const wanted = layer.map((slot) => {
        const near = [...slot.before, ...slot.after]
        return near.length === 0 ? slot.y : near.reduce((sum, { y }) => sum + y, 0) / near.length
      })
      settle(layer, wanted, heightOf, gapY, height)
    }
  return height
}

/** Moves slots to where they want to be, keeping their order, their distance, and the frame: down from the top, then up from the bottom. */
function settle(
  layer: readonly Slot[],
  wanted: readonly number[],
  heightOf: (slot: Slot) => number,
  gapY: number,
  height: number,
): void {
  let least = 0
  layer.forEach((slot, i) => {
    slot.y = Math.max(wanted[i]!, least + heightOf(slot) / 2)
    least = slot.y + heightOf(slot) / 2 + gapY
  })
  let most = height
  for (const slot of [...layer].reverse()) {
    slot.y = Math.min(slot.y, most - heightOf(slot) / 2)
    most = slot.y - heightOf(slot) / 2 - gapY
  }
}

/** A line from a box to each reader: curves between layers, straight past a layer that it only passes. */
function linesFrom(box: Slot, xOf: (layer: number) => number, { boxWidth, gapX }: GraphSizes): Line[] {
  const lines: Line[] = []
  const walk = (slot: Slot, path: string): void => {
    const x = xOf(slot.layer) + boxWidth
    for (const next of slot.after) {
      const [bend, end] = [x + gapX / 2, x + gapX]
      const curve = `${path}C${bend} ${round(slot.y)} ${bend} ${round(next.y)} ${end} ${round(next.y)}`
      if (next.isBox) lines.push({ from: box.id, to: next.id, d: curve })
      else walk(next, `${curve}H${end + boxWidth}`)
    }
  }
  walk(box, `M${xOf(box.layer) + boxWidth} ${round(box.y)}`)
  return lines
}

const round = (y: number): number => Math.round(y * 10) / 10
