/** Owns `quantbot projections`: rebuilding the aggregate store from the logs, and how far it is. */
import { basename } from 'node:path'
import { machineTime } from '#actors/scaled-time'
import { configSchema, type StoresConfig } from '#core/config/schema'
import { QuantbotError } from '#core/errors'
import { Projector } from '#data/stores/projector'
import type { AggregateStore } from '#data/stores/store.port'
import { readManifest } from '#events/log/manifest'
import { LogCursor } from '#events/log/reader'
import { committedLog } from './committed-log.js'
import { readConfig } from './config-file.js'
import { findRun, type GlobalOptions, homeOf, listRuns } from './home.js'
import { openAggregate, runInfoOf } from './projector.js'
import { money } from './run-words.js'
import { endProgress, progress, say, sayJson } from './terminal.js'

export interface ProjectionsOptions extends GlobalOptions {
  readonly config?: string
}

function storesOf(options: ProjectionsOptions): StoresConfig {
  if (options.config === undefined) return { ...configSchema.parse({}).stores, aggregate: 'duckdb' }
  const { stores } = readConfig(options.config)
  if (stores.aggregate === 'none')
    throw new QuantbotError('CONFIG_INVALID', `${options.config}: stores.aggregate is none: name duckdb or postgres`)
  return stores
}

async function withStore<T>(options: ProjectionsOptions, use: (store: AggregateStore) => Promise<T>): Promise<T> {
  const store = openAggregate(homeOf(options), storesOf(options))!
  try {
    await store.migrate()
    return await use(store)
  } finally {
    await store.close().catch(() => undefined) // what failed before is the one to tell
  }
}

interface Rebuilt {
  readonly run: string
  readonly lastSeq: number
  readonly rows: number
  readonly seconds: number
}

export async function rebuildCommand(runs: readonly string[], options: ProjectionsOptions): Promise<void> {
  const home = homeOf(options)
  const dirs = runs.length === 0 ? listRuns(home) : runs.map((run) => findRun(home, run))
  const rebuilt = await withStore(options, async (store) => {
    const done: Rebuilt[] = []
    for (const dir of dirs) done.push(await rebuild(store, dir))
    return done
  })
  if (options.json === true) {
    sayJson({ rebuilt })
    return
  }
  for (const { run, lastSeq, rows, seconds } of rebuilt)
    say(`${run}  seq ${money(lastSeq)}  ${money(rows)} rows  ${seconds.toFixed(1)} s`)
  if (rebuilt.length === 0) say('No run to rebuild.')
}

async function rebuild(store: AggregateStore, dir: string): Promise<Rebuilt> {
  const begun = machineTime.now()
  const open = committedLog(dir)
  open(0).close() // a log whose start is archived is refused before anything is deleted
  const run = runInfoOf(readManifest(dir).manifest)
  await store.register(run)
  await store.rebuild(run.run)
  const projector = new Projector({ store, run, open, time: machineTime })
  await projector.catchUp((position) => progress(`${run.run}: seq ${money(position)}`))
  endProgress()
  const { position, rows } = projector.status()
  return { run: run.run, lastSeq: position, rows, seconds: (machineTime.now() - begun) / 1000 }
}

export async function statusCommand(options: ProjectionsOptions): Promise<void> {
  const logs = new Map(listRuns(homeOf(options)).map((dir) => [basename(dir), dir]))
  const status = await withStore(options, async (store) => {
    const projected = new Map((await store.runs()).map((row) => [row.run, row]))
    const runs = [...new Set([...logs.keys(), ...projected.keys()])].map((run) => {
      const dir = logs.get(run)
      const position = projected.get(run)?.position ?? 0
      const logSeq = dir === undefined ? null : lastSeqOf(dir, position)
      return {
        run,
        world: projected.get(run)?.world ?? null,
        position,
        logSeq,
        lag: logSeq === null ? null : logSeq - position,
      }
    })
    return { store: await store.describe(), runs }
  })
  if (options.json === true) {
    sayJson(status)
    return
  }
  say(status.store.says)
  for (const { run, position, logSeq, lag } of status.runs) {
    const behind =
      lag === null
        ? 'its log is not here'
        : lag === 0
          ? 'up to date'
          : `${money(lag)} behind the log (${money(logSeq!)})`
    say(`${run}  seq ${money(position)}  ${behind}`)
  }
}

function lastSeqOf(dir: string, atLeast: number): number {
  const cursor = new LogCursor(dir, { absent: 'skip' })
  try {
    while (cursor.next());
    return cursor.end().last?.lastSeq ?? atLeast
  } finally {
    cursor.close()
  }
}
