/**
 * Owns reading the frames of one connection: subscriptions by channel, replies by shape, heartbeats. Remembers the running
 * bar of each chart channel and which channels were accepted, nothing else.
 */
import type { EpochMs } from '#core/time'
import type { Decoded, FrameDecoder, Knowledge, SocketPlan, TopicPlan } from '../adapter.port.js'
import { type Fields, fieldsOf, listOf, textOf } from '../fields.js'
import { type Normal, PayloadRefused } from '../normal.js'
import { ChartStream } from './bars.js'
import { failureOfError } from './envelope.js'
import { intervalOf, resolutionOf } from './names.js'
import { batchesOf } from './plan.js'
import { readChannel } from './read-channel.js'
import { readBar } from './read-history.js'
import { instrumentOf } from './read-market.js'
import { control } from './read-status.js'

/** Ids of our own requests that need no bookkeeping. */
export const HEARTBEAT_ID = 900_001
export const TEST_ID = 900_002
const TEST_REPLY = JSON.stringify({ jsonrpc: '2.0', id: TEST_ID, method: 'public/test', params: {} })
const DATA = 'params.data'

interface Reader {
  readonly topic: string
  read(data: unknown): readonly Normal[]
}

/** Which kinds of records a topic was subscribed for; a ticker says more than is wanted. */
function wantedKinds(topic: TopicPlan): ReadonlySet<string> {
  const kinds = new Set<string>()
  for (const { kind } of topic.wants) {
    if (kind === 'trades') kinds.add('trade')
    else if (kind === 'liquidations') kinds.add('liquidation')
    else if (kind === 'options') kinds.add('option')
    else kinds.add(kind)
  }
  return kinds
}

export class DeribitDecoder implements FrameDecoder {
  private readonly readers = new Map<string, Reader>()
  private readonly accepted = new Set<string>()
  private replies = 0

  constructor(
    private readonly plan: SocketPlan,
    private readonly knowledge: Knowledge,
  ) {
    for (const topic of plan.topics) this.readers.set(topic.name, this.readerOf(topic))
  }

  decode(text: string, _receivedAt: EpochMs): Decoded {
    const frame = parsed(text)
    if (frame.method === 'subscription') return this.push(fieldsOf(frame.params, 'params'))
    if (frame.method === 'heartbeat') return heartbeat(fieldsOf(frame.params, 'params'))
    return this.answer(frame)
  }

  private push(params: Fields): Decoded {
    const channel = textOf(params.channel, 'params.channel')
    const reader = this.readers.get(channel)
    if (reader) return { topic: reader.topic, records: reader.read(params.data) }
    return { topic: null, records: [control('other', `push of ${channel}, which was not asked for`)] }
  }

  private readerOf(topic: TopicPlan): Reader {
    const { name } = topic
    if (name.startsWith('chart.')) return this.chartReader(topic)
    const { knowledge } = this
    const kinds = wantedKinds(topic)
    if (!/^(ticker|trades)\./.test(name))
      return { topic: name, read: (data) => readChannel(name, data, DATA, knowledge) }
    return {
      topic: name,
      read: (data) => readChannel(name, data, DATA, knowledge).filter((record) => kinds.has(record.kind)),
    }
  }

  /** Several intervals may be put together of one channel. */
  private chartReader(topic: TopicPlan): Reader {
    const [, , symbol, code] = topic.name.split('.')
    const instrument = instrumentOf(symbol, 'params.channel')
    const interval = intervalOf(code!, 'params.channel')
    const wanted = new Set(topic.wants.map((want) => want.interval ?? interval))
    const streams = [...wanted].map((each) => new ChartStream(each, resolutionOf(each).parts))
    return {
      topic: topic.name,
      read: (data) => {
        const bar = readBar(fieldsOf(data, DATA), DATA, instrument, interval, null)
        return streams.flatMap((stream) => stream.next(bar))
      },
    }
  }

  /** Replies carry our number only: lists are of (un)subscribed channels, whatever they answer. */
  private answer(frame: Fields): Decoded {
    if (frame.error !== undefined) return this.failed(frame)
    if (!Array.isArray(frame.result)) {
      if (frame.result === undefined) throw new PayloadRefused('$', 'is neither a push nor an answer')
      return { topic: null, records: [control(frame.id === TEST_ID ? 'pong' : 'ack', `answer ${String(frame.id)}`)] }
    }
    for (const [i, channel] of listOf(frame.result, 'result').entries())
      this.accepted.add(textOf(channel, `result[${i}]`))
    return this.counted(control('ack', `${frame.result.length} channels`))
  }

  private failed(frame: Fields): Decoded {
    const failure = failureOfError(fieldsOf(frame.error, 'error'))
    const record = control('error', `${failure.code} ${failure.detail}`)
    if (failure.kind === 'rateLimited') return { topic: null, records: [record], reconnect: `10028 ${failure.detail}` }
    if (frame.id === HEARTBEAT_ID || frame.id === TEST_ID) return { topic: null, records: [record] }
    return this.counted(record)
  }

  /** Channels are missing once every request of the plan was answered: a reply does not tell which of them it is for. */
  private counted(record: Normal): Decoded {
    this.replies++
    if (this.replies < batchesOf(this.plan.topics).length) return { topic: null, records: [record] }
    const refused = this.plan.topics.map((topic) => topic.name).filter((name) => !this.accepted.has(name))
    return refused.length === 0 ? { topic: null, records: [record] } : { topic: null, records: [record], refused }
  }
}

function heartbeat(params: Fields): Decoded {
  const records = [control('heartbeat', String(params.type))]
  return params.type === 'test_request' ? { topic: null, records, reply: TEST_REPLY } : { topic: null, records }
}

function parsed(text: string): Fields {
  try {
    return fieldsOf(JSON.parse(text), '$')
  } catch (error) {
    if (error instanceof PayloadRefused) throw error
    throw new PayloadRefused('$', 'is no JSON')
  }
}
