/**
 * Owns an accountant of its own: reads event lines and nothing else, adds up in BigInt, and shares no arithmetic with the program.
 * What it cannot explain it lists in `wrong`. Never looks at a state.
 */
import type { AnyEvent, EventNamed } from '#events/catalogue'

/** 1e-8 of a unit. */
type Units = bigint
const SCALE = 100_000_000n

/** Decimal text in units; throws on anything else. */
export function unitsOf(text: string): Units {
  const match = /^(-?)(\d+)(?:\.(\d{1,8}))?$/.exec(text)
  if (match === null) throw new Error(`${text} is no decimal of at most 8 places`)
  const size = BigInt(match[2]!) * SCALE + BigInt((match[3] ?? '').padEnd(8, '0'))
  return match[1] === '-' ? -size : size
}

/** a / b, halves to even, for b > 0. */
export function nearest(a: bigint, b: bigint): bigint {
  const sign = a < 0n ? -1n : 1n
  const size = a * sign
  const whole = size / b
  const twice = (size % b) * 2n
  return sign * (twice > b || (twice === b && whole % 2n === 1n) ? whole + 1n : whole)
}

const magnitude = (value: Units): Units => (value < 0n ? -value : value)

interface Order {
  readonly approved: EventNamed<'OrderApproved'>
  submitted: EventNamed<'OrderSubmitted'> | undefined
  filled: Units
  over: boolean
}

export interface Books {
  /** Capital, less what was bought, plus what was sold, less fees, plus funding: what the account holds in cash terms. */
  cash: Units
  fees: Units
  funding: Units
  readonly positions: Map<string, Units>
  readonly orders: Map<string, Order>
  readonly trades: Set<string>
  halted: boolean
  /** How many fills came while trading was halted. */
  fillsInHalt: number
  readonly wrong: string[]
}

export function openBooks(capital: string): Books {
  return {
    cash: unitsOf(capital),
    fees: 0n,
    funding: 0n,
    positions: new Map(),
    orders: new Map(),
    trades: new Set(),
    halted: false,
    fillsInHalt: 0,
    wrong: [],
  }
}

export interface Limits {
  readonly netCap: number
  readonly grossCap: number
  readonly takerFeeBps: number
}

/** Books whole logs: lines of events, in order. */
export function keepBooks(lines: readonly string[], capital: string, limits: Limits): Books {
  const books = openBooks(capital)
  let last = 0
  for (const line of lines) {
    const event = JSON.parse(line) as AnyEvent // lines of our own encoder
    if (event.seq <= last) books.wrong.push(`seq ${event.seq} after ${last}`)
    if (event.cause >= event.seq) books.wrong.push(`seq ${event.seq} caused by ${event.cause}`)
    last = event.seq
    book(books, event, limits)
  }
  return books
}

function book(books: Books, event: AnyEvent, limits: Limits): void {
  const fail = (why: string): void => {
    books.wrong.push(`seq ${event.seq} ${event.type}: ${why}`)
  }
  switch (event.type) {
    case 'OrderApproved':
      if (event.by !== 'risk/engine') fail(`approved by ${event.by}`)
      if (books.orders.has(event.data.order)) fail('approved twice')
      books.orders.set(event.data.order, { approved: event, submitted: undefined, filled: 0n, over: false })
      if (books.halted && !reduces(books, event)) fail('adds risk while trading is halted')
      break
    case 'OrderSubmitted':
      submit(books, event, fail)
      break
    case 'OrderFilled':
      fill(books, event, limits, fail)
      break
    case 'OrderCancelled':
    case 'OrderRejected':
    case 'OrderWithheld': {
      const order = books.orders.get(event.data.order)
      if (order === undefined || order.over) fail('of an order that is not open')
      else order.over = true
      break
    }
    case 'FundingAccrued':
      for (const row of event.data.rows) accrue(books, row, fail)
      break
    case 'PositionSettled':
      settle(books, event, fail)
      break
    case 'RiskAssessed':
      checkCaps(event, limits, fail)
      break
    case 'TradingHalted':
      books.halted = true
      break
    case 'TradingResumed':
      books.halted = false
      break
  }
}

const held = (books: Books, instrument: string): Units => books.positions.get(instrument) ?? 0n
const signed = (side: 'buy' | 'sell', quantity: string): Units => (side === 'buy' ? 1n : -1n) * unitsOf(quantity)

function reduces(books: Books, { data }: EventNamed<'OrderApproved'>): boolean {
  const before = held(books, data.instrument)
  const after = before + signed(data.side, data.quantity)
  return data.reduceOnly && magnitude(after) < magnitude(before) && after * before >= 0n
}

type Fail = (why: string) => void

