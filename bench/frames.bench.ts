/** How many frames of a venue one core reads, beside plain JSON.parse and beside ccxt reading the same texts. */
import { pro } from 'ccxt'
import { binanceAdapter } from '#data/connectors/binance/adapter'
import { type Bench, type Figure, median, medianRatio, timed } from './figures.js'
import { makeFrames } from './frames.js'

const PLAN = { endpoint: 'usdmMarketWs', path: '', topics: [] }
const NOBODY = { facts: () => undefined, price: () => undefined }

function readOurs(frames: readonly string[]): number {
  const decoder = binanceAdapter.decoder(PLAN, NOBODY)
  let records = 0
  for (const frame of frames) records += decoder.decode(frame, 1_767_225_600_000).records.length
  return records
}

/** What ccxt's client does with a text that came: parse it, hand it to the exchange, keep what it said. */
function readCcxt(frames: readonly string[]): void {
  const exchange = new pro.binanceusdm()
  // No connection is opened: `client` only makes the object that messages are kept in.
  const client = exchange.client('wss://127.0.0.1:1')
  for (const frame of frames) exchange.handleMessage(client, JSON.parse(frame))
}

function parse(frames: readonly string[]): void {
  for (const frame of frames) JSON.parse(frame)
}

export const framesBench: Bench = {
  name: 'frames',
  async run(scale): Promise<readonly Figure[]> {
    const frames = makeFrames(scale === 'full' ? 200_000 : 2000, 50)
    const runs = scale === 'full' ? 5 : 1
    const [ours, ccxt, json]: [number[], number[], number[]] = [[], [], []]
    for (let run = 0; run <= runs; run++) {
      const [a, b, c] = [
        await timed(() => readOurs(frames)),
        await timed(() => readCcxt(frames)),
        await timed(() => parse(frames)),
      ]
      if (run === 0 && scale === 'full') continue
      ours.push(a)
      ccxt.push(b)
      json.push(c)
    }
    const rate = (ms: readonly number[]): number => (frames.length * 1000) / median(ms)
    return [
      { what: 'frames read into the normal form', value: rate(ours), unit: 'frames/s', target: { min: 50_000 } },
      { what: 'the same by ccxt', value: rate(ccxt), unit: 'frames/s' },
      { what: 'ours : ccxt', value: medianRatio(ccxt, ours), unit: '×', note: '50 symbols, mix of a recording' },
      { what: 'ours : JSON.parse alone', value: medianRatio(json, ours), unit: '×' },
    ]
  },
}
