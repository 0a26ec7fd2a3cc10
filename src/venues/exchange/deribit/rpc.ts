/** Owns parameters and errors of JSON-RPC as Deribit words them. Never answers anything itself. */
import type { EpochMs } from '#core/time'

export const ERRORS = {
  tooManyRequests: [10_028, 'too_many_requests'],
  invalidCredentials: [13_004, 'invalid_credentials'],
  unauthorized: [13_009, 'unauthorized'],
  rawNeedsLogin: [13_778, 'raw_subscriptions_not_available_for_unauthorized'],
  notFound: [-32_601, 'Method not found'],
  invalidParams: [-32_602, 'Invalid params'],
  unknownInstrument: [13_020, 'not_found'],
  maintenance: [11_051, 'system_maintenance'],
  internal: [11_094, 'internal_server_error'],
} as const

/** An answer that is an error; the protocol catches it. */
export class RpcRefused extends Error {
  override readonly name = 'RpcRefused'

  constructor(
    readonly kind: keyof typeof ERRORS,
    readonly data?: Readonly<Record<string, unknown>>,
  ) {
    super(ERRORS[kind][1])
  }
}

export type Params = Readonly<Record<string, unknown>>

const invalid = (param: string, reason: string): RpcRefused => new RpcRefused('invalidParams', { reason, param })

export function textParam(params: Params, name: string): string {
  const value = params[name]
  if (typeof value === 'string' && value !== '') return value
  if (typeof value === 'number') return String(value)
  throw invalid(name, 'is required')
}

export const optionalText = (params: Params, name: string): string | undefined =>
  params[name] === undefined || params[name] === '' ? undefined : textParam(params, name)

export function numberParam(params: Params, name: string): number {
  const value = Number(textParam(params, name))
  if (!Number.isFinite(value)) throw invalid(name, 'wrong format')
  return value
}

export function optionalCount(params: Params, name: string, fallback: number, most: number): number {
  if (params[name] === undefined) return fallback
  const value = numberParam(params, name)
  if (!Number.isInteger(value) || value < 1 || value > most) throw invalid(name, `must be 1 to ${most}`)
  return value
}

export function choiceParam(params: Params, name: string, choices: readonly string[]): string {
  const value = textParam(params, name)
  if (!choices.includes(value)) throw invalid(name, `invalid ${name}`)
  return value
}

/** Envelope with the times of the venue, microseconds. */
export function envelope(id: unknown, at: EpochMs, body: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const micros = at * 1000
  return {
    jsonrpc: '2.0',
    ...(id === undefined ? {} : { id }),
    ...body,
    usIn: micros,
    usOut: micros + 150,
    usDiff: 150,
    testnet: false,
  }
}

export function errorBody({ kind, data }: RpcRefused): Readonly<Record<string, unknown>> {
  const [code, message] = ERRORS[kind]
  return { error: { code, message, ...(data === undefined ? {} : { data }) } }
}
