/** Owns the price chart within the page: lives as long as its element, follows content and theme, tells what it has drawn. */
import { useEffect, useRef } from 'preact/hooks'
import { onTheme } from '../theme.js'
import { type CandlesChart, type ChartContent, createCandles } from './candles-chart.js'

interface CandlesProps {
  readonly content: ChartContent
  /** Another subject is looked at when this changes: the view goes to the newest bars. */
  readonly subject: string
  readonly label: string
  readonly onMark: (id: string) => void
  readonly onOldest: () => void
  readonly onHover: (time: number | null) => void
}

export function Candles({ content, subject, label, onMark, onOldest, onHover }: CandlesProps) {
  const element = useRef<HTMLDivElement>(null)
  const chart = useRef<CandlesChart | null>(null)
  const events = useRef({ onMark, onOldest, onHover })
  events.current = { onMark, onOldest, onHover }
  useEffect(() => {
    const created = createCandles(element.current!, {
      onMark: (id) => events.current.onMark(id),
      onOldest: () => events.current.onOldest(),
      onHover: (time) => events.current.onHover(time),
    })
    chart.current = created
    const letGo = onTheme(() => created.restyle())
    return () => {
      letGo()
      created.remove()
      chart.current = null
    }
  }, [])
  const shown = useRef('')
  useEffect(() => {
    const drawn = chart.current?.show(content)
    if (drawn === undefined) return
    if (shown.current !== subject && drawn.candles > 0) {
      shown.current = subject
      chart.current?.showNewest()
    }
    // What is on a canvas cannot be asked of the document; who reads the page without eyes, and the tests, read it here.
    const { dataset } = element.current!
    for (const [key, value] of Object.entries(drawn)) dataset[key] = String(value)
    dataset.subject = subject
  }, [content, subject])
  return <div ref={element} class="candles" role="img" aria-label={label} data-test="candles" />
}
