/** `quantbot backtest` on a synthetic lake: deterministic, indifferent to how groups are cut, verified, and what the report says. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DAY_MS, isoDay } from '#core/time'
import type { AnyEvent } from '#events/catalogue'
import { forEachGroup } from '#events/log/reader'
import { keepBooks } from '../pipeline/books.js'
import { fillLake, quantbot } from '../pipeline/cli.js'
import { configOf, TAPE_START, type TapeSpec } from '../pipeline/tape.js'

const SPEC: TapeSpec = {
  seed: 61,
  days: 500,
  interval: '1d',
  symbols: [
    { symbol: 'AAA', funding: 'recorded', drift: 0.8 },
    { symbol: 'BBB', fromDay: 100, gapDays: [350, 351, 352, 353] },
    { symbol: 'CCC', toDay: 450, annualVol: 1.1 },
  ],
}
const FROM = 180
const config = configOf(SPEC)

let home = ''
const day = (n: number): string => isoDay(TAPE_START + n * DAY_MS)

async function backtest(id: string, patch: object, from = FROM, to = SPEC.days - 1): Promise<Record<string, unknown>> {
  const file = join(home, `${id}.yaml`)
  writeFileSync(file, JSON.stringify({ ...config, ...patch })) // JSON is YAML
  const args = ['--config', file, '--from', day(from), '--to', day(to), '--run', id, '--no-standalone']
  const { code, json } = await quantbot(home, 'backtest', ...args)
  expect(json).not.toHaveProperty('error')
  expect(code).toBe(0)
  return json
}

function linesOf(id: string): string[] {
  const lines: string[] = []
  forEachGroup(join(home, 'runs', id), (group) => {
    lines.push(...group.toString('utf8').split('\n').slice(0, -1))
  })
  return lines
}

describe('a backtest from the command line', () => {
  let first: Record<string, unknown>

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'quantbot-backtest-'))
    await fillLake(home, SPEC)
    first = await backtest('first', {})
  })

  afterAll(() => {
    rmSync(home, { recursive: true, force: true })
  })

  it('leaves a run folder with a report and a log that the books agree with', () => {
    expect(existsSync(join(home, 'runs', 'first', 'report.html'))).toBe(true)
    const { netCap, grossCap } = config.risk
    const books = keepBooks(linesOf('first'), config.capital, {
      netCap,
      grossCap,
      takerFeeBps: config.execution.takerFeeBps,
    })
    expect(books.wrong).toEqual([])
    expect(books.trades.size).toBeGreaterThan(30)
  })

  it('has a log that proves itself', async () => {
    const { code } = await quantbot(home, 'audit', 'verify', 'first')
    expect(code).toBe(0)
  })

  it('gives the same fingerprint again, however its groups and segments are cut', async () => {
    const again = await backtest('again', {})
    const cut = await backtest('cut', { log: { ...config.log, groupEvents: 16, segmentMiB: 1 } })
    expect([again.fingerprint, cut.fingerprint]).toEqual([first.fingerprint, first.fingerprint])
  })

  it('does not depend on the seed: nothing is random about fills at the open', async () => {
    const other = await backtest('other', { seed: 99 })
    expect(other.fingerprint).toBe(first.fingerprint)
  })

  it('of a shorter span is the beginning of the longer one', async () => {
    await backtest('short', {}, FROM, SPEC.days - 101)
    const [long, short] = [linesOf('first'), linesOf('short')]
    const end = TAPE_START + (SPEC.days - 101) * DAY_MS // one day before: the last instant has no next open
    const upTo = (lines: readonly string[]) => lines.filter((line) => (JSON.parse(line) as AnyEvent).ts < end)
    expect(upTo(short).length).toBeGreaterThan(100)
    expect(upTo(short)).toEqual(upTo(long))
  })
})
