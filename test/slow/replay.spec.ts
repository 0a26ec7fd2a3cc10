/** Replays of recorded runs: identical, edited, changed, up to a seq, what-if; of a backtest and of a run of the built-in market. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { catalogue } from '#actors/catalogue'
import { redecideLog } from '#backtest/redecide-log'
import { openRecordedRun } from '#cli/recorded-run'
import { redecideTape } from '#cli/replay-again'
import { historyOf } from '#cli/run-history'
import type { Config } from '#core/config/schema'
import { isoDay } from '#core/time'
import { Dispatcher } from '#engine/dispatcher'
import { refoldStep } from '#engine/refold'
import { Routes } from '#engine/routes'
import type { AnyEvent } from '#events/catalogue'
import { LineBuffer } from '#events/line-buffer'
import { loadOrCreateSigner } from '#events/log/keys'
import { forEachGroup } from '#events/log/reader'
import { LogWriter } from '#events/log/writer'
import type { RiskState } from '#risk/engine.decider'
import { keepBooks, unitsOf } from '../pipeline/books.js'
import { fillLake, quantbot } from '../pipeline/cli.js'
import { configOf, TAPE_START, type TapeSpec } from '../pipeline/tape.js'

const SPEC: TapeSpec = {
  seed: 51,
  days: 420,
  interval: '1d',
  symbols: [
    { symbol: 'AAA', funding: 'recorded' },
    { symbol: 'BBB', fromDay: 60, gapDays: [300, 301] },
    { symbol: 'CCC', toDay: 380 },
  ],
}
const DAY = 86_400_000

let home = ''
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'quantbot-replay-'))
})
afterAll(() => {
  rmSync(home, { recursive: true, force: true })
})

const runDir = (id: string): string => join(home, 'runs', id)

function linesOf(id: string): string[] {
  const lines: string[] = []
  forEachGroup(runDir(id), (group) => {
    lines.push(...group.toString('utf8').split('\n').slice(0, -1))
  })
  return lines
}

/** States by agent, as JSON would carry them. */
const statesOf = ({ slots }: Dispatcher): unknown[] =>
  slots.map((slot) => [slot.decider.name, JSON.parse(JSON.stringify(slot.state))])

/** A run with the same manifest whose log holds other lines, chained anew: what a forger with the key would leave. */
async function forge(id: string, from: string, edit: (line: string, i: number) => string): Promise<void> {
  mkdirSync(runDir(id), { recursive: true })
  cpSync(join(runDir(from), 'manifest.json'), join(runDir(id), 'manifest.json'))
  const { writer } = LogWriter.open(runDir(id), { signer: loadOrCreateSigner(home), sync: 'none' })
  let at = 0
  forEachGroup(runDir(from), (group, commit) => {
    const lines = group.toString('utf8').split('\n').slice(0, -1)
    const edited = lines.map((line) => `${edit(line, at++)}\n`).join('')
    writer.commitSync(Buffer.from(edited), lines.length, commit.lastSeq, commit.lastTs)
  })
  await writer.close({ seal: false })
}

