/** Owns the drawing of a whole run: its equity over seq, halts as bands, restarts and fills as ticks. A canvas; knows no state of the page. */
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { colour } from '../theme.js'
import type { Span, TimeLabel } from './time-machine-scale.js'
import { NO_TICKS, type Ticks } from './time-machine-ticks.js'

export interface TrackData {
  readonly span: Span
  readonly seq: readonly number[]
  readonly equity: readonly (number | null)[]
  readonly ticks: Ticks
  readonly labels: readonly TimeLabel[]
  /** Shaded: what lies between two seqs. */
  readonly between: readonly [number, number] | null
}

export interface Track {
  show(data: TrackData): void
  restyle(): void
  remove(): void
}

export interface TrackOptions {
  /** Values at the left and times below. */
  readonly hasAxes: boolean
  format(value: number): string
}

const NOTHING: TrackData = {
  span: { first: 1, last: 1 },
  seq: [],
  equity: [],
  ticks: NO_TICKS,
  labels: [],
  between: null,
}
const LABELS = 16
const AXIS = 64

export function createTrack(element: HTMLElement, { hasAxes, format }: TrackOptions): Track {
  let data = NOTHING
  let plot = build()
  const observer = new ResizeObserver(() => {
    const { clientWidth: width, clientHeight: height } = element
    if (width > 0 && height > 0) plot.setSize({ width, height })
  })
  observer.observe(element)

  function build(): uPlot {
    const [accent, soft, line] = [colour('--accent'), colour('--soft'), colour('--line')]
    const options: uPlot.Options = {
      width: Math.max(1, element.clientWidth),
      height: Math.max(1, element.clientHeight),
      padding: hasAxes ? [10, 10, 0, 0] : [3, 0, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false, range: () => [data.span.first, Math.max(data.span.last, data.span.first + 1)] } },
      axes: hasAxes
        ? [
            { show: true, stroke: soft, grid: { show: false }, ticks: { show: false }, size: 22, values: () => [] },
            {
              show: true,
              stroke: soft,
              size: AXIS,
              font: `11px ${getComputedStyle(element).fontFamily}`,
              grid: { stroke: line, width: 1 },
              ticks: { show: false },
              values: (_plot, values) => values.map(format),
            },
          ]
        : [
            { show: true, size: LABELS, values: () => [], grid: { show: false }, ticks: { show: false } },
            { show: false },
          ],
      series: [{}, { stroke: accent, width: 1.5, fill: faded(accent, 0.12), points: { show: false }, spanGaps: true }],
      hooks: { drawClear: [drawBehind], draw: [drawBefore] },
    }
    return new uPlot(options, columns(), element)
  }

  /** Bands: between two seqs, and while trading was halted. */
  function drawBehind(u: uPlot): void {
    const { left, top, width, height } = u.bbox
    const band = (from: number, to: number, fill: string): void => {
      const [a, b] = [u.valToPos(from, 'x', true), u.valToPos(to, 'x', true)]
      u.ctx.fillStyle = fill
      const x = Math.max(left, Math.min(a, b))
      u.ctx.fillRect(x, top, Math.max(Math.abs(b - a), devicePixelRatio), height)
    }
    u.ctx.save()
    u.ctx.beginPath()
    u.ctx.rect(left, top, width, height)
    u.ctx.clip()
    if (data.between !== null) band(...data.between, faded(colour('--accent'), 0.16))
    for (const { from, to } of data.ticks.halts) band(from, to ?? data.span.last, faded(colour('--bad'), 0.22))
    u.ctx.restore()
  }

  function drawBefore(u: uPlot): void {
    const { left, top, height, width } = u.bbox
    const { ctx } = u
    const unit = devicePixelRatio
    const foot = top + height
    const column = (seq: number): number => Math.round(u.valToPos(seq, 'x', true))
    ctx.save()
    ctx.fillStyle = faded(colour('--up'), 0.75)
    // Many fills share a pixel: the more, the higher its stroke.
    const columns = new Map<number, number>()
    for (const seq of data.ticks.fills) columns.set(column(seq), (columns.get(column(seq)) ?? 0) + 1)
    for (const [x, n] of columns) {
      const tall = Math.min(height / 3, (2 + 2 * Math.log2(n + 1)) * unit)
      ctx.fillRect(x, foot - tall, unit, tall)
    }
    ctx.fillStyle = colour('--warn')
    for (const { seq } of data.ticks.restarts) ctx.fillRect(column(seq), top, unit, height)
    ctx.fillStyle = colour('--bad')
    for (const { from } of data.ticks.halts) ctx.fillRect(column(from), top, 1.5 * unit, height)
    ctx.font = `${11 * unit}px ${getComputedStyle(element).fontFamily}`
    ctx.fillStyle = colour('--faint')
    ctx.textBaseline = 'top'
    ctx.textAlign = 'center'
    let end = Number.NEGATIVE_INFINITY
    for (const { seq, text } of data.labels) {
      const [x, half] = [column(seq), ctx.measureText(text).width / 2]
      if (x - half < Math.max(end + 10 * unit, left) || x + half > left + width) continue
      ctx.fillText(text, x, foot + 3 * unit)
      end = x + half
    }
    ctx.restore()
  }

  function columns(): uPlot.AlignedData {
    return [data.seq as number[], data.equity as (number | null)[]] // uPlot only reads them
  }

  return {
    show(next) {
      data = next
      plot.setData(columns())
    },
    restyle() {
      plot.destroy()
      plot = build()
    },
    remove() {
      observer.disconnect()
      plot.destroy()
    },
  }
}

function faded(color: string, opacity: number): string {
  const [r, g, b] = color.match(/[\d.]+/g) ?? []
  return `rgba(${r}, ${g}, ${b}, ${opacity})`
}
