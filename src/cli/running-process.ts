/** Owns a process from its start to its end in good order: lock, control socket, screen, signals, last report. */
import { TradingProcess } from '#actors/host'
import { machineScheduler } from '#actors/machine-scheduler'
import { QuantbotError } from '#core/errors'
import { type ControlServer, serveControl } from './control-server.js'
import { homeOf } from './home.js'
import { logOptions } from './new-run.js'
import { type BesideProcess, observeProcess } from './observer/beside-process.js'
import type { OpenedRun } from './open-run.js'
import type { ProcessLog } from './process-log.js'
import type { ComposedRun } from './run-composition.js'
import type { RunOptions, RunSettings } from './run-options.js'
import { logScreen, type Screen, SILENT_SCREEN, viewScreen } from './run-screen.js'
import { runTotals } from './run-totals.js'
import { money } from './run-words.js'
import { say, sayJson } from './terminal.js'
import { codeVersion } from './version.js'

/** What a terminal, a service manager and a closed window send. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

type Reason = 'signal' | 'finished' | 'failed'

const MODE_WORDS: Readonly<Record<string, string>> = { sim: 'SIMULATED', paper: 'PAPER', live: 'LIVE' }

export class RunningProcess {
  readonly #composed: ComposedRun
  readonly #options: RunOptions
  readonly #settings: RunSettings
  readonly #opened: OpenedRun
  readonly #process: TradingProcess
  readonly #log: ProcessLog
  #screen: Screen = SILENT_SCREEN
  #control: ControlServer | undefined
  /** Page, metrics and notifications. */
  #beside: BesideProcess | undefined
  #failure: QuantbotError | undefined
  #end: (reason: Reason, detail: string) => void = () => undefined
  readonly #ended: Promise<{ readonly reason: Reason; readonly detail: string }>

  constructor(composed: ComposedRun, options: RunOptions, settings: RunSettings, log: ProcessLog) {
    this.#log = log
    this.#composed = composed
    this.#options = options
    this.#settings = settings
    this.#ended = new Promise((resolve) => {
      this.#end = (reason, detail) => resolve({ reason, detail })
    })
    const { opened, trading } = composed
    this.#opened = opened
    const { dir, signer, manifest } = opened
    log.bind({ run: manifest.run })
    this.#process = new TradingProcess({
      ...trading,
      runId: manifest.run,
      runDir: dir,
      process: { mode: manifest.mode, codeVersion: codeVersion(), node: process.versions.node },
      pid: process.pid,
      log: logOptions(trading.config, signer),
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
      beforeRelease: async () => {
        await this.#beside?.close()
        await this.#control?.close()
        await composed.close()
      },
      onIdle: () => this.#end('finished', 'days'),
    })
    composed.watch(this.#process)
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
    this.#control = await serveControl(dir, {
      status: () => ({ ...this.#process.status(), ...this.#composed.surroundings?.(), ...this.#beside?.links() }),
      command: (command, reason) => this.#process.command(command, reason),
      transfer: (transfer) => this.#process.transfer(transfer),
      restartAgent: (agent, reason) => this.#process.restartAgent(agent, reason),
      logLevel: (level) => {
        const was = this.#log.level
        if (level !== undefined) this.#log.setLevel(level)
        return { level: level ?? was, was }
      },
    })
    await this.#observe()
    const links = this.#beside?.links()
    const { runId, mode, pid } = this.#process.status()
    const { refolded, resume, setAside, recovery } = this.#process.recovered
    if (this.#options.json === true) sayJson({ runId, mode, pid, dir, resumedAt: resume.seq, ...links })
    else {
      say(`run ${runId}  ${MODE_WORDS[mode] ?? mode}  pid ${pid}  ${dir}`)
      // What is no terminal may be kept by others: the token is told to its owner alone, by \`status\`.
      const isShown = process.stdout.isTTY === true
      if (links)
        say(
          isShown
            ? `page ${links.url}`
            : `page ${new URL(links.url).origin} (quantbot status ${runId} tells its token)`,
        )
      if (resume.seq > 0) say(`goes on behind seq ${money(resume.seq)} (${money(refolded)} events refolded)`)
      for (const { file, bytes } of recovery.torn) say(`torn: ${bytes} bytes behind the last commit are in ${file}`)
      for (const { file, why } of setAside) say(`snapshot set aside: ${file}: ${why}`)
    }
    const isTerminal = process.stdout.isTTY === true && this.#options.view
    const isViewed = isTerminal && this.#options.json !== true
    this.#screen = isViewed ? await viewScreen(this.#process, this.#log) : logScreen(this.#process, this.#log)
    await this.#process.start()
    await this.#composed.begin()
  }

  async #observe(): Promise<void> {
    const { dir, manifest } = this.#opened
    const { trading, surroundings } = this.#composed
    this.#beside = await observeProcess({
      home: homeOf(this.#options),
      runDir: dir,
      manifest,
      config: trading.config,
      process: this.#process,
      surroundings,
      page: this.#settings.page,
      notify: this.#settings.notify && { ...this.#settings.notify, after: this.#process.recovered.resume.seq },
      onProblem: (detail) => this.#screen.problem({ code: 'page', detail, isFatal: false }),
    })
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
