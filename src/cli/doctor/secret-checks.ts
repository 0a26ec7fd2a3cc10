/** Owns looking at what a configuration asks the environment for, and at the file beside it. Never shows a value. */
import type { Config } from '#core/config/schema'
import { envPath, envUses, isFromEnvFile, modeOf } from '../env-file.js'
import { type Check, type Finding, failed, ok, warn } from './finding.js'

export function secretChecks(config: Config, file: string | undefined): Check[] {
  return [
    { area: 'secrets', subject: 'environment', run: async () => environment(config) },
    ...(file === undefined ? [] : [{ area: 'secrets', subject: '.env', run: async () => envFile(envPath(file)) }]),
  ]
}

function environment(config: Config): Finding[] {
  const uses = envUses(config)
  if (uses.length === 0) return [{ area: 'secrets', subject: 'environment', ...ok('the configuration asks for none') }]
  return uses.map(({ name, key }) => {
    const isSet = (process.env[name] ?? '') !== ''
    const found = isSet
      ? ok(`${name} is set${isFromEnvFile(name) ? ' by .env' : ''}`)
      : failed(`${name} is not set`, `Put ${name}=… into the environment, or into .env beside the configuration.`)
    return { area: 'secrets', subject: key, ...found }
  })
}

function envFile(path: string) {
  const mode = modeOf(path)
  if (mode === undefined) return ok('none beside the configuration')
  if ((mode & 0o077) !== 0) return warn(`${path} has mode ${mode.toString(8)}: others may read it`, `chmod 600 ${path}`)
  return ok(`${path}, for its owner alone`)
}
