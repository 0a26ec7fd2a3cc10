/** Owns `quantbot import --kind cme`: what of the options CME's end-of-day files take, and what is theirs already. */
import { QuantbotError } from '#core/errors'
import { type CmeImportRequest, importCme } from '#data/cme/import-cme'
import type { ImportReport } from '#data/import'

interface Given {
  readonly venue?: string
  readonly symbol?: string
  readonly interval?: string
}

/** USAGE when an option says what the files say themselves. */
export function importCmeFiles(given: Given, request: Omit<CmeImportRequest, 'now'>): Promise<ImportReport> {
  if (given.venue !== undefined && given.venue !== 'cme')
    throw new QuantbotError('USAGE', `--kind cme is of the venue cme, not of ${JSON.stringify(given.venue)}`)
  for (const option of ['symbol', 'interval'] as const)
    if (given[option] !== undefined)
      throw new QuantbotError('USAGE', `--kind cme takes no --${option}: every row names its contract and day`)
  return importCme({ ...request, now: Date.now() })
}
