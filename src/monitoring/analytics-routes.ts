/** Owns what the analytics API answers: its routes, their parameters and the fields of their rows, as data for OpenAPI. */

export type FieldType = 'text' | 'number' | 'integer' | 'time' | 'flag' | 'decimal' | 'any'

export interface RouteField {
  readonly type: FieldType
  readonly isNullable?: true
  readonly about: string
}

/** What is asked of the store; the names are those of its queries. */
export type AnalyticsQuery =
  | 'runs'
  | 'instruments'
  | 'bars'
  | 'funding'
  | 'fundingRates'
  | 'fundingSpreads'
  | 'marks'
  | 'openInterest'
  | 'volatility'
  | 'signals'
  | 'orders'
  | 'fills'
  | 'decisions'
  | 'equity'
  | 'halts'

export interface AnalyticsRoute {
  readonly query: AnalyticsQuery
  /** Behind `/v1`. */
  readonly path: string
  readonly about: string
  readonly required: readonly string[]
  readonly optional: readonly string[]
  readonly row: Readonly<Record<string, RouteField>>
}

const of = (type: FieldType, about: string): RouteField => ({ type, about })
const maybe = (type: FieldType, about: string): RouteField => ({ type, isNullable: true, about })

const instrument = of('text', 'venue.market.SYMBOL')
const inRun = {
  run: of('text', 'run id'),
  seq: of('integer', 'seq of the event in the log of the run'),
  ts: of('time', 'time of the event'),
}
const PAGE = ['from', 'to', 'limit'] as const
const MARKET = ['world', ...PAGE] as const
const RUN = ['run', 'instrument', 'afterSeq', ...PAGE] as const

/** Parameters, each with one meaning on every route. */
export const PARAMETERS: Readonly<Record<string, RouteField>> = {
  instrument,
  interval: of('text', 'bar interval: 1m, 1h, 1d …'),
  base: of('text', 'base currency'),
  venue: of('text', 'venue'),
  currency: of('text', 'base currency of the index'),
  slotHours: of('number', 'length of a slot, hours; 8 when absent'),
  world: of(
    'text',
    'whose market, `real` or a simulated one by its name; when absent, that of the run that serves it, or `real`',
  ),
  run: of('text', 'run id; all runs when absent'),
  signal: of('text', 'signal name'),
  kind: of('text', 'blend, risk, refusal or stop'),
  afterSeq: of('integer', 'rows behind this seq; with `run`'),
  from: of('time', 'first time, inclusive'),
  to: of('time', 'last time, exclusive'),
  limit: of('integer', 'most rows, 1000 when absent, at most 100000'),
}

