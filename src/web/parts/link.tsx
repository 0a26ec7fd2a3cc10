/** Owns links into the log and how instruments are named. Text of venues stays text. */
import { count } from '../format.js'
import { linkTo } from '../run-store.js'

/** To the explanation of an event or an order. */
export function Why({
  target,
  children,
}: {
  readonly target: string | number
  readonly children?: preact.ComponentChildren
}) {
  return (
    <a class="why" href={linkTo('why', String(target))} title={`Why: ${target}`}>
      {children ?? (typeof target === 'number' ? count(target) : target)}
    </a>
  )
}

/** `binance.usdm.BTCUSDT`: the symbol, and softly where it is traded. */
export function Instrument({ id }: { readonly id: string }) {
  const [venue, market, ...symbol] = id.split('.')
  if (symbol.length === 0 || id.includes('/')) return <span>{id}</span>
  return (
    <span class="instrument" title={id}>
      {symbol.join('.')}{' '}
      <small>
        {venue} {market}
      </small>
    </span>
  )
}
