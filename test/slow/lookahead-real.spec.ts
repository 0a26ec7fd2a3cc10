/** No look-ahead on real history: BTC and ETH, by the day and by the hour, through a lake; the same checker, the same cheats. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { catalogue, warmupMs } from '#actors/catalogue'
import { loadTape } from '#backtest/tape-load'
import { planTape, seriesOf } from '#backtest/tape-plan'
import { type Config, configSchema } from '#core/config/schema'
import { type Interval, parseDay } from '#core/time'
import { importFiles } from '#data/import'
import { peeksAtNextBar } from '../pipeline/cheats.js'
import { countTypes, decideTape } from '../pipeline/decide.js'
import { findLeak, type Subject, sampleInstants, wrongFills } from '../pipeline/lookahead.js'
import { sharedPath } from '../shared.js'

const folder = sharedPath('data', 'ohlcv', 'binance')
if (folder === undefined)
  process.stderr.write('lookahead-real.spec: the shared data is NOT here, real tapes are skipped\n')

const SYMBOLS = ['BTC', 'ETH']

function configOf(interval: Interval): Config {
  return configSchema.parse({
    name: 'real',
    interval,
    universe: SYMBOLS.map((base) => ({
      instrument: `binance.usdm.${base}USDT`,
      barsOf: `binance.spot.${base}USDT`,
      base,
      tick: '0.01',
      lot: '0.001',
    })),
  })
}

describe.skipIf(folder === undefined)('decisions on real history', () => {
  let home = ''

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'quantbot-real-'))
    const files = SYMBOLS.flatMap((base) =>
      [`${base}USDT-1d.csv`, `${base}USDT-1h.parquet`].map((name) => join(folder!, name)),
    )
    const report = await importFiles({ files, kind: 'bars', venue: 'binance', market: 'spot', home })
    expect(report.written).toBeGreaterThan(50_000)
  })

  afterAll(() => {
    rmSync(home, { recursive: true, force: true })
  })

  async function subject(interval: Interval, from: string, to: string): Promise<Subject> {
    const config = configOf(interval)
    const tape = await loadTape(home, {
      series: seriesOf(config),
      fromDay: parseDay(from)!,
      toDay: parseDay(to)!,
      historyMs: warmupMs(catalogue(config, 'nextOpen')),
    })
    return { config, series: tape.span, history: planTape(config, tape.history) }
  }

  it.each([
    ['1d', '2019-01-01', '2021-12-31', 12],
    ['1h', '2021-03-01', '2021-08-31', 6],
  ] as const)('of %s bars from %s to %s do not depend on what came later', async (interval, from, to, samples) => {
    const one = await subject(interval, from, to)
    const whole = decideTape({
      config: one.config,
      plan: planTape(one.config, one.series),
      ...(one.history === undefined ? {} : { history: one.history }),
    })
    const counts = countTypes(whole.events)
    expect(counts.OrderFilled).toBeGreaterThan(30)
    expect(counts.AgentFaulted).toBeUndefined()
    // The bars are those of the spot market, under the name of what is traded.
    const { series } = planTape(one.config, one.series).merged
    const traded = series.filter((each) => each.kind === 'bars' || each.kind === 'funding')
    expect(wrongFills(whole.events, traded)).toEqual([])
    expect(findLeak(one, sampleInstants(one, samples, 0.1))).toBeUndefined()
  })

  it('are caught when a signal peeks at the next bar', async () => {
    const cheat = { ...(await subject('1d', '2019-01-01', '2020-12-31')), make: peeksAtNextBar }
    expect(findLeak(cheat, sampleInstants(cheat, 6))?.whole).toContain('SignalChanged')
  })
})
