/**
 * Owns the process that the crash test of notifications kills: a notifier that takes a made-up log of stops, all of it again at each
 * start as a reader of the log would, at so many events a turn. Says `END` when everything is delivered.
 */
import { writeSync } from 'node:fs'
import { machineTime } from '#actors/scaled-time'
import { notificationsSchema } from '#core/config/operate-schema'
import type { StopTriggered } from '#events/risk.events'
import { createNotifier } from '#monitoring/notify/notifier'

const [folder, webhook, count] = process.argv.slice(2)
if (folder === undefined || webhook === undefined || count === undefined) throw new Error('usage: folder webhook count')
const TS = 1_767_247_200_000

const notifier = createNotifier({
  config: notificationsSchema.parse({ slack: { webhook: 'env:HOOK' }, groupSeconds: 0, maxPerHour: 1_000_000 }),
  secrets: { slack: { webhook } },
  folder,
  facts: { run: 'r1', mode: 'paper', currency: 'USDT' },
  time: machineTime,
  random: () => 0.99,
})
notifier.start()
for (let seq = 1; seq <= Number(count); seq++) {
  const instrument = `binance.usdm.C${seq}USDT`
  const data = { instrument, side: 'long', level: 90, extreme: 100, atr: 5, multiple: 2, price: 89 } as const
  const ts = TS + seq
  const stop: StopTriggered = { seq, ts, type: 'StopTriggered', v: 1, by: 'risk/engine', cause: 0, data }
  notifier.take([stop], { seq, ts, fault: null })
  if (seq % 7 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
}
while (notifier.status().position < Number(count) || notifier.status().sinks.some(({ queued }) => queued > 0))
  await new Promise((resolve) => setTimeout(resolve, 20))
writeSync(1, 'END\n')
await notifier.stop()
