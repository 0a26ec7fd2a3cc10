/** Entry of a process that backfills from a venue in memory and dies at a named request or row. Started by backfill.spec.ts alone. */
import { runBackfill } from '#data/backfill/run-backfill'
import { DAY0 } from '../data/fixtures.js'
import { historyVenue } from '../data/history-venue.js'

const { home, dieAtRequest, now } = JSON.parse(process.env.QUANTBOT_TEST_IMPORT ?? '{}') as Record<string, string> // written by the spec

const venue = historyVenue(Number(now))
venue.before = (_, count) => {
  if (count === Number(dieAtRequest)) process.kill(process.pid, 'SIGKILL')
}
await runBackfill({
  home: home!,
  adapter: venue.adapter,
  ask: venue.ask,
  kinds: ['bars', 'funding'],
  market: 'usdm',
  symbols: ['BTCUSDT', 'ETHUSDT'],
  interval: '1h',
  from: DAY0,
  to: Number.MAX_SAFE_INTEGER,
  time: { now: () => venue.now },
}).then(
  ({ rows }) => process.stdout.write(`rows ${rows}\n`),
  (error: unknown) => {
    process.stdout.write(`${String(error)}\n`)
    process.exitCode = 1
  },
)
