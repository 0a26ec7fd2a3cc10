/** A desk of packages beside which risk/monitor reads every event, over JSON round trips. */
import { expect } from 'vitest'
import { configSchema } from '#core/config/schema'
import { DAY_MS, HOUR_MS } from '#core/time'
import { StepContext } from '#engine/step-context'
import type { AnyEvent } from '#events/catalogue'
import { EventEncoder } from '#events/codec'
import { LineBuffer } from '#events/line-buffer'
import type { RiskAlerted, RiskMeasured } from '#events/risk-measures.events'
import { equity } from '#risk/engine.decider'
import { placesOf } from '#risk/limits/places'
import type { Sight } from '#risk/measures/lines'
import { createRiskMonitor, type MonitorInput, type MonitorOutput, type MonitorState } from '#risk/monitor.decider'
import { event } from '../given.js'
import { marketUniverse, PackageDesk } from './package-desk.js'

export class MonitoredDesk extends PackageDesk {
  readonly monitor
  watched: MonitorState
  readonly measures: RiskMeasured['data'][] = []
  readonly alerts: RiskAlerted['data'][] = []
  readonly #context = new StepContext(1)
  readonly #encoder = new EventEncoder()
  readonly #lines = new LineBuffer()

  constructor(risk: object = {}, capital = '1000000') {
    super(risk, capital)
    const config = configSchema.parse({ risk: { turnoverLimiter: false, ...risk }, capital })
    this.monitor = createRiskMonitor({ risk: config.risk, capital }, marketUniverse, '1h')
    this.watched = this.monitor.initial()
  }

  override heard(type: string, data: unknown): void {
    this.tell(type, data)
  }

  /** An event to the monitor alone. */
  tell(type: string, data: unknown, ts = this.ts): void {
    if (!this.monitor.reads.includes(type as MonitorInput['type'])) return
    const input = event(type as AnyEvent['type'], data as never, { seq: this.seq, ts }) as unknown as MonitorInput // read by the monitor, as just asked
    this.watched = this.monitor.evolve(JSON.parse(JSON.stringify(this.watched)) as MonitorState, input)
    const before = JSON.stringify(this.watched)
    this.#context.beginStep(this.seq)
    this.#context.focus(input, 'risk/monitor')
    const drafts = this.monitor.decide(this.watched, input, this.#context)
    expect(JSON.stringify(this.watched)).toBe(before)
    for (const draft of drafts) {
      const output = {
        seq: this.seq + 1,
        ts,
        type: draft.type,
        v: 1,
        by: 'risk/monitor',
        cause: this.seq,
        data: draft.data,
      }
      const written = JSON.stringify(draft.data)
      this.#encoder.encode(this.#lines, output)
      this.#lines.truncate(0)
      // Whatever is told is already what the log will say.
      expect(JSON.stringify(output.data)).toBe(written)
      this.watched = this.monitor.evolve(this.watched, output as unknown as MonitorOutput) // made of a draft of the monitor
      if (draft.type === 'RiskMeasured') this.measures.push(draft.data)
      else this.alerts.push(draft.data)
    }
  }

  get sight(): Sight {
    return { places: placesOf(marketUniverse), forwards: this.watched.forwards, now: this.ts }
  }

  get last(): RiskMeasured['data'] {
    return this.measures.at(-1)!
  }

  /** Whole UTC days at prices that alternate around the price, their daily bars before each day closes. */
  days(count: number, swing = 0.01): this {
    const base = this.price
    for (let day = 0; day < count; day++) {
      const price = base * (day % 2 === 0 ? 1 + swing : 1 - swing / 2)
      // The hours between change nothing that is told once a day.
      this.hour += 23 - (this.hour % 24)
      this.daily(price)
      this.next(price)
    }
    this.price = base
    return this
  }

  /** Bars of the day that the next hour closes. */
  daily(close: number): void {
    const ts = (this.hour + 1) * HOUR_MS
    for (const { instrument } of marketUniverse) {
      const range = { open: close, high: close, low: close, close, volume: 1, bars: 24, expected: 24 }
      this.send('BarAggregated' as 'BarClosed', { instrument, interval: '1d', openTime: ts - DAY_MS, ...range }, ts)
    }
  }

  sameNav(): void {
    expect(equity(this.watched.book)).toBe(equity(this.state))
  }
}
