/** Owns `quantbot data`: what the lake holds, its quality, questions to it, and its compaction. */
import { isoDay } from '#core/time'
import { listSeries } from '#data/lake'
import { qualityReport } from '#data/quality'
import { type GlobalOptions, homeOf } from './home.js'
import { describeKey, qualityTable } from './quality-table.js'
import { endProgress, progress, say, sayJson } from './terminal.js'

export async function listCommand(options: GlobalOptions): Promise<void> {
  const series = await listSeries(homeOf(options))
  if (options.json === true) {
    sayJson(series)
    return
  }
  if (series.length === 0)
    say('The lake is empty. quantbot import --help and quantbot backfill --help tell how to fill it.')
  for (const { key, rows, first, last } of series)
    say(`${describeKey(key).padEnd(36)} ${String(rows).padStart(8)}  ${isoDay(first)} … ${isoDay(last)}`)
}

export async function checkCommand(options: GlobalOptions): Promise<void> {
  const report = await qualityReport(homeOf(options), undefined, (done, total) =>
    progress(`checked ${done} of ${total} series`),
  )
  endProgress()
  if (options.json === true) sayJson(report)
  else say(qualityTable(report))
}
