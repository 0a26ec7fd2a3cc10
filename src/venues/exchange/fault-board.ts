/** Owns which faults act at a moment: plan, commands, begins and ends on the exchange's clock. Never does one itself. */
import { Sfc32 } from '#core/random'
import type { EpochMs } from '#core/time'
import { drawFault, FAULT_KINDS, type Fault, type FaultKind, type FaultPlan, type RandomFaults } from './faults.js'

/** Rows of the log that are kept. */
const LOG_ROWS = 10_000

export interface FaultRecord {
  readonly fault: Fault
  readonly from: EpochMs
  /** Infinity: until healed. */
  readonly until: EpochMs
}

export interface BoardOptions {
  readonly now: () => EpochMs
  readonly seed: number
  readonly plan: FaultPlan
  /** World ids that drawn faults may name. */
  readonly symbols: readonly string[]
  readonly onBegin: (fault: Fault, from: EpochMs) => void
  readonly onEnd: (fault: Fault) => void
}

export interface FaultBoard {
  readonly log: readonly FaultRecord[]
  readonly acting: readonly FaultRecord[]
  inject(fault: Fault): void
  /** Ends every fault and forgets the plan. */
  heal(): void
  /** Begins and ends what is due. Called on every tick. */
  advance(): void
  /** The fault that meets this frame, answer or socket; rolls its probability. */
  meets(kind: FaultKind, side: 'rest' | 'ws', text?: string): Fault | undefined
  /** A number in [0, 1) of the board's stream. */
  chance(): number
}

interface Pending {
  readonly at: EpochMs
  readonly fault: Fault
}

/** Kinds that are about answers when no target is given; all others are about sockets, or about both. */
const OF_REST: readonly FaultKind[] = ['slow', 'serverError']
const OF_BOTH: readonly FaultKind[] = ['refuse', 'maintenance', 'clockSkew', 'banIp', 'dnsFailure']

export const targetOf = (fault: Fault): 'rest' | 'ws' | 'both' =>
  fault.target ?? (OF_REST.includes(fault.kind) ? 'rest' : OF_BOTH.includes(fault.kind) ? 'both' : 'ws')

export function createFaultBoard(options: BoardOptions): FaultBoard {
  const { now } = options
  const opened = now()
  const random = Sfc32.seeded(options.seed, 0xfa17)
  const log: FaultRecord[] = []
  let acting: FaultRecord[] = []
  let pending: Pending[] = []
  let drawn: RandomFaults | undefined
  let drawnCount = 0

  const plan = (fault: Fault, base: EpochMs): void => {
    pending.push({ at: fault.at ?? base + (fault.afterMs ?? 0), fault })
  }
  if ('everySeconds' in options.plan) drawn = options.plan
  else for (const fault of options.plan) plan(fault, opened)

  const begin = ({ at, fault }: Pending): void => {
    const from = now()
    const record = { fault, from, until: from + (fault.forMs ?? FAULT_KINDS[fault.kind]) }
    log.push(record)
    if (log.length > LOG_ROWS) log.shift()
    if (fault.everyMs !== undefined) pending.push({ at: Math.max(at + fault.everyMs, from + 1), fault })
    options.onBegin(fault, from)
    if (record.until > from) acting.push(record)
  }

  const endAll = (records: readonly FaultRecord[]): void => {
    acting = acting.filter((record) => !records.includes(record))
    for (const { fault } of records) options.onEnd(fault)
  }

  const advance = (): void => {
    const at = now()
    if (acting.length > 0) {
      const over = acting.filter(({ until }) => until <= at)
      if (over.length > 0) endAll(over)
    }
    while (drawn !== undefined) {
      const next = drawFault(drawn, drawnCount, opened, options.symbols)
      if (next.at > at) break
      drawnCount++
      begin(next)
    }
    const due = pending.filter((one) => one.at <= at).sort((a, b) => a.at - b.at)
    if (due.length === 0) return
    pending = pending.filter((one) => one.at > at)
    for (const one of due) begin(one)
  }

  return {
    log,
    get acting() {
      return acting
    },
    inject(fault) {
      plan(fault, now())
      advance()
    },
    heal() {
      pending = []
      drawn = undefined
      endAll([...acting])
    },
    advance,
    meets(kind, side, text) {
      if (acting.length === 0) return undefined
      const at = now()
      for (const { fault, until } of acting) {
        if (fault.kind !== kind || until <= at || fault.sockets !== undefined) continue
        const target = targetOf(fault)
        if (target !== 'both' && target !== side) continue
        if (fault.match !== undefined && text !== undefined && !text.includes(fault.match)) continue
        if (fault.probability === undefined || random.next() < fault.probability) return fault
      }
      return undefined
    },
    chance: () => random.next(),
  }
}
