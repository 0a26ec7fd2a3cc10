/** Owns the queries of the aggregate store as SQL over one function that asks; the backends differ in dialect alone. */
import { invariant } from '#core/invariant'
import { type Dialect, ROLLUPS, SCHEMA } from './dialect.js'
import { type SpreadPart, spreadsOf } from './funding-spreads.js'
import { type OrderEventRow, ordersOf } from './order-fold.js'
import { type Fields, readRows, select } from './sql-rows.js'
import type {
  AggregateQueries,
  BarRow,
  DecisionRow,
  EquityRow,
  FillRow,
  FundingRateRow,
  FundingRow,
  FundingSpreadRow,
  HaltRow,
  InstrumentRow,
  MarketQuery,
  MarkRow,
  OpenInterestRow,
  OrderRow,
  Page,
  RunQuery,
  RunRow,
  SignalRow,
  VolatilityRow,
} from './store.port.js'
import { REAL_WORLD } from './store.port.js'

export type SqlValue = string | number | boolean
/** Asks one statement with `$1`… and gives its rows: doubles, texts, flags, null. */
export type Ask = (sql: string, values: readonly SqlValue[]) => Promise<readonly Record<string, unknown>[]>

const LIMIT = 1000
const LIMIT_MAX = 100_000
/** Venues stamp a settlement some moments after the slot that it ends; chosen here. */
const SETTLEMENT_LATE_MINUTES = 5
const HOUR_MS = 3_600_000

/** Values of a statement in the making. */
class Values {
  readonly all: SqlValue[] = []
  add(value: SqlValue): string {
    this.all.push(value)
    return `$${this.all.length}`
  }
}

const OF_RUN: Fields = { run: ['run', 'text'], seq: ['seq', 'integer'], ts: ['ts', 'time'] }

export class SqlQueries implements AggregateQueries {
  readonly #ask: Ask
  readonly #dialect: () => Dialect

  constructor(dialect: () => Dialect, ask: Ask) {
    this.#dialect = dialect
    this.#ask = ask
  }

  runs(): Promise<readonly RunRow[]> {
    const fields: Fields = {
      run: ['run', 'text'],
      world: ['world', 'text'],
      mode: ['mode', 'text'],
      codeVersion: ['code_version', 'text'],
      configurationHash: ['configuration_hash', 'text'],
      createdAt: ['created_at', 'time'],
      parent: ['parent', 'text'],
      position: ['position', 'integer'],
      positionTs: ['position_ts', 'time'],
    }
    return this.#rows(fields, `FROM ${SCHEMA}.runs ORDER BY created_at, run`, new Values())
  }

  instruments({ world = REAL_WORLD, base }: { readonly world?: string; readonly base?: string }) {
    const values = new Values()
    const inWorld = values.add(world)
    const ofBase = base === undefined ? '' : `AND l.base = ${values.add(base)}`
    const fields: Fields = {
      instrument: ['l.instrument', 'text'],
      kind: ['l.kind', 'text'],
      base: ['l.base', 'text'],
      quote: ['l.quote', 'text'],
      tick: ['l.tick', 'decimal'],
      lot: ['l.lot', 'decimal'],
      minNotional: ['l.min_notional', 'decimal'],
      makerFeeBps: ['l.maker_fee_bps', 'double'],
      takerFeeBps: ['l.taker_fee_bps', 'double'],
      listedAt: ['l.ts', 'time'],
      delistedAt: ['d.ts', 'time'],
    }
    const from = `FROM (
        SELECT DISTINCT ON (instrument) * FROM ${SCHEMA}.instruments WHERE world = ${inWorld} AND listed
        ORDER BY instrument, ts DESC, seq DESC
      ) l LEFT JOIN (
        SELECT instrument, max(ts) AS ts FROM ${SCHEMA}.instruments WHERE world = ${inWorld} AND NOT listed GROUP BY instrument
      ) d ON d.instrument = l.instrument AND d.ts >= l.ts
      WHERE true ${ofBase} ORDER BY l.instrument`
    return this.#rows<InstrumentRow>(fields, from, values)
  }

