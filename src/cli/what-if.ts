/**
 * Owns `replay --patch`: a recorded run decided again under another configuration, into a new run folder. Aligns by input.
 * A run whose log is full is first decided unpatched under the bar venue, and that control is told beside the patch, so that
 * the error of the simulation is not sold as the effect of the patch.
 */
import { readFileSync } from 'node:fs'
import { catalogue } from '#actors/catalogue'
import { RecordedLines } from '#backtest/recorded-lines'
import type { BacktestRecording } from '#backtest/recording'
import { type BacktestInputs, runBacktest } from '#backtest/run-backtest'
import { type FingerprintSink, LogSink } from '#backtest/sinks'
import { tapeFromLog } from '#backtest/tape-from-log'
import { planRecorded } from '#backtest/tape-plan'
import type { Config } from '#core/config/schema'
import { QuantbotError } from '#core/errors'
import { DAY_MS, floorTo } from '#core/time'
import { type Divergence, LineComparison } from '#engine/comparison'
import { fingerprintOf } from '#events/log/fingerprint'
import type { RunManifest } from '#events/log/manifest'
import { forEachGroup } from '#events/log/reader'
import { maxDrawdown } from '#quant/drawdown'
import { sharpe } from '#quant/performance'
import { recorderFor } from './backtest-recorder.js'
import { checkConfig } from './config-check.js'
import { parseYaml } from './config-file.js'
import { loadPatched } from './external-modules.js'
import type { GlobalOptions } from './home.js'
import { mergePatch } from './merge-patch.js'
import { freshRunId, type MadeRun, makeRun, openWriter } from './new-run.js'
import { openRecordedRun, type RecordedRun, tapeOf } from './recorded-run.js'
import { historyOf } from './run-history.js'
import type { DaySpan } from './spans.js'
import { endProgress, paint, progress, say, sayJson } from './terminal.js'

export interface WhatIfOptions extends GlobalOptions {
  readonly run?: string
}

interface Source {
  readonly span: DaySpan
  readonly inputs: Pick<BacktestInputs, 'plan' | 'history' | 'historyInputs' | 'commands'>
  readonly tape: RunManifest['tape']
}

interface Decided {
  readonly run: MadeRun
  readonly fingerprint: string
  readonly recording: BacktestRecording
}

export interface Result {
  readonly equity: number
  readonly totalReturn: number
  readonly sharpe: number | null
  readonly maxDrawdown: number
  readonly trades: number
  readonly fees: number
}

export async function whatIf(home: string, dir: string, patchFile: string, options: WhatIfOptions): Promise<void> {
  const parent = await openRecordedRun(dir)
  const patched = patchedConfig(parent, patchFile)
  await loadPatched(patched, parent.config, patchFile)
  progress('reading the inputs')
  const source = parent.manifest.log === 'derived' ? await tapeSource(home, parent) : await logSource(home, parent)
  const id = options.run ?? freshRunId('whatif', Date.now())
  progress('deciding unpatched')
  const control = await decide(home, `${id}-control`, parent, parent.config, source)
  progress('deciding patched')
  const result = await decide(home, id, parent, patched, source)
  endProgress()
  const divergence = firstDifference(control.run.dir, result.run.dir)
  tell({ parent, control, result, divergence }, options)
}

function patchedConfig(parent: RecordedRun, patchFile: string): Config {
  let text: string
  try {
    text = readFileSync(patchFile, 'utf8')
  } catch (cause) {
    throw new QuantbotError('CONFIG_UNREADABLE', `${patchFile}: ${(cause as Error).message}`, { cause }) // readFileSync throws Errors
  }
  return checkConfig(mergePatch(parent.config, parseYaml(text, patchFile)), patchFile)
}

async function tapeSource(home: string, parent: RecordedRun): Promise<Source> {
  const tape = await tapeOf(home, parent)
  const span = parent.manifest.span!
  return { span, inputs: { plan: tape.plan, history: tape.history }, tape: parent.manifest.tape }
}

async function logSource(home: string, parent: RecordedRun): Promise<Source> {
  const { series, listings, commands, flows } = tapeFromLog(parent.dir)
  const plan = planRecorded(series, listings, flows)
  const first = plan.merged.instants[0]
  const last = plan.merged.instants.at(-1)
  if (first === undefined || last === undefined)
    throw new QuantbotError('LAKE_EMPTY', `${parent.manifest.run} recorded no bars to decide on`)
  const span = { fromDay: floorTo(first - 1, DAY_MS), toDay: floorTo(last - 1, DAY_MS) }
  const history = await historyOf(home, parent)
  const historyInputs = { [Symbol.iterator]: () => history()[Symbol.iterator]() }
  return { span, inputs: { plan, historyInputs, commands }, tape: [] }
}

