/** Owns what `quantbot status` says of venues, doubts about data, and stores beside a process. Pure, as run-view. */
import type { RunStatus, StoresStatus, VenueStatus } from '#actors/run-status'
import type { RecorderStatus } from '#data/recorder/recorder.port'
import { money, percent } from './run-words.js'
import { paint } from './terminal.js'

/** Nothing for a process that has none. `cut` fits a line to the terminal. */
export function surroundingLines({ feeds, doubts, stores, lake }: RunStatus, cut: (text: string) => string): string[] {
  const lines: string[] = []
  if (feeds !== undefined && feeds.length > 0)
    lines.push(
      '',
      paint('bold', 'venues'),
      ...feeds.map((feed) => paint(feed.isUp ? 'green' : 'red', cut(venueLine(feed)))),
    )
  for (const { subject, checks } of doubts ?? []) lines.push(paint('yellow', cut(`! ${subject}: ${checks.join(', ')}`)))
  if (stores) lines.push('', paint('bold', 'stores'), ...storeLines(stores).map((line) => cut(line)))
  if (lake) lines.push(paint(lake.trouble === '' && lake.dropped === 0 ? 'dim' : 'yellow', cut(lakeLine(lake))))
  return lines
}

function venueLine(feed: VenueStatus): string {
  const { venue, isUp, reason, sockets, frameAgeMs, clockOffsetMs, budgetUsed, requestsWaiting, bars, quarantined } =
    feed
  const age = frameAgeMs === null ? 'no frame yet' : `frame ${seconds(frameAgeMs)} ago`
  const parts = [
    `${venue.padEnd(8)} ${isUp ? 'up' : `DOWN${reason === '' ? '' : ` (${reason})`}`}`,
    `sockets ${sockets.up}/${sockets.all}`,
    age,
    `budget ${percent(budgetUsed, 0)}${requestsWaiting > 0 ? `, ${requestsWaiting} wait` : ''}`,
    ...(clockOffsetMs === null ? [] : [`clock ${Math.round(clockOffsetMs)} ms`]),
    ...(feed.pausedUntil === null ? [] : ['requests paused']),
    ...(bars.filled > 0 ? [`${money(bars.filled)} bars filled`] : []),
    ...(bars.missing > 0 ? [`${money(bars.missing)} bars missing`] : []),
    ...(quarantined > 0 ? [`${money(quarantined)} payloads refused`] : []),
  ]
  return parts.join('  ')
}

function storeLines({ cache, projector, api }: StoresStatus): string[] {
  const trouble = cache.lastError === '' ? '' : ` (${cache.lastError})`
  const lines = [`cache      ${cache.kind}  ${cache.isUp ? 'up' : `DOWN${trouble}`}  ${money(cache.waiting)} waiting`]
  if (projector !== null) {
    const { state, position, lag, error } = projector
    lines.push(
      `aggregate  ${state}  seq ${money(position)}, ${money(lag)} behind${error === undefined ? '' : `  ${error.code}: ${error.message}`}`,
    )
  }
  return api === null ? lines : [...lines, `api        ${api}`]
}

function lakeLine({ written, waiting, conflicts, refused, dropped, trouble }: RecorderStatus): string {
  const odd = Object.entries({ conflicts, refused, dropped }).filter(([, count]) => count > 0)
  const told = odd.map(([name, count]) => `  ${money(count)} ${name}`).join('')
  return `lake       ${money(written)} rows written, ${money(waiting)} wait${told}${trouble === '' ? '' : `  ${trouble}`}`
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