  async bars(query: MarketQuery & { readonly interval: string }): Promise<readonly BarRow[]> {
    const values = new Values()
    const { interval, instrument, world = REAL_WORLD } = query
    const series = `world = ${values.add(world)} AND instrument = ${values.add(instrument)}`
    const within = (time: string): string => this.#within(time, query, values)
    const columns = 'open, high, low, close, volume'
    const sources = [
      `SELECT bar_interval, open_time AS bucket, ${columns}, 1 AS parts, span_ms AS covered_ms, 0 AS rank
        FROM ${SCHEMA}.bars WHERE ${series} AND bar_interval = ${values.add(interval)}${within('open_time')}`,
    ]
    const rollup = ROLLUPS[interval]
    if (rollup !== undefined) {
      for (const name of this.#rollupNames(interval))
        sources.push(
          `SELECT bar_interval, bucket, ${columns}, parts, covered_ms, 1 AS rank
            FROM ${SCHEMA}.${name} WHERE ${series}${within('bucket')}`,
        )
      if (this.#dialect().flavour !== 'timescale') sources.push(this.#rolledUp(rollup, series, query, values))
    }
    const fields: Fields = {
      openTime: ['bucket', 'time'],
      open: ['open', 'double'],
      high: ['high', 'double'],
      low: ['low', 'double'],
      close: ['close', 'double'],
      volume: ['volume', 'double'],
      from: ['bar_interval', 'text'],
      parts: ['parts', 'integer'],
      coveredMs: ['covered_ms', 'integer'],
    }
    // Of several that make the same bar, the bar itself, then the one that covers most of it.
    const best = `SELECT DISTINCT ON (bucket) * FROM (${sources.join(' UNION ALL ')}) made
      ORDER BY bucket, rank, covered_ms DESC, bar_interval`
    const from = `FROM (${best}) best ORDER BY bucket LIMIT ${limitOf(query)}`
    const rows = await this.#rows<
      Omit<BarRow, 'instrument' | 'interval' | 'coverage'> & { readonly coveredMs: number }
    >(fields, from, values)
    return rows.map(({ coveredMs, ...row }) => {
      const coverage = row.from === interval ? 1 : coveredMs / rollup!.spanMs // rolled up: the interval has a rollup
      return { instrument, interval, ...row, coverage }
    })
  }

  /** Continuous aggregates that make bars of the interval; where there are none it is worked out when asked. */
  #rollupNames(interval: string): readonly string[] {
    if (this.#dialect().flavour !== 'timescale') return []
    return interval === '1h' ? ['bars_1h'] : ['bars_1d', 'bars_1d_from_hours']
  }

  /** Whole slots alone, so that the time of the bars can be bounded: a view would read all of them. */
  #rolledUp(rollup: { readonly hours: number; readonly spanMs: number }, series: string, page: Page, values: Values) {
    const { slot, firstBy, lastBy } = this.#dialect()
    const up = (ms: number | undefined): number | undefined =>
      ms === undefined ? undefined : Math.ceil(ms / rollup.spanMs) * rollup.spanMs
    const [from, to] = [up(page.from), up(page.to)]
    const within = this.#within(
      'open_time',
      { ...(from !== undefined && { from }), ...(to !== undefined && { to }) },
      values,
    )
    return `SELECT bar_interval, ${slot('open_time', rollup.hours)} AS bucket, ${firstBy('open', 'open_time')},
        max(high), min(low), ${lastBy('close', 'open_time')}, sum(volume), count(*), sum(span_ms), 1
      FROM ${SCHEMA}.bars WHERE ${series} AND span_ms < ${rollup.spanMs}${within} GROUP BY 1, 2`
  }

