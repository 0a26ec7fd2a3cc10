/** Owns composing a process on the built-in market: configuration, feed, clock. Offline by construction. */
import { catalogue } from '#actors/catalogue'
import type { TradingOptions } from '#actors/host'
import { OrdersAtWork } from '#actors/orders-at-work'
import { SimBars } from '#actors/sim-bars.source'
import { SimConnector } from '#actors/sim-connector.actor'
import type { Trading } from '#actors/sim-quotes.source'
import type { Config } from '#core/config/schema'
import type { SchedulerPort } from '#core/ports'
import { DAY_MS, type EpochMs } from '#core/time'
import { createSimMarket, type SimInput, type SimMarket, type SimMarketState } from '#data/connectors/sim/market'
import type { Dispatcher } from '#engine/dispatcher'
import { jumpingClock, scaledClock } from '#engine/live-clock'
import type { RouterState } from '#execution/router-state'

const marketOf = (config: Config): SimMarket => createSimMarket(config.sim, config.seed)

/** The configuration with what the built-in market brings: a replay needs nothing else. */
export function simConfig(config: Config): Config {
  return { ...config, universe: [...marketOf(config).universe], interval: config.sim.interval }
}

export interface SimOptions {
  /** As simConfig gave it. */
  readonly config: Config
  readonly scheduler: SchedulerPort
  /** Simulated ms a real one; null: as fast as it goes. */
  readonly speed: number | null
  /** Ends after so many simulated days from where the process begins. */
  readonly days?: number
}

export interface SimRun
  extends Pick<TradingOptions, 'deciders' | 'feeds' | 'history' | 'clockFrom' | 'startTs' | 'speed'> {
  /** The dispatcher whose orders the market quotes for; must be told before the process starts. */
  watch(dispatcher: Dispatcher): void
}

export function simRun({ config, scheduler, speed, days }: SimOptions): SimRun {
  const { start: startTs, instruments } = marketOf(config)
  // Who warms the agents goes through the history: the feed need not do so again.
  let past: SimMarketState | undefined
  const bars = new SimBars(marketOf(config), marketOf(config), () => past)
  let dispatcher: Dispatcher | undefined
  const traded = new Set(instruments.map(({ instrument }) => instrument))
  const atWork = new OrdersAtWork(
    () => dispatcher!.stateOf<RouterState>('execution/router'),
    (instrument) => traded.has(instrument),
  )
  const trading = (): Trading => ({ ts: dispatcher!.ts, instruments: atWork.instruments() })
  const feed = new SimConnector(bars, trading)
  return {
    deciders: catalogue(config, 'quote'),
    feeds: [feed],
    history: function* (): Iterable<SimInput> {
      const market = marketOf(config)
      yield* market.history()
      past = market.state()
    },
    clockFrom: (ts: EpochMs) => {
      if (days !== undefined) feed.endAt(ts + days * DAY_MS)
      return speed === null ? jumpingClock(ts) : scaledClock(scheduler, ts, speed)
    },
    startTs,
    speed,
    watch: (watched) => {
      dispatcher = watched
    },
  }
}
