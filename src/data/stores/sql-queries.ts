/** Owns the queries of the aggregate store as SQL over one function that asks; the backends differ in dialect alone. */
import { SCHEMA } from './dialect.js'
import { type OrderEventRow, ordersOf } from './order-fold.js'
import { limitOf, OF_RUN, Values } from './sql-asking.js'
import { MarketQueries } from './sql-market.js'
import type { Fields } from './sql-rows.js'
import type {
  AggregateQueries,
  DecisionRow,
  EquityRow,
  FillRow,
  HaltRow,
  OrderRow,
  RunQuery,
  RunRow,
  SignalRow,
} from './store.port.js'

export type { SqlValue } from './sql-asking.js'

export class SqlQueries extends MarketQueries implements AggregateQueries {
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
    return this.rows(fields, `FROM ${SCHEMA}.runs ORDER BY created_at, run`, new Values())
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
    return this.ofRun('signals', query, fields, { signal: query.signal })
  }

  async orders(query: RunQuery): Promise<readonly OrderRow[]> {
    const values = new Values()
    const where = this.runWhere(query, values)
    const within = this.within('min(ts)', query, values)
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
    return ordersOf(await this.rows<OrderEventRow>(fields, rest, values))
  }

  fills(query: RunQuery): Promise<readonly FillRow[]> {
    return this.ofRun('fills', query, {
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
    return this.ofRun('decisions', query, fields, { kind: query.kind }, ', ordinal')
  }

  equity(query: Omit<RunQuery, 'instrument'>): Promise<readonly EquityRow[]> {
    return this.ofRun('equity', query, {
      ...OF_RUN,
      nav: ['nav', 'double'],
      gross: ['gross', 'double'],
      net: ['net', 'double'],
      drawdown: ['drawdown', 'double'],
      annualVol: ['annual_vol', 'double'],
    })
  }

  halts(query: Omit<RunQuery, 'instrument'>): Promise<readonly HaltRow[]> {
    return this.ofRun('halts', query, {
      ...OF_RUN,
      halted: ['halted', 'flag'],
      reason: ['reason', 'text'],
      detail: ['detail', 'text'],
      value: ['value', 'double'],
      limit: ['limit_value', 'double'],
    })
  }
}
