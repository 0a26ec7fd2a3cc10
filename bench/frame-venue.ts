/**
 * Owns a venue that sends prepared frames as fast as they are taken, from a thread of its own: sockets and the few answers of
 * REST that a connector of Binance USD-M begins with. Knows no market.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

/** Plain JavaScript: it runs as it is, compiled or not. */
const SOURCE = `
const { createServer } = require('node:http')
const { WebSocketServer } = require('ws')
const { parentPort, workerData } = require('node:worker_threads')
const { frames, symbols } = workerData
const books = new Map()
const info = symbols.map((symbol) => ({
  symbol, status: 'TRADING', contractType: 'PERPETUAL', baseAsset: symbol.slice(0, -4), quoteAsset: 'USDT', marginAsset: 'USDT',
  onboardDate: 1569398400000, deliveryDate: 4133404800000,
  filters: [
    { filterType: 'PRICE_FILTER', tickSize: '0.01' },
    { filterType: 'LOT_SIZE', stepSize: '0.001', minQty: '0.001' },
    { filterType: 'MIN_NOTIONAL', notional: '5' },
  ],
}))
const server = createServer((request, response) => {
  const url = new URL(request.url, 'http://x')
  const say = (body) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  if (url.pathname.endsWith('/time')) say({ serverTime: Date.now() })
  else if (url.pathname.endsWith('/exchangeInfo')) say({ symbols: info })
  else if (url.pathname.endsWith('/fundingInfo')) say([])
  else if (url.pathname.endsWith('/depth')) {
    const lastUpdateId = 9e9 + (books.get(url.searchParams.get('symbol')) ?? 0)
    say({ lastUpdateId, E: Date.now(), T: Date.now(), bids: [['1.00', '1.000']], asks: [['999999.00', '1.000']] })
  } else response.writeHead(404).end('{}')
})
const open = { public: undefined, market: undefined }
new WebSocketServer({ server }).on('connection', (socket, request) => {
  open[request.url.includes('public') ? 'public' : 'market'] = socket
  socket.on('message', (data) => {
    socket.send(JSON.stringify({ result: null, id: JSON.parse(data).id }))
    parentPort.postMessage('subscribed')
  })
})
const IS_PUBLIC = /@(bookTicker|depth)/
async function send(from, to) {
  for (let i = from; i < to; i++) {
    const text = frames[i]
    const socket = IS_PUBLIC.test(text.slice(0, 60)) ? open.public : open.market
    if (text.includes('@depth')) {
      const symbol = text.slice(11, text.indexOf('@')).toUpperCase()
      books.set(symbol, (books.get(symbol) ?? 0) + 1)
    }
    socket.send(text)
    if (i % 64 === 0) while (socket.bufferedAmount > 1 << 20) await new Promise((resolve) => setImmediate(resolve))
  }
}
parentPort.on('message', ({ from, to }) => (from === undefined ? process.exit(0) : void send(from, to)))
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))
`

export interface FrameVenue {
  readonly rest: string
  readonly ws: string
  /** Fulfilled when so many requests for topics were answered. */
  subscribed(count: number): Promise<void>
  /** Sends the frames of these places. */
  send(from: number, to: number): void
  close(): Promise<void>
}

export async function openFrameVenue(frames: readonly string[], symbols: readonly string[]): Promise<FrameVenue> {
  const worker = new Worker(SOURCE, { eval: true, workerData: { frames, symbols } })
  const [port] = (await once(worker, 'message')) as [number] // its first word
  let count = 0
  let onCount: () => void = () => undefined
  worker.on('message', () => {
    count++
    onCount()
  })
  return {
    rest: `http://127.0.0.1:${port}`,
    ws: `ws://127.0.0.1:${port}`,
    subscribed: (wanted) =>
      new Promise((resolve) => {
        onCount = () => {
          if (count >= wanted) resolve()
        }
        onCount()
      }),
    send: (from, to) => worker.postMessage({ from, to }),
    close: async () => {
      await worker.terminate()
    },
  }
}
