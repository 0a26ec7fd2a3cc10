/** The Dockerfile, read by a parser: stages, what the last one is made of, its user, and that nothing secret can be copied. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Copy, DockerfileParser, type From, type Instruction, type JSONInstruction } from 'dockerfile-ast'
import { describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const dockerfile = DockerfileParser.parse(readFileSync(join(ROOT, 'Dockerfile'), 'utf8'))
const IGNORED = readFileSync(join(ROOT, '.dockerignore'), 'utf8').split('\n')

interface Stage {
  readonly name: string
  readonly image: string
  readonly instructions: readonly Instruction[]
}

function stagesOf(): Stage[] {
  const stages: { name: string; image: string; instructions: Instruction[] }[] = []
  for (const instruction of dockerfile.getInstructions()) {
    if (instruction.getKeyword() === 'FROM') {
      const from = instruction as From // by its keyword
      stages.push({ name: from.getBuildStage() ?? '', image: from.getImage() ?? '', instructions: [] })
    } else stages.at(-1)?.instructions.push(instruction)
  }
  return stages
}

const stages = stagesOf()
const last = stages.at(-1)!
const text = ({ instructions }: Stage, keyword: string): string[] =>
  instructions
    .filter((each) => each.getKeyword() === keyword)
    .map((each) =>
      each
        .getArguments()
        .map((argument) => argument.getValue())
        .join(' '),
    )

interface Copied {
  readonly from: string | undefined
  readonly sources: readonly string[]
}

const copies = ({ instructions }: Stage): Copied[] =>
  instructions
    .filter((each) => each.getKeyword() === 'COPY')
    .map((each) => ({
      from: (each as Copy).getFromFlag()?.getValue() ?? undefined, // by its keyword
      sources: each
        .getArguments()
        .slice(0, -1)
        .map((argument) => argument.getValue()),
    }))

describe('Dockerfile', () => {
  it('builds with everything, and runs on what it runs on', () => {
    expect(stages.map(({ name }) => name)).toEqual(['build', 'packages', 'run'])
    expect(text(stages[1]!, 'RUN').join()).toContain('npm ci --omit=dev --ignore-scripts')
    expect(text(stages[0]!, 'RUN').join()).toContain('npm ci --ignore-scripts')
    expect(text(last, 'RUN').join()).not.toMatch(/npm|apt|curl|wget/)
    expect(copies(last).filter(({ from }) => from !== undefined)).toEqual([
      { from: 'packages', sources: ['/app/node_modules'] },
      { from: 'build', sources: ['/app/dist'] },
    ])
  })

  it('stands on one image of one version, of a Node that the packages allow', () => {
    expect(new Set(stages.map(({ image }) => image))).toEqual(new Set([`\${NODE_IMAGE}`]))
    const [image] = dockerfile.getInitialARGs().map((each) => each.getProperty()?.getValue())
    expect(image).toMatch(/^node:20\.\d+\.\d+-bookworm-slim$/)
  })

  it('runs as a user of its own, in a home that a volume keeps', () => {
    const keywords = last.instructions.map((each) => each.getKeyword())
    expect(text(last, 'USER')).toEqual(['node'])
    expect(keywords.lastIndexOf('COPY')).toBeLessThan(keywords.indexOf('USER'))
    expect(keywords.lastIndexOf('RUN')).toBeLessThan(keywords.indexOf('USER'))
    expect(json('VOLUME')).toEqual(['/var/lib/quantbot'])
    expect(text(last, 'ENV').join()).toContain('QUANTBOT_HOME=/var/lib/quantbot')
    // Without a shell, so that a signal reaches the program.
    expect(json('ENTRYPOINT')).toEqual(['quantbot'])
    expect(text(last, 'HEALTHCHECK')).toEqual([expect.stringContaining('"quantbot", "status"')])
    expect(text(last, 'STOPSIGNAL')).toEqual(['SIGTERM'])
  })

  it('copies what is there, lets through what it copies, and nothing else', () => {
    const sources = stages.flatMap(copies).flatMap(({ from, sources: paths }) => (from === undefined ? paths : []))
    expect(sources.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
    const passed = IGNORED.filter((line) => line.startsWith('!')).map((line) => line.slice(1))
    expect(IGNORED.find((line) => !line.startsWith('#'))).toBe('*')
    expect([...new Set(sources.map((path) => path.split('/')[0]!))].sort()).toEqual(passed.sort())
  })

  it('has no secret: no ADD, no key, no argument or variable that would hold one', () => {
    expect(stages.flatMap((stage) => text(stage, 'ADD'))).toEqual([])
    for (const stage of stages) {
      const said = [...text(stage, 'ARG'), ...text(stage, 'ENV'), ...text(stage, 'COPY')].join('\n')
      expect(said).not.toMatch(/PASSWORD|TOKEN|SECRET|WEBHOOK|\.env|\.pem|keys/)
    }
  })

  it('leaves out no package that the program imports', () => {
    const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest // npm's own
    const imported = ['src', 'actors', 'events', 'snapshots'].flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
        .filter((path) => /\.tsx?$/.test(path))
        .flatMap((path) => packagesOf(readFileSync(join(ROOT, folder, path), 'utf8'))),
    )
    expect(imported).toContain('fastify')
    expect([...new Set(imported)].filter((name) => dependencies[name] === undefined)).toEqual([])
  })

  it('copies every folder of the sources that the build needs', () => {
    const needed = JSON.parse(readFileSync(join(ROOT, 'tsconfig.build.json'), 'utf8')) as { include: string[] } // our own
    const copied = copies(stages[0]!).flatMap(({ sources }) => sources)
    expect(needed.include.map((path) => path.split('/')[0]!).filter((folder) => !copied.includes(folder))).toEqual([])
    expect(
      readdirSync(ROOT).filter((name) => /^(tsconfig.*\.json|vite\.config\.ts)$/.test(name) && !copied.includes(name)),
    ).toEqual([])
  })
})

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>
}

/** Packages that are there at run time: `import type` is not. */
function packagesOf(source: string): string[] {
  const targets = [
    ...source.matchAll(/^(?:import|export)(?! type)[^'"`;]*?from '([^'.#][^']*)'|import\('([^'.#][^']*)'\)/gm),
  ]
  return targets
    .map((match) => match[1] ?? match[2]!)
    .filter((target) => !target.startsWith('node:'))
    .map((target) =>
      target
        .split('/')
        .slice(0, target.startsWith('@') ? 2 : 1)
        .join('/'),
    )
}

function json(keyword: string): string[] {
  const instruction = last.instructions.find((each) => each.getKeyword() === keyword) as JSONInstruction | undefined // by its keyword
  return (instruction?.getJSONStrings() ?? []).map((argument) => argument.getJSONValue())
}
