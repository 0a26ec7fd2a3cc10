/** Owns sending one message to each sink at once, to see what happens. Leaves no spool and no position. */
import type { TimePort } from '#core/ports'
import { FAILURES, SinkFailed } from './failures.js'
import type { Letter } from './letter.js'
import type { FailureCode, SinkName } from './notify.port.js'
import type { Sink } from './sink-queue.js'

export interface Tried {
  readonly sink: SinkName
  readonly isDelivered: boolean
  readonly ms: number
  readonly code: FailureCode | null
  /** Of SMTP or HTTP; null: no answer, or none that was bad. */
  readonly status: number | null
  /** Empty where nothing is to be mended. */
  readonly mend: string
}

/** Of the whole attempt (ours). */
const PATIENCE_MS = 60_000

/** One after the other; never rejects. A mail that only some recipients get counts as failed: somebody will miss the next one. */
export async function trySinks(sinks: readonly Sink[], version: string, time: TimePort): Promise<readonly Tried[]> {
  const tried: Tried[] = []
  for (const sink of sinks) tried.push(await trySink(sink, version, time))
  return tried
}

async function trySink(sink: Sink, version: string, time: TimePort): Promise<Tried> {
  const begun = time.now()
  const late = new AbortController()
  const cancel = time.after(PATIENCE_MS, () => late.abort())
  const done = (code: FailureCode | null, status: number | null): Tried => ({
    sink: sink.name,
    isDelivered: code === null,
    ms: time.now() - begun,
    code,
    status,
    mend: code === null ? '' : FAILURES[code].mend,
  })
  try {
    const { refused } = await sink.deliver(testLetter(sink.name, version, begun), late.signal)
    return done(refused === 0 ? null : 'recipient-refused', null)
  } catch (error) {
    return error instanceof SinkFailed ? done(error.code, error.status) : done('failed', null)
  } finally {
    cancel()
  }
}

function testLetter(sink: SinkName, version: string, at: number): Letter {
  return {
    n: 0,
    id: `test.${sink}.${at}`,
    severity: 'info',
    kind: 'test',
    count: 1,
    title: 'Test of notifications',
    lines: [`quantbot ${version} reaches you by ${sink}. Nothing happened; nothing is to be done.`],
    firstSeq: 0,
    lastSeq: 0,
    firstTs: at,
    lastTs: at,
  }
}
