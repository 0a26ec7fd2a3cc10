/** Explanations of real runs reach from the order to the bars; the words of one are fixed to the letter. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { explain } from '#audit/explain'
import { explanationText } from '#audit/explanation-text'
import type { ExplainNode } from '#audit/tree'
import { configSchema } from '#core/config/schema'
import { type AuditRun, copied, FROM, givenRun, pipelineRun, removeFolders } from './runs.js'

let derived: AuditRun
let full: AuditRun

beforeAll(async () => {
  derived = await pipelineRun('derived', 120)
  full = await pipelineRun('full', 25)
}, 60_000)
afterAll(removeFolders)

/** Every node of the trees, outer ones first. */
const flat = (nodes: readonly ExplainNode[]): ExplainNode[] => nodes.flatMap((node) => [node, ...flat(node.because)])
const typesIn = (nodes: readonly ExplainNode[]): Set<string | null> => new Set(flat(nodes).map(({ type }) => type))

function orderOfFill(run: AuditRun, purpose: string): string {
  const filled = new Set(
    run.events.flatMap(({ type, data }) => (type === 'OrderFilled' ? [(data as { order: string }).order] : [])),
  )
  const approved = run.events.findLast(({ type, data }) => {
    const { order, purpose: said } = data as { order: string; purpose: string }
    return type === 'OrderApproved' && said === purpose && filled.has(order)
  })
  return (approved!.data as { order: string }).order
}

describe('an order of a derived log', () => {
  it('is explained from a copied folder alone, down to the inputs that the tape holds', () => {
    const order = orderOfFill(derived, 'rebalance')
    const explanation = explain(copied(derived.runDir), order)
    expect(explanation.order).toBe(order)
    expect(explanation.cause.map(({ type }) => type)).toEqual([
      'OrderApproved',
      'OrderSubmitted',
      'OrderAccepted',
      'OrderFilled',
    ])
    const types = typesIn(explanation.cause)
    for (const type of ['RiskAssessed', 'PortfolioBlended', 'SignalChanged', null]) expect(types).toContain(type)
    const inputs = flat(explanation.cause).filter(({ type }) => type === null)
    for (const { says, seq } of inputs) {
      expect(says).toContain(`input seq ${seq}`)
      expect(derived.events.find((event) => event.seq === seq)?.cause).toBe(0)
    }
    expect(inputs.some(({ says }) => says.includes('.parquet'))).toBe(explanation.summary.includes('AAA'))
  })

  it('names every step of the pipeline, and each signal with its values', () => {
    const { cause } = explain(derived.runDir, orderOfFill(derived, 'rebalance'))
    const assessed = flat(cause).find(({ type }) => type === 'RiskAssessed')!
    const steps = assessed.details.map((detail) => detail.split(':')[0])
    expect(steps).toEqual(
      'maxAbsWeight volTarget kelly sleeveCap netCap grossCap turnover drawdown lotRounding'.split(' '),
    )
    const blended = flat(cause).find(({ type }) => type === 'PortfolioBlended')!
    expect(blended.details.some((detail) => /^tsmom: target .* divided among \d instruments/.test(detail))).toBe(true)
    expect(flat(cause).some(({ says }) => /signal\/tsmom .* momentum -?[\d.]+ % against 0 %/.test(says))).toBe(true)
  })

  it('is found by the venue’s order and trade ids too', () => {
    const order = orderOfFill(derived, 'rebalance')
    const venue = derived.events.find(
      ({ type, data }) => type === 'OrderFilled' && (data as { order: string }).order === order,
    )!
    const expected = explain(derived.runDir, order)
    expect(explain(derived.runDir, (venue.data as { trade: string }).trade)).toEqual(expected)
    const accepted = derived.events.find(
      ({ type, data }) => type === 'OrderAccepted' && (data as { order: string }).order === order,
    )!
    expect(explain(derived.runDir, (accepted.data as { venueOrder: string }).venueOrder)).toEqual(expected)
  })

  it('of a stop stands on the stop', () => {
    const { cause } = explain(derived.runDir, orderOfFill(derived, 'stop'))
    expect(cause[0]?.because.map(({ type }) => type)).toEqual(['StopTriggered'])
    expect(cause[0]?.because[0]?.says).toMatch(
      /trade at .* (?:below|above) the stop of the (?:long|short) at .*3 × ATR/,
    )
  })

  it('tells each event once', () => {
    const nodes = flat(explain(derived.runDir, orderOfFill(derived, 'rebalance')).cause)
    const told = nodes.filter((node) => node.type !== null && !node.told).map(({ seq }) => seq)
    expect(new Set(told).size).toBe(told.length)
  })
})

