/**
 * Runs that older versions wrote are opened by this one: proved, told, explained, replayed, shown, projected, and gone on with by a child.
 * The same from there back. Needs `npm run build`.
 */
import { cpSync, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { auditVerify } from '#audit/verify'
import { readManifest } from '#events/log/manifest'
import { readEvents } from '#events/log/reader'
import { freePort } from '../servers.js'
import { type TestHome, testHome } from './run-process.js'

const SAMPLES = fileURLToPath(new URL('../golden/runs', import.meta.url))
/** Of both: they were written by the same decisions. */
const FINGERPRINT = 'dd3123ff991769f640c5f2469a27e0048fa74efd44c4f7a9b25e82392a4f4e67'
const TRADES = 27

let home: TestHome
beforeEach(() => {
  home = testHome()
})
afterEach(() => home.remove())

describe.each(readdirSync(SAMPLES))('a run of an older version: %s', (sample) => {
  const run = readManifest(join(SAMPLES, sample)).manifest.run
  const dir = (): string => join(home.path, 'runs', run)
  beforeEach(() => cpSync(join(SAMPLES, sample), dir(), { recursive: true }))

  it('is proved, told, listed, explained and replayed, and not touched', async () => {
    const before = readdirSync(dir(), { recursive: true }).sort()
    expect(await home.json('audit', 'verify', run)).toMatchObject({ ok: true, lastSeq: 1150 })
    expect(await home.json('status', run)).toMatchObject({ runId: run, state: 'stopped', seq: 1150 })
    expect(await home.json('replay', run)).toMatchObject({ identical: true, fingerprint: FINGERPRINT })
    let order = ''
    let fills = 0
    readEvents(dir(), ({ type, data }) => {
      if (type !== 'OrderFilled') return
      fills++
      order = String((data as { readonly order: string }).order) // a line of the catalogue
    })
    expect(fills).toBe(TRADES)
    const explained = await home.quantbot('audit', 'explain', run, order)
    expect(explained.stderr).toBe('')
    expect(explained.stdout).toContain('because')
    expect((await home.quantbot('audit', 'trades', run)).code).toBe(0)
    expect(readdirSync(dir(), { recursive: true }).sort()).toEqual(before)
  })

  it('is shown by the page, at any seq', async () => {
    const port = await freePort()
    const opened = home.start('open', run, '--port', String(port), '--json')
    const { url } = await opened.firstLine()
    const token = /#token=([0-9a-f]{32})/.exec(String(url))![1]!
    const ask = async (path: string): Promise<unknown> => {
      const reply = await fetch(`http://127.0.0.1:${port}/api/${path}`, {
        headers: { authorization: `Bearer ${token}` },
      })
      if (!reply.ok) throw new Error(`${path}: ${await reply.text()}`)
      return reply.json()
    }
    expect(await ask('facts')).toMatchObject({ run, mode: 'sim' })
    // The log is read behind the page's start.
    while (((await ask('head')) as { readonly seq: number }).seq < 1150);
    for (const seq of [600, 1150]) expect(await ask(`state?seq=${seq}`)).toMatchObject({ seq })
    opened.kill('SIGTERM')
    expect((await opened.ended).code).toBe(0)
  })

  it('is projected again', async () => {
    expect((await home.quantbot('projections', 'rebuild', run)).code).toBe(0)
    expect((await home.quantbot('projections', 'status')).stdout).toContain('up to date')
  })

  it('is not gone on with under another configuration: a child takes over its book, and so does one that goes back', async () => {
    const refused = await home.quantbot('run', '--run', run, '--days', '1', '--speed', 'max')
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain('RUN_DIFFERS')
    const { lastHash } = await auditVerify(dir())
    for (const child of ['upgraded', 'back']) {
      const args = ['run', '--run', child, '--child-of', run, '--days', '2', '--speed', 'max'] as const
      const ended = await home.json(...args)
      expect(ended).toMatchObject({ runId: child })
      const folder = join(home.path, 'runs', child)
      expect(await auditVerify(folder)).toMatchObject({ ok: true })
      expect(readManifest(folder).manifest.parent).toEqual({ run, seq: 1150, hash: lastHash })
      const carried: unknown[] = []
      readEvents(folder, ({ type, data }) => {
        if (type === 'StateCarried') carried.push(data)
      })
      expect(carried).toEqual([expect.objectContaining({ positions: expect.any(Array) })])
    }
    expect(await auditVerify(dir())).toMatchObject({ ok: true, lastHash })
    expect(existsSync(join(dir(), 'snapshots'))).toBe(true)
  })
})