  funding(query: MarketQuery): Promise<readonly FundingRow[]> {
    return this.#market('funding', 'settled_at', query, {
      instrument: ['instrument', 'text'],
      settledAt: ['settled_at', 'time'],
      rate: ['rate', 'double'],
      intervalHours: ['interval_hours', 'double'],
      proxy: ['proxy', 'flag'],
    })
  }

  fundingRates(query: MarketQuery): Promise<readonly FundingRateRow[]> {
    return this.#market('funding_rates', 'observed_at', query, {
      instrument: ['instrument', 'text'],
      at: ['observed_at', 'time'],
      rate: ['rate', 'double'],
      intervalHours: ['interval_hours', 'double'],
      nextFundingAt: ['next_funding_at', 'time'],
    })
  }

  async fundingSpreads(
    query: Page & { readonly world?: string; readonly base: string; readonly slotHours?: number },
  ): Promise<readonly FundingSpreadRow[]> {
    const { base, world = REAL_WORLD, slotHours = 8 } = query
    invariant(Number.isInteger(slotHours) && slotHours > 0 && slotHours <= 720, 'slotHours is a whole number up to 720')
    const values = new Values()
    const inWorld = values.add(world)
    const ofBase = values.add(base)
    const slotMs = slotHours * HOUR_MS
    const late = `INTERVAL '${SETTLEMENT_LATE_MINUTES} minutes'`
    const from = query.from === undefined ? {} : { from: query.from - 2 * slotMs }
    const to = query.to === undefined ? {} : { to: query.to + slotMs }
    const symbol = `regexp_replace(split_part(instrument, '.', 3), '[-_]?(USDT|USDC|USD)?([-_].*)?$', '')`
    const inner = `SELECT instrument, ${this.#dialect().slot(`settled_at - ${late}`, slotHours)} + INTERVAL '${slotHours} hours' AS slot_end,
        8 * sum(rate) / nullif(sum(interval_hours), 0) AS rate8h
      FROM ${SCHEMA}.funding
      WHERE world = ${inWorld} AND NOT proxy${this.#within('settled_at', { ...from, ...to }, values)} AND (
        instrument IN (SELECT instrument FROM ${SCHEMA}.instruments WHERE world = ${inWorld} AND base = ${ofBase})
        OR (${symbol} = ${ofBase} AND instrument NOT IN (
          SELECT instrument FROM ${SCHEMA}.instruments WHERE world = ${inWorld} AND base IS NOT NULL)))
      GROUP BY 1, 2`
    const fields: Fields = { instrument: ['instrument', 'text'], at: ['slot_end', 'time'], rate8h: ['rate8h', 'double'] }
    const rest = `FROM (${inner}) slots WHERE rate8h IS NOT NULL${this.#within('slot_end', query, values)}
      ORDER BY slot_end, instrument LIMIT ${LIMIT_MAX}`
    return spreadsOf(await this.#rows<SpreadPart>(fields, rest, values)).slice(0, limitOf(query))
  }

  marks(query: MarketQuery): Promise<readonly MarkRow[]> {
    return this.#market('marks', 'observed_at', query, {
      instrument: ['instrument', 'text'],
      at: ['observed_at', 'time'],
      mark: ['mark', 'double'],
      index: ['index_price', 'double'],
    })
  }

  openInterest(query: MarketQuery): Promise<readonly OpenInterestRow[]> {
    return this.#market('open_interest', 'observed_at', query, {
      instrument: ['instrument', 'text'],
      at: ['observed_at', 'time'],
      openInterest: ['open_interest', 'double'],
    })
  }

  volatility(query: Page & { readonly world?: string; readonly venue: string; readonly currency: string }) {
    const values = new Values()
    const fields: Fields = {
      venue: ['venue', 'text'],
      currency: ['currency', 'text'],
      at: ['observed_at', 'time'],
      value: ['value', 'double'],
    }
    const rest = `FROM ${SCHEMA}.volatility WHERE world = ${values.add(query.world ?? REAL_WORLD)}
      AND venue = ${values.add(query.venue)} AND currency = ${values.add(query.currency)}${this.#within('observed_at', query, values)}
      ORDER BY observed_at LIMIT ${limitOf(query)}`
    return this.#rows<VolatilityRow>(fields, rest, values)
  }

  signals(query: RunQuery & { readonly signal?: string }): Promise<readonly SignalRow[]> {
    const fields: Fields = {
      ...OF_RUN,
      signal: ['signal', 'text'],
      instrument: ['instrument', 'text'],
      side: ['side', 'text'],
      reason: ['reason', 'text'],
      strength: ['strength', 'double'],
      confidence: ['confidence', 'double'],
      targetWeight: ['target_weight', 'double'],
      price: ['price', 'double'],
      asOf: ['as_of', 'time'],
      validUntil: ['valid_until', 'time'],
      terms: ['terms', 'json'],
    }
    return this.#ofRun('signals', query, fields, { signal: query.signal })
  }

  async orders(query: RunQuery): Promise<readonly OrderRow[]> {
    const values = new Values()
    const where = this.#runWhere(query, values)
    const within = this.#within('min(ts)', query, values).replace(/^ AND /, ' AND ')
    const after = query.afterSeq === undefined ? '' : ` AND min(seq) > ${values.add(query.afterSeq)}`
    const fields: Fields = {
      run: ['e.run', 'text'],
      order: ['e.order_id', 'text'],
      seq: ['e.seq', 'integer'],
      ts: ['e.ts', 'time'],
      instrument: ['e.instrument', 'text'],
      state: ['e.state', 'text'],
      side: ['e.side', 'text'],
      purpose: ['e.purpose', 'text'],
      quantity: ['e.quantity', 'decimal'],
      limitPrice: ['e.limit_price', 'decimal'],
      referencePrice: ['e.reference_price', 'decimal'],
      code: ['e.code', 'text'],
      filled: ['s.quantity', 'decimal'],
      fees: ['s.fee', 'decimal'],
    }
    const rest = `FROM (
        SELECT run, order_id, min(ts) AS ts, min(seq) AS seq FROM ${SCHEMA}.order_events WHERE ${where}
        GROUP BY run, order_id HAVING true${within}${after} ORDER BY min(ts), min(seq), run LIMIT ${limitOf(query)}
      ) p JOIN ${SCHEMA}.order_events e ON e.run = p.run AND e.order_id = p.order_id LEFT JOIN (
        SELECT run, order_id, sum(quantity) AS quantity, sum(fee) AS fee
        FROM (SELECT DISTINCT run, order_id, trade_id, quantity, fee FROM ${SCHEMA}.fills WHERE ${where}) trades
        GROUP BY run, order_id
      ) s ON s.run = p.run AND s.order_id = p.order_id
      ORDER BY p.ts, p.seq, p.run, e.seq`
    return ordersOf(await this.#rows<OrderEventRow>(fields, rest, values))
  }

  fills(query: RunQuery): Promise<readonly FillRow[]> {
    return this.#ofRun('fills', query, {
      ...OF_RUN,
      order: ['order_id', 'text'],
      trade: ['trade_id', 'text'],
      instrument: ['instrument', 'text'],
      side: ['side', 'text'],
      price: ['price', 'decimal'],
      quantity: ['quantity', 'decimal'],
      fee: ['fee', 'decimal'],
      feeCurrency: ['fee_currency', 'text'],
      liquidity: ['liquidity', 'text'],
      referencePrice: ['reference_price', 'decimal'],
      slippageBps: ['slippage_bps', 'double'],
    })
  }

  decisions(query: RunQuery & { readonly kind?: DecisionRow['kind'] }): Promise<readonly DecisionRow[]> {
    const fields: Fields = {
      ...OF_RUN,
      ordinal: ['ordinal', 'integer'],
      kind: ['kind', 'text'],
      instrument: ['instrument', 'text'],
      weight: ['weight', 'double'],
      outcome: ['outcome', 'text'],
      detail: ['detail', 'json'],
    }
    return this.#ofRun('decisions', query, fields, { kind: query.kind }, ', ordinal')
  }

  equity(query: Omit<RunQuery, 'instrument'>): Promise<readonly EquityRow[]> {
    return this.#ofRun('equity', query, {
      ...OF_RUN,
      nav: ['nav', 'double'],
      gross: ['gross', 'double'],
      net: ['net', 'double'],
      drawdown: ['drawdown', 'double'],
      annualVol: ['annual_vol', 'double'],
    })
  }

  halts(query: Omit<RunQuery, 'instrument'>): Promise<readonly HaltRow[]> {
    return this.#ofRun('halts', query, {
      ...OF_RUN,
      halted: ['halted', 'flag'],
      reason: ['reason', 'text'],
      detail: ['detail', 'text'],
      value: ['value', 'double'],
      limit: ['limit_value', 'double'],
    })
  }

  #market<T>(table: string, time: string, query: MarketQuery, fields: Fields): Promise<readonly T[]> {
    const values = new Values()
    const rest = `FROM ${SCHEMA}.${table} WHERE world = ${values.add(query.world ?? REAL_WORLD)}
      AND instrument = ${values.add(query.instrument)}${this.#within(time, query, values)}
      ORDER BY ${time} LIMIT ${limitOf(query)}`
    return this.#rows(fields, rest, values)
  }

  #ofRun<T>(
    table: string,
    query: RunQuery,
    fields: Fields,
    equal: Readonly<Record<string, string | undefined>> = {},
    thenBy = '',
  ): Promise<readonly T[]> {
    const values = new Values()
    const where = [this.#runWhere(query, values)]
    for (const [column, value] of Object.entries(equal))
      if (value !== undefined) where.push(`${column} = ${values.add(value)}`)
    if (query.afterSeq !== undefined) where.push(`seq > ${values.add(query.afterSeq)}`)
    const order = query.run === undefined ? 'ts, run, seq' : 'seq'
    const rest = `FROM ${SCHEMA}.${table} WHERE ${where.join(' AND ')}${this.#within('ts', query, values)}
      ORDER BY ${order}${thenBy} LIMIT ${limitOf(query)}`
    return this.#rows(fields, rest, values)
  }

  #runWhere({ run, instrument }: RunQuery, values: Values): string {
    const parts = ['true']
    if (run !== undefined) parts.push(`run = ${values.add(run)}`)
    if (instrument !== undefined) parts.push(`instrument = ${values.add(instrument)}`)
    return parts.join(' AND ')
  }

  #within(time: string, { from, to }: Page, values: Values): string {
    const { instant } = this.#dialect()
    const low = from === undefined ? '' : ` AND ${time} >= ${instant(values.add(from))}`
    return to === undefined ? low : `${low} AND ${time} < ${instant(values.add(to))}`
  }

  async #rows<T>(fields: Fields, rest: string, values: Values): Promise<readonly T[]> {
    const rows = await this.#ask(`SELECT ${select(this.#dialect(), fields)} ${rest}`, values.all)
    return readRows<T>(fields, rows)
  }
}

function limitOf({ limit = LIMIT }: Page): number {
  invariant(Number.isInteger(limit) && limit >= 0, 'a limit is a whole number')
  return Math.min(limit, LIMIT_MAX)
}
