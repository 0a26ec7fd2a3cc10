/** Owns the drawing of the graph: a box an agent, a line a dependency; the chosen one's lines stand out. Boxes are buttons, lines are SVG. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { AgentRow, RunFacts } from '#audit/view/view.port'
import type { LiveStatus } from '#monitoring/metrics/live-status.port'
import { age } from '../format.js'
import { type GraphSizes, layoutGraph } from '../graph-layout.js'
import { toneOf } from './agents-tone.js'

interface GraphProps {
  readonly agents: RunFacts['agents']
  readonly rows: ReadonlyMap<string, AgentRow>
  /** Of the state looked at. */
  readonly ts: number
  readonly health: LiveStatus['agents'] | undefined
  readonly chosen: string
  readonly onChoose: (name: string) => void
}

const SIZES: GraphSizes = { boxWidth: 152, boxHeight: 46, gapX: 44, gapY: 10 }

/** Boxes and gaps that fill the width; below a least size the graph scrolls. */
function sizesFor(width: number, layers: number): GraphSizes {
  const boxWidth = Math.round(Math.min(184, Math.max(118, (width / layers) * 0.77)))
  const gapX = layers < 2 ? SIZES.gapX : Math.min(90, Math.max(20, (width - layers * boxWidth) / (layers - 1)))
  return { ...SIZES, boxWidth, gapX: Math.floor(gapX) }
}

export function AgentsGraph({ agents, rows, ts, health, chosen, onChoose }: GraphProps) {
  const frame = useRef<HTMLDivElement>(null)
  const [width, resize] = useState(1100)
  const [hovered, hover] = useState('')
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => entry !== undefined && resize(Math.floor(entry.contentRect.width)))
    observer.observe(frame.current!)
    return () => observer.disconnect()
  }, [])
  const layers = useMemo(() => Math.max(1, ...layoutGraph(agents, SIZES).nodes.map(({ layer }) => layer + 1)), [agents])
  const sizes = useMemo(() => sizesFor(width, layers), [width, layers])
  const layout = useMemo(() => layoutGraph(agents, sizes), [agents, sizes])
  const subject = hovered === '' ? chosen : hovered
  const reads = new Set(agents.find(({ name }) => name === subject)?.dependencies ?? [])
  const readers = new Set(agents.filter(({ dependencies }) => dependencies.includes(subject)).map(({ name }) => name))
  const isNear = (name: string): boolean => subject === '' || name === subject || reads.has(name) || readers.has(name)
  return (
    <div class="graph-scroll">
      <div ref={frame} class="graph-width" />
      <div class="graph" style={{ width: `${layout.width}px`, height: `${layout.height}px` }} data-test="graph">
        <svg width={layout.width} height={layout.height} aria-hidden="true">
          {layout.lines.map(({ from, to, d }) => (
            <path
              key={`${from}>${to}`}
              d={d}
              class={subject === '' ? '' : from === subject || to === subject ? 'near' : 'far'}
            />
          ))}
        </svg>
        {layout.nodes.map(({ name, x, y }) => (
          <Agent
            key={name}
            name={name}
            row={rows.get(name)}
            ts={ts}
            isUnwell={health?.find((each) => each.name === name)?.health.isHealthy === false}
            isChosen={name === chosen}
            isFar={!isNear(name)}
            place={{ left: `${x}px`, top: `${y}px`, width: `${sizes.boxWidth}px`, height: `${sizes.boxHeight}px` }}
            onChoose={onChoose}
            onNear={hover}
          />
        ))}
      </div>
    </div>
  )
}

interface AgentProps {
  readonly name: string
  readonly row: AgentRow | undefined
  readonly ts: number
  readonly isUnwell: boolean
  readonly isChosen: boolean
  readonly isFar: boolean
  readonly place: Readonly<Record<'left' | 'top' | 'width' | 'height', string>>
  readonly onChoose: (name: string) => void
  /** Empty: not any more. */
  readonly onNear: (name: string) => void
}

function Agent({ name, row, ts, isUnwell, isChosen, isFar, place, onChoose, onNear }: AgentProps) {
  const state = row?.state ?? ''
  const tone = isUnwell && toneOf(state) === 'good' ? 'warn' : toneOf(state)
  const [room = '', ...rest] = name.split('/')
  const said = row === undefined || row.lastTs === 0 ? 'silent' : `${age(ts - row.lastTs)} ago`
  const restarts = row?.restarts ?? 0
  return (
    <button
      type="button"
      class={`agent ${tone} ${isFar ? 'far' : ''}`}
      style={place}
      aria-pressed={isChosen}
      aria-label={`${name}: ${state === '' ? 'not yet begun' : state}, ${restarts} restarts, last word ${said}`}
      title={`${name} · ${state}`}
      data-agent={name}
      data-state={state}
      onClick={() => onChoose(name)}
      onMouseEnter={() => onNear(name)}
      onMouseLeave={() => onNear('')}
      onFocus={() => onNear(name)}
      onBlur={() => onNear('')}
    >
      <span>
        <i class={`dot ${tone}`} />
        <span class="name">{rest.join('/') || room}</span>
        <span class="restarts">{restarts === 0 ? '' : `↻\u202f${restarts}`}</span>
      </span>
      <span>
        <span class="room">{room}</span>
        <span class="said">{tone === 'good' || tone === '' ? said : state}</span>
      </span>
    </button>
  )
}
