/** Owns the price chart on its canvas: candles, volume, marks, levels, panes below on the same time axis. Asks the server nothing. */
import {
  AreaSeries,
  CandlestickSeries,
  CrosshairMode,
  createChart,
  createSeriesMarkers,
  createTextWatermark,
  HistogramSeries,
  type IChartApi,
  type IPriceLine,
  type ISeriesApi,
  type ITextWatermarkPluginApi,
  LineStyle,
  LineType,
  type SeriesMarker,
  type Time,
  type UTCTimestamp,
} from 'lightweight-charts'
import { colour } from '../theme.js'
import { type Candle, type ChartMark, type Point, priceDecimals, type VolumePoint } from './candles-data.js'

/** A line below the candles. `format` writes its values. */
export interface PaneData {
  readonly id: string
  readonly title: string
  readonly colour: string
  readonly points: readonly Point[]
  /** Holds its value until the next. */
  readonly isStepped: boolean
  format(value: number): string
}

export interface Level {
  readonly title: string
  readonly price: number
  /** Custom property of its colour. */
  readonly colour: string
}

export interface ChartContent {
  readonly candles: readonly Candle[]
  readonly volumes: readonly VolumePoint[]
  readonly marks: readonly ChartMark[]
  readonly levels: readonly Level[]
  readonly panes: readonly PaneData[]
}

/** What is on the canvas now, as the library has it. */
export interface Drawn {
  readonly candles: number
  readonly fills: number
  readonly marks: number
  readonly panes: number
  /** Epoch seconds; 0: nothing. */
  readonly lastTime: number
}

export interface CandlesChart {
  show(content: ChartContent): Drawn
  /** The newest bars, as many as fit well. */
  showNewest(): void
  /** Colours have changed. */
  restyle(): void
  remove(): void
}

interface Pane {
  readonly series: ISeriesApi<'Area'>
  readonly title: ITextWatermarkPluginApi<Time>
}

/** Bars in view at first, and free room behind the newest. */
const VISIBLE_BARS = 140
const VISIBLE_BARS_NARROW = 56
const ROOM_BARS = 4
const [PRICE_SHARE, PANE_SHARE] = [6, 1.4]

// The library brands epoch seconds.
const at = (time: number): UTCTimestamp => time as UTCTimestamp

export interface CandlesEvents {
  /** A mark was clicked; its id. */
  onMark(id: string): void
  /** The oldest bar is nearly in view. */
  onOldest(): void
  /** Null: the pointer has left. Epoch seconds. */
  onHover(time: number | null): void
}

export function createCandles(element: HTMLElement, events: CandlesEvents): CandlesChart {
  const chart = createChart(element, { autoSize: true, ...style() })
  const candles = chart.addSeries(CandlestickSeries, candleStyle())
  const volume = chart.addSeries(HistogramSeries, {
    priceScaleId: 'volume',
    priceFormat: { type: 'volume' },
    lastValueVisible: false,
    priceLineVisible: false,
  })
  chart.priceScale('volume').applyOptions({ scaleMargins: { top: 0.84, bottom: 0 } })
  candles.priceScale().applyOptions({ scaleMargins: { top: 0.08, bottom: 0.2 } })
  const markers = createSeriesMarkers<Time>(candles, [], { autoScale: true, zOrder: 'top' })
  const panes = new Map<string, Pane>()
  let lines: IPriceLine[] = []
  let content: ChartContent = { candles: [], volumes: [], marks: [], levels: [], panes: [] }

  chart.subscribeClick(({ hoveredInfo, hoveredObjectId }) => {
    const id = hoveredInfo?.objectId ?? hoveredObjectId
    if (typeof id === 'string') events.onMark(id)
  })
  chart.subscribeCrosshairMove(({ time }) => events.onHover(typeof time === 'number' ? time : null))
  chart.timeScale().subscribeVisibleLogicalRangeChange((range) => {
    if (range !== null && range.from < 20 && content.candles.length > 0) events.onOldest()
  })

  function draw(): void {
    const [up, down] = [faded(colour('--up')), faded(colour('--down'))]
    candles.setData(content.candles.map(({ time, ...rest }) => ({ time: at(time), ...rest })))
    volume.setData(content.volumes.map(({ time, value, isUp }) => ({ time: at(time), value, color: isUp ? up : down })))
    markers.setMarkers(content.marks.map(markerOf()))
    for (const line of lines) candles.removePriceLine(line)
    lines = content.levels.map(({ title, price, colour: name }) =>
      candles.createPriceLine({
        title,
        price,
        color: colour(name),
        lineStyle: LineStyle.Dashed,
        lineWidth: 1,
        axisLabelVisible: true,
      }),
    )
    drawPanes(chart, panes, content.panes)
  }

  return {
    show(next) {
      const last = next.candles.at(-1)
      if (last !== undefined && priceDecimals(last.close) !== priceDecimals(content.candles.at(-1)?.close ?? 0)) {
        const precision = priceDecimals(last.close)
        candles.applyOptions({ priceFormat: { type: 'price', precision, minMove: 10 ** -precision } })
      }
      const hadNone = content.candles.length === 0
      content = next
      draw()
      if (hadNone) newest(chart, content.candles.length)
      const drawn = markers.markers()
      const lastTime = candles.data().at(-1)?.time
      return {
        candles: candles.data().length,
        fills: drawn.filter(({ id }) => content.marks.some((mark) => mark.id === id && mark.kind === 'fill')).length,
        marks: drawn.length,
        panes: panes.size,
        lastTime: typeof lastTime === 'number' ? lastTime : 0,
      }
    },
    showNewest: () => newest(chart, content.candles.length),
    restyle() {
      chart.applyOptions(style())
      candles.applyOptions(candleStyle())
      draw()
    },
    remove: () => chart.remove(),
  }
}

