/** Owns `quantbot run`: one process that trades until it is told to stop, shown live, ended in good order. */
import type { Command } from 'commander'
import { TradingProcess } from '#actors/host'
import { machineScheduler } from '#actors/machine-scheduler'
import { QuantbotError } from '#core/errors'
import { parentOf } from './child-run.js'
import { type ControlServer, serveControl } from './control-server.js'
import { homeOf } from './home.js'
import { freshRunId, logOptions } from './new-run.js'
import { type OpenedRun, openRun } from './open-run.js'
import { type RunOptions, type RunSettings, readRunOptions } from './run-options.js'
import { lineScreen, pinoScreen, type Screen, SILENT_SCREEN, viewScreen } from './run-screen.js'
import { runTotals } from './run-totals.js'
import { money } from './run-words.js'
import { simConfig, simRun } from './sim-run.js'
import { say, sayJson } from './terminal.js'
import { codeVersion } from './version.js'

export function registerRun(program: Command): void {
  program
    .command('run')
    .description('trade: one process, by default on the built-in market, offline; Ctrl-C ends it in good order')
    .option('--mode <mode>', 'sim, paper or live', 'sim')
    .option('--config <file>', 'configuration (default: the built-in one)')
    .option('--run <id>', 'id of the run; one that exists goes on where its log ends (default: from the time of day)')
    .option('--child-of <run>', 'a new run that takes over the book of another one')
    .option('--seed <n>', 'seed of everything random, instead of that of the configuration')
    .option('--speed <x>', 'simulated seconds a second, or max', '7200')
    .option('--days <n>', 'stop after so many simulated days')
    .option('--for <seconds>', 'stop after so many seconds')
    .option('--no-view', 'lines instead of the live view')
    .action((_, command: Command) => runCommand(command.optsWithGlobals<RunOptions>()))
}

async function runCommand(options: RunOptions): Promise<void> {
  const settings = readRunOptions(options)
  const run = new RunningProcess(options, settings)
  await run.untilStopped()
}

/** What a terminal, a service manager and a closed window send. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

type Reason = 'signal' | 'finished' | 'failed'

class RunningProcess {
  readonly #options: RunOptions
  readonly #settings: RunSettings
  readonly #opened: OpenedRun
  readonly #process: TradingProcess
  #screen: Screen = SILENT_SCREEN
  #control: ControlServer | undefined
  #failure: QuantbotError | undefined
  #end: (reason: Reason, detail: string) => void = () => undefined
  readonly #ended: Promise<{ readonly reason: Reason; readonly detail: string }>

  constructor(options: RunOptions, settings: RunSettings) {
    this.#options = options
    this.#settings = settings
    this.#ended = new Promise((resolve) => {
      this.#end = (reason, detail) => resolve({ reason, detail })
    })
    const createdAt = Date.now()
    const home = homeOf(options)
    const id = options.run ?? freshRunId('sim', createdAt)
    const lineage = options.childOf === undefined ? undefined : parentOf(home, options.childOf, settings.config)
    const config = simConfig(lineage?.config ?? settings.config)
    const { speed, days } = settings
    const sim = simRun({ config, scheduler: machineScheduler, speed, ...(days === undefined ? {} : { days }) })
    const parent = lineage && { parent: lineage.parent }
    this.#opened = openRun({ home, id, mode: 'sim', config, deciders: sim.deciders, createdAt, ...parent })
    const { dir, signer } = this.#opened
    this.#process = new TradingProcess({
      ...sim,
      ...(lineage && { carried: lineage.carried }),
      runId: id,
      runDir: dir,
      process: { mode: 'sim', codeVersion: codeVersion(), node: process.versions.node },
      pid: process.pid,
      config,
      log: logOptions(config, signer),
      scheduler: machineScheduler,
      onProblem: (problem) => {
        this.#screen.problem(problem)
        if (!problem.isFatal) return
        const code =
          problem.code === 'log-failed'
            ? 'LOG_WRITE_FAILED'
            : problem.code === 'log-corrupt'
              ? 'LOG_CORRUPT'
              : 'INTERNAL'
        this.#failure ??= new QuantbotError(code, `${problem.code}: ${problem.detail}`)
        this.#end('failed', problem.code)
      },
      beforeRelease: async () => this.#control?.close(),
      onIdle: () => this.#end('finished', 'days'),
    })
    sim.watch(this.#process.host.dispatcher)
  }

  async untilStopped(): Promise<void> {
    const letGo = this.#listenToSignals()
    const { seconds } = this.#settings
    const timer = seconds === undefined ? undefined : setTimeout(() => this.#end('finished', 'time'), seconds * 1000)
    try {
      await this.#begin()
      const { reason, detail } = await this.#ended
      await this.#process.stop(reason, detail)
    } catch (error) {
      await this.#process.stop('failed', 'INTERNAL').catch(() => undefined) // the error in hand is the one to tell
      throw error
    } finally {
      clearTimeout(timer)
      this.#screen.close()
      letGo()
    }
    this.#report()
    if (this.#failure) throw this.#failure
  }

  async #begin(): Promise<void> {
    const { dir } = this.#opened
    this.#control = await serveControl(dir, this.#process)
    const { runId, mode, pid } = this.#process.status()
    const { refolded, resume, setAside, recovery } = this.#process.recovered
    if (this.#options.json === true) sayJson({ runId, mode, pid, dir, resumedAt: resume.seq })
    else {
      say(`run ${runId}  ${mode === 'sim' ? 'SIMULATED' : mode}  pid ${pid}  ${dir}`)
      if (resume.seq > 0) say(`goes on behind seq ${money(resume.seq)} (${money(refolded)} events refolded)`)
      for (const { file, bytes } of recovery.torn) say(`torn: ${bytes} bytes behind the last commit are in ${file}`)
      for (const { file, why } of setAside) say(`snapshot set aside: ${file}: ${why}`)
    }
    const isTerminal = process.stdout.isTTY === true && this.#options.view
    this.#screen =
      this.#options.json === true
        ? pinoScreen(this.#process)
        : isTerminal
          ? viewScreen(this.#process)
          : lineScreen(this.#process)
    await this.#process.start()
  }

  /** The first signal ends the run in good order, the second at once. */
  #listenToSignals(): () => void {
    let count = 0
    const onSignal = (signal: NodeJS.Signals): void => {
      if (++count > 1) process.exit(130)
      this.#end('signal', signal)
    }
    for (const signal of SIGNALS) process.on(signal, onSignal)
    return () => {
      for (const signal of SIGNALS) process.off(signal, onSignal)
    }
  }

  #report(): void {
    const { dir, manifest } = this.#opened
    const { fingerprint, events, trades } = runTotals(dir)
    const { seq, equity, ts } = this.#process.status()
    if (this.#options.json === true) {
      sayJson({ runId: manifest.run, fingerprint, events, trades, seq, ts, equity })
      return
    }
    const sum = `${money(events)} events, ${money(trades)} fills, equity ${money(equity, 2)}`
    say(`stopped ${manifest.run} at seq ${money(seq)}: ${sum}`)
    say(`fingerprint ${fingerprint}`)
  }
}
