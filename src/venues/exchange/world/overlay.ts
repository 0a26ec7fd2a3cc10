/** Owns what faults change in a market: delistings and funding intervals. Everything else is the wrapped world's. */
import { type DurationMs, type EpochMs, floorTo, HOUR_MS } from '#core/time'
import type { World, WorldInstrument } from '../world.port.js'

export interface WorldOverlay {
  readonly world: World
  /** Instruments by world id. */
  delist(id: string, at: EpochMs): void
  relist(id: string, at: EpochMs): void
  /** From the next settlement behind `at` on. */
  fundingInterval(id: string, at: EpochMs, intervalMs: DurationMs): void
  heal(): void
}

interface Change {
  readonly from: EpochMs
  readonly intervalMs: DurationMs
}

type Settlement = ReturnType<World['settlements']>[number]

export function overlayWorld(inner: World): WorldOverlay {
  /** Spans in which an instrument is gone. */
  const gone = new Map<string, { readonly from: EpochMs; to: EpochMs }[]>()
  const changes = new Map<string, Change[]>()

  const isGone = (id: string, at: EpochMs): boolean =>
    gone.get(id)?.some(({ from, to }) => at >= from && at < to) === true

  const changeAt = (id: string, at: EpochMs): Change | undefined => changes.get(id)?.findLast(({ from }) => from <= at)

  const intervalAt = (instrument: WorldInstrument, at: EpochMs): DurationMs =>
    changeAt(instrument.id, at)?.intervalMs ?? inner.fundingIntervalMs(instrument, at)

  const settlements = (instrument: WorldInstrument, from: EpochMs, to: EpochMs): readonly Settlement[] => {
    const own = changes.get(instrument.id)
    if (own === undefined) return inner.settlements(instrument, from, to)
    const first = own[0]!.from
    const rows = from < first ? [...inner.settlements(instrument, from, Math.min(to, first))] : []
    for (let ts = floorTo(Math.max(from, first), HOUR_MS) + HOUR_MS; ts <= to; ts += HOUR_MS) {
      const intervalMs = intervalAt(instrument, ts - 1)
      if (floorTo(ts, intervalMs) !== ts) continue
      rows.push({ ts, rate: rateOf(instrument, ts - 1), mark: inner.mark(instrument, ts) })
    }
    return rows
  }

  /** The wrapped rate is of its own interval. */
  const rateOf = (instrument: WorldInstrument, at: EpochMs): number =>
    (inner.fundingRate(instrument, at) * intervalAt(instrument, at)) / inner.fundingIntervalMs(instrument, at)

  const whileListed = (instrument: WorldInstrument, at: EpochMs): EpochMs => {
    const spans = gone.get(instrument.id)
    return spans === undefined ? at : Math.min(at, ...spans.filter(({ to }) => at < to).map(({ from }) => from))
  }

  const world: World = {
    ...bound(inner),
    instruments: (at) => inner.instruments(at).filter(({ id }) => !isGone(id, at)),
    bars: (instrument, intervalMs, from, to, now) =>
      inner.bars(instrument, intervalMs, from, to, whileListed(instrument, now)),
    trades: (instrument, from, to) => {
      const rows = inner.trades(instrument, from, to)
      return gone.has(instrument.id) ? rows.filter(({ ts }) => !isGone(instrument.id, ts)) : rows
    },
    fundingRate: (instrument, at) =>
      changes.has(instrument.id) ? rateOf(instrument, at) : inner.fundingRate(instrument, at),
    fundingIntervalMs: intervalAt,
    settlements,
  }

  return {
    world,
    delist(id, at) {
      if (!isGone(id, at)) gone.set(id, [...(gone.get(id) ?? []), { from: at, to: Number.POSITIVE_INFINITY }])
    },
    relist(id, at) {
      for (const span of gone.get(id) ?? []) span.to = Math.min(span.to, at)
    },
    fundingInterval(id, at, intervalMs) {
      const instrument = inner.instruments(at).find((one) => one.id === id)
      if (instrument === undefined) return
      const from = floorTo(at, intervalAt(instrument, at)) + intervalAt(instrument, at)
      changes.set(id, [...(changes.get(id) ?? []), { from, intervalMs }])
    },
    heal() {
      for (const spans of gone.values()) for (const span of spans) if (span.to === Number.POSITIVE_INFINITY) span.to = 0
    },
  }
}

/** The methods of a world as free functions, whether it is a class or not. */
function bound(world: World): World {
  return {
    start: world.start,
    instruments: (at) => world.instruments(at),
    bars: (...of) => world.bars(...of),
    trades: (...of) => world.trades(...of),
    quote: (...of) => world.quote(...of),
    book: (...of) => world.book(...of),
    mark: (...of) => world.mark(...of),
    index: (...of) => world.index(...of),
    fundingRate: (...of) => world.fundingRate(...of),
    fundingIntervalMs: (...of) => world.fundingIntervalMs(...of),
    settlements: (...of) => world.settlements(...of),
    openInterest: (...of) => world.openInterest(...of),
    option: (...of) => world.option(...of),
    volatility: (...of) => world.volatility(...of),
  }
}
