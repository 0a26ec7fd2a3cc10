/**
 * A whole day on four simulated venues with a fault every half minute on each: bars missing or doubled, bans, memory by the
 * hour, what is left open. As fast as the machine takes without making outages of its own: see docs/adr/0016-soak.md.
 */
import { invariant } from '#core/invariant'
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '#core/time'
import { wait } from '#core/wait'
import { checkSoak } from '#test/soak-checks'
import { soakFaults } from '#test/soak-faults'
import { BINANCE, BYBIT, DERIBIT, OKX, SoakRig } from '#test/soak-rig'
import type { Bench, Figure, Scale } from './figures.js'
import { inScratch } from './scratch.js'

interface Load {
  readonly speed: number
  readonly forMs: number
  readonly everyMs: number
  /** Memory before is that of a program that warms up. */
  readonly warmMs: number
}

const LOADS: Readonly<Record<Scale, Load>> = {
  full: { speed: 100, forMs: DAY_MS, everyMs: 30 * SECOND_MS, warmMs: 4 * HOUR_MS },
  tiny: { speed: 60, forMs: 2 * MINUTE_MS, everyMs: 20 * SECOND_MS, warmMs: 20 * SECOND_MS },
}
const START = Date.UTC(2026, 0, 14, 22, 30)
const SAMPLES = 200

interface Sample {
  /** Hours of venue time. */
  readonly at: number
  readonly heapMiB: number
  readonly rssMiB: number
}

/** Change of `y` by one of `x`, least squares. */
function slope(samples: readonly Sample[], y: (sample: Sample) => number): number {
  const n = samples.length
  const meanX = samples.reduce((sum, { at }) => sum + at, 0) / n
  const meanY = samples.reduce((sum, sample) => sum + y(sample), 0) / n
  let [xy, xx] = [0, 0]
  for (const sample of samples) {
    xy += (sample.at - meanX) * (y(sample) - meanY)
    xx += (sample.at - meanX) ** 2
  }
  return xx === 0 ? 0 : xy / xx
}

function handles(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind !== 'Timeout' && kind !== 'Immediate').length
}

async function day(home: string, { speed, forMs, everyMs, warmMs }: Load): Promise<readonly Figure[]> {
  const before = handles()
  const rig = await SoakRig.start({
    home,
    seed: 77,
    speed,
    startAt: START,
    backfill: forMs > HOUR_MS,
    instruments: [...BINANCE, ...BYBIT, ...OKX, ...DERIBIT],
    faults: (venue) => soakFaults({ seed: 77, venue, forMs, everyMs }),
  })
  const samples: Sample[] = []
  const from = rig.time.now()
  const cpu = process.cpuUsage()
  const begun = performance.now()
  for (let i = 1; i <= SAMPLES; i++) {
    await wait(rig.time, from + (forMs * i) / SAMPLES - rig.time.now())
    // Garbage that nobody collected yet is no leak; without the option the slope is only noisier.
    globalThis.gc?.()
    const { heapUsed, rss } = process.memoryUsage()
    samples.push({ at: (rig.time.now() - from) / HOUR_MS, heapMiB: heapUsed / 2 ** 20, rssMiB: rss / 2 ** 20 })
  }
  const { user, system } = process.cpuUsage(cpu)
  const load = (user + system) / 1000 / (performance.now() - begun)
  const faults = [...rig.exchanges.values()].reduce((sum, exchange) => sum + exchange.log.length, 0)
  const to = await rig.settle((end) => rig.isCaughtUp(end))
  await rig.stop()
  const { bars, problems, settlements, instants, events, orders } = checkSoak(rig, to)
  const bans = [...rig.exchanges.values()].reduce(
    (sum, exchange) => sum + exchange.stats().bans - exchange.log.filter(({ fault }) => fault.kind === 'banIp').length,
    0,
  )
  const hits = [...rig.exchanges.values()].reduce((sum, exchange) => sum + exchange.stats().limitHits, 0)
  const timers = rig.timers
  await rig.close()
  await wait(rig.time, MINUTE_MS)
  invariant(bars.expected > 0 && events > 0, 'nothing was played')
  const warm = samples.filter(({ at }) => at * HOUR_MS >= warmMs)
  const setting = `${(forMs / HOUR_MS).toFixed(1)} h at ${speed}×, ${faults} faults, ${(100 * load).toFixed(0)} % of a core with the venues`
  const none = (what: string, value: number, note?: string): Figure => ({
    what,
    value,
    unit: '',
    target: { max: 0 },
    ...(note === undefined ? {} : { note }),
  })
  return [
    {
      what: 'closed bars compared',
      value: bars.expected,
      unit: 'bars',
      note: `${setting}; ${events} events, ${orders} orders`,
    },
    none('bars missing', bars.missing),
    none('bars doubled', bars.doubled),
    none('bars unlike what was played', bars.wrong),
    none('deviations of any kind', problems.length, problems[0]?.slice(0, 200)),
    { what: 'settlements and instants compared', value: settlements + instants, unit: '' },
    none('bans of our own doing', bans),
    none('limits exceeded', hits),
    {
      what: 'heap, slope',
      value: slope(warm, ({ heapMiB }) => heapMiB) * 1024,
      unit: 'KiB/h',
      note: `after ${(warmMs / HOUR_MS).toFixed(1)} h; ${samples.at(-1)!.heapMiB.toFixed(0)} MiB at the end`,
    },
    {
      what: 'resident memory, slope',
      value: slope(warm, ({ rssMiB }) => rssMiB) * 1024,
      unit: 'KiB/h',
      note: `${samples.at(-1)!.rssMiB.toFixed(0)} MiB at the end`,
    },
    none('timers left', timers),
    none('handles left', Math.max(0, handles() - before)),
  ]
}

export const soakBench: Bench = {
  name: 'soak',
  run: (scale) => inScratch((home) => day(home, LOADS[scale])),
}
