/**
 * Owns how the built-in market moves, one bar at a time: regimes, volatility, jumps, volume, funding.
 * A pure function of its state; never looks at what is asked of it, so that asking changes nothing.
 */
import { type RandomState, Sfc32 } from '#core/random'
import { DAY_MS, HOUR_MS } from '#core/time'
import {
  ALPHA,
  FAST,
  OWN,
  OWN_JUMPS,
  PREMIUM,
  PREMIUM_DAYS,
  PULL,
  RANGE_PULL,
  REGIMES,
  type Regime,
  SHARED_JUMPS,
  SLOW,
  VOLUME_NOISE,
} from './parameters.js'
import { POW10, type SimSymbol } from './symbols.js'

const YEAR_MS = 365 * DAY_MS

export interface SymbolState {
  /** Last close, on the tick. */
  close: number
  logVol: number
  alpha: number
  volumeNoise: number
  /** Decayed sum of log returns, the running bar included, and without it. */
  recent: number
  recentBefore: number
}

/** A finished or running bar of one symbol; prices on the tick, volume on the lot. */
export interface SimBar {
  open: number
  high: number
  low: number
  close: number
  volume: number
}

export interface DynamicsState {
  random: RandomState
  /** Start of the bar that runs now. */
  openTime: number
  regime: Regime
  slow: number
  fast: number
  /** 20-day mean of the leader's log price. */
  mean: number
  symbols: SymbolState[]
  bars: SimBar[]
}

export interface DynamicsConfig {
  readonly symbols: readonly SimSymbol[]
  readonly intervalMs: number
  readonly annualVol: number
  readonly correlation: number
}

/** State before the first bar; call {@link nextBars} once to have one run. */
export function createDynamics(config: DynamicsConfig, seed: number, openTime: number): DynamicsState {
  return {
    random: Sfc32.seeded(seed, 0x73696d).state(),
    openTime: openTime - config.intervalMs,
    regime: 'up',
    slow: 0,
    fast: 0,
    mean: Math.log(config.symbols[0]!.price),
    symbols: config.symbols.map(({ price }) => ({
      close: price,
      logVol: 0,
      alpha: 0,
      volumeNoise: 0,
      recent: 0,
      recentBefore: 0,
    })),
    bars: config.symbols.map(({ price }) => ({ open: price, high: price, low: price, close: price, volume: 0 })),
  }
}

/** A copy that shares nothing. */
export function copyDynamics(state: DynamicsState): DynamicsState {
  return {
    ...state,
    random: [...state.random],
    symbols: state.symbols.map((symbol) => ({ ...symbol })),
    bars: state.bars.map((bar) => ({ ...bar })),
  }
}

interface Decay {
  readonly keep: number
  readonly shock: number
}

/** The exact step of an Ornstein-Uhlenbeck process over a bar. */
function decay({ halfLife, sd }: { halfLife: number; sd: number }, intervalMs: number): Decay {
  const keep = Math.exp((-Math.LN2 * intervalMs) / (halfLife * DAY_MS))
  return { keep, shock: sd * Math.sqrt(1 - keep * keep) }
}

/** Moves the market on by one bar at a time; holds only constants and the generator besides the state it is given. */
export class Dynamics {
  readonly #config: DynamicsConfig
  readonly #state: DynamicsState
  readonly #random: Sfc32
  readonly #years: number
  readonly #slow: Decay
  readonly #fast: Decay
  readonly #own: Decay
  readonly #alpha: Decay
  readonly #volume: Decay
  readonly #recentKeep: number
  readonly #meanKeep: number

  constructor(config: DynamicsConfig, state: DynamicsState) {
    this.#config = config
    this.#state = state
    this.#random = new Sfc32(state.random)
    const { intervalMs } = config
    this.#years = intervalMs / YEAR_MS
    this.#slow = decay(SLOW, intervalMs)
    this.#fast = decay(FAST, intervalMs)
    this.#own = decay(OWN, intervalMs)
    this.#alpha = decay(ALPHA, intervalMs)
    this.#volume = decay(VOLUME_NOISE, intervalMs)
    this.#recentKeep = Math.exp(-intervalMs / (PREMIUM_DAYS * DAY_MS))
    this.#meanKeep = Math.exp(-intervalMs / (20 * DAY_MS))
  }

  /** Live state; `random` in it is brought up to date by {@link snapshot} alone. */
  get state(): DynamicsState {
    return this.#state
  }

