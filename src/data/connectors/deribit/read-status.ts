/** Owns the venue's words about itself: platform and instrument states, index prices, DVOL ticks. */
import { type Fields, positiveOf, textOf, timeOf } from '../fields.js'
import type { ControlRecord, Normal, StatusRecord } from '../normal.js'
import { indexDecimalOf } from './names.js'
import { instrumentOf } from './read-market.js'

export const control = (what: ControlRecord['what'], detail: string): ControlRecord => ({
  kind: 'control',
  what,
  detail,
})

/** `platform_state`: maintenance of the venue, or the lock of one index. */
export function readPlatform(data: Fields): Normal {
  if (typeof data.maintenance === 'boolean')
    return status(null, data.maintenance ? 'maintenance' : 'trading', 'maintenance')
  if (data.locked !== undefined) {
    const isLocked = data.locked === true || data.locked === 'true' || data.locked === 'partial'
    return status(null, isLocked ? 'halted' : 'trading', `index ${String(data.price_index ?? 'all')}`)
  }
  return control('other', `platform state ${Object.keys(data).join(' ')}`)
}

const STATES: Readonly<Record<string, StatusRecord['status']>> = {
  started: 'trading',
  open: 'trading',
  settlement: 'halted',
  locked: 'halted',
  halted: 'halted',
  inactive: 'halted',
  deactivated: 'halted',
  settled: 'closing',
  delivered: 'delisted',
  closed: 'delisted',
  terminated: 'delisted',
  archivized: 'delisted',
}

/** `instrument.state.*`; what is only created trades later. */
export function readState(data: Fields, path: string): Normal {
  const state = textOf(data.state, `${path}.state`)
  const found = STATES[state]
  if (!found) return control('other', `instrument state ${state}`)
  return status(instrumentOf(data.instrument_name, `${path}.instrument_name`).id, found, state)
}

function status(instrument: StatusRecord['instrument'], word: StatusRecord['status'], detail: string): StatusRecord {
  return { kind: 'status', venue: 'deribit', instrument, status: word, detail }
}

/** `deribit_volatility_index.*`: a tick, percent points. */
export function readVolatilityTick(data: Fields, path: string): Normal {
  return {
    kind: 'volatilityIndex',
    venue: 'deribit',
    currency: currencyOf(textOf(data.index_name, `${path}.index_name`)),
    ts: timeOf(data.timestamp, `${path}.timestamp`),
    value: indexDecimalOf(positiveOf(data.volatility, `${path}.volatility`)),
  }
}

/** `deribit_price_index.*`. */
export function readIndexTick(data: Fields, path: string): Normal {
  return {
    kind: 'index',
    venue: 'deribit',
    name: textOf(data.index_name, `${path}.index_name`),
    ts: timeOf(data.timestamp, `${path}.timestamp`),
    price: positiveOf(data.price, `${path}.price`),
  }
}

/** `btc_usd` → `BTC`. */
export const currencyOf = (indexName: string): string => indexName.split('_')[0]!.toUpperCase()
