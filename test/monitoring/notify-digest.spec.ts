/** The daily digest: its figures are those of the audit, its equity is asked for, its checkpoint is the newest. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { auditTrades, type TradeRow, type TradesSummary } from '#audit/trades'
import { formatUnits, parseUnits } from '#core/decimal'
import { DAY_MS } from '#core/time'
import type { AnyEvent } from '#events/catalogue'
import { askDigest, digestNote } from '#monitoring/notify/digest'
import { RunNotifier } from '#monitoring/notify/notifier'
import type { DigestSource } from '#monitoring/notify/notify.port'
import { type DigestDue, initialNotifyState } from '#monitoring/notify/notify-state'
import { messagesOf } from '#monitoring/notify/rules'
import { type AuditRun, pipelineRun, removeFolders } from '../audit/runs.js'
import { ManualTime } from '../data/connectors/manual-time.js'
import { event } from '../given.js'
import {
  configOf,
  FACTS,
  headOf,
  notifyFolder,
  POLICY,
  removeNotifyFolders,
  ScriptedSink,
  started,
  T0,
} from './notify-rig.js'

let run: AuditRun
let rows: readonly TradeRow[]
let summary: TradesSummary

beforeAll(async () => {
  run = await pipelineRun('derived', 120)
  const all: TradeRow[] = []
  summary = auditTrades(run.runDir, { onTrade: (row) => all.push(row), symbol: undefined })
  rows = all
}, 60_000)
afterAll(() => {
  removeFolders()
  removeNotifyFolders()
})

const sum = (amounts: readonly string[]): string =>
  formatUnits(amounts.reduce((total, one) => total + parseUnits(one), 0n))

/** Every digest of a run, none left out. */
function digestsOf(events: readonly AnyEvent[], state = initialNotifyState()): DigestDue[] {
  const digests: DigestDue[] = []
  for (const one of events) {
    messagesOf(one, state, POLICY)
    digests.push(...state.digests.splice(0))
  }
  return digests
}

describe('the figures of a digest', () => {
  it('are those of the audit, day by day, to the last digit', () => {
    const digests = digestsOf(run.events as readonly AnyEvent[]) // events of the pipeline are of the catalogue
    expect(digests.length).toBeGreaterThan(100)
    expect(digests.some(({ figures }) => figures.fills > 1)).toBe(true)
    for (const { figures, toSeq } of digests) {
      const ofDay = rows.filter(({ seq }) => seq > figures.afterSeq && seq <= toSeq)
      const fills = ofDay.filter(({ kind }) => kind === 'fill')
      expect(figures.fills).toBe(fills.length)
      expect(figures.fees.USDT ?? '0').toBe(sum(fills.map(({ fee }) => fee)))
      const refused = run.events.filter(
        ({ type, seq }) => type === 'OrderRefused' && seq > figures.afterSeq && seq <= toSeq,
      )
      expect(Object.values(figures.refusals).reduce((total, count) => total + count, 0)).toBe(refused.length)
    }
  })

  it('add up to the funding of the audit', () => {
    const state = initialNotifyState()
    const digests = digestsOf(run.events as readonly AnyEvent[], state) // as above
    const parts = [...digests.map(({ figures }) => figures), state.figures].map(({ funding }) => funding.USDT ?? '0')
    expect(sum(parts)).toBe(summary.totals.funding)
    expect(Number(summary.totals.funding)).not.toBe(0)
  })

  it('leave nothing between two days out', () => {
    const digests = digestsOf(run.events as readonly AnyEvent[]) // as above
    for (const [i, { figures }] of digests.entries()) expect(figures.afterSeq).toBe(i === 0 ? 0 : digests[i - 1]!.toSeq)
  })
})

const NINE = T0 + 3 * 3_600_000
const CHECKPOINT = '{"run":"r1","segment":"00000003.ndjson","sig":"c2ln"}'
const source = (equities: Readonly<Record<number, number>>): DigestSource => ({
  equityAt: async (seq) => equities[seq] ?? Number.NaN,
  checkpoint: async () => CHECKPOINT,
})
const moment = (seq: number, ts: number): AnyEvent =>
  event('TimerFired', { agent: 'risk/engine', timer: 't', dueAt: 1 }, { seq, ts })
const paid = (seq: number, ts: number): AnyEvent =>
  event('FundsTransferred', { currency: 'USDT', amount: '1000', reason: 'more' }, { seq, ts })

