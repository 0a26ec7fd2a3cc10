/** Owns what a fault is, as data: kinds, fields, defaults, and reading a plan of them. Never does one. */
import { z } from 'zod'
import { QuantbotError } from '#core/errors'
import { Sfc32 } from '#core/random'
import { type DurationMs, type EpochMs, HOUR_MS, MINUTE_MS, SECOND_MS } from '#core/time'

/** How long each kind lasts when the fault does not say; 0: it is over at once. */
export const FAULT_KINDS = {
  /** New connections are refused (the listener is closed); with a target, requests or upgrades are cut instead. */
  refuse: 5 * SECOND_MS,
  /** Sockets live, answers and pongs come, data does not. Of REST: requests are never answered. */
  halfOpen: MINUTE_MS,
  /** Frames of data are lost. */
  drop: 10 * SECOND_MS,
  duplicate: 10 * SECOND_MS,
  /** Frames come `ms` late, in order. */
  delay: 10 * SECOND_MS,
  /** Every other frame comes behind the one that follows it. */
  reorder: 10 * SECOND_MS,
  /** Half of a frame's text, or of an answer's body. */
  torn: 5 * SECOND_MS,
  /** Something else than the frame, or than the answer. */
  garbage: 5 * SECOND_MS,
  /** Frames of order books are lost. */
  sequenceGap: 5 * SECOND_MS,
  /** Old frames of order books come again behind new ones. */
  staleBook: 5 * SECOND_MS,
  /** Answers come `ms` late. */
  slow: 10 * SECOND_MS,
  /** Answers are `status`. */
  serverError: 10 * SECOND_MS,
  /** The venue's clock is off by `ms`; when it would go back it stands still instead. */
  clockSkew: MINUTE_MS,
  /** Every answer is the venue's maintenance, sockets are closed, upgrades refused. */
  maintenance: MINUTE_MS,
  /** `symbol` is gone. */
  delist: Number.POSITIVE_INFINITY,
  /** `symbol` has funding every `intervalMs`, from the next settlement on. */
  fundingInterval: Number.POSITIVE_INFINITY,
  /** Sockets are cut. */
  disconnect: 0,
  /** The address is banned, and told so as the venue does. */
  banIp: 2 * MINUTE_MS,
  /** A simulator cannot break name resolution: the listener is closed, as for a name that leads nowhere. */
  dnsFailure: 5 * SECOND_MS,
} as const satisfies Record<string, DurationMs>

export type FaultKind = keyof typeof FAULT_KINDS
const KINDS = Object.keys(FAULT_KINDS) as [FaultKind, ...FaultKind[]]

const instant = z.union([z.int(), z.string()]).transform((value, context) => {
  const at = typeof value === 'number' ? value : Date.parse(value)
  if (!Number.isNaN(at)) return at
  context.addIssue({ code: 'custom', message: 'is no time; write UTC as 2026-01-31T12:00:00Z or epoch ms' })
  return z.NEVER
})
const ms = z.number().min(0)

const faultSchema = z.strictObject({
  kind: z.enum(KINDS),
  /** Epoch ms of the exchange's clock, or ISO; else `afterMs` behind the opening or the command; else at once. */
  at: instant.optional(),
  afterMs: ms.optional(),
  /** Again and again, so long after each begin. */
  everyMs: z.number().positive().optional(),
  /** Default: what the kind is about. */
  target: z.enum(['rest', 'ws', 'both']).optional(),
  forMs: ms.optional(),
  /** Of each frame, answer or socket that it could meet; default 1. */
  probability: z.number().gt(0).max(1).optional(),
  /** Of delay, slow (default 1000) and clockSkew (default 5000, may be negative). */
  ms: z.number().optional(),
  /** Of serverError, default 503. */
  status: z.int().min(500).max(599).optional(),
  /** Of delist and fundingInterval: the world's id, `SOL/USDT:USDT`. */
  symbol: z.string().optional(),
  intervalMs: z.int().positive().optional(),
  /** Of disconnect and halfOpen: so many of the sockets that are open as it begins, drawn, instead of all. */
  sockets: z.int().positive().optional(),
  /** Only frames, or paths of requests, that contain this text. */
  match: z.string().optional(),
})

