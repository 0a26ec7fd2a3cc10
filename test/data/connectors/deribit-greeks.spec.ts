/** The venue's own Greeks beside plain Black-76 on the same forward and volatility: what is read means what we think. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { deribitParser } from '#data/connectors/deribit/parser'
import { readInstruments } from '#data/connectors/deribit/read-facts'
import type { Normal, OptionRecord, ParseContext } from '#data/connectors/normal'
import { black76, yearsTo } from '#quant/black76'
import { sharedPath } from '../../shared.js'

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
const context: ParseContext = { receivedAt: 0, market: 'option', facts: () => undefined, price: () => undefined }

interface Terms {
  readonly strike: number
  readonly expiresAt: number
  readonly isCall: boolean
}

function termsOf(name: string): Terms {
  const [, date, strike, letter] = name.split('-')
  const match = /^(\d{1,2})([A-Z]{3})(\d{2})$/.exec(date!)!
  const expiresAt = Date.UTC(2000 + Number(match[3]), MONTHS.indexOf(match[2]!), Number(match[1]), 8)
  return { strike: Number(strike!.replace('d', '.')), expiresAt, isCall: letter === 'C' }
}

/** Largest distances of the venue's delta, vega and mark from Black-76. Vega relative to USD 1 and more. */
function distances(options: readonly OptionRecord[]) {
  const worst = { delta: 0, vega: 0, mark: 0, count: 0 }
  for (const option of options) {
    const { strike, expiresAt, isCall } = termsOf(option.instrument.split('.')[2]!)
    const { underlyingPrice, markIv, delta, vega, mark, ts } = option
    if (underlyingPrice === null || markIv === null || delta === null || vega === null || mark === null) continue
    const plain = black76(isCall ? 'call' : 'put', underlyingPrice, strike, yearsTo(expiresAt, ts), markIv)!
    worst.count++
    worst.delta = Math.max(worst.delta, Math.abs(plain.delta - delta))
    worst.vega = Math.max(worst.vega, Math.abs(plain.vegaPerPoint - vega) / Math.max(1, vega))
    worst.mark = Math.max(worst.mark, Math.abs(plain.priceCoin - mark))
  }
  return worst
}

const report = (what: string, { count, delta, vega, mark }: ReturnType<typeof distances>): void => {
  process.stdout.write(
    `${what}: ${count} options; venue against Black-76 at most: delta ${delta.toFixed(5)}, ` +
      `vega ${(vega * 100).toFixed(3)} %, mark ${mark.toFixed(6)} coins\n`,
  )
}

const tickers = sharedPath('venues', 'fixtures', 'deribit', 'capture', 'ticker-option-raw.jsonl')
const chain = sharedPath('data', 'options', 'deribit', 'BTC-chain-2021-02.csv')

describe('Greeks of the venue', () => {
  it.skipIf(!tickers)('of recorded tickers are Black-76 of the forward, vega by the point', () => {
    const options = readFileSync(tickers!, 'utf8')
      .trim()
      .split('\n')
      .flatMap((line) => deribitParser.parse('ticker', JSON.parse(line).msg, context))
      .filter((record: Normal): record is OptionRecord => record.kind === 'option')
    const worst = distances(options)
    report('recorded tickers', worst)
    expect(worst.count).toBe(20)
    expect(worst.delta).toBeLessThan(0.001)
    expect(worst.vega).toBeLessThan(0.005)
    expect(worst.mark).toBeLessThan(3e-4)
  })

  it.skipIf(!chain)('of a whole chain of 2021, read as tickers', () => {
    const [head, ...lines] = readFileSync(chain!, 'utf8').trim().split('\n')
    const columns = head!.split(',')
    const options = lines.flatMap((line) => {
      const cells = line.split(',')
      const cell = (name: string): number => Number(cells[columns.indexOf(name)])
      const result = {
        instrument_name: cells[1],
        timestamp: cell('ts'),
        underlying_price: cell('underlying_price'),
        index_price: cell('index_price'),
        mark_price: cell('mark'),
        mark_iv: cell('mark_iv_pct'),
        bid_iv: cell('bid_iv_pct'),
        ask_iv: cell('ask_iv_pct'),
        best_bid_price: cell('bid'),
        best_ask_price: cell('ask'),
        open_interest: cell('oi'),
        greeks: { delta: cell('delta'), gamma: cell('gamma'), vega: cell('vega'), theta: cell('theta') },
      }
      return deribitParser.parse('rest/ticker', { jsonrpc: '2.0', id: 1, result }, context)
    })
    const worst = distances(options.filter((record): record is OptionRecord => record.kind === 'option'))
    report('chain of 2021-02-11', worst)
    expect(worst.count).toBeGreaterThan(900)
    expect(worst.delta).toBeLessThan(0.001)
    expect(worst.vega).toBeLessThan(0.005)
  })

  it('decimal strikes and steps that depend on the price', () => {
    const row = {
      kind: 'option',
      instrument_name: 'XRP_USDC-30JUN23-0d625-C',
      instrument_type: 'linear',
      option_type: 'call',
      is_active: true,
      tick_size: 0.0005,
      tick_size_steps: [{ above_price: 0.02, tick_size: 0.0001 }],
      contract_size: 1000,
      min_trade_amount: 1000,
      settlement_currency: 'USDC',
      base_currency: 'XRP',
      counter_currency: 'USDC',
      quote_currency: 'USDC',
      creation_timestamp: 1_680_000_000_000,
      expiration_timestamp: 1_688_112_000_000,
    }
    expect(readInstruments([row])[0]).toMatchObject({
      instrument: 'deribit.option.XRP_USDC-30JUN23-0d625-C',
      kind: 'linearOption',
      strike: 0.625,
      tick: '0.0001',
      lot: '1000',
      contractOf: 'base',
    })
  })
})
