/**
 * compose.yaml is what the specification allows (its schema comes with dclint) and as closed as it says: pinned, non-root, read-only,
 * bound to loopback, without privileges. The files that it mounts and the variables that it reads are there. No engine is needed.
 */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Ajv } from 'ajv'
import { DCLinter } from 'dclint'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { configSchema } from '#core/config/schema'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const TEXT = readFileSync(join(ROOT, 'compose.yaml'), 'utf8')

interface Service {
  readonly image: string
  readonly user?: string
  readonly read_only?: boolean
  readonly cap_drop?: readonly string[]
  readonly cap_add?: readonly string[]
  readonly privileged?: boolean
  readonly security_opt?: readonly string[]
  readonly ports?: readonly string[]
  readonly networks?: readonly string[]
  readonly network_mode?: string
  readonly volumes?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean }
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly deploy?: { readonly resources: { readonly limits: Readonly<Record<string, unknown>> } }
  readonly logging?: { readonly options: Readonly<Record<string, string>> }
  readonly stop_grace_period?: string
  readonly restart?: string
  readonly init?: boolean
  readonly build?: { readonly context: string; readonly target: string }
  readonly command?: readonly string[]
}

interface Remark {
  readonly type: string
  readonly rule: string
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>
  readonly volumes: Readonly<Record<string, unknown>>
}

// The schema test below says whether it has this shape.
const compose = parse(TEXT, { merge: true }) as Compose
const services = Object.entries(compose.services)

const require = createRequire(import.meta.url)
function specification(): ReturnType<Ajv['compile']> {
  const path = join(require.resolve('dclint/package.json'), '../schemas/compose.schema.json')
  const { $schema: _, ...schema } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown> // its own document
  const ajv = new Ajv({ strict: false, allErrors: true })
  return ajv.compile(schema)
}

describe('compose.yaml', () => {
  const check = specification()

  it('is valid by the schema of the Compose specification', () => {
    check(compose)
    expect(check.errors ?? []).toEqual([])
  })

  it.each([
    ['a key that is none', { ...compose.services.redis, restarts: 'always' }],
    ['a duration without unit', { ...compose.services.redis, stop_grace_period: 90 }],
    ['a health check without form', { ...compose.services.redis, healthcheck: { tests: [] } }],
  ])('would be caught with %s', (_, redis) => {
    expect(check({ ...compose, services: { ...compose.services, redis } })).toBe(false)
  })

  it('has no error by the rules of dclint', () => {
    const linter = new DCLinter({ rules: {}, quiet: true, debug: false, exclude: [] })
    // Its types name files without their endings, which this module resolution does not follow.
    const results = linter.lintFiles([join(ROOT, 'compose.yaml')], false) as readonly { messages: readonly Remark[] }[]
    const errors = results
      .flatMap(({ messages }) => messages)
      .filter(({ type, rule }) => type === 'error' && rule !== BUILT_AND_NAMED)
    expect(results).toHaveLength(1)
    expect(errors).toEqual([])
  })

  it('reads exactly the variables of .env.example, and has no value for a secret', () => {
    const read = new Set([...TEXT.matchAll(/(?<!\$)\$\{([A-Z_]+)/g)].map((match) => match[1]!))
    const lines = readFileSync(join(ROOT, '.env.example'), 'utf8').split('\n')
    const example = new Map(lines.flatMap((line) => (/^[A-Z]/.test(line) ? [line.split('=') as [string, string]] : [])))
    expect([...example.keys()].sort()).toEqual([...read].sort())
    for (const [name, value] of example)
      if (/PASSWORD|WEBHOOK|USER/.test(name)) expect(`${name}=${value}`).toBe(`${name}=`)
    const unset = [...TEXT.matchAll(/(?<!\$)\$\{([A-Z_]*PASSWORD)(:\?)?/g)].filter(
      ([, name, must]) => !must && name !== 'QB_SMTP_PASSWORD',
    )
    expect(unset).toEqual([])
  })

  it('gives quantbot every secret that its configuration names, and only names', () => {
    const config = readFileSync(join(ROOT, 'deploy/quantbot/quantbot.yaml'), 'utf8')
    const named = [...config.matchAll(/env:([A-Z_]+)/g)].map((match) => match[1]!)
    const given = Object.keys(compose.services.quantbot!.environment!)
    expect(given.sort()).toEqual([...new Set(named)].sort())
  })
})

/** The tag of what is built here is also what an upgrade goes back to. */
const BUILT_AND_NAMED = 'no-build-and-image'
const isOneShot = ({ restart }: Service): boolean => restart === 'no'

describe.each(services)('service %s', (name, service) => {
  it('has an image of one version', () => {
    expect(service.image.replace(/\$\{[A-Z_]+:-([^}]+)\}/, '$1')).toMatch(/^[\w./-]+:v?\d+\.\d+\.\d+(-[\w.]+)?$/)
  })

  it('is not root, has no capability, and cannot write to its image', () => {
    expect(service.user).toMatch(/^[1-9]\d*:[1-9]\d*$/)
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      init: true,
    })
    expect(service.cap_add).toBeUndefined()
    expect(service.privileged).toBeUndefined()
  })

  it('publishes on loopback alone', () => {
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/)
    expect(service.network_mode ?? 'none').toBe('none')
    expect(service.volumes ?? []).not.toContainEqual(expect.stringContaining('docker.sock'))
  })

  it('is bounded, watched, and stopped in order', () => {
    expect(service.deploy?.resources.limits).toMatchObject({
      cpus: expect.any(String),
      memory: expect.any(String),
      pids: expect.any(Number),
    })
    expect(service.logging?.options).toMatchObject({ 'max-size': expect.any(String), 'max-file': expect.any(String) })
    if (isOneShot(service)) return
    expect(service.healthcheck?.test?.length).toBeGreaterThan(1)
    expect(service.stop_grace_period).toMatch(/^\d+s$/)
    expect(service.restart).toBe('unless-stopped')
  })

  it('waits for services that are there and healthy', () => {
    for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
      expect(compose.services).toHaveProperty(other)
      const expected = isOneShot(compose.services[other]!) ? 'service_completed_successfully' : /healthy|started/
      expect(condition).toMatch(expected)
    }
  })

  it('mounts what is there, and files of the repository read-only', () => {
    for (const mount of service.volumes ?? []) {
      const [from, to, mode] = mount.split(':')
      expect(to).toMatch(/^\//)
      if (from!.startsWith('./')) {
        expect(`${name}: ${from} ${existsSync(join(ROOT, from!))}`).toBe(`${name}: ${from} true`)
        expect(mode).toBe('ro')
      } else expect(compose.volumes).toHaveProperty(from!)
    }
  })
})

