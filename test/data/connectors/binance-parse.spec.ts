/** quantbot parse on files of every shape: one document, fixtures, capture lines, text recordings, and what it refuses. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { quantbot } from '../../pipeline/cli.js'

const AGG = {
  e: 'aggTrade',
  E: 1626992744262,
  a: 87353230,
  s: 'SUSHIUSDT',
  p: '7.6120',
  q: '297',
  f: 1,
  l: 4,
  T: 1626992744108,
  m: false,
}
const TRADE = {
  kind: 'trade',
  instrument: 'binance.usdm.SUSHIUSDT',
  ts: 1626992744108,
  id: '87353230',
  price: 7.612,
  size: 297,
  aggressor: 'buy',
  isLiquidation: null,
}

describe('quantbot parse', () => {
  let home: string
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'quantbot-parse-'))
  })
  afterEach(() => rmSync(home, { recursive: true }))

  const file = (name: string, content: string | Uint8Array): string => {
    writeFileSync(join(home, name), content)
    return join(home, name)
  }
  const parse = (path: string, ...more: string[]) => quantbot(home, 'parse', '--venue', 'binance', path, ...more)

  it('reads a payload, a wrapped frame, and recordings of three kinds alike', async () => {
    const frame = JSON.stringify({ stream: 'sushiusdt@aggTrade', data: AGG })
    const files = [
      file('one.json', JSON.stringify(AGG)),
      file('wrapped.json', frame),
      file('fixture.json', JSON.stringify({ provenance: 'here', market: 'usdm', examples: [AGG] })),
      file('capture.jsonl', `{"recvTs":1626992744.3,"kind":"ws","msg":${frame}}\n`),
      file('text.txt.gz', gzipSync(`1626992744.31: ${frame}\n`)),
      file('nano.gz', gzipSync(`1626992744310000000 ${frame}\n`)),
    ]
    for (const path of files) {
      const { code, json } = await parse(path, '--as', 'aggTrade', '--market', 'usdm')
      expect({ path, code, json }).toEqual({ path, code: 0, json: { records: [TRADE], refused: [] } })
    }
  })

  it('takes contract sizes from the list of instruments, and refuses contracts without them', async () => {
    const coin = { ...AGG, s: 'ETCUSD_PERP', p: '40', q: '8' }
    const list = {
      serverTime: 1,
      symbols: [
        {
          symbol: 'ETCUSD_PERP',
          contractType: 'PERPETUAL',
          contractStatus: 'TRADING',
          contractSize: 10,
          baseAsset: 'ETC',
          quoteAsset: 'USD',
          marginAsset: 'ETC',
          deliveryDate: 4133404800000,
          onboardDate: 1598252400000,
          filters: [
            { filterType: 'PRICE_FILTER', tickSize: '0.001' },
            { filterType: 'LOT_SIZE', stepSize: '1', minQty: '1' },
          ],
        },
      ],
    }
    const path = file('coin.json', JSON.stringify(coin))
    const instruments = file('list.json', JSON.stringify(list))
    const without = await parse(path)
    expect(without.code).toBe(1)
    expect(without.json.refused).toMatchObject([{ line: 1, path: 'q' }])
    const { code, json } = await parse(path, '--instruments', instruments, '--market', 'coinm')
    // 8 contracts of 10 USD at 40 USD.
    expect({ code, records: json.records }).toMatchObject({ code: 0, records: [{ size: 2, price: 40 }] })
  })

  it('tells why a line is refused, with its number, and goes on', async () => {
    const lines = [JSON.stringify(AGG), 'not json', JSON.stringify({ ...AGG, p: 'x' }), JSON.stringify(AGG)]
    const { code, json } = await parse(file('lines.jsonl', lines.join('\n')), '--market', 'usdm')
    expect(code).toBe(1)
    expect(json.records).toHaveLength(2)
    expect(json.refused).toEqual([
      { line: 2, path: 'line', reason: 'is no JSON' },
      { line: 3, path: 'p', reason: 'is "x", not a number' },
    ])
  })

  it('takes no topic or venue that there is not', async () => {
    const path = file('one.json', JSON.stringify(AGG))
    const topic = await parse(path, '--as', 'nonsense')
    expect(topic).toMatchObject({ code: 2, json: { error: 'USAGE' } })
    const venue = await quantbot(home, 'parse', '--venue', 'nowhere', path)
    expect(venue).toMatchObject({ code: 2, json: { error: 'USAGE' } })
  })
})