describe('an order of a full log', () => {
  it('reaches the bars themselves, through the day they were built into', () => {
    const { cause } = explain(full.runDir, orderOfFill(full, 'rebalance'))
    const types = typesIn(cause)
    for (const type of ['SignalChanged', 'BarAggregated', 'BarClosed', 'InstantClosed', 'BarOpened'])
      expect(types).toContain(type)
    expect(types).not.toContain(null)
    for (const node of flat(cause)) {
      const event = full.events.find(({ seq }) => seq === node.seq)!
      expect([node.type, node.by, node.ts]).toEqual([event.type, event.by, event.ts])
      if (!node.told) expect(node.data).toEqual(JSON.parse(JSON.stringify(event.data)))
    }
  })
})

describe('a seq', () => {
  it('of a signal tells what came of it: blend, risk, orders, fills', () => {
    const approved = full.events.findLast(
      ({ type, data }) => type === 'OrderApproved' && (data as { purpose: string }).purpose === 'rebalance',
    )!
    const { cause } = explain(full.runDir, String(approved.seq))
    const signal = flat(cause).find(({ type }) => type === 'SignalChanged')!
    const effects = explain(full.runDir, String(signal.seq)).effects
    expect(effects[0]?.type).toBe('PortfolioBlended')
    expect(effects.some(({ type }) => type === 'RiskAssessed')).toBe(true)
    expect(effects.every(({ seq }) => seq > signal.seq)).toBe(true)
  })

  it('of an order’s event tells of that order', () => {
    const fill = derived.events.find(({ type }) => type === 'OrderFilled')!
    const explanation = explain(derived.runDir, String(fill.seq))
    expect(explanation.order).toBe((fill.data as { order: string }).order)
    expect(typesIn(explanation.cause)).toContain('SignalChanged')
  })

  it('of a refusal tells the limit, and what was let through later', () => {
    const refused = derived.events.find(({ type }) => type === 'OrderRefused')!
    const { cause, effects } = explain(derived.runDir, String(refused.seq))
    expect(cause[0]?.says).toContain(`[${(refused.data as { code: string }).code}]`)
    expect(cause[0]?.because[0]?.type).toBe('RiskAssessed')
    expect(effects.every(({ type }) => type?.startsWith('Order') || type === 'CancelRequested')).toBe(true)
  })

  it('of an input that the log does not hold is named so, with what followed', () => {
    const bar = derived.events.find(
      ({ type, seq }) => type === 'BarClosed' && derived.events.some(({ cause }) => cause === seq),
    )!
    const { cause, effects } = explain(derived.runDir, String(bar.seq))
    expect(cause[0]?.says).toContain('not in this derived log')
    expect(effects.map(({ seq }) => seq)).toEqual(
      derived.events.filter((event) => event.cause === bar.seq).map(({ seq }) => seq),
    )
  })
})

describe('what is not there', () => {
  it.each([
    ['o-1-99', 'ORDER_NOT_FOUND'],
    ['', 'ORDER_NOT_FOUND'],
    ['0', 'SEQ_OUT_OF_RANGE'],
    ['99999999', 'SEQ_OUT_OF_RANGE'],
  ])('%j is refused', (target, code) => {
    expect(() => explain(derived.runDir, target)).toThrow(expect.objectContaining({ code }))
  })
})

const BTC = 'binance.usdm.BTCUSDT'
const step = (name: string, measured: number | null, limit: number | null, factor: number, gross = 0.0145) => ({
  step: name,
  grossBefore: 0.0145,
  grossAfter: gross,
  netBefore: -0.0145,
  netAfter: -gross,
  measured,
  limit,
  factor,
})

