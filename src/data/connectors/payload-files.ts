/**
 * Owns the shapes that recorded payloads lie in on disk: one document, fixtures, capture lines, cryptofeed and hftbacktest
 * text. Never reads what a payload says.
 */
import { readFileSync } from 'node:fs'
import { constants, gunzipSync } from 'node:zlib'

/** One recorded payload, or a line that holds none. */
export interface RecordedPayload {
  /** Line of the file, from 1; 1 for documents. */
  readonly line: number
  readonly payload?: unknown
  /** Where it was asked for or which socket it came from, as far as the file tells. */
  readonly url?: string
  readonly market?: string
  /** Epoch ms. */
  readonly receivedAt?: number
  /** Why there is no payload. */
  readonly problem?: string
}

/** Text of a file, unpacked where it is gzip. `-` is standard input. */
export function payloadText(file: string): string {
  const bytes = readFileSync(file === '-' ? 0 : file)
  return bytes[0] === 0x1f && bytes[1] === 0x8b ? unzipped(bytes) : bytes.toString('utf8')
}

/** Of a file that ends too soon, because the process that wrote it was killed, the whole lines. */
function unzipped(bytes: Buffer): string {
  try {
    return gunzipSync(bytes).toString('utf8')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'Z_BUF_ERROR')) throw error
    const text = gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }).toString('utf8')
    return text.slice(0, text.lastIndexOf('\n') + 1)
  }
}

/** Payloads of a file in their order. */
export function* payloadsIn(text: string): Generator<RecordedPayload> {
  const whole = parsed(text)
  if (whole !== undefined) {
    yield* documentOf(whole)
    return
  }
  const lines = text.split('\n')
  let address: string | undefined
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!.trim()
    if (line === '') continue
    const item = lineOf(line, i + 1)
    if (item.payload === undefined && item.url !== undefined) address = item.url
    yield item.url === undefined && address !== undefined ? { ...item, url: address } : item
  }
}

type Entry = { readonly [key: string]: unknown }
const isEntry = (value: unknown): value is Entry => typeof value === 'object' && value !== null && !Array.isArray(value)

/** A fixture with `examples` or `payload`, a capture line, or the payload itself. */
function* documentOf(value: unknown): Generator<RecordedPayload> {
  if (!isEntry(value) || (!('examples' in value) && !('provenance' in value) && !('body' in value && 'url' in value))) {
    yield unpacked(value, 1)
    return
  }
  const path = typeof value.endpoint === 'string' ? /\/\S+/.exec(value.endpoint)?.[0] : undefined
  const url = typeof value.url === 'string' ? value.url : (rpcUrl(value) ?? (path && `https://venue${path}`))
  const market = typeof value.market === 'string' ? value.market : undefined
  const about = { line: 1, ...(url === undefined ? {} : { url }), ...(market === undefined ? {} : { market }) }
  const examples = Array.isArray(value.examples) ? value.examples : singleOf(value)
  for (const example of examples) yield { ...about, ...exampleOf(example) }
  if (examples.length === 0) yield { ...about, problem: 'is a description without payloads' }
}

/** A fixture of JSON-RPC: its method with the parameters of the example request. */
function rpcUrl({ kind, method, requests }: Entry): string | undefined {
  if (kind !== 'jsonrpc' || typeof method !== 'string') return undefined
  const first: unknown = Array.isArray(requests) ? requests[0] : undefined
  const { params } = isEntry(first) && isEntry(first.value) ? first.value : {}
  const query = new URLSearchParams()
  if (isEntry(params)) for (const [key, value] of Object.entries(params)) query.set(key, String(value))
  return `https://venue/api/v2/${method}?${query}`
}

/** An example of a document may be described: the payload is its `json`; one without is a request. */
function exampleOf(example: unknown): { readonly payload: unknown } | { readonly problem: string } {
  if (!isEntry(example) || !('section' in example)) return { payload: example }
  return 'json' in example ? { payload: example.json } : { problem: 'is a request' }
}

/** Keys under which fixtures keep one payload, several frames, or named ones (`subscribeOk`). */
function singleOf(value: Entry): readonly unknown[] {
  for (const key of ['payload', 'response', 'message', 'body']) if (key in value) return [value[key]]
  if (Array.isArray(value.frames)) return value.frames
  if (Array.isArray(value.responses))
    return value.responses.flatMap((response: unknown) => (isEntry(response) ? [response.value] : []))
  return Object.values(value).filter((entry) => isEntry(entry) && ('event' in entry || 'arg' in entry))
}

function unpacked(value: unknown, line: number): RecordedPayload {
  if (!isEntry(value)) return { line, payload: value }
  if ('msg' in value && 'kind' in value && 'recvTs' in value) {
    const payload = typeof value.msg === 'string' ? (parsed(value.msg) ?? value.msg) : value.msg
    const stamp = Number(value.recvTs)
    // Our own recordings stamp milliseconds, captures of others seconds.
    const receivedAt = Math.round(stamp > 1e11 ? stamp : stamp * 1000)
    if (value.kind === 'sent') return { line, problem: 'was sent, not received', receivedAt }
    const market = typeof value.market === 'string' ? { market: value.market } : {}
    return {
      line,
      payload,
      receivedAt,
      ...market,
      ...(typeof value.url === 'string' ? { url: absolute(value.url) } : {}),
    }
  }
  if ('payload' in value && 'file' in value) return { line, payload: value.payload }
  return { line, payload: value }
}

/** Recordings name calls as `GET /fapi/v1/time`: parsers read addresses. */
function absolute(url: string): string {
  return url.replace(/^(?:GET|POST) \//, 'https://venue/')
}

/** `<ns> <json>`, `<s>: <json>`, `<url> -> <s>: <json>`, `<url> <-> <s>`, or bare JSON. */
function lineOf(text: string, line: number): RecordedPayload {
  const bare = parsed(text)
  if (bare !== undefined) return unpacked(bare, line)
  const rest = /^(?<url>\S+:\/\/\S+) -> (?<at>[\d.]+): (?<json>.*)$/.exec(text)?.groups
  const timed = rest ?? /^(?<at>\d+(?:\.\d+)?):? (?<json>.*)$/.exec(text)?.groups
  if (timed !== undefined) {
    const payload = parsed(timed.json ?? '')
    const at = Number(timed.at)
    // Nanoseconds have 19 digits, seconds 10.
    const receivedAt = Math.round(at > 1e15 ? at / 1e6 : at * 1000)
    const url = timed.url === undefined ? {} : { url: timed.url }
    return payload === undefined
      ? { line, problem: 'is no JSON', receivedAt, ...url }
      : { line, payload, receivedAt, ...url }
  }
  const url = /^\w+:\/\/\S+/.exec(text)?.[0]
  return { line, problem: 'is no JSON', ...(url === undefined ? {} : { url }) }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