function submit(books: Books, event: EventNamed<'OrderSubmitted'>, fail: Fail): void {
  const order = books.orders.get(event.data.order)
  if (order === undefined) {
    fail('never approved by risk')
    return
  }
  if (order.submitted !== undefined) fail('sent twice')
  order.submitted = event
  const { side, instrument, quantity, reduceOnly } = order.approved.data
  if (event.data.side !== side || event.data.instrument !== instrument || event.data.reduceOnly !== reduceOnly)
    fail('is not what risk approved')
  if (unitsOf(event.data.quantity) > unitsOf(quantity)) fail(`${event.data.quantity} exceeds the approved ${quantity}`)
  if (event.cause !== order.approved.seq) fail('was not caused by its approval')
}

function fill(books: Books, event: EventNamed<'OrderFilled'>, limits: Limits, fail: Fail): void {
  const { order: id, instrument, side, price, quantity, remaining, fee, trade } = event.data
  const order = books.orders.get(id)
  if (order?.submitted === undefined || order.over) {
    fail('of an order that is not at work')
    return
  }
  if (books.trades.has(trade)) fail(`trade ${trade} twice`)
  books.trades.add(trade)
  const size = unitsOf(quantity)
  order.filled += size
  const left = unitsOf(order.submitted.data.quantity) - order.filled
  if (size <= 0n || left < 0n || side !== order.submitted.data.side) fail('fills more than was sent, or nothing')
  if (unitsOf(remaining) !== left) fail(`says ${remaining} is left`)
  if (left === 0n) order.over = true
  const before = held(books, instrument)
  const after = before + signed(side, quantity)
  if (order.submitted.data.reduceOnly && (magnitude(after) > magnitude(before) || after * before < 0n))
    fail('a reduce-only order added')
  if (books.halted) {
    books.fillsInHalt++
    if (magnitude(after) >= magnitude(before) || after * before < 0n) fail('added risk while trading was halted')
  }
  books.positions.set(instrument, after)
  books.cash -= nearest(unitsOf(price) * signed(side, quantity), SCALE)
  const bps = BigInt(Math.round(limits.takerFeeBps * 1e4))
  const expected = nearest(unitsOf(price) * size * bps, SCALE * SCALE)
  if (unitsOf(fee) !== expected) fail(`fee ${fee}, expected ${expected} units`)
  books.cash -= unitsOf(fee)
  books.fees += unitsOf(fee)
}

type FundingRow = EventNamed<'FundingAccrued'>['data']['rows'][number]

function accrue(books: Books, row: FundingRow, fail: Fail): void {
  if (unitsOf(row.quantity) !== held(books, row.instrument))
    fail(`${row.instrument}: on ${row.quantity}, not the position`)
  const charge = -unitsOf(row.quantity) * BigInt(Math.round(row.mark * 1e8)) * BigInt(Math.round(row.rate * 1e10))
  const expected = row.proxy && unitsOf(row.quantity) < 0n ? 0n : nearest(charge, SCALE * 10_000_000_000n)
  if (unitsOf(row.cash) !== expected) fail(`${row.instrument}: cash ${row.cash}, expected ${expected} units`)
  books.cash += unitsOf(row.cash)
  books.funding += unitsOf(row.cash)
}

function settle(books: Books, event: EventNamed<'PositionSettled'>, fail: Fail): void {
  const { instrument, quantity, price } = event.data
  if (unitsOf(quantity) !== held(books, instrument)) fail(`settles ${quantity}, not the position`)
  books.positions.set(instrument, 0n)
  books.cash += nearest(unitsOf(price) * unitsOf(quantity), SCALE)
}

/** Slack for what prices do to a held book before that alone is a reason to trade: one hundredth of a cap, and six decimals. */
const DRIFT = 1.01

function checkCaps(event: EventNamed<'RiskAssessed'>, limits: Limits, fail: Fail): void {
  const { rows, steps } = event.data
  const last = steps.at(-1)
  if (last?.step !== 'lotRounding') {
    fail('ends with another step than lotRounding')
    return
  }
  const size = rows.reduce((total, row) => total + Math.abs(row.approved), 0)
  if (Math.abs(last.netAfter) > limits.netCap * DRIFT + 1e-6) fail(`net exposure ${last.netAfter} approved`)
  if (last.grossAfter > limits.grossCap * DRIFT + 1e-6) fail(`gross exposure ${last.grossAfter} approved`)
  if (size > last.grossAfter + 1e-6) fail(`rows of ${size} in a book of ${last.grossAfter}`)
  for (const { step, netAfter, grossAfter } of steps) {
    if (step === 'netCap' && Math.abs(netAfter) > limits.netCap + 1e-6) fail(`net ${netAfter} after its cap`)
    if (step === 'grossCap' && grossAfter > limits.grossCap + 1e-6) fail(`gross ${grossAfter} after its cap`)
  }
}
