/** Owns lines over time: uPlot with our colours, in UTC, as wide as its place. Asks nothing; draws what it is given. */
import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import { clock, time } from '../format.js'
import { colour, onTheme } from '../theme.js'
import 'uplot/dist/uPlot.min.css'

export interface Line {
  readonly label: string
  readonly values: readonly (number | null)[]
  /** Custom property of the stylesheet: `--accent`. */
  readonly colour: string
  readonly format: (value: number | null) => string
  /** Holds its value until the next point. */
  readonly isStepped?: boolean
  readonly isFilled?: boolean
  readonly isDashed?: boolean
  /** On a scale of its own, at the right. */
  readonly isRight?: boolean
}

interface PlotProps {
  /** Says to who cannot see it what is plotted. */
  readonly label: string
  /** Epoch ms, ascending. */
  readonly ts: readonly number[]
  readonly lines: readonly Line[]
  /** CSS pixels, without the legend. */
  readonly height: number
  /** Called with the index of the point under a click. */
  readonly onPick?: (index: number) => void
  /** Plots of one name move their cursors together. */
  readonly sync?: string
}

export function Plot(props: PlotProps) {
  const { label, ts, lines, height, onPick } = props
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | undefined>(undefined)
  const picked = useRef(onPick)
  picked.current = onPick
  const drawn = useRef(props)
  drawn.current = props
  const data = dataOf(ts, lines)
  const latest = useRef(data)
  latest.current = data
  // Lines of the same look keep their plot: only its data moves on.
  const look = JSON.stringify([height, lines.map((line) => [line.label, line.colour, line.isRight ?? false])])

  useEffect(() => {
    const element = place.current!
    const draw = (): void => {
      plot.current?.destroy()
      plot.current = new uPlot(optionsOf(drawn.current, element.clientWidth), latest.current, element)
    }
    draw()
    const sizes = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height }))
    sizes.observe(element)
    const pick = (): void => {
      const index = plot.current?.cursor.idx
      if (index !== null && index !== undefined) picked.current?.(index)
    }
    element.addEventListener('click', pick)
    const endTheme = onTheme(draw)
    return () => {
      sizes.disconnect()
      element.removeEventListener('click', pick)
      endTheme()
      plot.current?.destroy()
      plot.current = undefined
    }
  }, [look])
  useEffect(() => plot.current?.setData(data), [ts, ...lines.map((line) => line.values)])
  return <div ref={place} class={onPick === undefined ? 'plot' : 'plot pickable'} role="img" aria-label={label} />
}

function dataOf(ts: readonly number[], lines: readonly Line[]): uPlot.AlignedData {
  // uPlot types its columns as mutable; it does not change them.
  return [ts.map((each) => each / 1000), ...lines.map((line) => line.values as (number | null)[])]
}

const DAY_S = 86_400
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const

/** Labels as coarse as the steps between them; the year below where it begins. */
function dates(splits: readonly number[], step: number): string[] {
  let year = 0
  return splits.map((seconds) => {
    const date = new Date(seconds * 1000)
    const month = MONTHS[date.getUTCMonth()]!
    const days = step >= 28 * DAY_S ? month : `${date.getUTCDate()} ${month}`
    const text = step >= DAY_S || seconds % DAY_S === 0 ? days : clock(seconds * 1000).slice(0, step < 60 ? 8 : 5)
    const isNew = date.getUTCFullYear() !== year
    year = date.getUTCFullYear()
    return isNew ? `${text}\n${year}` : text
  })
}

function optionsOf({ lines, height, sync }: PlotProps, width: number): uPlot.Options {
  const soft = colour('--soft')
  const grid = { stroke: colour('--line'), width: 1 }
  const axis = { stroke: soft, grid, ticks: { ...grid, size: 4 }, font: '11px system-ui, sans-serif' }
  const left = lines.find((line) => line.isRight !== true)
  const right = lines.find((line) => line.isRight === true)
  const valued = (line: Line, side: number): uPlot.Axis => ({
    ...axis,
    scale: side === 1 ? 'right' : 'y',
    side: side === 1 ? 1 : 3,
    grid: { ...grid, show: side !== 1 },
    size: 72,
    values: (_, splits) => splits.map((value) => line.format(value)),
  })
  return {
    width,
    height,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
    cursor: {
      points: { size: 6 },
      drag: { x: true, y: false },
      ...(sync === undefined ? {} : { sync: { key: sync } }),
    },
    legend: { live: true },
    scales: { x: { time: true } },
    axes: [
      { ...axis, space: 70, values: (_, splits, _axis, _space, step) => dates(splits, step) },
      ...(left === undefined ? [] : [valued(left, 3)]),
      ...(right === undefined ? [] : [valued(right, 1)]),
    ],
    series: [
      { label: 'UTC', value: (plot, seconds) => time((seconds ?? plot.data[0].at(-1) ?? 0) * 1000) },
      ...lines.map((line) => seriesOf(line)),
    ],
  }
}

function seriesOf(line: Line): uPlot.Series {
  const stroke = colour(line.colour)
  return {
    label: line.label,
    scale: line.isRight === true ? 'right' : 'y',
    stroke,
    width: 1.5,
    // Nothing pointed at: the newest.
    value: (plot, value, i, index) => line.format(index === null ? (plot.data[i]?.at(-1) ?? null) : value),
    points: { show: false },
    spanGaps: false,
    ...(line.isStepped === true ? { paths: uPlot.paths.stepped!({ align: 1 }) } : {}), // in every build but the smallest
    ...(line.isFilled === true ? { fill: stroke.replace(/^rgb\((.*)\)$/, 'rgb($1 / 12%)').replaceAll(',', '') } : {}),
    ...(line.isDashed === true ? { dash: [5, 4] } : {}),
  }
}