describe('the words', () => {
  it('of a small run are these', async () => {
    const ts = FROM
    const by = 'risk/engine'
    const order = { order: 'o-3-1', instrument: BTC }
    const sell = { ...order, side: 'sell', quantity: '0.512' }
    const config = configSchema.parse({ universe: [{ instrument: BTC, base: 'BTC', tick: '0.1', lot: '0.001' }] })
    const bar = { instrument: BTC, interval: '1d', openTime: ts - 86_400_000, open: 43_500, high: 44_000, low: 42_900 }
    const terms = [
      { name: 'momentum', value: -0.1234, threshold: 0 },
      { name: 'annualVol', value: 0.61 },
    ]
    const opinion = { strength: -0.42, confidence: 0.42, targetWeight: -0.246, price: 43_120, asOf: ts, validUntil: ts }
    const part = { signal: 'tsmom', weight: -0.01447059, confidence: 0.42, budget: 1, contribution: -0.00304, seq: 2 }
    const steps = [step('maxAbsWeight', 0.01, 0.25, 1), step('volTarget', 0.132, 0.1, 0.76, 0.011)]
    const { runDir } = await givenRun(
      [
        { ts, type: 'BarClosed', by: 'venue/feed', cause: 0, data: { ...bar, close: 43_120, volume: 1250.5 } },
        {
          ts,
          type: 'SignalChanged',
          by: 'signal/tsmom',
          cause: 1,
          data: {
            signal: 'signal/tsmom',
            instrument: BTC,
            side: 'short',
            reason: 'momentum',
            ...opinion,
            terms,
            inputs: [1],
          },
        },
        {
          ts,
          type: 'InstantClosed',
          by: 'venue/feed',
          cause: 0,
          data: { instant: ts, intervals: ['1d'], missing: [] },
        },
        {
          ts,
          type: 'PortfolioBlended',
          by: 'portfolio/blender',
          cause: 3,
          data: {
            instant: ts,
            scheduled: true,
            rows: [{ instrument: BTC, weight: -0.00304, agreement: 1, outcome: 'blended', parts: [part] }],
          },
        },
        {
          ts,
          type: 'RiskAssessed',
          by,
          cause: 4,
          data: {
            nav: 1_000_000,
            steps,
            rows: [{ instrument: BTC, blended: -0.00304, approved: -0.011, held: 0, mark: 43_120 }],
          },
        },
        {
          ts,
          type: 'OrderApproved',
          by,
          cause: 4,
          data: {
            ...sell,
            reduceOnly: false,
            purpose: 'rebalance',
            referencePrice: '43120',
            weightBefore: 0,
            weightAfter: -0.011,
          },
        },
        {
          ts,
          type: 'OrderSubmitted',
          by: 'execution/router',
          cause: 6,
          data: {
            ...sell,
            type: 'market',
            timeInForce: 'ioc',
            reduceOnly: false,
            purpose: 'rebalance',
            referencePrice: '43120',
            expectedSpreadBps: 2,
            expectedImpactBps: 2.4,
          },
        },
        {
          ts: ts + 150,
          type: 'OrderFilled',
          by: 'venue/paper',
          cause: 0,
          data: {
            ...sell,
            trade: 't-8-1',
            price: '43101.2',
            remaining: '0',
            fee: '11.0339072',
            feeCurrency: 'USDT',
            liquidity: 'taker',
            referencePrice: '43120',
            slippageBps: 4.4,
          },
        },
      ],
      config,
    )
    expect(explanationText(explain(runDir, 'o-3-1')).split('\n')).toEqual(GOLDEN)
  })
})

const GOLDEN: readonly string[] = [
  'order o-3-1: sell 0.512 BTC of BTCUSDT, filled',
  'run r1; [n] is a seq of its log; times are UTC',
  '',
  '[6] risk/engine approved o-3-1 at 2022-03-01: sell 0.512 BTC of BTCUSDT at 43,120 to rebalance: 0 % → -1.1 % of NAV',
  '  because [5] risk/engine assessed the book at 2022-03-01, NAV 1,000,000.00: BTCUSDT wanted -0.304 %, held 0 %, allowed -1.1 % of NAV at a mark of 43,120',
  '    · maxAbsWeight: largest weight 1 % against a cap of 25 %; unchanged (gross 1.45 %, net -1.45 %)',
  '    · volTarget: volatility target 10 % a year against 13.2 % ex ante → × 0.76; gross 1.45 % → 1.1 %, net -1.45 % → -1.1 %',
  '    because [4] portfolio/blender blended one signal on BTCUSDT at 2022-03-01 at the scheduled rebalance: wants -0.304 % of NAV (agreement 1 against 0.2)',
  '      · tsmom: target -24.6 % divided among 17 instruments = -1.45 %, × confidence 0.42 × budget 1 of 1 → adds -0.304 %',
  '      because [2] signal/tsmom went short BTCUSDT at 2022-03-01 at a close of 43,120, on momentum: momentum -12.34 % against 0 %, volatility 61 % a year; confidence 0.42 → target -24.6 % of NAV',
  '        because [1] 1d bar of BTCUSDT closed at 2022-03-01: open 43,500, high 44,000, low 42,900, close 43,120, volume 1,250.5',
  '      because [3] all bars of 2022-03-01 were in',
  '[7] execution/router sent it at 2022-03-01: sell 0.512 BTC of BTCUSDT, market, immediate or cancel; expects half a spread of 2 bp and impact of 2.4 bp',
  '  because [6] OrderApproved, see above',
  '[8] venue/paper filled 0.512 BTC at 43,101.2 at 2022-03-01 00:00:00.150 (against 43,120: spread and impact 4.4 bp, fee 11.03 USDT as taker); nothing left',
  '  because [7] OrderSubmitted, see above',
]
