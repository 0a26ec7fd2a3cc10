/** The pages say what the code says: generated reference, graph of the agents, links, npm scripts. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, vi } from 'vitest'
import { buildProgram } from '#cli/main'
import { reference } from '../scripts/reference.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const pages = [
  ...['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md'],
  ...readdirSync(join(root, 'docs'), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name))),
]

/** Parts of generated pages, not pages of their own. */
const PARTS = ['docs/results-notes.md']

describe('docs/reference', () => {
  it.each([...reference()])('%s is what `npm run docs` writes', (name, content) => {
    expect(read(`docs/reference/${name}`)).toBe(content)
  })

  it('has no page that nobody writes', () => {
    expect(readdirSync(join(root, 'docs/reference')).sort()).toEqual([...reference().keys()].sort())
  })
})

describe('docs/architecture.md', () => {
  it('shows the graph of `quantbot agents --graph`', async () => {
    let printed = ''
    const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      printed += String(text)
      return true
    })
    await buildProgram()
      .parseAsync(['agents', '--graph'], { from: 'user' })
      .finally(() => write.mockRestore())
    expect(printed).toContain('graph LR')
    expect(read('docs/architecture.md')).toContain(`\`\`\`mermaid\n${printed}\`\`\``)
  })
})

/** Text of a page without code. */
const prose = (page: string): string => read(page).replaceAll(/^```[\s\S]*?^```$/gm, '')

/** Anchor of a heading, as GitHub makes it. */
const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

describe('pages', () => {
  it.each(pages)('%s: what it links to is there', (page) => {
    const broken = [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)]
      .map((match) => match[1]!)
      .filter((target) => !/^[a-z]+:/.test(target))
      .filter((target) => {
        const [path = '', fragment] = target.split('#')
        const file = path === '' ? page : join(dirname(page), path)
        if (!existsSync(join(root, file))) return true
        if (fragment === undefined) return false
        const headings = [...prose(file).matchAll(/^#+ (.*)$/gm)].map((match) => anchor(match[1]!))
        return !headings.includes(fragment)
      })
    expect(broken).toEqual([])
  })

  it('are all reached from the index of docs, or from a page that it names', () => {
    const reached = new Set(['README.md', 'docs/README.md'])
    for (const page of reached)
      for (const [, target] of prose(page).matchAll(/\]\(([^)\s#]+\.md)[^)]*\)/g)) {
        const file = join(dirname(page), target!)
        if (existsSync(join(root, file))) reached.add(file)
      }
    expect(pages.filter((page) => !reached.has(page) && !PARTS.includes(page))).toEqual([])
  })

  it('name npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> } // npm's own file
    const named = pages.flatMap((page) =>
      [...read(page).matchAll(/npm run (?:--silent )?([a-z][a-z:]*)/g)].map((match) => match[1]!),
    )
    expect(named.length).toBeGreaterThan(5)
    expect([...new Set(named)].filter((name) => scripts[name] === undefined)).toEqual([])
  })

  it('name commands of quantbot that exist', () => {
    const program = buildProgram()
    const known = new Set(program.commands.map((command) => command.name()))
    const named = pages
      .filter((page) => !page.startsWith('docs/adr/'))
      .flatMap((page) => [...read(page).matchAll(/(?:`|^|\$ )quantbot ([a-z][a-z-]*)/gm)].map((match) => match[1]!))
    expect([...new Set(named)].filter((name) => !known.has(name))).toEqual([])
  })
})
