/** The command `npm run bench`, tiny: the compiled program with the processes that it starts and kills. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { ALL } from '../../bench/all.js'

const program = fileURLToPath(new URL('../../dist/bench/main.js', import.meta.url))
const bench = (...args: readonly string[]) => spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' })

describe.skipIf(!existsSync(program))('the compiled benchmarks (need `npm run build`)', () => {
  it('run tiny, child processes included', () => {
    const { status, stdout, stderr } = bench('--tiny')
    expect(stderr).not.toContain('Error')
    expect(status).toBe(0)
    for (const { name } of ALL) expect(stdout).toContain(`${name}\n`)
    expect(stdout).toContain('peak memory')
    expect(stdout).toContain('start of the process to the first durable decision')
  })

  it('name those there are when asked for another', () => {
    const { status, stderr } = bench('no-such-bench')
    expect(status).toBe(2)
    expect(stderr).toContain('backtest')
  })
})
