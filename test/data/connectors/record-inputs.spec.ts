/** When values that may be conflated become inputs, by the kind. */
import { expect, it } from 'vitest'
import type { Normal } from '#data/connectors/normal'
import { RecordInputs } from '#data/connectors/record-inputs'
import { ManualTime } from './manual-time.js'

const INSTRUMENT = 'bybit.linear.BTCUSDT'
const mark = (ts: number, price: number): Normal => ({
  kind: 'mark',
  instrument: INSTRUMENT,
  ts,
  mark: price,
  index: null,
})
const funding = (ts: number, rate: number): Normal => ({
  kind: 'funding',
  instrument: INSTRUMENT,
  ts,
  rate,
  intervalMs: null,
  nextFundingAt: null,
})

it('passes marks at most once a second, funding twice, the newest of each', async () => {
  const time = new ManualTime(0)
  const told: [string, number][] = []
  const inputs = new RecordInputs({
    time,
    settlements: { learn: () => undefined, intervalMs: () => 28_800_000 },
    isTraded: () => true,
    emit: ({ type }) => void told.push([type, time.now()]),
  })
  for (let at = 0; at < 2000; at += 100) {
    inputs.take(mark(at, 100 + at))
    inputs.take(funding(at, at / 1e6))
    await time.advance(100)
  }
  inputs.stop()
  const of = (kind: string): number[] => told.filter(([type]) => type === kind).map(([, at]) => at)
  expect(of('MarkChanged')).toEqual([0, 1000, 2000])
  expect(of('FundingRateChanged')).toEqual([0, 500, 1000, 1500, 2000])
})
