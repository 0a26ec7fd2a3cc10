/** Owns documents that metrics are made of, as a run on venues would tell them, and a reader of Prometheus's text. */
import type { RunStatus, VenueStatus } from '#actors/run-status'
import type { Head, RunFacts, ViewState } from '#audit/view/view.port'
import type { AnyEvent, EventName, EventNamed } from '#events/catalogue'
import type { LatencyDoc, LiveStatus } from '#monitoring/metrics/live-status.port'
import type { NotifyStatus } from '#monitoring/notify/notify.port'

const NOW = Date.UTC(2026, 0, 5, 12)

export const aFacts = (changed: Partial<RunFacts> = {}): RunFacts => ({
  run: 'paper-1',
  mode: 'paper',
  log: 'full',
  codeVersion: '0.1.0',
  configurationHash: 'ab12',
  createdAt: NOW,
  parent: null,
  currency: 'USDT',
  agents: ['market/bars', 'signal/tsmom', 'risk/engine'].map((name) => ({ name, version: '1', dependencies: [] })),
  instruments: [{ instrument: 'binance.usdm.BTCUSDT', base: 'BTC', quote: 'USDT' }],
  interval: '1h',
  signals: [{ signal: 'tsmom', agent: 'signal/tsmom', isEnabled: true }],
  firstSeq: 1,
  ...changed,
})

export const aHead = (changed: Partial<Head> = {}): Head => ({
  seq: 100,
  ts: NOW,
  hash: 'h',
  segment: 1,
  checkpointSeq: 90,
  read: 1,
  fault: null,
  ...changed,
})

export const aState = (changed: Partial<ViewState> = {}): ViewState => ({
  seq: 100,
  ts: NOW,
  process: { state: 'running', since: NOW, starts: 1 },
  book: {
    equity: 99_000,
    peak: 110_000,
    drawdown: -0.1,
    balance: '99000',
    opening: '100000',
    realised: '-900.5',
    fees: '12.25',
    funding: '-3',
    gross: 0.8,
    net: -0.2,
    halted: false,
    haltReason: '',
    openOrders: 1,
    positions: [position('binance.usdm.BTCUSDT', -0.2)],
  },
  today: { from: NOW, equity: 99_500, pnl: -500 },
  limits: [
    { name: 'gross', value: 0.8, limit: 1.5, unit: 'fraction of NAV' },
    { name: 'drawdown', value: 0.1, limit: 0.2, unit: 'fraction' },
  ],
  halt: null,
  flatten: null,
  measures: null,
  alerts: [{ name: 'coinLimit BTC', text: '', since: NOW, seq: 9 }],
  signals: [],
  blend: [],
  orders: { working: [], recent: [], counts: ORDER_COUNTS },
  agents: [
    {
      name: 'signal/tsmom',
      kind: 'decider',
      state: 'running',
      restarts: 2,
      reason: '',
      since: NOW,
      sinceSeq: 3,
      lastSeq: 50,
      lastTs: NOW,
    },
  ],
  feeds: [],
  market: [],
  outlook: [],
  counts: { events: 100, fills: 3, orders: 4 },
  ...changed,
})

const ORDER_COUNTS = {
  approved: 0,
  submitted: 0,
  accepted: 0,
  'partly-filled': 0,
  unknown: 0,
  filled: 0,
  cancelled: 0,
  rejected: 0,
  withheld: 0,
  refused: 0,
}

export const position = (instrument: string, weight: number): ViewState['book']['positions'][number] => ({
  instrument,
  quantity: '1',
  averagePrice: '1',
  mark: 1,
  value: 1,
  weight,
  unrealised: 0,
  realised: '0',
  fees: '0',
  funding: '0',
  stopLevel: null,
  target: 0,
  latched: null,
})

export const aVenue = (venue: string, changed: Partial<VenueStatus> = {}): VenueStatus => ({
  venue,
  isUp: true,
  reason: '',
  sockets: { up: 2, all: 3, drops: 4, rotations: 1 },
  frameAgeMs: 800,
  frames: 5000,
  silent: [],
  clockOffsetMs: 12,
  budgetUsed: 0.25,
  requestsWaiting: 3,
  pausedUntil: null,
  bars: { filled: 7, failed: 1, missing: 2 },
  quarantined: 1,
  streams: [{ stream: 'bars', ageMs: 800, topics: 2, silent: 1, reconnects: 4 }],
  ...changed,
})

