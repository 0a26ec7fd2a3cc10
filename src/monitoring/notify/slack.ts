/** Owns letters as messages of a Slack incoming webhook. Text is escaped; the URL is the secret and never reaches an error. */
import type { RunFacts } from '#audit/view/view.port'
import type { TimePort } from '#core/ports'
import { HOUR_MS, SECOND_MS } from '#core/time'
import { httpFailure, SinkFailed } from './failures.js'
import { type Letter, subjectOf } from './letter.js'
import { clockOf } from './note.js'
import type { Sink } from './sink-queue.js'

type Facts = Pick<RunFacts, 'run' | 'mode'>

/** Slack's own bounds: a header has 150 characters, a section 3,000, a message 50 blocks (api.slack.com/reference/block-kit, 2024). */
const SECTION_MAX = 2900
const SECTIONS_MAX = 10
/** An answer is a word; more is no webhook. */
const ANSWER_BYTES_MAX = 64 * 1024
const TIMEOUT = { connect: 10_000, secureConnect: 10_000, response: 20_000, request: 30_000 }

export function slackSink(webhook: string, facts: Facts, time: TimePort): Sink {
  return {
    name: 'slack',
    deliver: async (letter, signal) => {
      const { status, retryAfter } = await post(webhook, messageOf(letter, facts), signal)
      if (status >= 200 && status < 300) return { refused: 0 }
      throw httpFailure(status, waitOf(retryAfter, time.now()))
    },
  }
}

async function post(
  webhook: string,
  json: object,
  signal: AbortSignal,
): Promise<{ status: number; retryAfter: string }> {
  const { default: got } = await import('got')
  const ended = new AbortController()
  const end = (): void => ended.abort()
  if (signal.aborted) throw new SinkFailed('timeout')
  signal.addEventListener('abort', end, { once: true })
  try {
    const request = got.post(webhook, {
      json,
      followRedirect: false,
      throwHttpErrors: false,
      retry: { limit: 0 },
      timeout: TIMEOUT,
      signal: ended.signal,
    })
    let tooLong = false
    void request.on('downloadProgress', ({ transferred }) => {
      if (transferred <= ANSWER_BYTES_MAX) return
      tooLong = true
      end()
    })
    const { statusCode, headers } = await request.catch((error: unknown) => {
      throw tooLong ? new SinkFailed('failed') : error
    })
    return { status: statusCode, retryAfter: headers['retry-after'] ?? '' }
  } catch (error) {
    throw await requestFailure(error)
  } finally {
    signal.removeEventListener('abort', end)
  }
}

/** What got threw, without its words: they hold the URL. */
async function requestFailure(error: unknown): Promise<SinkFailed> {
  const { RequestError, TimeoutError } = await import('got')
  if (error instanceof SinkFailed) return error
  if (error instanceof TimeoutError) return new SinkFailed('timeout')
  if (!(error instanceof RequestError)) return new SinkFailed('failed')
  if (error.name === 'AbortError' || error.code === 'ETIMEDOUT') return new SinkFailed('timeout')
  if (/CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO_VERIFY/.test(error.code)) return new SinkFailed('tls')
  return new SinkFailed(/^E[A-Z_]+$/.test(error.code) ? 'unreachable' : 'failed')
}

/** Retry-After: seconds or a date. */
function waitOf(header: string, now: number): number {
  if (/^\d{1,6}$/.test(header)) return Number(header) * SECOND_MS
  const at = Date.parse(header)
  return Number.isNaN(at) ? 0 : Math.min(Math.max(0, at - now), HOUR_MS)
}

const MARKS: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }

/** Escaped so, nothing is a link, a mention or a channel (api.slack.com, "Formatting text for app surfaces", 2024). */
export const escapeSlack = (text: string): string => text.replaceAll(/[&<>]/g, (character) => MARKS[character]!)

/** The JSON document of a message. */
export function messageOf(letter: Letter, facts: Facts): object {
  const subject = subjectOf(letter, facts)
  const seqs = letter.firstSeq === letter.lastSeq ? `${letter.firstSeq}` : `${letter.firstSeq} to ${letter.lastSeq}`
  const footer = `run ${facts.run} (${facts.mode}), seq ${seqs}, ${clockOf(letter.lastTs)}; letter ${letter.id}`
  return {
    text: escapeSlack(subject),
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: cut(escapeSlack(subject), 150), emoji: false } },
      ...sectionsOf(letter.lines).map((text) => ({ type: 'section', text: { type: 'mrkdwn', text, verbatim: true } })),
      { type: 'context', elements: [{ type: 'mrkdwn', text: escapeSlack(footer), verbatim: true }] },
    ],
  }
}

const cut = (text: string, max: number): string => (text.length <= max ? text : `${text.slice(0, max - 1)}…`)

/** Lines packed into as few sections as hold them; what does not fit is counted. */
function sectionsOf(lines: readonly string[]): string[] {
  const sections: string[] = []
  for (const [i, raw] of lines.entries()) {
    const line = cut(escapeSlack(raw), SECTION_MAX)
    const last = sections.at(-1)
    if (last !== undefined && last.length + 1 + line.length <= SECTION_MAX)
      sections[sections.length - 1] = `${last}\n${line}`
    else if (sections.length < SECTIONS_MAX) sections.push(line)
    else {
      sections.push(`… and ${lines.length - i} more lines`)
      break
    }
  }
  return sections
}