export const ANALYTICS_ROUTES: readonly AnalyticsRoute[] = [
  {
    query: 'runs',
    path: '/runs',
    about: 'Runs and how far each is projected.',
    required: [],
    optional: [],
    row: {
      run: inRun.run,
      world: of('text', 'whose market it saw'),
      mode: of('text', 'sim, paper, live, backtest'),
      codeVersion: of('text', 'version of quantbot'),
      configurationHash: of('text', 'SHA-256 of its configuration'),
      createdAt: of('time', 'when it began'),
      parent: maybe('text', 'run that it carries on'),
      position: of('integer', 'last seq that is projected'),
      positionTs: of('time', 'time of that event'),
    },
  },
  {
    query: 'instruments',
    path: '/instruments',
    about: 'The newest terms of each instrument.',
    required: [],
    optional: ['base', 'world'],
    row: {
      instrument,
      kind: of('text', 'spot, linearPerpetual, …'),
      base: of('text', 'base currency'),
      quote: of('text', 'quote currency'),
      tick: of('decimal', 'price step'),
      lot: of('decimal', 'size step'),
      minNotional: of('decimal', 'least order value, quote'),
      makerFeeBps: of('number', 'basis points'),
      takerFeeBps: of('number', 'basis points'),
      listedAt: of('time', 'since when it is known'),
      delistedAt: maybe('time', 'null while it is listed'),
    },
  },
  {
    query: 'bars',
    path: '/bars',
    about: 'Bars; 1h and 1d are rolled up where the log has only finer ones.',
    required: ['instrument', 'interval'],
    optional: MARKET,
    row: {
      instrument,
      interval: of('text', 'bar interval'),
      openTime: of('time', 'start of the bar'),
      open: of('number', 'quote'),
      high: of('number', 'quote'),
      low: of('number', 'quote'),
      close: of('number', 'quote'),
      volume: of('number', 'base coins'),
      from: of('text', 'interval of the bars that it was made from'),
      parts: of('integer', 'finer bars in it'),
      coverage: of('number', 'share of its span that they cover'),
    },
  },
  {
    query: 'funding',
    path: '/funding',
    about: 'Settled funding.',
    required: ['instrument'],
    optional: MARKET,
    row: {
      instrument,
      settledAt: of('time', 'settlement'),
      rate: of('number', 'fraction for its own interval; positive: longs pay'),
      intervalHours: of('number', 'hours'),
      proxy: of('flag', 'true: a stand-in, no datum'),
    },
  },
  {
    query: 'fundingRates',
    path: '/funding-rates',
    about: 'Rates as they were being formed.',
    required: ['instrument'],
    optional: MARKET,
    row: {
      instrument,
      at: of('time', 'time of the venue'),
      rate: of('number', 'fraction for its own interval'),
      intervalHours: of('number', 'hours'),
      nextFundingAt: maybe('time', 'null where funding is continuous'),
    },
  },
  {
    query: 'fundingSpreads',
    path: '/funding-spreads',
    about: 'Highest and lowest settled funding of a coin over the venues, by slots of time.',
    required: ['base'],
    optional: ['slotHours', ...MARKET],
    row: {
      at: of('time', 'start of the slot'),
      instruments: of('integer', 'instruments compared'),
      highest: instrument,
      highestRate8h: of('number', 'fraction for 8 hours'),
      lowest: instrument,
      lowestRate8h: of('number', 'fraction for 8 hours'),
      spread8h: of('number', 'fraction for 8 hours'),
    },
  },
  {
    query: 'marks',
    path: '/marks',
    about: 'Mark and index prices.',
    required: ['instrument'],
    optional: MARKET,
    row: {
      instrument,
      at: of('time', 'time of the venue'),
      mark: of('number', 'quote'),
      index: maybe('number', 'quote'),
    },
  },
  {
    query: 'openInterest',
    path: '/open-interest',
    about: 'Open interest.',
    required: ['instrument'],
    optional: MARKET,
    row: { instrument, at: of('time', 'time of the venue'), openInterest: of('number', 'base coins, one side') },
  },
  {
    query: 'volatility',
    path: '/volatility',
    about: 'A volatility index.',
    required: ['venue', 'currency'],
    optional: MARKET,
    row: {
      venue: of('text', 'venue'),
      currency: of('text', 'base currency'),
      at: of('time', 'time of the venue'),
      value: of('number', 'decimal a year'),
    },
  },
  {
    query: 'signals',
    path: '/signals',
    about: 'What signals said, with the numbers that decided.',
    required: [],
    optional: ['signal', ...RUN],
    row: {
      ...inRun,
      signal: of('text', 'signal'),
      instrument,
      side: of('text', 'long, short or flat'),
      reason: of('text', 'reason code'),
      strength: of('number', 'in [-1, 1]'),
      confidence: of('number', 'in [0, 1]'),
      targetWeight: of('number', 'fraction of NAV'),
      price: of('number', 'quote'),
      asOf: of('time', 'newest datum behind it'),
      validUntil: of('time', 'stale afterwards'),
      terms: of('any', 'name, value and threshold of each number'),
    },
  },
  {
    query: 'orders',
    path: '/orders',
    about: 'Orders as far as they came.',
    required: [],
    optional: RUN,
    row: {
      ...inRun,
      order: of('text', 'order id'),
      instrument,
      state: of('text', 'approved, submitted, accepted, filled, …'),
      side: maybe('text', 'buy or sell'),
      purpose: maybe('text', 'why it was sent'),
      quantity: maybe('decimal', 'base units'),
      filled: of('decimal', 'base units'),
      fees: of('decimal', 'settlement currency'),
      limitPrice: maybe('decimal', 'quote'),
      referencePrice: maybe('decimal', 'quote'),
      code: maybe('text', 'of a refusal or rejection'),
      lastSeq: of('integer', 'seq of its newest event'),
      lastTs: of('time', 'time of its newest event'),
    },
  },
  {
    query: 'fills',
    path: '/fills',
    about: 'Fills.',
    required: [],
    optional: RUN,
    row: {
      ...inRun,
      order: of('text', 'order id'),
      trade: of('text', 'trade id of the venue'),
      instrument,
      side: of('text', 'buy or sell'),
      price: of('decimal', 'quote'),
      quantity: of('decimal', 'base units'),
      fee: of('decimal', 'positive: paid'),
      feeCurrency: of('text', 'currency'),
      liquidity: of('text', 'maker or taker'),
      referencePrice: of('decimal', 'price when it was decided, quote'),
      slippageBps: of('number', 'basis points'),
    },
  },
  {
    query: 'decisions',
    path: '/decisions',
    about: 'What blender and risk decided, by instrument.',
    required: [],
    optional: ['kind', ...RUN],
    row: {
      ...inRun,
      ordinal: of('integer', 'place within the event'),
      kind: of('text', 'blend, risk, refusal or stop'),
      instrument,
      weight: maybe('number', 'fraction of NAV'),
      outcome: maybe('text', 'outcome of the blend, code of the refusal, side of the stop'),
      detail: of('any', 'the row as the event has it'),
    },
  },
  {
    query: 'equity',
    path: '/equity',
    about: 'Marked equity at each assessment of risk.',
    required: [],
    optional: ['run', 'afterSeq', ...PAGE],
    row: {
      ...inRun,
      nav: of('number', 'quote'),
      gross: of('number', 'fraction of NAV'),
      net: of('number', 'fraction of NAV'),
      drawdown: maybe('number', '0 or negative'),
      annualVol: maybe('number', 'ex ante'),
    },
  },
  {
    query: 'halts',
    path: '/halts',
    about: 'Halts of trading and their ends.',
    required: [],
    optional: ['run', 'afterSeq', ...PAGE],
    row: {
      ...inRun,
      halted: of('flag', 'false: resumed'),
      reason: of('text', 'reason code'),
      detail: maybe('text', 'in words'),
      value: maybe('number', 'what was seen'),
      limit: maybe('number', 'against which limit'),
    },
  },
]
