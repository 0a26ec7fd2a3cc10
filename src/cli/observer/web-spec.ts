/** Owns what of configuration and command line a page is served by. Reads the token; never shows it. */
import { fileURLToPath } from 'node:url'
import { type WebConfig, webSchema } from '#core/config/operate-schema'
import { QuantbotError } from '#core/errors'
import type { WebSpec } from './messages.js'
import { loadOrCreateToken } from './web-token.js'

/** Nobody chose it, so it may be another one where it is taken. */
const DEFAULT_PORT = webSchema.parse({}).port

/** Where `npm run build` puts the page: dist/web, seen from the sources and from what they are compiled to. */
const isCompiled = import.meta.url.endsWith('.js')
const ROOT = fileURLToPath(new URL(isCompiled ? '../../../web' : '../../../dist/web', import.meta.url))

/** `port` is of the command line. KEY_UNUSABLE. */
export function webSpec(home: string, run: string, web: WebConfig, port: number | undefined): WebSpec {
  return {
    host: web.host,
    port: port ?? web.port,
    mayMove: port === undefined && web.port === DEFAULT_PORT,
    allowedHosts: web.allowedHosts,
    token: loadOrCreateToken(home, run),
    root: ROOT,
  }
}

/** The value of `--port`. USAGE. */
export function portOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port
  throw new QuantbotError('USAGE', `--port ${JSON.stringify(text)} is no port`)
}
