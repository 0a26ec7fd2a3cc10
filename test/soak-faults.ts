/** Owns the plan of faults of a soak: everything that a network and a venue do on a bad day, from a seed. Never does one. */
import { hashText, Sfc32 } from '#core/random'
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '#core/time'
import type { Fault, FaultKind } from '#venues/exchange/faults'

export interface SoakFaultsOptions {
  readonly seed: number
  readonly venue: string
  readonly forMs: number
  /** On average, of this venue. */
  readonly everyMs: number
  /** Delisted in the second half, where given: the world's id. */
  readonly delist?: string
  /** Its funding interval changes in the first minutes. */
  readonly fundingInterval?: string
}

/** Kinds that pass, each on the sides where a real network can have it. */
const PASSING: readonly (readonly [kind: FaultKind, target: 'rest' | 'ws' | 'both', maxMs: number])[] = [
  ['refuse', 'both', 8_000],
  ['refuse', 'rest', 8_000],
  ['refuse', 'ws', 8_000],
  ['halfOpen', 'ws', 60_000],
  ['halfOpen', 'rest', 20_000],
  ['drop', 'ws', 30_000],
  ['duplicate', 'ws', 30_000],
  ['delay', 'ws', 20_000],
  ['reorder', 'ws', 30_000],
  ['torn', 'ws', 15_000],
  ['torn', 'rest', 15_000],
  ['garbage', 'ws', 15_000],
  ['garbage', 'rest', 15_000],
  ['sequenceGap', 'ws', 10_000],
  ['staleBook', 'ws', 10_000],
  ['slow', 'rest', 20_000],
  ['serverError', 'rest', 30_000],
  ['clockSkew', 'both', 60_000],
  ['maintenance', 'both', 45_000],
  ['disconnect', 'ws', 0],
  ['disconnect', 'ws', 0],
  ['dnsFailure', 'both', 8_000],
]
const WITH_PROBABILITY: ReadonlySet<FaultKind> = new Set([
  'drop',
  'duplicate',
  'torn',
  'garbage',
  'reorder',
  'staleBook',
])

/** Ascending in `afterMs`; every kind comes about as often as any other. One ban of the address among them. */
export function soakFaults(options: SoakFaultsOptions): Fault[] {
  const { seed, venue, forMs, everyMs, delist, fundingInterval } = options
  const random = Sfc32.seeded(seed, hashText(venue), hashText('soak'))
  const faults: Fault[] = []
  for (let at = everyMs * random.next(); at < forMs; at += everyMs * (0.5 + random.next()))
    faults.push(passing(random, Math.floor(at)))
  faults.push({ kind: 'banIp', afterMs: Math.floor(forMs * (0.3 + 0.2 * random.next())), forMs: 2 * MINUTE_MS })
  if (delist !== undefined)
    faults.push({ kind: 'delist', symbol: delist, afterMs: Math.floor(forMs * (0.6 + 0.2 * random.next())) })
  if (fundingInterval !== undefined)
    faults.push({ kind: 'fundingInterval', symbol: fundingInterval, intervalMs: HOUR_MS, afterMs: MINUTE_MS })
  return faults.sort((a, b) => a.afterMs! - b.afterMs!) // each was given one above
}

function passing(random: Sfc32, afterMs: number): Fault {
  const [kind, target, maxMs] = PASSING[random.below(PASSING.length)]!
  const lasting = maxMs === 0 ? {} : { forMs: Math.round(SECOND_MS + (maxMs - SECOND_MS) * random.next()) }
  const base: Fault = { kind, target, afterMs, ...lasting }
  if (WITH_PROBABILITY.has(kind)) return { ...base, probability: 0.1 + 0.8 * random.next() }
  if (kind === 'delay' || kind === 'slow') return { ...base, ms: Math.round(200 + 5000 * random.next()) }
  if (kind === 'clockSkew') return { ...base, ms: Math.round((random.next() * 2 - 1) * 10_000) }
  if (kind === 'serverError') return { ...base, status: [500, 502, 503, 504][random.below(4)]! }
  return base
}
