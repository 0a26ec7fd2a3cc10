/** Owns a letter: what one sink is sent at once, in words and bounds of ours. Plain JSON, as it stands in the spool. Knows no sink. */
import type { RunFacts } from '#audit/view/view.port'
import { clockOf, type NoteKind, plain, worse } from './note.js'
import type { Severity, SinkName } from './notify.port.js'
import type { Draft } from './routing.js'

export interface Letter {
  /** Of the sink, from 1, without gaps but where letters were collapsed. */
  readonly n: number
  /** The same for every attempt: by it a reader knows a letter that came twice. */
  readonly id: string
  readonly severity: Severity
  readonly kind: NoteKind
  /** Notes that it tells. */
  readonly count: number
  readonly title: string
  readonly lines: readonly string[]
  readonly firstSeq: number
  readonly lastSeq: number
  /** Of the run. */
  readonly firstTs: number
  readonly lastTs: number
}

/** Titles of a collapsed letter that are told; the others are counted. */
const COLLAPSED_TITLES = 40

export function letterOf(draft: Draft, n: number, sink: SinkName, run: string): Letter {
  const { kind, severity, count, first, last, lines, counts } = draft
  const told = lines.reduce((sum, { times }) => sum + times, 0)
  const more = count - told
  const body = lines.flatMap(({ note, times }) => lineOf(note, times, lines.length === 1))
  const kinds = Object.entries(counts ?? {}).map(([name, value]) => `${value} × ${name}`)
  return {
    n,
    id: idOf(run, sink, n, first.seq),
    severity,
    kind,
    count,
    title: counts === null ? (count === 1 ? first.title : `${count} × ${kind}: ${first.title} …`) : heldTitle(count),
    lines: [...kinds, ...body, ...(more === 0 ? [] : [`… and ${more} more, up to seq ${last.seq}: ${last.title}`])],
    firstSeq: first.seq,
    lastSeq: last.seq,
    firstTs: first.ts,
    lastTs: last.ts,
  }
}

const heldTitle = (count: number): string => `${count} notifications were held back by the limit an hour`
const idOf = (run: string, sink: SinkName, n: number, seq: number): string => `${run}.${sink}.${n}.${seq}`

function lineOf(note: Draft['first'], times: number, isAlone: boolean): string[] {
  const at = `${clockOf(note.ts)}  seq ${note.seq}`
  if (note.kind === 'digest') return note.text.split('\n')
  const again = times === 1 ? '' : ` (${times} times)`
  if (isAlone) return [...(note.text === '' ? [] : [note.text]), `${at}${again}`]
  return [`${at}  ${note.title}${again}${note.text === '' ? '' : `: ${note.text}`}`]
}

/** One letter for many that waited too long; it takes the number of the last of them. Says how many, what, and the gravest by name. */
export function collapse(letters: readonly Letter[], sink: SinkName, run: string): Letter {
  const [first, last] = [letters[0]!, letters.at(-1)!]
  const count = letters.reduce((sum, letter) => sum + letter.count, 0)
  const kinds = new Map<string, number>()
  for (const letter of letters) {
    const earlier = letter.kind === 'collapsed' ? parseCounts(letter.lines) : [[letter.kind, letter.count] as const]
    for (const [kind, value] of earlier) kinds.set(kind, (kinds.get(kind) ?? 0) + value)
  }
  const grave = letters.filter(({ severity, kind }) => severity === 'critical' && kind !== 'collapsed')
  const kept = letters.filter(({ kind }) => kind === 'collapsed').flatMap(({ lines }) => lines.filter(isTitle))
  const titles = [
    ...kept,
    ...grave.map(({ title, firstTs, firstSeq }) => `${TITLE}${clockOf(firstTs)}  seq ${firstSeq}  ${title}`),
  ]
  const shown = titles.slice(0, COLLAPSED_TITLES)
  return {
    n: last.n,
    id: idOf(run, sink, last.n, first.firstSeq),
    severity: letters.reduce<Severity>((worst, { severity }) => worse(worst, severity), 'info'),
    kind: 'collapsed',
    count,
    title: `${count} notifications in one: too many waited for this sink`,
    lines: [
      ...[...kinds].map(([kind, value]) => `${value} × ${kind}`),
      ...shown,
      ...(titles.length > shown.length ? [`and ${titles.length - shown.length} more critical ones`] : []),
    ],
    firstSeq: first.firstSeq,
    lastSeq: last.lastSeq,
    firstTs: first.firstTs,
    lastTs: last.lastTs,
  }
}

const TITLE = 'critical: '
const isTitle = (line: string): boolean => line.startsWith(TITLE)

function parseCounts(lines: readonly string[]): (readonly [string, number])[] {
  return lines.flatMap((line) => {
    const match = /^(\d+) × ([a-z-]+)$/.exec(line)
    return match === null ? [] : [[match[2]!, Number(match[1])] as const]
  })
}

/** `[quantbot RUN MODE SEVERITY] title`, one plain line of at most 150 characters. */
export function subjectOf(letter: Letter, { run, mode }: Pick<RunFacts, 'run' | 'mode'>): string {
  const live = mode === 'live' ? 'LIVE' : mode
  return plain(`[quantbot ${run} ${live} ${letter.severity.toUpperCase()}] ${letter.title}`, 150)
}
