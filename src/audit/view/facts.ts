/** Owns what the manifest tells a viewer of a run. Takes nothing for granted: a copied run may be of another version. */
import { externalName, SIGNAL_NAMES } from '#core/config/signal-names'
import type { Json, RunManifest } from '#events/log/manifest'
import { RunFacts as AuditFacts } from '../run-facts.js'
import type { Limits } from './render.js'
import type { RunFacts } from './view.port.js'

type JsonObject = { readonly [key: string]: Json }

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const objectOf = (value: Json | undefined): JsonObject => (isObject(value) ? value : {})
const listOf = (value: Json | undefined): readonly JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : [])
const textOf = (value: Json | undefined): string | undefined => (typeof value === 'string' ? value : undefined)

export function factsOf(manifest: RunManifest, firstSeq: number): RunFacts {
  const { configuration, parent } = manifest
  const audit = new AuditFacts(manifest)
  return {
    run: manifest.run,
    mode: manifest.mode,
    log: manifest.log,
    codeVersion: manifest.codeVersion,
    configurationHash: manifest.configurationHash,
    createdAt: manifest.createdAt,
    parent: parent === undefined ? null : { run: parent.run, seq: parent.seq },
    currency: audit.currency,
    agents: manifest.agents.map(({ name, version, dependencies }) => ({ name, version, dependencies })),
    instruments: listOf(configuration.universe).flatMap((entry) => {
      const instrument = textOf(entry.instrument)
      if (instrument === undefined) return []
      return [{ instrument, base: audit.coin(instrument), quote: audit.quote(instrument) }]
    }),
    interval: textOf(configuration.interval) ?? '1h',
    signals: signalsOf(configuration),
    firstSeq,
  }
}

function signalsOf(configuration: JsonObject): RunFacts['signals'] {
  const signals = objectOf(configuration.signals)
  const builtIn = SIGNAL_NAMES.map(({ key, name }) => ({
    signal: name,
    agent: `signal/${name}`,
    isEnabled: objectOf(signals[key]).enabled === true,
  }))
  const external = listOf(signals.external).flatMap((entry) => {
    const module = textOf(entry.module)
    return module === undefined
      ? []
      : [{ signal: externalName(module), agent: `signal/${externalName(module)}`, isEnabled: true }]
  })
  const all = [...builtIn, ...external]
  return [...all.filter(({ isEnabled }) => isEnabled), ...all.filter(({ isEnabled }) => !isEnabled)]
}

export function limitsOf(manifest: RunManifest): Limits {
  const facts = new AuditFacts(manifest)
  return {
    gross: facts.setting('risk', 'grossCap'),
    net: facts.setting('risk', 'netCap'),
    drawdown: facts.setting('risk', 'drawdownHalt'),
    position: facts.setting('risk', 'maxAbsWeight'),
    vega: facts.setting('risk', 'vegaLimit'),
    venue: facts.setting('risk', 'venueCap'),
    coin: facts.setting('risk', 'coinCap'),
  }
}
