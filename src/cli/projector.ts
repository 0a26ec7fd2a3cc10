/** Owns which aggregate store a configuration names, which world a run belongs to, and a projector beside a running process. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { machineScheduler } from '#actors/machine-scheduler'
import { machineTime } from '#actors/scaled-time'
import { within } from '#actors/within'
import type { StoresConfig } from '#core/config/schema'
import { QuantbotError } from '#core/errors'
import { DuckdbStore } from '#data/stores/duckdb-store'
import { pgServer } from '#data/stores/pg-server'
import { PostgresStore } from '#data/stores/postgres-store'
import { Projector, type ProjectorOptions, type ProjectorStatus } from '#data/stores/projector'
import { type AggregateStore, REAL_WORLD, type RunInfo } from '#data/stores/store.port'
import type { RunManifest } from '#events/log/manifest'
import { committedLog } from './committed-log.js'
import { resolved } from './environment.js'

/** A batch in hand has this long when the process ends; it is read again next time. Chosen here. */
const STOP_MS = 3_000

/** File of the embedded store. */
export const aggregateFile = (home: string): string => join(home, 'aggregate.duckdb')

/** The store that the configuration names; undefined for `none`. Connects when first used. SECRET_MISSING, CONFIG_INVALID. */
export function openAggregate(home: string, stores: StoresConfig): AggregateStore | undefined {
  switch (stores.aggregate) {
    case 'none':
      return undefined
    case 'duckdb':
      mkdirSync(home, { recursive: true })
      return new DuckdbStore(aggregateFile(home))
    case 'postgres': {
      if (stores.postgres === undefined)
        throw new QuantbotError('CONFIG_INVALID', 'stores.postgres: missing, and stores.aggregate is postgres')
      return new PostgresStore(pgServer(resolved(stores.postgres, 'stores.postgres')))
    }
  }
}

/**
 * Whose market a run saw: `real` for paper and live on the venues’ own hosts, `testnet` on theirs, and the run’s own id for a
 * simulation, a backtest, a replay, and where an endpoint was put in a venue’s place (it may be a simulated exchange).
 */
export function worldOf(manifest: RunManifest): string {
  const { run, mode, configuration } = manifest
  if (mode !== 'paper' && mode !== 'live') return run
  const venues = Object.values((configuration.venues ?? {}) as Readonly<Record<string, VenueKeys>>) // checked by the schema
  if (venues.some(({ rest, ws, endpoints }) => rest ?? ws ?? Object.keys(endpoints ?? {})[0])) return run
  return venues.some(({ network }) => network === 'testnet') ? 'testnet' : REAL_WORLD
}

interface VenueKeys {
  readonly network?: string
  readonly rest?: string
  readonly ws?: string
  readonly endpoints?: Readonly<Record<string, string>>
}

export function runInfoOf(manifest: RunManifest): RunInfo {
  const { run, mode, codeVersion, configurationHash, createdAt } = manifest
  const parent = manifest.parent?.run ?? null
  return { run, world: worldOf(manifest), mode, codeVersion, configurationHash, createdAt, parent }
}

export interface RunningProjector {
  /** The store, for the analytics API; the caller of {@link startProjector} owns it through `stop`. */
  readonly store: AggregateStore
  /** The log is committed up to here: it is read at once, not at the next look (four a second). */
  wake(lastSeq: number): void
  status(): ProjectorStatus
  /** Ends after the batch in hand, within some seconds whatever the server does, and closes the store. */
  stop(): Promise<void>
}

export interface StartProjector {
  readonly home: string
  readonly runDir: string
  readonly manifest: RunManifest
  readonly stores: StoresConfig
  readonly onTrouble?: ProjectorOptions['onTrouble']
  readonly onMended?: ProjectorOptions['onMended']
}

/**
 * Begins to project a run into the store that the configuration names; undefined for `none`. Throws SECRET_MISSING and
 * CONFIG_INVALID at once and nothing later: a server that is gone, hangs or is full is told by `status` and `onTrouble`,
 * tried again with backoff, and brought up to date from the log.
 */
export function startProjector(start: StartProjector): RunningProjector | undefined {
  const { home, runDir, manifest, stores, onTrouble, onMended } = start
  const store = openAggregate(home, stores)
  if (store === undefined) return undefined
  const projector = new Projector({
    store,
    run: runInfoOf(manifest),
    open: committedLog(runDir),
    time: machineTime,
    ...(onTrouble && { onTrouble }),
    ...(onMended && { onMended }),
  })
  projector.start()
  return {
    store,
    wake: (lastSeq) => projector.wake(lastSeq),
    status: () => projector.status(),
    stop: async () => {
      const stopped = projector.stop()
      await within(STOP_MS, machineScheduler, stopped)
      await store.close().catch(() => undefined) // nothing is lost: the position is in the store
      await stopped
    },
  }
}
