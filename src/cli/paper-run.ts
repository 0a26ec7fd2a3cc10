/** Owns composing a process on live data of venues with simulated fills: clock, history, connectors, instants, quality. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { catalogue } from '#actors/catalogue'
import type { Feed } from '#actors/feed.port'
import type { TradingProcess } from '#actors/host'
import { InstantAssembler } from '#actors/instant-assembler'
import { InstantsFeed } from '#actors/instants.actor'
import { QualityFeed } from '#actors/quality.actor'
import type { Surroundings } from '#actors/run-status'
import { TradedInstruments } from '#actors/traded-instruments'
import type { VenueConnector } from '#actors/venue-connector.actor'
import type { Config } from '#core/config/schema'
import type { TimePort } from '#core/ports'
import { type EpochMs, floorTo, intervalMs, SECOND_MS } from '#core/time'
import type { InstrumentFacts } from '#data/connectors/normal'
import type { TapeEntry } from '#data/lake'
import type { LakeRecorder } from '#data/recorder/lake-recorder'
import type { Dispatcher } from '#engine/dispatcher'
import { machineClock, pacedClock } from '#engine/live-clock'
import { readManifest } from '#events/log/manifest'
import type { RouterState } from '#execution/router-state'
import type { RiskState } from '#risk/engine.decider'
import type { MarketCoverageState } from '#signals/market-coverage.decider'
import { parentOf } from './child-run.js'
import { runsDir } from './home.js'
import { freshRunId } from './new-run.js'
import { openRun } from './open-run.js'
import { packageLacks } from './package-legs.js'
import { isHeard, venuesAway } from './paper-checks.js'
import { type PaperConnector, paperConnector } from './paper-connector.js'
import { historyFiles, historyLacks, historyNeeds, loadHistory } from './paper-history.js'
import { onChainFeed } from './paper-on-chain.js'
import { clockOf, fillHistory, venuesOf } from './paper-venues.js'
import type { ComposedRun } from './run-composition.js'
import type { RunOptions, RunSettings } from './run-options.js'
import { closeRecorder, runRecorder } from './run-recorder.js'
import { checkStores, loadStores, type RunStores, startStores } from './run-stores.js'
import { endProgress, note, progress } from './terminal.js'

/** Longest wait for what was missed before the first decision (ours). */
const FIRST_WAIT_MS = 30 * SECOND_MS

/** What of the command line a paper run goes by. */
export type PaperOptions = Pick<RunOptions, 'run' | 'childOf' | 'backfill'>
export type PaperSettings = Pick<RunSettings, 'config' | 'clock' | 'speed'>

export interface PaperRun extends ComposedRun {
  /** Of each venue, in the order of the configuration. */
  readonly connectors: readonly VenueConnector[]
}

/**
 * `given`: the clock of everything, instead of the one that the settings name; it runs at their speed.
 * RUN_DIFFERS, CONFIG_INVALID, SECRET_MISSING, VENUE_UNREACHABLE (for the venue's clock alone), TAPE_CHANGED.
 */
export async function composePaper(
  home: string,
  options: PaperOptions,
  settings: PaperSettings,
  given?: TimePort,
): Promise<PaperRun> {
  const lineage = options.childOf === undefined ? undefined : await parentOf(home, options.childOf, settings.config)
  const config = lineage?.config ?? settings.config
  checkStores(config)
  const parts = await loadStores(config)
  const venues = venuesOf(config)
  const speed = settings.speed ?? 1
  const time = given ?? (await clockOf(config, venues[0]!.venue, speed, settings.clock))
  const id = options.run ?? freshRunId('paper', Date.now())
  const start = await beginningOf(home, id, config, time, options.backfill)
  const deciders = catalogue(config, 'quote')
  const parent = lineage && { parent: lineage.parent }
  const { startedAt: createdAt, history } = start
  const feeds = new PaperFeeds(home, config, time, createdAt)
  const opened = openRun({ home, id, mode: 'paper', config, deciders, createdAt, history, ...parent })
  let process_: TradingProcess | undefined
  let stores: RunStores | undefined
  return {
    opened,
    connectors: feeds.connectors,
    trading: {
      config,
      deciders,
      feeds: feeds.all,
      history: await loadHistory(home, config, history, createdAt),
      clockFrom: () => (speed === 1 ? machineClock(time) : pacedClock(time, speed)),
      startTs: createdAt,
      speed: speed === 1 ? null : speed,
      ...(lineage && { carried: lineage.carried }),
    },
    watch: (process) => {
      process_ = process
      feeds.watch(process.host.dispatcher)
    },
    surroundings: () => ({ ...feeds.status(), stores: stores?.status() ?? null, lake: feeds.recorder?.status ?? null }),
    begin: async () => {
      stores = await startStores(home, opened.dir, opened.manifest, config, process_!, parts)
      noteUnheard(process_!, config)
      if (stores.api) note(`analytics API: ${stores.api.url}`)
      feeds.recorder?.start()
    },
    close: async () => {
      await stores?.close()
      if (feeds.recorder) await closeRecorder(feeds.recorder)
    },
  }
}

interface Beginning {
  readonly startedAt: EpochMs
  readonly history: readonly TapeEntry[]
}

