/**
 * Events of runs that older versions of quantbot wrote (test/golden/runs) are read by the catalogue of this one, strictly. A payload that
 * an old line does not satisfy needs a new version of its type and an upcaster, before it is released.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { auditVerify } from '#audit/verify'
import { parseStrict } from '#events/codec'
import { forEachGroup, forEachLine } from '#events/log/reader'

const FOLDER = fileURLToPath(new URL('../golden/runs', import.meta.url))
const RUNS = readdirSync(FOLDER)

describe.each(RUNS)('the run %s of an older version', (name) => {
  const dir = join(FOLDER, name)

  it('proves itself, with the checkpoint that its own key signed', async () => {
    expect(await auditVerify(dir)).toMatchObject({
      ok: true,
      events: 1150,
      lastSeq: 1150,
      checkpoints: 1,
      problems: [],
    })
  })

  it('has no event that this catalogue does not know, or knows otherwise', () => {
    const refused = new Map<string, string>()
    forEachGroup(dir, (group) => {
      forEachLine(group, (bytes, start, end) => {
        const line = bytes.toString('utf8', start, end)
        try {
          parseStrict(line)
        } catch (error) {
          refused.set(String(JSON.parse(line).type), String(error))
        }
      })
    })
    expect(Object.fromEntries(refused)).toEqual({})
  })
})
