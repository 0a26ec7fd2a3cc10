/** The commands as a person types them: documents, exit codes, errors. Only the audit part of the program is built. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { registerAudit } from '#cli/audit.command'
import { fail } from '#cli/terminal'
import { type AuditRun, copied, pipelineRun, removeFolders, tempFolder } from './runs.js'

let run: AuditRun
let folder: string

beforeAll(async () => {
  run = await pipelineRun('derived', 40)
  folder = copied(run.runDir)
}, 60_000)
afterAll(removeFolders)
afterEach(() => {
  vi.restoreAllMocks()
  process.exitCode = undefined
})

interface Output {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
}

async function quantbot(...argv: readonly string[]): Promise<Output> {
  const written = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const)
    vi.spyOn(process[stream], 'write').mockImplementation((text) => {
      written[stream] += String(text)
      return true
    })
  process.exitCode = undefined
  const program = new Command('quantbot').option('--home <dir>').option('--json').exitOverride()
  registerAudit(program)
  try {
    await program.parseAsync(['--home', join(folder, 'no home'), ...argv], { from: 'user' })
  } catch (error) {
    fail(error, argv.includes('--json'))
  }
  const exitCode = Number(process.exitCode ?? 0)
  vi.restoreAllMocks()
  return { ...written, exitCode }
}

const orderOf = (): string =>
  (run.events.find(({ type }) => type === 'OrderFilled')!.data as { readonly order: string }).order

describe('quantbot audit', () => {
  it('verify --json is one document and exits 0; a damaged log exits 1', async () => {
    const fine = await quantbot('audit', 'verify', folder, '--json')
    expect(JSON.parse(fine.stdout)).toMatchObject({ ok: true, problems: [], checkpoints: expect.any(Number) })
    expect(fine.exitCode).toBe(0)
    const damaged = copied(folder)
    const manifest = join(damaged, 'manifest.json')
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('"seed": 7', '"seed": 8'))
    const broken = await quantbot('audit', 'verify', damaged)
    expect(broken.stdout).toMatch(/^NOT OK/)
    expect(broken.exitCode).toBe(1)
  })

  it('trades prints a table whose limit does not touch the sums', async () => {
    const all = JSON.parse((await quantbot('audit', 'trades', folder, '--json')).stdout)
    const two = JSON.parse((await quantbot('audit', 'trades', folder, '--json', '--limit', '2')).stdout)
    expect(two.trades).toEqual(all.trades.slice(-2))
    expect(two.totals).toEqual(all.totals)
    const table = (await quantbot('audit', 'trades', folder)).stdout.split('\n')
    expect(table.filter((line) => line.includes('USDT')).length).toBeGreaterThan(all.trades.length)
  })

  it('explain --json is a tree under order and cause', async () => {
    const { stdout, exitCode } = await quantbot('audit', 'explain', folder, orderOf(), '--json')
    const document = JSON.parse(stdout)
    expect(exitCode).toBe(0)
    expect(document.order).toBe(orderOf())
    expect(document.cause[0]).toMatchObject({ type: 'OrderApproved', because: [{ type: 'RiskAssessed' }] })
    expect((await quantbot('audit', 'explain', folder, orderOf())).stdout).toContain('signal/tsmom')
  })

  it('export writes where it is told', async () => {
    const out = join(tempFolder(), 'table.csv')
    const { stdout } = await quantbot('audit', 'export', folder, '--what', 'orders', '--out', out, '--json')
    expect(JSON.parse(stdout)).toMatchObject({ what: 'orders', format: 'csv', out })
    expect(readFileSync(out, 'utf8')).toMatch(/^seq,ts,time,order_id,/)
    const again = await quantbot('audit', 'export', folder, '--what', 'orders', '--out', out, '--json')
    expect([JSON.parse(again.stdout).error.code, again.exitCode]).toEqual(['TARGET_EXISTS', 2])
    rmSync(out)
  })

  it.each([
    [['explain', 'o-0-0'], 'ORDER_NOT_FOUND'],
    [['explain', '88888888'], 'SEQ_OUT_OF_RANGE'],
    [['trades', '--limit', 'few'], 'USAGE'],
    [['export', '--format', 'xlsx'], 'USAGE'],
    [['export', '--what', 'secrets'], 'USAGE'],
    [['export', '--out', '/no/such/folder/t.csv'], 'USAGE'],
    [['export', '--format', 'parquet', '--out', '/no/such/folder/t.parquet'], 'USAGE'],
    [['verify', '--checkpoint', '/no/such/file'], 'USAGE'],
  ])('%j is refused with %s and exit code 2', async ([command, ...rest], code) => {
    const { stdout, stderr, exitCode } = await quantbot('audit', command!, folder, ...rest, '--json')
    expect(JSON.parse(stdout).error.code).toBe(code)
    expect(stderr).toContain('mend:')
    expect(exitCode).toBe(2)
  })

  it('names where it looked for a run', async () => {
    const { stderr, exitCode } = await quantbot('audit', 'verify', 'nowhere')
    expect(stderr).toMatch(/^RUN_NOT_FOUND: nowhere: no manifest\.json in /)
    expect(exitCode).toBe(2)
  })
})