  /** A copy that survives JSON to the bit. */
  snapshot(): DynamicsState {
    return { ...copyDynamics(this.#state), random: this.#random.state() }
  }

  /** Ends the running bar and begins the next one, whose end is then decided too. O(symbols). */
  nextBars(): void {
    const state = this.#state
    const random = this.#random
    state.openTime += this.#config.intervalMs
    this.#moveRegime()
    const regime = REGIMES[state.regime]
    state.slow = this.#slow.keep * state.slow + this.#slow.shock * random.normal()
    state.fast = this.#fast.keep * state.fast + this.#fast.shock * random.normal()
    const season = seasonOf(state.openTime, this.#config.intervalMs)
    const spread = SLOW.sd * SLOW.sd + FAST.sd * FAST.sd + OWN.sd * OWN.sd
    const shared = this.#config.annualVol * regime.vol * Math.sqrt(season) * Math.exp(state.slow + state.fast - spread)
    const leader = state.symbols[0]!
    const logLeader = Math.log(leader.close)
    state.mean = this.#meanKeep * state.mean + (1 - this.#meanKeep) * logLeader
    const pull = state.regime === 'range' ? RANGE_PULL * clip(state.mean - logLeader, 0.1) : 0
    const drift = regime.drift + pull
    const jump = this.#jump(SHARED_JUMPS)
    const z = random.normal()
    for (let i = 0; i < state.symbols.length; i++) this.#moveSymbol(i, shared, drift, jump, z, season)
  }

  #moveRegime(): void {
    const row = REGIMES[this.#state.regime]
    if (this.#random.next() * row.days * DAY_MS >= this.#config.intervalMs) return
    let draw = this.#random.next()
    for (const [regime, weight] of row.next) {
      draw -= weight
      if (draw >= 0) continue
      this.#state.regime = regime
      return
    }
  }

  #jump({ perYear, mean, sd }: typeof OWN_JUMPS): number {
    return this.#random.next() < perYear * this.#years ? mean + sd * this.#random.normal() : 0
  }

  /** One factor: correlation with the leader is `correlation`, for everyone but itself. */
  #moveSymbol(i: number, shared: number, drift: number, jump: number, z: number, season: number): void {
    const random = this.#random
    const symbol = this.#config.symbols[i]!
    const s = this.#state.symbols[i]!
    s.logVol = this.#own.keep * s.logVol + this.#own.shock * random.normal()
    s.alpha = this.#alpha.keep * s.alpha + this.#alpha.shock * random.normal()
    s.volumeNoise = this.#volume.keep * s.volumeNoise + this.#volume.shock * random.normal()
    const rho = i === 0 ? 1 : this.#config.correlation
    const beta = rho * symbol.volRatio
    const sd = shared * symbol.volRatio * Math.exp(s.logVol) * Math.sqrt(this.#years)
    const own = i === 0 ? 0 : Math.sqrt(1 - rho * rho) * random.normal()
    const pull = PULL * Math.log(symbol.price / s.close)
    const alpha = i === 0 ? 0 : s.alpha
    const trend = (beta * drift + alpha + pull) * this.#years
    const change = trend + sd * (rho * z + own) + beta * jump + (i === 0 ? 0 : this.#jump(OWN_JUMPS))
    this.#trade(this.#state.bars[i]!, symbol, s, change, sd, season)
    s.recentBefore = s.recent
    s.recent = this.#recentKeep * s.recent + change
  }

  /**
   * High and low are those of a Brownian bridge from open to close: its maximum beyond the start is
   * (x + sqrt(x² − 2 s² ln U)) / 2 (Karatzas and Shreve, 2.8), drawn for each side by itself.
   */
  #trade(bar: SimBar, symbol: SimSymbol, s: SymbolState, change: number, sd: number, season: number): void {
    const random = this.#random
    const scale = POW10[symbol.priceDigits]!
    const square = change * change
    const up = (change + Math.sqrt(square - 2 * sd * sd * Math.log(1 - random.next()))) / 2
    const down = (change - Math.sqrt(square - 2 * sd * sd * Math.log(1 - random.next()))) / 2
    const open = s.close
    const close = Math.max(1, Math.round(open * Math.exp(change) * scale)) / scale
    const high = Math.round(open * Math.exp(up) * scale) / scale
    const low = Math.max(1, Math.round(open * Math.exp(down) * scale)) / scale
    bar.open = open
    bar.close = close
    bar.high = Math.max(high, open, close)
    bar.low = Math.min(low, open, close)
    if (bar.high === bar.low) bar.high = Math.round(bar.high * scale + 1) / scale
    const surprise = Math.min(Math.abs(change) / sd, 6)
    const base = symbol.dailyVolumeM * 1e6 * (this.#config.intervalMs / DAY_MS) * season
    const heat = Math.exp(
      0.45 * (surprise - 0.8) + s.volumeNoise + 0.5 * (s.logVol + this.#state.slow + this.#state.fast),
    )
    const lots = POW10[symbol.sizeDigits]!
    bar.volume = Math.max(1, Math.round(((base * heat) / symbol.price) * lots)) / lots
    s.close = close
  }
}

/** Rate of an 8-hour settlement: premium plus interest of 1 bp, held to 1 bp while they differ by at most 5 bp (Binance, USD-M futures FAQ, 2024). */
export function fundingRate(recent: number): number {
  const premium = PREMIUM * recent
  const rate = clip(premium + clip(0.0001 - premium, 0.0005), 0.0075)
  const rounded = Math.round(rate * 1e8) / 1e8
  return rounded === 0 ? 0 : rounded
}

/** Activity by hour of the day (UTC), about 1 on average: most when Europe and America overlap. */
function seasonOf(openTime: number, intervalMs: number): number {
  if (intervalMs >= DAY_MS) return 1
  const hour = ((openTime + intervalMs / 2) % DAY_MS) / HOUR_MS
  return 1 + 0.35 * Math.cos(((hour - 15) * Math.PI) / 12)
}

function clip(value: number, bound: number): number {
  return Math.max(-bound, Math.min(bound, value))
}
