/** Owns the queries of market tables: bars with their rollups, funding and its spreads, marks, open interest, instruments. */
import { invariant } from '#core/invariant'
import { ROLLUPS, SCHEMA } from './dialect.js'
import { type SpreadPart, spreadsOf } from './funding-spreads.js'
import { Asking, LIMIT_MAX, limitOf, Values } from './sql-asking.js'
import type { Fields } from './sql-rows.js'
import {
  type BarRow,
  type FundingRateRow,
  type FundingRow,
  type FundingSpreadRow,
  type InstrumentRow,
  type MarketQuery,
  type MarkRow,
  type OpenInterestRow,
  type Page,
  REAL_WORLD,
  type VolatilityRow,
} from './store.port.js'

/** Venues stamp a settlement some moments after the slot that it ends; chosen here. */
const SETTLEMENT_LATE_MINUTES = 5
const HOUR_MS = 3_600_000

export class MarketQueries extends Asking {
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
    return this.rows<InstrumentRow>(fields, from, values)
  }

  async bars(query: MarketQuery & { readonly interval: string }): Promise<readonly BarRow[]> {
    const values = new Values()
    const { interval, instrument, world = REAL_WORLD } = query
    const series = `world = ${values.add(world)} AND instrument = ${values.add(instrument)}`
    const within = (time: string): string => this.within(time, query, values)
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
      if (this.dialect().flavour !== 'timescale') sources.push(this.#rolledUp(rollup, series, query, values))
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
    const rows = await this.rows<Omit<BarRow, 'instrument' | 'interval' | 'coverage'> & { readonly coveredMs: number }>(
      fields,
      from,
      values,
    )
    return rows.map(({ coveredMs, ...row }) => {
      const coverage = row.from === interval ? 1 : coveredMs / rollup!.spanMs // rolled up: the interval has a rollup
      return { instrument, interval, ...row, coverage }
    })
  }

  /** Continuous aggregates that make bars of the interval; where there are none it is worked out when asked. */
  #rollupNames(interval: string): readonly string[] {
    if (this.dialect().flavour !== 'timescale') return []
    return interval === '1h' ? ['bars_1h'] : ['bars_1d', 'bars_1d_from_hours']
  }

  /** Whole slots alone, so that the time of the bars can be bounded: a view would read all of them. */
  #rolledUp(rollup: { readonly hours: number; readonly spanMs: number }, series: string, page: Page, values: Values) {
    const { slot, firstBy, lastBy } = this.dialect()
    const up = (ms: number | undefined): number | undefined =>
      ms === undefined ? undefined : Math.ceil(ms / rollup.spanMs) * rollup.spanMs
    const [from, to] = [up(page.from), up(page.to)]
    const within = this.within(
      'open_time',
      { ...(from !== undefined && { from }), ...(to !== undefined && { to }) },
      values,
    )
    return `SELECT bar_interval, ${slot('open_time', rollup.hours)} AS bucket, ${firstBy('open', 'open_time')},
        max(high), min(low), ${lastBy('close', 'open_time')}, sum(volume), count(*), sum(span_ms), 1
      FROM ${SCHEMA}.bars WHERE ${series} AND span_ms < ${rollup.spanMs}${within} GROUP BY 1, 2`
  }

  funding(query: MarketQuery): Promise<readonly FundingRow[]> {
    return this.market('funding', 'settled_at', query, {
      instrument: ['instrument', 'text'],
      settledAt: ['settled_at', 'time'],
      rate: ['rate', 'double'],
      intervalHours: ['interval_hours', 'double'],
      proxy: ['proxy', 'flag'],
    })
  }

  fundingRates(query: MarketQuery): Promise<readonly FundingRateRow[]> {
    return this.market('funding_rates', 'observed_at', query, {
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
    const inner = `SELECT instrument, ${this.dialect().slot(`settled_at - ${late}`, slotHours)} + INTERVAL '${slotHours} hours' AS slot_end,
        8 * sum(rate) / nullif(sum(interval_hours), 0) AS rate8h
      FROM ${SCHEMA}.funding
      WHERE world = ${inWorld} AND NOT proxy${this.within('settled_at', { ...from, ...to }, values)} AND (
        instrument IN (SELECT instrument FROM ${SCHEMA}.instruments WHERE world = ${inWorld} AND base = ${ofBase})
        OR (${symbol} = ${ofBase} AND instrument NOT IN (
          SELECT instrument FROM ${SCHEMA}.instruments WHERE world = ${inWorld} AND base IS NOT NULL)))
      GROUP BY 1, 2`
    const fields: Fields = {
      instrument: ['instrument', 'text'],
      at: ['slot_end', 'time'],
      rate8h: ['rate8h', 'double'],
    }
    const rest = `FROM (${inner}) slots WHERE rate8h IS NOT NULL${this.within('slot_end', query, values)}
      ORDER BY slot_end, instrument LIMIT ${LIMIT_MAX}`
    return spreadsOf(await this.rows<SpreadPart>(fields, rest, values)).slice(0, limitOf(query))
  }

  marks(query: MarketQuery): Promise<readonly MarkRow[]> {
    return this.market('marks', 'observed_at', query, {
      instrument: ['instrument', 'text'],
      at: ['observed_at', 'time'],
      mark: ['mark', 'double'],
      index: ['index_price', 'double'],
    })
  }

  openInterest(query: MarketQuery): Promise<readonly OpenInterestRow[]> {
    return this.market('open_interest', 'observed_at', query, {
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
      AND venue = ${values.add(query.venue)} AND currency = ${values.add(query.currency)}${this.within('observed_at', query, values)}
      ORDER BY observed_at LIMIT ${limitOf(query)}`
    return this.rows<VolatilityRow>(fields, rest, values)
  }
}