async function decide(home: string, id: string, parent: RecordedRun, config: Config, source: Source): Promise<Decided> {
  const { span, inputs, tape } = source
  const deciders = catalogue(config, 'nextOpen')
  const carries = { run: parent.manifest.run, seq: 0, hash: parent.manifestHash }
  const run = makeRun({
    home,
    id,
    mode: 'replay',
    log: 'derived',
    config,
    deciders,
    tape,
    span,
    parent: carries,
    createdAt: Date.now(),
  })
  const writer = openWriter(run, config)
  const sink: FingerprintSink = new LogSink(writer)
  const recorder = recorderFor(config, span)
  try {
    runBacktest({ config, ...inputs, sink, recorder })
  } finally {
    await writer.close({ seal: true })
  }
  return { run, fingerprint: sink.fingerprint(), recording: recorder.finish(span.toDay) }
}

/** First derived event in which two runs differ: up to it all seqs agree, so bytes may be compared. */
function firstDifference(controlDir: string, resultDir: string): Divergence | undefined {
  const lines = new RecordedLines(controlDir)
  const comparison = new LineComparison(lines.next)
  try {
    forEachGroup(resultDir, (bytes) => comparison.take(bytes))
    comparison.end()
  } finally {
    lines.close()
  }
  return comparison.divergence
}

function resultOf({ recording }: Decided): Result {
  const { equity, capital, fills } = recording
  const returns = Array.from({ length: equity.length - 1 }, (_, d) => equity[d + 1]! / equity[d]! - 1)
  const last = equity.at(-1) ?? capital
  return {
    equity: last,
    totalReturn: last / capital - 1,
    sharpe: returns.length > 1 ? sharpe(returns, 365) : null,
    maxDrawdown: maxDrawdown(Array.from(equity)).maxDrawdown,
    trades: fills.length,
    fees: recording.fees.reduce((a, b) => a + b, 0),
  }
}

interface Told {
  readonly parent: RecordedRun
  readonly control: Decided
  readonly result: Decided
  readonly divergence: Divergence | undefined
}

function tell({ parent, control, result, divergence }: Told, options: GlobalOptions): void {
  const [before, after] = [resultOf(control), resultOf(result)]
  const recorded = fingerprintOf(parent.dir)
  const parse = (line: string | undefined): unknown => (line === undefined ? null : JSON.parse(line))
  if (options.json === true) {
    sayJson({
      runId: result.run.manifest.run,
      parent: parent.manifest.run,
      fingerprint: result.fingerprint,
      control: {
        runId: control.run.manifest.run,
        fingerprint: control.fingerprint,
        recordedFingerprint: recorded,
        result: before,
      },
      identical: divergence === undefined,
      firstDivergence:
        divergence === undefined ? null : { recorded: parse(divergence.recorded), decided: parse(divergence.decided) },
      result: after,
      difference: Object.fromEntries(
        (Object.keys(after) as (keyof Result)[]).map((key) => [key, (after[key] ?? 0) - (before[key] ?? 0)]),
      ),
    })
    return
  }
  say(`what if     ${result.run.manifest.run} (of ${parent.manifest.run})`)
  say(
    `control     ${control.run.manifest.run}: ${control.fingerprint === recorded ? 'identical to the record' : 'under the bar venue, differs from the record by its fills'}`,
  )
  if (divergence === undefined) say(paint('green', 'The patch changes no decision.'))
  else
    say(
      `first divergence\n  before  ${divergence.recorded ?? '(nothing)'}\n  after   ${divergence.decided ?? '(nothing)'}`,
    )
  say(`${''.padEnd(14)}${'control'.padStart(16)}${'patched'.padStart(16)}${'difference'.padStart(16)}`)
  for (const key of Object.keys(after) as (keyof Result)[]) {
    const [a, b] = [before[key] ?? 0, after[key] ?? 0]
    const digits = key === 'equity' || key === 'fees' ? 2 : key === 'trades' ? 0 : 4
    say(
      `${key.padEnd(14)}${a.toFixed(digits).padStart(16)}${b.toFixed(digits).padStart(16)}${(b - a).toFixed(digits).padStart(16)}`,
    )
  }
  say(`fingerprint ${result.fingerprint}`)
}
