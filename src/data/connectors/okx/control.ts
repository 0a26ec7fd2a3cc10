/** Owns reading what is not data: acknowledgements, errors, notices, answers to orders. */
import type { Fields } from '../fields.js'
import type { ControlRecord } from '../normal.js'
import { isPrivateChannel } from './topics.js'

const EVENTS = new Map<unknown, ControlRecord['what']>([
  ['subscribe', 'ack'],
  ['unsubscribe', 'ack'],
  ['login', 'ack'],
  ['error', 'error'],
  ['channel-conn-count-error', 'error'],
  ['channel-conn-count', 'other'],
  ['notice', 'other'],
])

/** A frame's control record; undefined for a frame that carries data of a public channel. */
export function controlOf(frame: Fields): ControlRecord | undefined {
  if (typeof frame.event === 'string')
    return { kind: 'control', what: EVENTS.get(frame.event) ?? 'other', detail: detailOf(frame) }
  if (typeof frame.op === 'string' && typeof frame.code === 'string')
    return { kind: 'control', what: 'private', detail: `${frame.op} ${frame.code}` }
  const channel = channelOf(frame)
  if (channel !== undefined && isPrivateChannel(channel)) return { kind: 'control', what: 'private', detail: channel }
  return undefined
}

export function channelOf(frame: Fields): string | undefined {
  const { arg } = frame
  if (typeof arg !== 'object' || arg === null || !('channel' in arg)) return undefined
  return typeof arg.channel === 'string' ? arg.channel : undefined
}

function detailOf(frame: Fields): string {
  const channel = channelOf(frame)
  const parts = [frame.event, frame.code, frame.msg, channel].filter((part) => typeof part === 'string' && part !== '')
  return parts.join(' ')
}