const ledger = { balance: '1000', opening: '1000', realised: '0', fees: '0', funding: '0' }

export const runStatus = (): RunStatus => ({
  runId: 'r',
  mode: 'sim',
  pid: 1,
  state: 'running',
  seq: 10,
  ts: NOW,
  events: 10,
  fills: 0,
  orders: 0,
  equity: 1000,
  peak: 1000,
  drawdown: 0,
  ...ledger,
  gross: 0,
  net: 0,
  halted: false,
  haltReason: '',
  closing: 'none',
  openOrders: 0,
  positions: [],
  agents: [],
  commitLagMs: { p50: 1, p99: 2, max: 3 },
  longestSnapshotPauseMs: 2,
  feedAgeMs: null,
  waiting: 0,
  pendingTimers: 0,
  speed: null,
  problems: [],
})

const latency = (count: number): LatencyDoc => ({ le: [0.001, 0.01], cumulative: [count - 1, count], count, sum: 0.02 })

export const aStatus = (changed: Partial<LiveStatus> = {}): LiveStatus => {
  const {
    positions: _,
    balance,
    opening,
    realised,
    fees,
    funding,
    closing,
    peak,
    longestSnapshotPauseMs,
    ...figures
  } = runStatus()
  return {
    ...figures,
    takenAt: NOW,
    mode: 'paper',
    seq: 130,
    agents: [
      {
        name: 'signal/tsmom',
        kind: 'decider',
        version: '1',
        state: 'running',
        reason: '',
        restarts: 2,
        health: { isHealthy: true, detail: '' },
      },
    ],
    feedAgeMs: 1500,
    waiting: 4,
    coalesced: 11,
    feeds: [aVenue('binance')],
    doubts: [{ subject: 'binance.usdm.BTCUSDT', checks: ['stale', 'gap'] }],
    stores: {
      cache: { kind: 'memory', isUp: true, waiting: 0, lastError: '' },
      projector: { state: 'up to date', position: 120, lag: 10, rows: 5, eventsPerSecond: 1 },
      api: null,
    },
    lake: { waiting: 1, written: 2, conflicts: 0, refused: 0, dropped: 0, trouble: '' },
    runtime: {
      eventLoopLag: { p50: 0.001, p99: 0.02, max: 0.3 },
      heapUsedBytes: 5e7,
      heapTotalBytes: 6e7,
      externalBytes: 1e6,
      rssBytes: 2e8,
      cpuSeconds: 12.5,
      uptimeSeconds: 60,
      startedAt: NOW - 60_000,
      openFds: 40,
      maxFds: 1024,
    },
    latency: { dispatch: latency(20), commit: latency(5), input: latency(9) },
    snapshots: { newestTs: NOW - 30_000, newestSeq: 80, everyEvents: 20_000, longestPauseMs: 4 },
    disk: { freeBytes: 4e9, sizeBytes: 1e10 },
    clockOffsetMs: 12,
    ...changed,
  }
}

export const aNotify = (): NotifyStatus => ({
  position: 95,
  sinks: [
    {
      sink: 'email',
      queued: 2,
      delivered: 7,
      failures: 1,
      givenUp: 0,
      collapsed: 3,
      lastError: { code: 'timeout', status: null, at: NOW },
      isFailing: true,
      lastDeliveryAt: NOW - 1000,
    },
  ],
})

let seq = 0
/** An event with the parts that metrics read. */
export const said = <T extends EventName>(type: T, data: Partial<EventNamed<T>['data']>, ts = NOW): AnyEvent =>
  // Payloads are long; counting reads a word or two of them.
  ({ seq: ++seq, ts, type, v: 1, by: 'x', cause: 0, data }) as unknown as AnyEvent

/** Series by `name{labels}` with their values; throws on a line that is no sample. Comments are left out. */
export function seriesOf(text: string): Map<string, number> {
  const found = new Map<string, number>()
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    const match = /^([a-z][a-z0-9_]*(?:\{(?:[a-z_]+="(?:[^"\\\n]|\\.)*",?)*\})?) (\S+)$/u.exec(line)
    if (match === null || found.has(match[1]!)) throw new Error(`no sample, or one twice: ${line}`)
    found.set(match[1]!, Number(match[2]!.replace('+Inf', 'Infinity')))
  }
  return found
}