/** One fault. Field by field in docs/guides/simulator.md. */
export type Fault = z.infer<typeof faultSchema>

const randomSchema = z.strictObject({
  seed: z.int().min(0),
  everySeconds: z.number().positive(),
  kinds: z.array(z.enum(KINDS)).min(1).optional(),
})

/** Faults drawn from a seed, one every so many seconds. */
export type RandomFaults = z.infer<typeof randomSchema>
export type FaultPlan = readonly Fault[] | RandomFaults

/** Kinds that leave nothing behind: what is drawn when a random plan names none. */
const PASSING = KINDS.filter((kind) => Number.isFinite(FAULT_KINDS[kind]) && kind !== 'banIp')

/** Reads a plan: a list of faults, or `{seed, everySeconds, kinds}`. USAGE names `source` and the field. */
export function parseFaultPlan(value: unknown, source: string): FaultPlan {
  const schema = Array.isArray(value) ? z.array(faultSchema) : randomSchema
  const parsed = schema.safeParse(value)
  if (parsed.success) {
    if (Array.isArray(parsed.data))
      for (const [i, fault] of parsed.data.entries()) requireFields(fault, `${source}: [${i}]`)
    return parsed.data
  }
  const issue = parsed.error.issues[0]!
  throw new QuantbotError('USAGE', `${source}: ${issue.path.join('.') || 'the plan'}: ${issue.message}`)
}

/** Reads one fault; USAGE as above. */
export function parseFault(value: unknown, source: string): Fault {
  const plan = parseFaultPlan([value], source)
  return (plan as readonly Fault[])[0]! // a list was given, so a list comes back
}

function requireFields(fault: Fault, where: string): void {
  const isOfSymbol = fault.kind === 'delist' || fault.kind === 'fundingInterval'
  if (isOfSymbol && fault.symbol === undefined)
    throw new QuantbotError('USAGE', `${where}: ${fault.kind} needs symbol, such as SOL/USDT:USDT`)
  if (fault.kind === 'fundingInterval' && fault.intervalMs === undefined)
    throw new QuantbotError('USAGE', `${where}: fundingInterval needs intervalMs, such as ${4 * HOUR_MS}`)
}

export interface PlannedFault {
  readonly at: EpochMs
  readonly fault: Fault
}

/** The n-th fault (from 0) of a random plan that began at `start`; the same for the same seed, whenever it is asked for. */
export function drawFault(plan: RandomFaults, n: number, start: EpochMs, symbols: readonly string[]): PlannedFault {
  const random = Sfc32.seeded(plan.seed, n)
  const everyMs = plan.everySeconds * SECOND_MS
  const at = Math.floor(start + (n + random.next()) * everyMs)
  const kinds = plan.kinds ?? PASSING
  const kind = kinds[random.below(kinds.length)]!
  const symbol = symbols[random.below(Math.max(1, symbols.length))]
  const hours = [1, 2, 4][random.below(3)]!
  const lasting = FAULT_KINDS[kind]
  const forMs = Number.isFinite(lasting) ? Math.round(lasting * (0.25 + random.next())) : lasting
  const fault: Fault = { kind, ...(forMs > 0 && Number.isFinite(forMs) ? { forMs } : {}) }
  if (kind === 'delist') return { at, fault: { ...fault, symbol: symbol ?? '' } }
  if (kind === 'fundingInterval') return { at, fault: { ...fault, symbol: symbol ?? '', intervalMs: hours * HOUR_MS } }
  if (kind === 'clockSkew') return { at, fault: { ...fault, ms: Math.round((random.next() * 2 - 1) * 10_000) } }
  if (kind === 'delay' || kind === 'slow')
    return { at, fault: { ...fault, ms: Math.round(200 + random.next() * 3000) } }
  const isOfFrames = ['drop', 'duplicate', 'torn', 'garbage', 'reorder', 'staleBook'].includes(kind)
  return { at, fault: isOfFrames ? { ...fault, probability: 0.05 + 0.45 * random.next() } : fault }
}
