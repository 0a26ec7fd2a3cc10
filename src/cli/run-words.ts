/** Owns events of a run in words: decisions, orders, fills, halts. One short line each, for the view and the log. */
import { symbolOf } from '#core/ids'
import { isoTime } from '#core/time'
import type { AnyEvent } from '#events/catalogue'
import type { PackageChanged } from '#events/package.events'
import type { SignalChanged } from '#events/signal.events'

export type Topic = 'decision' | 'order' | 'alarm'

export interface Words {
  readonly topic: Topic
  readonly seq: number
  readonly ts: number
  readonly text: string
}

const MINUS = '−'
const signed = (text: string): string => text.replace(/^-/, MINUS)

/** `−4.2 %`, with a sign for what is not zero where `plus` asks for it. */
export function percent(fraction: number, digits = 1, plus = false): string {
  const text = (fraction * 100).toFixed(digits)
  const isZero = Number(text) === 0
  return `${plus && !isZero && fraction > 0 ? '+' : ''}${isZero ? text.replace('-', '') : signed(text)} %`
}

/** `1,234,567.8` */
export function money(value: number, digits = 0): string {
  const [whole = '', rest] = Math.abs(value).toFixed(digits).split('.')
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',')
  const text = rest === undefined ? grouped : `${grouped}.${rest}`
  return value < 0 && /[1-9]/.test(text) ? `${MINUS}${text}` : text
}

/** A price or size with as many digits as it needs. */
export function figure(value: number): string {
  const size = Math.abs(value)
  return money(value, size >= 1000 ? 0 : size >= 100 ? 1 : size >= 1 ? 2 : size >= 0.01 ? 4 : 6)
}

export const clock = (ts: number): string => isoTime(ts).slice(5, 16).replace('T', ' ')

/** What an event says to a person; undefined for what is not worth a line. */
export function wordsOf(event: AnyEvent): Words | undefined {
  const said = say(event)
  return said && { ...said, seq: event.seq, ts: event.ts }
}

function say(event: AnyEvent): Pick<Words, 'topic' | 'text'> | undefined {
  switch (event.type) {
    case 'SignalChanged':
      return { topic: 'decision', text: opinion(event.data) }
    case 'PackageChanged':
      return { topic: 'decision', text: packageOpinion(event.data) }
    case 'OrderSubmitted': {
      const { side, quantity, instrument, purpose, type, order } = event.data
      // Legs of one package have one symbol on several markets.
      const what = event.data.package === undefined ? symbolOf(instrument) : instrument
      return { topic: 'order', text: `${order}  ${side} ${quantity} ${what}, ${type}, ${purpose}` }
    }
    case 'OrderFilled': {
      const { side, quantity, instrument, price, fee, slippageBps, order } = event.data
      const verb = side === 'buy' ? 'bought' : 'sold'
      const costs = `fee ${figure(Number(fee))}, slippage ${slippageBps.toFixed(1)} bp`
      return {
        topic: 'order',
        text: `${order}  ${verb} ${quantity} ${symbolOf(instrument)} at ${figure(Number(price))} (${costs})`,
      }
    }
    case 'OrderRejected':
      return { topic: 'order', text: `${event.data.order}  rejected: ${event.data.code}` }
    case 'OrderUnconfirmed':
      return { topic: 'alarm', text: `${event.data.order} is UNKNOWN: no answer for ${event.data.sinceMs} ms` }
    default:
      return alarm(event)
  }
}

function alarm(event: AnyEvent): Pick<Words, 'topic' | 'text'> | undefined {
  switch (event.type) {
    case 'StopTriggered': {
      const { side, instrument, price, level } = event.data
      return {
        topic: 'alarm',
        text: `stop of the ${side} in ${symbolOf(instrument)}: ${figure(price)} crossed ${figure(level)}`,
      }
    }
    case 'PackageImbalanced': {
      const { action, attempts, isHalted } = event.data
      const when = isHalted ? ' under a halt' : ''
      return {
        topic: 'alarm',
        text: `${event.data.package}: legs do not match; ${action}, attempt ${attempts + 1}${when}`,
      }
    }
    case 'TradingHalted':
      return { topic: 'alarm', text: `TRADING HALTED: ${event.data.reason}, ${event.data.detail}` }
    case 'TradingResumed':
      return { topic: 'alarm', text: `trading resumed: ${event.data.reason}` }
    case 'AgentFaulted':
      return { topic: 'alarm', text: `${event.data.agent} faulted: ${event.data.code}` }
    case 'FeedInterrupted':
      return { topic: 'alarm', text: `${event.data.feed} interrupted: ${event.data.reason}` }
    case 'FeedRestored':
      return { topic: 'alarm', text: `${event.data.feed} is back after ${event.data.downMs} ms` }
    case 'LogStalled':
      return { topic: 'alarm', text: `the log stalled for ${event.data.stalledMs} ms (${event.data.code})` }
    default:
      return undefined
  }
}

/** "short BTCUSDT −4.2 %: tsmom momentum, momentum −0.12 against −0.05". */
function opinion({ signal, side, instrument, targetWeight, reason, terms }: SignalChanged['data']): string {
  const what =
    side === 'flat' ? `flat ${symbolOf(instrument)}` : `${side} ${symbolOf(instrument)} ${percent(targetWeight)}`
  return `${what}: ${signal} ${reason}${numbersOf(terms)}`
}

/** "carry/binance.usdm.BTCUSDT 11.1 %: carry (apr 0.11 against 0.04, distance 0.07)". */
function packageOpinion({ package: id, targetWeight, reason, terms }: PackageChanged['data']): string {
  return `${id} ${percent(targetWeight)}: ${reason}${numbersOf(terms)}`
}

function numbersOf(terms: SignalChanged['data']['terms']): string {
  const numbers = terms
    .filter(({ value }) => value !== null)
    .slice(0, 2)
    .map(({ name, value, threshold }) => {
      const against = threshold === undefined ? '' : ` against ${small(threshold)}`
      return `${name} ${small(value ?? 0)}${against}`
    })
  return numbers.length === 0 ? '' : ` (${numbers.join(', ')})`
}

/** Three significant digits, without an exponent. */
function small(value: number): string {
  const size = Math.abs(value)
  if (size >= 1000) return money(value)
  return signed(String(Number(value.toPrecision(3))))
}