describe('a digest', () => {
  it('tells equity, the day’s PnL without what was paid in, and the newest checkpoint', async () => {
    const [due] = digestsOf([started(1, T0), paid(2, T0 + 1000), moment(3, NINE)])
    const answers = await askDigest(source({ 1: 10_000, 2: 11_250 }), due!)
    const about = { ...FACTS, hasSource: true, leftOut: 0, sinks: [] }
    const { title, text } = digestNote(due!, answers, about)
    expect(title).toBe('Digest of the day to 2026-01-01: +250.00 USDT')
    expect(text).toContain('Equity: 11,250.00 USDT; PnL +250.00 (2.5 %), transfers aside')
    expect(text).toContain('Paid in or out: 1000 USDT')
    expect(text).toContain('Health: 1 starts, 0 faults of agents, 0 outages of feeds')
    expect(text).toContain(CHECKPOINT)
  })

  it('goes out without what cannot be told, and says so', async () => {
    const [due] = digestsOf([started(1, T0), moment(2, NINE)])
    const broken: DigestSource = {
      equityAt: async () => Promise.reject(new Error('no')),
      checkpoint: async () => Promise.reject(new Error('no')),
    }
    const answers = await askDigest(broken, due!)
    const { text } = digestNote(due!, answers, { ...FACTS, hasSource: true, leftOut: 2, sinks: [] })
    expect(text).toContain('Equity: could not be worked out')
    expect(text).toContain('2 earlier digests were left out')
    expect(text).toContain('Checkpoint: none yet')
  })

  it('is one a day at its hour, in a silent run too, and once across a kill', async () => {
    const time = new ManualTime(T0)
    const folder = notifyFolder()
    const sink = new ScriptedSink()
    const options = {
      config: configOf({
        groupSeconds: 1,
        email: { host: 'localhost', from: 'a@b.org', to: ['c@d.org'], minSeverity: 'critical' },
      }),
      secrets: {},
      facts: FACTS,
      folder,
      digest: source({ 1: 100, 2: 90 }),
    }
    const events = [started(1, T0), moment(2, T0 + 1000)]
    const first = new RunNotifier({ ...options, time }, [sink])
    first.start()
    first.take(events, headOf(events))
    for (let hours = 0; hours < 26; hours++) {
      await time.advance(3_600_000)
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(sink.taken.map(({ title }) => title)).toEqual([
      'Digest of the day to 2026-01-01: −10.00 USDT',
      'Digest of the day to 2026-01-02: +0.00 USDT',
    ])
    const again = new RunNotifier({ ...options, time: new ManualTime(time.now()) }, [sink])
    again.start()
    again.take(events, headOf(events))
    await again.stop()
    expect(sink.taken).toHaveLength(2)
    await first.stop()
  })

  it('that was answered leaves nothing waiting, however many days are told at once', async () => {
    const time = new ManualTime(T0)
    const options = { config: configOf({ groupSeconds: 1 }), secrets: {}, facts: FACTS, folder: notifyFolder() }
    const equity = Object.fromEntries(Array.from({ length: 20 }, (_, day) => [day + 1, 100 + day]))
    const sink = new ScriptedSink()
    const notifier = new RunNotifier({ ...options, time, digest: source(equity) }, [sink])
    notifier.start()
    const events = [started(1, T0), ...Array.from({ length: 19 }, (_, day) => moment(day + 2, NINE + day * DAY_MS))]
    notifier.take(events, headOf(events))
    for (let i = 0; i < 60; i++) {
      await time.advance(250) // all of it within the time that one digest has
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(sink.taken.filter(({ title }) => title.startsWith('Digest'))).toHaveLength(7)
    expect(time.pending).toBeLessThan(4)
    await notifier.stop()
    expect(time.pending).toBe(0)
  })

  it('is told at an end, unless it cannot be worked out in time: then at the next start', async () => {
    const folder = notifyFolder()
    const options = { config: configOf(), secrets: {}, facts: FACTS, folder }
    const events = [started(1, T0), moment(2, T0 + 1000), moment(3, NINE)]
    const slow: DigestSource = { equityAt: () => new Promise(() => undefined), checkpoint: async () => null }
    const [sink, time] = [new ScriptedSink(), new ManualTime(T0)]
    const first = new RunNotifier({ ...options, time, digest: slow }, [sink])
    first.take(events, headOf(events))
    const stopped = first.stop()
    await time.advance(3000)
    await new Promise((resolve) => setImmediate(resolve))
    await stopped
    expect(sink.taken.map(({ kind }) => kind)).toEqual(['process-started'])
    const second = new RunNotifier({ ...options, time: new ManualTime(T0), digest: source({ 1: 5, 2: 6 }) }, [sink])
    await second.stop()
    expect(sink.taken.map(({ title }) => title)).toEqual([
      'Started (paper)',
      'Digest of the day to 2026-01-01: +1.00 USDT',
    ])
  })
})