describe('a backtest', () => {
  const last = isoDay(TAPE_START + (SPEC.days - 1) * DAY)
  const first = isoDay(TAPE_START + 200 * DAY)
  let config: Config
  let fingerprint = ''

  beforeAll(async () => {
    config = configOf(SPEC)
    await fillLake(home, SPEC)
    writeFileSync(join(home, 'config.yaml'), JSON.stringify(config)) // JSON is YAML
    const args = ['backtest', '--config', join(home, 'config.yaml'), '--from', first, '--to', last, '--run', 'base']
    const { code, json } = await quantbot(home, ...args, '--no-standalone')
    expect(json).not.toHaveProperty('error')
    expect(code).toBe(0)
    fingerprint = String(json.fingerprint)
    expect(linesOf('base').length).toBeGreaterThan(500)
  })

  it('is decided again into the same bytes', async () => {
    const { code, json } = await quantbot(home, 'replay', 'base')
    expect({ code, ...json, derivedEvents: 0, wallMs: 0 }).toEqual({
      code: 0,
      runId: 'base',
      fingerprint,
      identical: true,
      derivedEvents: 0,
      firstDivergence: null,
      wallMs: 0,
    })
    expect(json.derivedEvents).toBe(linesOf('base').length)
  })

  it('under another configuration differs first in one event, of which both versions are told', async () => {
    const run = await openRecordedRun(runDir('base'))
    const changed = { ...run.config, risk: { ...run.config.risk, netCap: 0.05 } }
    const { identical, divergence } = await redecideTape(home, { ...run, config: changed })
    expect(identical).toBe(false)
    const [recorded, decided] = [divergence!.recorded!, divergence!.decided!].map(
      (line) => JSON.parse(line) as AnyEvent,
    )
    expect(linesOf('base')).toContain(divergence!.recorded)
    expect([recorded!.type, decided!.type, decided!.seq]).toEqual(['RiskAssessed', 'RiskAssessed', recorded!.seq])
    expect(divergence!.decided).toContain('"limit":0.05')
  })

  it('whose log was edited is refused where the chain breaks', async () => {
    cpSync(runDir('base'), runDir('torn'), { recursive: true, filter: (file) => !/lock\.\d+$/.test(file) })
    const { code, json } = await quantbot(home, 'replay', 'torn')
    expect([code, json.identical]).toEqual([0, true])
    const log = join(runDir('torn'), 'log')
    const file = join(log, readdirSync(log).filter((name) => name.includes('ndjson'))[0]!)
    const bytes = readFileSync(file)
    bytes[Math.floor(bytes.length / 2)]! ^= 1
    writeFileSync(file, bytes)
    const edited = await quantbot(home, 'replay', 'torn')
    expect(edited.code).toBe(1)
    expect(edited.json.error).toMatch(/^(LOG|SEGMENT|SEAL|CHAIN)_/)
  })

  it('whose log was forged, chain and all, differs exactly where it was forged', async () => {
    const target = linesOf('base').findIndex((line) => line.includes('"type":"OrderFilled"'))
    const edit = (line: string, i: number): string => (i === target ? line.replace(/"fee":"\d/, '"fee":"9') : line)
    await forge('forged', 'base', edit)
    const { code, json } = await quantbot(home, 'replay', 'forged')
    expect([code, json.identical]).toEqual([1, false])
    const divergence = json.firstDivergence as { recorded: AnyEvent; decided: AnyEvent } // what replay prints
    expect(divergence.decided).toEqual(JSON.parse(linesOf('base')[target]!))
    expect(divergence.recorded.seq).toBe(divergence.decided.seq)
  })

  it('shows states at a seq: the book is what an accountant reads from the log up to there', async () => {
    const lines = linesOf('base')
    const seqOf = (line: string): number => (JSON.parse(line) as AnyEvent).seq
    const { netCap, grossCap } = config.risk
    const limits = { netCap, grossCap, takerFeeBps: config.execution.takerFeeBps }
    const fills = lines.flatMap((line, i) => (line.includes('"type":"OrderFilled"') ? [i] : []))
    for (const at of [fills[3]!, fills.at(-1)!]) {
      // A fill at the open is a step of its own, with which its line and all that follows from it end.
      const seq = seqOf(lines[at]!)
      const { json } = await quantbot(home, 'replay', 'base', '--until', String(seq))
      expect(json.until).toBe(seq)
      const agents = json.agents as { agent: string; state: unknown }[] // what --until prints
      const risk = agents.find((one) => one.agent === 'risk/engine')!.state as RiskState
      const books = keepBooks(
        lines.filter((line) => seqOf(line) <= seq),
        config.capital,
        limits,
      )
      expect(books.wrong).toEqual([])
      expect(unitsOf(risk.ledger.fees)).toBe(books.fees)
      expect(unitsOf(risk.ledger.funding)).toBe(books.funding)
      for (const { instrument, position } of risk.slots)
        expect(unitsOf(position.quantity)).toBe(books.positions.get(instrument) ?? 0n)
    }
    const beyond = await quantbot(home, 'replay', 'base', '--until', '99999999')
    expect([beyond.code, beyond.json.error]).toEqual([2, 'SEQ_OUT_OF_RANGE'])
  })

  it('answers what would have been: the control is the record, the patch its own run', async () => {
    writeFileSync(join(home, 'patch.yaml'), 'risk:\n  netCap: 0.05\n')
    const { code, json } = await quantbot(home, 'replay', 'base', '--patch', join(home, 'patch.yaml'), '--run', 'less')
    expect(code).toBe(0)
    const control = json.control as { fingerprint: string; recordedFingerprint: string }
    expect([control.fingerprint, control.recordedFingerprint]).toEqual([fingerprint, fingerprint])
    expect(json.identical).toBe(false)
    expect((json.firstDivergence as { decided: AnyEvent }).decided.type).toBe('RiskAssessed')
    expect((json.difference as { fees: number }).fees).toBeLessThan(0)
    const again = await quantbot(home, 'replay', 'less')
    expect([again.code, again.json.identical, again.json.fingerprint]).toEqual([0, true, json.fingerprint])
  })

  it('patched with what it says already changes nothing', async () => {
    writeFileSync(join(home, 'same.yaml'), `risk:\n  netCap: ${config.risk.netCap}\n`)
    const { json } = await quantbot(home, 'replay', 'base', '--patch', join(home, 'same.yaml'), '--run', 'same')
    expect([json.identical, json.fingerprint]).toEqual([true, fingerprint])
  })
})

describe('a run of the built-in market', () => {
  beforeAll(async () => {
    writeFileSync(
      join(home, 'sim.yaml'),
      JSON.stringify({ seed: 7, sim: { symbols: 2, interval: '4h', historyDays: 250 }, risk: { turnoverMonthly: 2 } }),
    )
    const args = ['run', '--mode', 'sim', '--config', join(home, 'sim.yaml'), '--speed', 'max', '--days', '60']
    const { code, json } = await quantbot(home, ...args, '--run', 'sim', '--no-view')
    expect(json).not.toHaveProperty('error')
    expect(code).toBe(0)
  })

  it('traded, with all its inputs in the log', () => {
    const types = linesOf('sim').map((line) => (JSON.parse(line) as AnyEvent).type)
    for (const type of ['BarClosed', 'QuoteChanged', 'TimerFired', 'OrderFilled', 'SignalChanged'])
      expect(types.filter((one) => one === type).length, type).toBeGreaterThan(5)
  })

  it('is decided again into the same bytes', async () => {
    const { code, json } = await quantbot(home, 'replay', 'sim')
    expect([code, json.identical, json.firstDivergence]).toEqual([0, true, null])
  })

  it('shows the same states at a seq as a refold of the log, and as deciding it again', async () => {
    const run = await openRecordedRun(runDir('sim'))
    const events = linesOf('sim').map((line) => JSON.parse(line) as AnyEvent) // our own lines
    const deciders = catalogue(run.config, 'quote')
    const refolded = new Dispatcher({
      deciders,
      runSeed: run.config.seed,
      lines: new LineBuffer(),
      log: 'full',
      startRunning: false,
    })
    const history = await historyOf(home, run)
    for (const input of history()) refolded.warm(input)
    const routes = new Routes(refolded.slots)
    const roots = events.flatMap((event, i) => (event.cause === 0 ? [i] : []))
    const marks = [0.2, 0.5, 0.8, 1].map((share) => Math.floor(share * (roots.length - 1)))
    for (let r = 0; r < roots.length; r++) {
      const step = events.slice(roots[r], roots[r + 1] ?? events.length)
      refoldStep(routes, step)
      if (!marks.includes(r)) continue
      const seq = step.at(-1)!.seq
      const { json } = await quantbot(home, 'replay', 'sim', '--until', String(seq))
      const shown = (json.agents as { agent: string; state: unknown }[]).map(({ agent, state }) => [agent, state])
      const decidedAgain = redecideLog({
        runDir: run.dir,
        deciders: catalogue(run.config, 'quote'),
        runSeed: run.config.seed,
        history: history(),
        untilSeq: seq,
      })
      expect(decidedAgain.divergence).toBeUndefined()
      expect(shown).toEqual(statesOf(refolded))
      expect(shown).toEqual(statesOf(decidedAgain.dispatcher))
    }
  })

  it('whose log was forged, chain and all, differs exactly where it was forged', async () => {
    const target = linesOf('sim').findIndex((line) => line.includes('"type":"OrderFilled"'))
    await forge('forged-sim', 'sim', (line, i) => (i === target ? line.replace(/"price":"\d/, '"price":"9') : line))
    const { code, json } = await quantbot(home, 'replay', 'forged-sim')
    expect([code, json.identical]).toEqual([1, false])
    const divergence = json.firstDivergence as { decided: AnyEvent } // what replay prints
    expect(divergence.decided).toEqual(JSON.parse(linesOf('sim')[target]!))
  })

  it('answers what would have been, beside a control of the simulation', async () => {
    writeFileSync(join(home, 'flat.yaml'), 'signals:\n  tsmom:\n    enabled: false\n')
    const { code, json } = await quantbot(home, 'replay', 'sim', '--patch', join(home, 'flat.yaml'), '--run', 'what')
    expect(json).not.toHaveProperty('error')
    expect(code).toBe(0)
    const control = json.control as { fingerprint: string; recordedFingerprint: string; result: { trades: number } }
    expect(control.fingerprint).not.toBe(control.recordedFingerprint) // quotes then, bars now
    expect(control.result.trades).toBeGreaterThan(0)
    expect(json.identical).toBe(false)
    expect(json.firstDivergence).not.toBeNull()
  })
})
