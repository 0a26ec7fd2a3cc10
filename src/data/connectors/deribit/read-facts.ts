/** Owns reading `get_instruments`: terms of trade, strikes, expiries. Combos are no instruments of ours. */
import { type DecimalString, isDecimalString } from '#core/decimal'
import { HOUR_MS } from '#core/time'
import { booleanOf, type Fields, fieldsOf, listOf, numberOf, positiveOf, textOf, timeOf } from '../fields.js'
import { type InstrumentFacts, type InstrumentKind, PayloadRefused } from '../normal.js'
import { type DeribitName, strikeOf } from './names.js'
import { instrumentOf } from './read-market.js'

const KINDS = ['future', 'option', 'spot'] as const

/** Rows of `get_instruments`, or the one of `get_instrument`. Fields of 2021 are enough. */
export function readInstruments(result: unknown): readonly InstrumentFacts[] {
  const rows = Array.isArray(result) ? result : [result]
  const facts: InstrumentFacts[] = []
  for (let i = 0; i < rows.length; i++) {
    const path = `result[${i}]`
    const row = fieldsOf(rows[i], path)
    const kind = textOf(row.kind, `${path}.kind`)
    if (kind.endsWith('_combo')) continue
    if (!KINDS.some((known) => known === kind)) throw new PayloadRefused(`${path}.kind`, `is ${JSON.stringify(kind)}`)
    facts.push(readFacts(row, path))
  }
  return facts
}

function readFacts(row: Fields, path: string): InstrumentFacts {
  const name = instrumentOf(row.instrument_name, `${path}.instrument_name`)
  const isOption = name.market === 'option'
  const isInverse = inverseOf(row, name)
  const base = textOf(row.base_currency, `${path}.base_currency`)
  const quote = quoteCurrency(row, path, isInverse)
  const step = positiveOf(row.contract_size, `${path}.contract_size`)
  const least = positiveOf(row.min_trade_amount, `${path}.min_trade_amount`)
  const isUsdSized = isInverse && !isOption
  return {
    instrument: name.id,
    kind: kindOf(name, isInverse),
    base,
    quote,
    settle: settleOf(row, name, base, quote, isInverse),
    tick: tickOf(row, path),
    lot: decimal(Math.min(step, least), `${path}.contract_size`),
    minSize: decimal(least, `${path}.min_trade_amount`),
    minNotional: '0',
    // The venue's unit of size is its `amount`, USD or coins, whatever the size of a contract: that is the step, above.
    contractSize: '1',
    contractOf: isUsdSized ? 'quote' : 'base',
    isTrading:
      booleanOf(row.is_active, `${path}.is_active`) &&
      (row.state === undefined || row.state === 'open' || row.state === 'started'),
    listedAt: timeOf(row.creation_timestamp, `${path}.creation_timestamp`),
    expiresAt:
      name.market === 'future' || isOption ? timeOf(row.expiration_timestamp, `${path}.expiration_timestamp`) : null,
    strike: isOption ? strike(row, path, name) : null,
    option: isOption ? optionType(row, path) : null,
    fundingIntervalMs: name.market === 'perpetual' ? HOUR_MS : null,
  }
}

function inverseOf(row: Fields, name: DeribitName): boolean {
  const told = row.instrument_type ?? row.future_type
  if (told === 'reversed') return true
  if (told === 'linear') return false
  return name.market !== 'spot' && !name.id.includes('_')
}

function kindOf(name: DeribitName, isInverse: boolean): InstrumentKind {
  switch (name.market) {
    case 'spot':
      return 'spot'
    case 'perpetual':
      return isInverse ? 'inversePerpetual' : 'linearPerpetual'
    case 'future':
      return isInverse ? 'inverseFuture' : 'linearFuture'
    case 'option':
      return isInverse ? 'inverseOption' : 'linearOption'
  }
}

/** `quote_currency` of an inverse option is its coin; the counter currency is what its strike is in. Rows of 2021 lack it. */
function quoteCurrency(row: Fields, path: string, isInverse: boolean): string {
  if (row.counter_currency !== undefined) return textOf(row.counter_currency, `${path}.counter_currency`)
  return isInverse ? 'USD' : textOf(row.quote_currency, `${path}.quote_currency`)
}

function settleOf(row: Fields, name: DeribitName, base: string, quote: string, isInverse: boolean): string {
  if (name.market === 'spot') return quote
  return typeof row.settlement_currency === 'string' ? row.settlement_currency : isInverse ? base : quote
}

/** The finest of the steps that depend on the price. */
function tickOf(row: Fields, path: string): DecimalString {
  let finest = positiveOf(row.tick_size, `${path}.tick_size`)
  if (row.tick_size_steps !== undefined) {
    const steps = listOf(row.tick_size_steps, `${path}.tick_size_steps`)
    for (let i = 0; i < steps.length; i++) {
      const at = `${path}.tick_size_steps[${i}]`
      finest = Math.min(finest, positiveOf(fieldsOf(steps[i], at).tick_size, `${at}.tick_size`))
    }
  }
  return decimal(finest, `${path}.tick_size`)
}

function strike(row: Fields, path: string, name: DeribitName): number {
  if (row.strike !== undefined) return positiveOf(row.strike, `${path}.strike`)
  const told = strikeOf(name.id)
  if (told === undefined) throw new PayloadRefused(`${path}.strike`, 'is absent')
  return told
}

function optionType(row: Fields, path: string): 'call' | 'put' {
  if (row.option_type === 'call' || row.option_type === 'put') return row.option_type
  throw new PayloadRefused(`${path}.option_type`, `is ${JSON.stringify(row.option_type) ?? 'absent'}, not call or put`)
}

/** Shortest decimal of a number that came as JSON: what the venue wrote, for steps of at most 8 places. */
function decimal(value: number, path: string): DecimalString {
  const plain = String(numberOf(value, path))
  const text = plain.includes('e') ? value.toFixed(8).replace(/0+$/, '') : plain
  if (!isDecimalString(text)) throw new PayloadRefused(path, `is ${plain}, more than 8 places`)
  return text
}
