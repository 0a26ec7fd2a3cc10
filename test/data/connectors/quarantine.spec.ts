import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { Quarantine, type Refused } from '#data/connectors/quarantine'

const folders: string[] = []
const home = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'quarantine-'))
  folders.push(folder)
  return folder
}
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

const refused = (msg: string): Refused => ({
  recvTs: 1_767_225_600_000,
  venue: 'okx',
  topic: 'tickers',
  reason: 'is absent',
  path: 'data[0].last',
  msg,
})

describe('the quarantine', () => {
  it('keeps payloads by venue and day', async () => {
    const folder = home()
    const quarantine = new Quarantine(folder)
    quarantine.add(refused('{"a":1}'))
    quarantine.add(refused('torn {'))
    await quarantine.settled()
    const lines = readFileSync(join(folder, 'quarantine/okx-2026-01-01.ndjson'), 'utf8').trim().split('\n')
    expect(lines.map((line) => JSON.parse(line))).toEqual([refused('{"a":1}'), refused('torn {')])
    expect(quarantine.stats).toMatchObject({ refused: 2, notKept: 0 })
  })

  it('only counts beyond its bytes a day, also those of an earlier process', async () => {
    const folder = home()
    const first = new Quarantine(folder, 400)
    first.add(refused('x'.repeat(100)))
    await first.settled()
    const second = new Quarantine(folder, 400)
    second.add(refused('y'.repeat(200)))
    await second.settled()
    expect(second.stats).toMatchObject({ refused: 1, notKept: 1 })
    expect(readFileSync(join(folder, 'quarantine/okx-2026-01-01.ndjson'), 'utf8')).not.toContain('y')
  })

  it('never throws, whatever the disk does', async () => {
    const folder = home()
    writeFileSync(join(folder, 'quarantine'), 'a file where the folder should be')
    const quarantine = new Quarantine(folder)
    quarantine.add(refused('x'))
    await quarantine.settled()
    expect(quarantine.stats).toMatchObject({ refused: 1, notKept: 1 })
  })
})
