/** A backtest that has nothing to decide says so and leaves neither run nor trial behind. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { importFiles } from '#data/import'
import { quantbot } from '../pipeline/cli.js'

const BTC = '{ instrument: a.perp.BTC, barsOf: a.spot.BTC, base: BTC, tick: "0.1", lot: "0.001" }'

describe('quantbot backtest', () => {
  let home: string
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'quantbot-wrong-'))
  })
  afterEach(() => rmSync(home, { recursive: true }))

  async function refused(yaml: string, from: string, to: string): Promise<unknown> {
    const config = join(home, 'c.yaml')
    writeFileSync(config, yaml)
    const { code, json } = await quantbot(home, 'backtest', '--config', config, '--from', from, '--to', to)
    expect(code).toBe(2)
    expect(existsSync(join(home, 'runs'))).toBe(false)
    expect(existsSync(join(home, 'trials.ndjson'))).toBe(false)
    return json.error
  }

  it('refuses a universe that names no instrument, or one twice', async () => {
    expect(await refused('name: none\n', '2024-01-01', '2024-01-02')).toBe('CONFIG_INVALID')
    expect(await refused(`universe: [${BTC}, ${BTC}]\n`, '2024-01-01', '2024-01-02')).toBe('CONFIG_INVALID')
  })

  it('refuses a span without bars', async () => {
    const file = join(home, 'BTC-1d.csv')
    writeFileSync(file, 'ts,open,high,low,close,volume\n1704067200000,1,2,0.5,1.5,10\n')
    await importFiles({ files: [file], kind: 'bars', venue: 'a', market: 'spot', home })
    expect(await refused(`universe: [${BTC}]\n`, '2030-01-01', '2030-01-02')).toBe('LAKE_EMPTY')
  })
})
