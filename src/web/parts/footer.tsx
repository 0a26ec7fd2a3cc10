/** Owns the last line: what proves the log, which code wrote it, whose charts these are. */
import { count } from '../format.js'
import { usePage } from '../hooks.js'

export function Footer() {
  const facts = usePage((page) => page.facts)
  const head = usePage((page) => page.head)
  return (
    <footer class="bottom">
      {head === null ? null : (
        <span title={`Hash of the commit at seq ${head.seq}: ${head.hash}`}>
          {head.fault === null ? 'chain holds to' : 'chain broken behind'} {count(head.seq)} ·{' '}
          <code>{head.hash.slice(0, 12)}</code>
          {head.checkpointSeq > 0 ? ` · signed to ${count(head.checkpointSeq)}` : ''}
        </span>
      )}
      {facts === null ? null : <span>quantbot {facts.codeVersion}</span>}
      <span>
        Price charts:{' '}
        <a href="https://www.tradingview.com/" rel="noreferrer noopener" target="_blank">
          TradingView Lightweight Charts™
        </a>
      </span>
      <span class="spring" />
      <span>
        times are UTC · <kbd>?</kbd> shortcuts
      </span>
    </footer>
  )
}
