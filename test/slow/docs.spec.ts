/** The marked commands of the README and the guides do what the page says. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { blocksOf, firstNotPrinted } from './docs-blocks.js'
import { DocsHome } from './docs-home.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const GUIDES = readdirSync(join(ROOT, 'docs/guides')).filter((name) => name.endsWith('.md'))
const PAGES = ['README.md', ...GUIDES.map((name) => `docs/guides/${name}`)]
  .map((page) => ({ page, blocks: blocksOf(readFileSync(join(ROOT, page), 'utf8')) }))
  .filter(({ blocks }) => blocks.length > 0)

describe('the pages', () => {
  it('for operator and researcher, and the README, hold commands to execute', () => {
    expect(PAGES.map(({ page }) => page)).toEqual(
      expect.arrayContaining(['README.md', 'docs/guides/operator.md', 'docs/guides/researcher.md']),
    )
  })

  it.each(PAGES)('$page does what it says', async ({ page, blocks }) => {
    const home = new DocsHome(page)
    try {
      for (const block of blocks) await home.execute(block)
    } finally {
      await home.remove()
    }
  })

  it('would be caught if they did not', async () => {
    const page = [
      '<!-- run -->\n```sh\nquantbot agents\n```',
      '<!-- shows -->\n```text\nrisk/engine  1  market/bars, portfolio/blender\n```',
      '<!-- run: exit 2 -->\n```sh\nquantbot audit verify nothing\n```',
      '<!-- shows -->\n```text\nRUN_NOT_FOUND: nothing: …\n```',
      '<!-- run -->\n```sh\nquantbot audit verify nothing\n```',
    ].join('\n\n')
    const home = new DocsHome('page')
    try {
      const blocks = blocksOf(page)
      expect(blocks).toHaveLength(5)
      for (const block of blocks.slice(0, 4)) await home.execute(block)
      await expect(home.execute(blocks[4]!)).rejects.toThrow('page:21: exit 2, not 0')
    } finally {
      await home.remove()
    }
  })
})

describe('what a page shows', () => {
  const printed = 'run demo  pid 17\nequity 999,599  PnL −401\nhash 0a1\nidentical'

  it('may differ in numbers and widths, and leave out', () => {
    expect(firstNotPrinted('run demo pid 9\nequity 1.5 PnL 3\n…\nidentical', printed)).toBeUndefined()
    expect(firstNotPrinted('equity …\nidentical', printed)).toBeUndefined()
  })

  it('may differ neither in words nor in order', () => {
    expect(firstNotPrinted('run demo\nidentical', printed)).toBe('run demo')
    expect(firstNotPrinted('identical\nrun demo pid 1', printed)).toBe('run demo pid 1')
    expect(firstNotPrinted('equity 1 Profit 2', printed)).toBe('equity 1 Profit 2')
  })
})