describe('what the services share', () => {
  it('is a network without a way out, left by those alone that need one', () => {
    expect(compose.networks.inside).toEqual({ internal: true })
    const out = services.filter(([, { networks }]) => networks?.includes('outside')).map(([name]) => name)
    expect(out.sort()).toEqual(['alertmanager', 'grafana', 'quantbot'])
  })

  it('is no volume that nobody mounts', () => {
    const mounted = services.flatMap(([, { volumes }]) => (volumes ?? []).map((mount) => mount.split(':')[0]!))
    expect(Object.keys(compose.volumes).sort()).toEqual(
      [...new Set(mounted)].filter((from) => !from.startsWith('.')).sort(),
    )
  })

  it('is the token of the metrics, which its owner and Prometheus read as one user', () => {
    expect(compose.services.prometheus!.user).toBe(compose.services.quantbot!.user)
    expect(compose.services.prometheus!.volumes).toContain('quantbot-web:/run/quantbot:ro')
  })
})

describe('deploy/quantbot/quantbot.yaml', () => {
  it('is a valid configuration that serves page and metrics under the name and port of its service', () => {
    const config = configSchema.parse(parse(readFileSync(join(ROOT, 'deploy/quantbot/quantbot.yaml'), 'utf8')))
    expect(config.web).toMatchObject({ enabled: true, host: '0.0.0.0', allowedHosts: [`quantbot:${config.web.port}`] })
    expect(compose.services.quantbot!.ports).toEqual([expect.stringMatching(new RegExp(`:${config.web.port}$`))])
    expect(config.stores).toMatchObject({
      aggregate: 'postgres',
      postgres: 'env:QB_POSTGRES_URL',
      redis: 'env:QB_REDIS_URL',
    })
  })

  it('is valid with what its comments would switch on', () => {
    const text = readFileSync(join(ROOT, 'deploy/quantbot/quantbot.yaml'), 'utf8')
    const all = text.replace(/# notifications:[\s\S]*$/, (block) => block.replaceAll(/^# /gm, ''))
    expect(configSchema.parse(parse(all)).notifications.slack?.webhook).toBe('env:QB_SLACK_WEBHOOK')
  })
})

describe('.env', () => {
  it('is neither in the repository nor in an image', () => {
    expect(readFileSync(join(ROOT, '.gitignore'), 'utf8').split('\n')).toContain('.env')
    expect(readFileSync(join(ROOT, '.dockerignore'), 'utf8').split('\n')).toContain('*')
    expect(statSync(join(ROOT, 'deploy/postgres/roles.sh')).mode & 0o111).not.toBe(0)
  })
})
