/** Owns frames for benchmarks: what a USD-M socket of Binance sends for many symbols, in the proportions of a recorded one. */
import { Sfc32 } from '#core/random'

/** Of a recording of 93,954 frames: seven tenths quotes, two trades, one books, the rest marks and bars. */
const MIX = [0.7, 0.22, 0.06, 0.015, 0.005] as const
const KINDS = ['bookTicker', 'aggTrade', 'depth', 'markPrice', 'kline'] as const

export const symbolOf = (i: number): string => `C${String(i).padStart(2, '0')}USDT`

/** Texts as they come from a combined stream. The same seed gives the same texts. */
export function makeFrames(count: number, symbols: number): string[] {
  const random = Sfc32.seeded(7)
  const texts: string[] = []
  const books = new Int32Array(symbols)
  for (let i = 0; i < count; i++) {
    const at = Math.floor(random.next() * symbols)
    const kind = kindOf(random.next())
    if (kind === 'depth') books[at]!++
    texts.push(frame(kind, at, i, books[at]!, random))
  }
  return texts
}

function kindOf(u: number): (typeof KINDS)[number] {
  let rest = u
  for (let k = 0; k < KINDS.length; k++) {
    rest -= MIX[k]!
    if (rest < 0) return KINDS[k]!
  }
  return 'kline'
}

function frame(kind: (typeof KINDS)[number], at: number, i: number, book: number, random: Sfc32): string {
  const s = symbolOf(at)
  const E = 1_767_225_600_000 + i * 10
  const price = 1000 * (1 + at) + random.next() * 10
  const [p, q] = [price.toFixed(2), (0.001 + random.next() * 5).toFixed(3)]
  const data = ((): object => {
    switch (kind) {
      case 'bookTicker':
        return { e: kind, u: 9e9 + i, s, b: p, B: q, a: (price + 0.1).toFixed(2), A: q, T: E, E, st: 1 }
      case 'aggTrade':
        return { e: kind, E, s, a: 2e9 + i, p, q, f: 5e9 + i, l: 5e9 + i, T: E, m: i % 2 === 0, nq: q }
      case 'depth': {
        const side = (sign: number) => Array.from({ length: 12 }, (_, k) => [(price + sign * k * 0.1).toFixed(2), q])
        return {
          e: 'depthUpdate',
          E,
          T: E,
          s,
          U: 9e9 + book,
          u: 9e9 + book,
          pu: 9e9 + book - 1,
          b: side(-1),
          a: side(1),
        }
      }
      case 'markPrice':
        return { e: 'markPriceUpdate', E, s, p, i: p, P: p, r: '0.00010000', T: E + 3_600_000, ap: p }
      case 'kline': {
        const t = E - (E % 60_000)
        const k = {
          t,
          T: t + 59_999,
          s,
          i: '1m',
          f: 1,
          L: 2,
          o: p,
          c: p,
          h: p,
          l: p,
          v: q,
          n: 9,
          x: false,
          q,
          V: q,
          Q: q,
        }
        return { e: 'kline', E, s, k: { ...k, B: '0' } }
      }
    }
  })()
  return JSON.stringify({ stream: `${s.toLowerCase()}@${STREAMS[kind]}`, data })
}

const STREAMS = {
  bookTicker: 'bookTicker',
  aggTrade: 'aggTrade',
  depth: 'depth@100ms',
  markPrice: 'markPrice@1s',
  kline: 'kline_1m',
} as const
