/** Owns `quantbot config`: checking a configuration, showing what it amounts to, its JSON Schema. Never shows a secret. */
import { parseConfig, readText } from './config-file.js'
import { configSchemaJson } from './config-json-schema.js'
import { effectiveConfig, type ShownValue } from './config-show.js'
import type { GlobalOptions } from './home.js'
import { paint, say, sayJson } from './terminal.js'

export interface ShowOptions extends GlobalOptions {
  readonly config?: string
  readonly mode?: string
  readonly seed?: string
  readonly set?: boolean
}

export function check(file: string, options: GlobalOptions): void {
  parseConfig(readText(file), file)
  if (options.json === true) sayJson({ file, ok: true })
  else say(`${file}: ${paint('green', 'ok')}`)
}

export const schema = (): void => sayJson(configSchemaJson())

export function show(options: ShowOptions): void {
  const shown = effectiveConfig(options)
  const values = options.set === true ? shown.values.filter(({ from }) => from.kind !== 'default') : shown.values
  if (options.json === true) {
    sayJson({ ...shown, values })
    return
  }
  const width = Math.min(48, Math.max(...values.map(({ path }) => path.length), 0))
  for (const value of values) say(lineOf(value, width))
}

function lineOf({ path, value, secret, from }: ShownValue, width: number): string {
  const text = secret === undefined ? JSON.stringify(value) : `${String(value)} (${secret})`
  const said = secret === 'missing' ? paint('red', text) : text
  return `${path.padEnd(width)}  ${said}  ${paint('dim', `# ${originOf(from)}`)}`
}

function originOf(from: ShownValue['from']): string {
  switch (from.kind) {
    case 'file':
      return `${from.file}:${from.line}:${from.column}`
    case 'flag':
      return from.flag
    case 'mode':
      return `mode ${from.mode}`
    case 'default':
      return 'default'
  }
}