function newest(chart: IChartApi, bars: number): void {
  const wanted = chart.timeScale().width() < 500 ? VISIBLE_BARS_NARROW : VISIBLE_BARS
  chart.timeScale().setVisibleLogicalRange({ from: bars - wanted, to: bars + ROOM_BARS })
}

/** One pane of the chart each, so that all share time axis, zoom and crosshair. Panes that have no data any more go. */
function drawPanes(chart: IChartApi, panes: Map<string, Pane>, wanted: readonly PaneData[]): void {
  for (const [id, { series }] of panes)
    if (!wanted.some((each) => each.id === id)) {
      chart.removeSeries(series)
      panes.delete(id)
    }
  for (const data of wanted) {
    const color = colour(data.colour)
    const priceFormat = { type: 'custom' as const, minMove: 1e-8, formatter: (value: number) => data.format(value) }
    const pane = panes.get(data.id) ?? newPane(chart, data)
    panes.set(data.id, pane)
    pane.series.applyOptions({
      priceFormat,
      lineColor: color,
      topColor: faded(color, 0.28),
      bottomColor: faded(color, 0.02),
    })
    pane.series.setData(data.points.map(({ time, value }) => ({ time: at(time), value })))
    pane.title.applyOptions({ lines: [titleOf(data)] })
  }
  chart.panes().forEach((pane, i) => {
    pane.setStretchFactor(i === 0 ? PRICE_SHARE : PANE_SHARE)
  })
}

function newPane(chart: IChartApi, data: PaneData): Pane {
  const series = chart.addSeries(
    AreaSeries,
    {
      lineWidth: 1,
      lineType: data.isStepped ? LineType.WithSteps : LineType.Simple,
      priceLineVisible: false,
      crosshairMarkerRadius: 3,
    },
    chart.panes().length,
  )
  series.priceScale().applyOptions({ scaleMargins: { top: 0.24, bottom: 0.08 } })
  const title = createTextWatermark(series.getPane(), { horzAlign: 'left', vertAlign: 'top', lines: [titleOf(data)] })
  return { series, title }
}

const titleOf = (data: PaneData) => ({ text: `\u2002${data.title}`, color: colour('--soft'), fontSize: 11 })

/** `rgb(1, 2, 3)` with an opacity. */
function faded(color: string, opacity = 0.35): string {
  const [r, g, b] = color.match(/[\d.]+/g) ?? []
  return `rgba(${r}, ${g}, ${b}, ${opacity})`
}

/** Fills are arrows at their price, everything else stands above or below its bar. */
function markerOf(): (mark: ChartMark) => SeriesMarker<Time> {
  const colours = {
    up: colour('--up'),
    down: colour('--down'),
    accent: colour('--accent'),
    warn: colour('--warn'),
    soft: colour('--soft'),
  }
  return ({ time, id, kind, side }) => {
    const isUp = side === 'buy' || side === 'long'
    const base = { time: at(time), id, position: isUp ? ('belowBar' as const) : ('aboveBar' as const) }
    switch (kind) {
      case 'fill':
        return { ...base, shape: isUp ? 'arrowUp' : 'arrowDown', color: isUp ? colours.up : colours.down, size: 1.2 }
      case 'decision':
        return { ...base, shape: 'circle', color: side === 'flat' ? colours.soft : colours.accent, size: 0.55 }
      case 'stop':
        return { ...base, shape: 'square', color: colours.warn, size: 0.8 }
      case 'refusal':
        return { ...base, shape: 'square', color: colours.soft, size: 0.5 }
      case 'settlement':
        return { ...base, shape: 'circle', color: colours.soft, size: 0.35 }
    }
  }
}

function candleStyle() {
  const [up, down] = [colour('--up'), colour('--down')]
  return {
    upColor: up,
    downColor: down,
    borderUpColor: up,
    borderDownColor: down,
    wickUpColor: up,
    wickDownColor: down,
    priceLineVisible: true,
    priceLineStyle: LineStyle.Dotted,
  }
}

/** The logo would bring a style element of its own, which the CSP refuses; the attribution stands in the page's last line. */
function style() {
  const [line, soft] = [colour('--line'), colour('--soft')]
  return {
    layout: {
      background: { color: 'transparent' },
      textColor: soft,
      fontSize: 11,
      fontFamily: getComputedStyle(document.body).fontFamily,
      attributionLogo: false,
      panes: { separatorColor: line, separatorHoverColor: colour('--raised'), enableResize: true },
    },
    grid: { vertLines: { color: faded(line, 0.5) }, horzLines: { color: faded(line, 0.5) } },
    rightPriceScale: { borderColor: line, minimumWidth: 72 },
    timeScale: { borderColor: line, timeVisible: true, secondsVisible: false, rightOffset: ROOM_BARS },
    crosshair: {
      mode: CrosshairMode.Normal,
      vertLine: { color: soft, labelBackgroundColor: colour('--soft') },
      horzLine: { color: soft, labelBackgroundColor: colour('--soft') },
    },
  }
}
