/**
 * Owns the book that a viewer sees: the state of risk/engine, folded by its own `evolve` under the run's own configuration, with the
 * run's own history before it. Never decides.
 */
import { type AnyDecider, catalogue } from '#actors/catalogue'
import type { BookFold } from '#audit/view/view.port'
import { isQuantbotError } from '#core/errors'
import { Dispatcher } from '#engine/dispatcher'
import { LineBuffer } from '#events/line-buffer'
import { readManifest } from '#events/log/manifest'
import { positionSnapshot, type RiskState } from '#risk/engine.decider'
import { checkConfig } from '../config-check.js'
import { loadRecorded } from '../external-modules.js'
import type { RecordedRun } from '../recorded-run.js'
import { fillsOf } from '../redecide-full-log.js'
import { historyOf } from '../run-history.js'
import { evolveStep, figuresOf, RISK, readsOf } from './book-step.js'
import { derivedBook } from './derived-book.js'

/**
 * The fold for the run in `runDir`. `home` holds the lake: where it has not the files that the manifest names, the book begins without
 * history, and stops, which rest on it, are missing until the run itself has brought enough. MANIFEST_INVALID, CONFIG_INVALID,
 * EXTERNAL_SIGNAL_INVALID.
 */
export async function createBookFold(home: string, runDir: string): Promise<BookFold> {
  const { manifest, hash } = readManifest(runDir)
  const config = checkConfig(manifest.configuration, `${runDir}/manifest.json`)
  await loadRecorded(config, runDir, manifest.modules ?? [])
  const run: RecordedRun = { dir: runDir, manifest, manifestHash: hash, config }
  const deciders = catalogue(config, fillsOf(manifest.mode))
  const risk = deciders.find(({ name }) => name === RISK)!
  if (manifest.log === 'derived') return derivedBook(risk, run)
  const initial = JSON.stringify(await warmed(home, run, deciders))
  return {
    initial: () => JSON.parse(initial),
    evolve: (state, step) => evolveStep(risk, state, step),
    book: (state) => positionSnapshot(state as RiskState), // made by `initial` and `evolve` above
    figures: (state) => figuresOf(state as RiskState),
    reads: readsOf(risk),
  }
}

/** What risk remembers before the first event. Only what makes market data is warmed beside it. */
async function warmed(home: string, run: RecordedRun, deciders: readonly AnyDecider[]): Promise<unknown> {
  const some = deciders.filter(({ name, derivesMarket }) => name === RISK || derivesMarket === true)
  const names = new Set(some.map(({ name }) => name))
  const dispatcher = new Dispatcher({
    deciders: some.map((decider) => ({
      ...decider,
      dependencies: decider.dependencies.filter((name) => names.has(name)),
    })),
    runSeed: run.config.seed,
    lines: new LineBuffer(64),
    log: 'full',
    startRunning: false,
  })
  try {
    const history = await historyOf(home, run)
    for (const input of history()) dispatcher.warm(input)
  } catch (error) {
    if (!isQuantbotError(error)) throw error
  }
  return dispatcher.stateOf(RISK)
}
