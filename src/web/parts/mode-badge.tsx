/** Owns how the mode is told: by a word and a colour, so that real money is never mistaken. */
import { usePage } from '../hooks.js'

const MEANING: Readonly<Record<string, string>> = {
  sim: 'Simulated market, simulated money',
  paper: 'Live data, simulated fills: no real money',
  live: 'Real orders with real money',
  backtest: 'Decided on a tape of the past',
  replay: 'A recorded run, decided again',
}

export function ModeBadge() {
  const mode = usePage((page) => page.facts?.mode)
  if (mode === undefined) return null
  return (
    <strong class="mode" data-mode={mode} title={MEANING[mode]}>
      {mode.toUpperCase()}
    </strong>
  )
}
