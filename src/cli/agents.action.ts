/** Owns `quantbot agents`: who takes part, with versions and dependencies, as a table or as Mermaid. */
import { catalogue, describeAgents } from '#actors/catalogue'
import { configSchema } from '#core/config/schema'
import { QuantbotError } from '#core/errors'
import { readConfig } from './config-file.js'
import { loadExternals } from './external-modules.js'
import type { GlobalOptions } from './home.js'
import { say, sayJson } from './terminal.js'

export interface AgentsOptions extends GlobalOptions {
  readonly config?: string
  readonly graph?: boolean
  readonly mode: string
}

export async function listAgents(options: AgentsOptions): Promise<void> {
  const config = options.config === undefined ? configSchema.parse({}) : readConfig(options.config)
  await loadExternals(config, options.config ?? '.')
  if (options.mode !== 'sim' && options.mode !== 'paper')
    throw new QuantbotError('USAGE', `--mode ${options.mode} is neither sim nor paper`)
  const agents = describeAgents(catalogue(config, options.mode === 'paper' ? 'quote' : 'nextOpen')).map((agent) => ({
    ...agent,
    state: 'idle',
  }))
  if (options.json === true) {
    sayJson(agents)
    return
  }
  if (options.graph === true) {
    say('graph LR')
    for (const { name, dependencies } of agents) {
      say(`  ${id(name)}["${name}"]`)
      for (const dependency of dependencies) say(`  ${id(dependency)} --> ${id(name)}`)
    }
    return
  }
  const width = Math.max(...agents.map(({ name }) => name.length))
  for (const { name, version, dependencies } of agents)
    say(`${name.padEnd(width)}  ${version.padEnd(7)}  ${dependencies.length === 0 ? '–' : dependencies.join(', ')}`)
}

const id = (name: string): string => name.replaceAll(/[^a-z0-9]/gi, '_')
