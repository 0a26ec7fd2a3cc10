/**
 * Owns which code stands behind the signals of modules that a configuration names. Loading it is the composition's work; here an entry
 * of the configuration is bound to what was loaded, so that every copy of the configuration finds it. Imports no xstate.
 */
import type { ExternalSignalConfig } from '#core/config/signals-schema'
import type { Decider } from '#core/decider'
import { QuantbotError } from '#core/errors'
import type { SignalPlace } from '#signals/toolkit'

export interface ExternalModule {
  /** Name under which the signal speaks. */
  readonly name: string
  /** Of the bytes that were loaded. */
  readonly sha256: string
  readonly source: Uint8Array
  create(place: SignalPlace): Decider<unknown>
}

const bound = new WeakMap<ExternalSignalConfig, ExternalModule>()

export function bindExternal(entry: ExternalSignalConfig, module: ExternalModule): void {
  bound.set(entry, module)
}

/** EXTERNAL_SIGNAL_INVALID when the entry was never loaded: the caller forgot, or the run folder lost its module. */
export function externalOf(entry: ExternalSignalConfig): ExternalModule {
  const module = bound.get(entry)
  if (module === undefined)
    throw new QuantbotError('EXTERNAL_SIGNAL_INVALID', `${entry.module}: the module was not loaded`)
  return module
}
