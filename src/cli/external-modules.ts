/**
 * Owns loading signals of the user's own: the bytes of one file, hashed, checked and made into a decider. What is run is what was hashed:
 * the module is loaded from its bytes, may import nothing, and a copy lies in the run folder, so that a replay needs nothing else.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { AnyDecider } from '#actors/catalogue'
import { bindExternal, type ExternalModule, externalOf } from '#actors/external-signals'
import type { Config } from '#core/config/schema'
import { externalName, SIGNAL_NAMES } from '#core/config/signal-names'
import type { ExternalSignalConfig } from '#core/config/signals-schema'
import type { Decider } from '#core/decider'
import { QuantbotError } from '#core/errors'
import { isPathName } from '#core/ids'
import type { ManifestModule } from '#events/log/manifest'
import { type SignalPlace, TOOLKIT } from '#signals/toolkit'

/** Folder of a run that holds the modules which decided in it. */
const FOLDER = 'modules'
/** A decision has no clock, no chance, no world (methods: look-ahead; architecture 4: pure). */
const BANNED =
  /\b(?:import\s*\(|import\s+[\w*{'"]|require\s*\(|Date\b|performance\b|Math\.random|crypto\b|process\b|fetch\s*\(|setTimeout|setInterval|globalThis|eval\s*\(|Function\s*\()/
const READABLE = /\.m?js$/

const invalid = (file: string, why: string): QuantbotError =>
  new QuantbotError('EXTERNAL_SIGNAL_INVALID', `${file}: ${why}`)

/** Loads the modules that a configuration names; relative ones beside `file`. EXTERNAL_SIGNAL_INVALID says what is wrong. */
export async function loadExternals(config: Config, file: string): Promise<void> {
  checkNames(config, file)
  for (const entry of config.signals.external) {
    const path = resolve(dirname(file), entry.module)
    await bindBytes(entry, entry.module, readModule(path, entry.module))
  }
}

/** Loads them from a run folder, where each must still have the hash of the manifest. */
export async function loadRecorded(config: Config, dir: string, modules: readonly ManifestModule[]): Promise<void> {
  for (const entry of config.signals.external) {
    const name = externalName(entry.module)
    const recorded = modules.find((module) => module.name === name)
    const path = join(dir, FOLDER, `${name}.js`)
    if (recorded === undefined) throw invalid(path, 'the manifest names no such module')
    const source = readModule(path, path)
    if (hashOf(source) !== recorded.sha256) throw invalid(path, 'was changed: its SHA-256 is not that of the manifest')
    await bindBytes(entry, path, source)
  }
}

/** Those of a patched configuration: from the parent run what it decided with, the rest from beside the patch. */
export async function loadPatched(config: Config, parent: Config, patchFile: string): Promise<void> {
  checkNames(config, patchFile)
  for (const entry of config.signals.external) {
    const known = parent.signals.external.find(({ module }) => module === entry.module)
    if (known !== undefined) bindExternal(entry, externalOf(known))
    else await bindBytes(entry, entry.module, readModule(resolve(dirname(patchFile), entry.module), entry.module))
  }
}

/** The modules of a configuration for a manifest; undefined without any, so that other manifests stay as they were. */
export function manifestModules(config: Config): readonly ManifestModule[] | undefined {
  const modules = config.signals.external.map((entry) => externalOf(entry))
  if (modules.length === 0) return undefined
  return modules.map(({ name, sha256, source }) => ({ name, sha256, bytes: source.length }))
}

/** Leaves a copy of each module in the run folder. */
export function keepModules(config: Config, dir: string): void {
  if (config.signals.external.length === 0) return
  mkdirSync(join(dir, FOLDER), { recursive: true })
  for (const entry of config.signals.external) {
    const { name, source } = externalOf(entry)
    writeFileSync(join(dir, FOLDER, `${name}.js`), source)
  }
}

function checkNames(config: Config, file: string): void {
  const taken = new Set(SIGNAL_NAMES.map(({ name }) => name))
  for (const { module } of config.signals.external) {
    const name = externalName(module)
    if (!isPathName(name)) throw invalid(module, `its name, ${JSON.stringify(name)}, must match [A-Za-z0-9._-]{1,64}`)
    if (taken.has(name)) throw invalid(module, `${file} has a signal ${name} already: name the file otherwise`)
    taken.add(name)
  }
}

function readModule(path: string, shown: string): Uint8Array {
  if (!READABLE.test(path)) throw invalid(shown, 'must be JavaScript: a .js or .mjs file')
  try {
    return readFileSync(path)
  } catch (error) {
    throw invalid(shown, `cannot be read (${String((error as { code?: unknown }).code)})`) // readFileSync throws Errors
  }
}

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

async function bindBytes(entry: ExternalSignalConfig, shown: string, source: Uint8Array): Promise<void> {
  const text = Buffer.from(source).toString('utf8')
  refuseBanned(text, shown)
  let loaded: { readonly default?: unknown }
  try {
    loaded = (await import(`data:text/javascript;base64,${Buffer.from(source).toString('base64')}`)) as typeof loaded // any module may have a default
  } catch (error) {
    throw invalid(shown, `does not load: ${error instanceof Error ? error.message : String(error)}`)
  }
  const make = loaded.default
  if (typeof make !== 'function')
    throw invalid(shown, 'has no default export that is a function (toolkit, place) => decider')
  const name = externalName(entry.module)
  const module: ExternalModule = {
    name,
    sha256: hashOf(source),
    source,
    create: (place) => checked(made(make, place, shown), name, shown),
  }
  bindExternal(entry, module)
}

/** Comments may speak of anything; code may not use it. */
function refuseBanned(text: string, shown: string): void {
  const code = text
    .replaceAll(/\/\*[\s\S]*?\*\//g, (comment) => comment.replaceAll(/[^\n]/g, ' '))
    .replaceAll(/(^|[^:])\/\/.*$/gm, '$1')
  for (const [i, line] of code.split('\n').entries()) {
    const found = BANNED.exec(line)?.[0]
    if (found !== undefined)
      throw invalid(
        `${shown}:${i + 1}`,
        `uses ${JSON.stringify(found.trim())}: a signal imports nothing and has no clock, chance or world`,
      )
  }
}

function made(make: unknown, place: SignalPlace, shown: string): unknown {
  try {
    return (make as (toolkit: typeof TOOLKIT, place: SignalPlace) => unknown)(TOOLKIT, place) // checked to be a function
  } catch (error) {
    throw invalid(shown, `threw when it was made: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function checked(value: unknown, name: string, shown: string): AnyDecider {
  const decider = value as Partial<Decider<unknown>> | null | undefined // looked at below, member by member
  const wrong =
    typeof decider !== 'object' || decider === null
      ? 'is no decider'
      : decider.name !== `signal/${name}`
        ? `has the name ${JSON.stringify(decider.name)}, not "signal/${name}"`
        : typeof decider.version !== 'string'
          ? 'has no version'
          : !Array.isArray(decider.reads) || !Array.isArray(decider.dependencies) || !Array.isArray(decider.emits)
            ? 'has no lists reads, emits and dependencies'
            : decider.emits.some((type) => type !== 'SignalChanged')
              ? 'emits more than SignalChanged'
              : typeof decider.initial !== 'function' ||
                  typeof decider.evolve !== 'function' ||
                  typeof decider.decide !== 'function'
                ? 'has no functions initial, evolve and decide'
                : typeof decider.warmupMs !== 'number' || !(decider.warmupMs >= 0)
                  ? 'has no warmupMs'
                  : undefined
  if (wrong !== undefined) throw invalid(shown, `its default export gave something that ${wrong}`)
  return named(decider as AnyDecider, shown) // every member was looked at above
}

/** What its code throws names the file, in history as in the run. It is never on the order path: its fault must not halt trading. */
function named(decider: AnyDecider, shown: string): AnyDecider {
  const told = (error: unknown): QuantbotError => invalid(shown, error instanceof Error ? error.message : String(error))
  return {
    ...decider,
    onOrderPath: false,
    evolve(state, event) {
      try {
        return decider.evolve(state, event)
      } catch (error) {
        throw told(error)
      }
    },
    decide(state, event, context) {
      try {
        return decider.decide(state, event, context)
      } catch (error) {
        throw told(error)
      }
    },
  }
}
