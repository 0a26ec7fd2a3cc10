/** Owns what specs of OKX's payloads share: the fixtures, contract sizes, reading, and the reason of a refusal. */
import { readFileSync } from 'node:fs'
import type { InstrumentFacts, Normal, ParseContext } from '#data/connectors/normal'
import { PayloadRefused } from '#data/connectors/normal'
import { okxParser } from '#data/connectors/okx/parser'
import { sharedPath } from '#test/shared'

export const fixtures = sharedPath('venues', 'fixtures', 'okx')
export const raw = sharedPath('data', 'raw', 'okx')

const contract = (
  instrument: string,
  contractSize: string,
  contractOf: 'base' | 'quote',
  kind: InstrumentFacts['kind'] = 'linearPerpetual',
): InstrumentFacts => ({
  instrument,
  kind,
  base: 'BTC',
  quote: 'USDT',
  settle: 'USDT',
  tick: '0.1',
  lot: '1',
  minSize: '1',
  minNotional: '0',
  contractSize,
  contractOf,
  isTrading: true,
  listedAt: null,
  expiresAt: null,
  strike: null,
  option: null,
  fundingIntervalMs: null,
})

export const FACTS = new Map(
  [
    contract('okx.swap.BTC-USDT-SWAP', '0.01', 'base'),
    contract('okx.swap.BTC-USD-SWAP', '100', 'quote', 'inversePerpetual'),
    contract('okx.futures.BTC-USD-220527', '100', 'quote', 'inverseFuture'),
    contract('okx.swap.UNI-USD-SWAP', '10', 'quote', 'inversePerpetual'),
    contract('okx.swap.IOST-USDT-SWAP', '1000', 'base'),
    contract('okx.option.BTC-USD-241217-92000-C', '0.01', 'base', 'inverseOption'),
  ].map((facts) => [facts.instrument, facts]),
)

const RECEIVED = 1_750_000_000_000
const context = (more: Partial<ParseContext> = {}): ParseContext => ({
  receivedAt: RECEIVED,
  market: 'spot',
  facts: (id) => FACTS.get(id),
  price: () => undefined,
  ...more,
})

export const read = (path: string): Record<string, unknown> => JSON.parse(readFileSync(`${fixtures}/${path}`, 'utf8'))
export const parse = (topic: string, payload: unknown, more: Partial<ParseContext> = {}): readonly Normal[] =>
  okxParser.parse(topic, payload, context(more))
export const refusal = (topic: string, payload: unknown, more: Partial<ParseContext> = {}): string => {
  try {
    parse(topic, payload, more)
  } catch (error) {
    if (error instanceof PayloadRefused) return error.message
    throw error
  }
  return 'was read'
}
export const frame = (channel: string, instId: string, ...data: unknown[]) => ({ arg: { channel, instId }, data })