/** Of a run that exists, what its manifest says; of a new one, now, with the history filled up to it. */
async function beginningOf(
  home: string,
  id: string,
  config: Config,
  time: TimePort,
  mayFill: boolean,
): Promise<Beginning> {
  const dir = join(runsDir(home), id)
  if (existsSync(join(dir, 'manifest.json'))) {
    const { manifest } = readManifest(dir)
    return { startedAt: manifest.createdAt, history: manifest.history }
  }
  const away = await venuesAway(config, venuesOf(config))
  for (const [venue, { code, message }] of away) note(`warning: ${venue} is away: ${code}: ${message}`)
  const startedAt = time.now()
  const needs = historyNeeds(config, startedAt)
  if (mayFill) {
    const reachable = needs.filter(({ key }) => !away.has(key.venue))
    const { rows, problems } = await fillHistory(home, config, reachable, time, (words) =>
      progress(`history: ${words}`),
    )
    endProgress()
    if (rows > 0) note(`history: ${rows} rows were added to the lake`)
    for (const problem of problems) note(`warning: history: ${problem}`)
  }
  for (const lack of packageLacks(config)) note(`note: ${lack}`)
  for (const lack of await historyLacks(home, config, needs, startedAt)) note(`history: ${lack}; starts without`)
  return { startedAt, history: await historyFiles(home, needs, config, startedAt) }
}

/** Tells once of each instrument that is ordered though no feed brings its prices. */
function noteUnheard(process: TradingProcess, config: Config): void {
  const told = new Set<string>()
  process.observe(({ events }) => {
    for (const { type, data } of events) {
      if (type !== 'OrderSubmitted' || told.has(data.instrument) || isHeard(config, data.instrument)) continue
      told.add(data.instrument)
      note(`warning: ${data.instrument} is ordered, but nothing brings its prices: name it in marketData.watch`)
    }
  })
}

/** All feeds of a run on venues, and what they need to know of the process. */
class PaperFeeds {
  readonly all: readonly Feed[]
  readonly recorder: LakeRecorder | undefined
  readonly #connectors: readonly PaperConnector[]
  readonly #quality: QualityFeed
  #dispatcher: Dispatcher | undefined
  #traded: TradedInstruments | undefined

  constructor(home: string, config: Config, time: TimePort, startedAt: EpochMs) {
    const quality = new QualityFeed({
      instruments: config.universe.map(({ instrument, base, quote }) => ({ instrument, base, quote })),
      staleMs: config.marketData.staleMs,
      maxDeviationBps: config.marketData.maxDeviationBps,
      maxClockOffsetMs: config.marketData.maxClockOffsetMs,
      time,
      offsets: () => this.#offsets(),
      doubts: () => this.#coverage().doubts,
    })
    this.#quality = quality
    this.#connectors = venuesOf(config).map((use) =>
      paperConnector({
        home,
        config,
        use,
        time,
        startedAt,
        isTraded: (instrument) => this.#traded?.has(instrument) === true,
        tap: (record, receivedAt) => {
          quality.record(record, receivedAt)
          this.recorder?.record(record, receivedAt)
        },
      }),
    )
    this.recorder = runRecorder(home, config, time, (instrument) => this.#facts(instrument))
    const bars = config.universe.map(({ instrument, interval = config.interval }) => ({ instrument, interval }))
    const finestMs = Math.min(...bars.map(({ interval }) => intervalMs(interval)))
    const instants = new InstantsFeed(
      () =>
        new InstantAssembler({
          bars,
          last: this.#coverage().instant || floorTo(startedAt, finestMs),
          firstWaitMs: FIRST_WAIT_MS,
        }),
      time,
      this.#connectors.map(({ connector }) => connector.name),
    )
    const watched = this.#connectors.map(({ connector }) => instants.behind(quality.before(connector)))
    const onChain = onChainFeed(home, config, time, () => this.#coverage().onChain, this.recorder?.fetched)
    this.all = [quality, ...watched, instants, ...(onChain === undefined ? [] : [onChain])]
  }

  get connectors(): readonly VenueConnector[] {
    return this.#connectors.map(({ connector }) => connector)
  }

  watch(dispatcher: Dispatcher): void {
    this.#dispatcher = dispatcher
    this.#traded = new TradedInstruments(
      () => dispatcher.stateOf<RouterState>('execution/router'),
      () => dispatcher.stateOf<RiskState>('risk/engine'),
    )
    for (const { fillFrom } of this.#connectors) fillFrom(this.#coverage())
  }

  status(): Pick<Surroundings, 'feeds' | 'doubts'> {
    return {
      feeds: this.#connectors.map(({ connector }) => connector.status),
      doubts: this.#quality.quality.failing,
    }
  }

  #offsets(): (readonly [string, number])[] {
    return this.#connectors.flatMap(({ connector }) => {
      const { clock } = connector.stats
      return clock === undefined ? [] : [[connector.name, clock.offsetMs] as const]
    })
  }

  #facts(instrument: string): InstrumentFacts | undefined {
    for (const { connector } of this.#connectors) {
      const facts = connector.session.facts(instrument)
      if (facts !== undefined) return facts
    }
    return undefined
  }

  #coverage(): MarketCoverageState {
    return this.#dispatcher!.stateOf<MarketCoverageState>('market/coverage')
  }
}
