/**
 * Owns under which names the page answers, and which pages may ask it. A site whose name was pointed at this machine says its own name
 * in Host; a page of another origin says its own in Origin. Pure.
 */

/** Name without port, lower case, and port; undefined for what is no authority. */
export interface Authority {
  readonly name: string
  /** Null: none is said. */
  readonly port: number | null
}

/** `name:port` of a Host header or a configured name; IPv6 in brackets, without them in the result. */
export function authorityOf(text: string): Authority | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]{2,45})\]|([A-Za-z0-9._-]{1,253}))(?::(\d{1,5}))?$/.exec(text)
  const name = match?.[1] ?? match?.[2]
  if (match === null || name === undefined) return undefined
  return { name: name.toLowerCase(), port: match[3] === undefined ? null : Number(match[3]) }
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '::1'])

export const isLoopback = (host: string): boolean => LOOPBACK.has(host.toLowerCase().replace(/^\[|\]$/g, ''))

/** Where a person opens it: the bound address, or loopback where every address is. */
export function pageOrigin({ host, port }: { readonly host: string; readonly port: number }): string {
  const bare = host.replace(/^\[|\]$/g, '')
  const shown = bare === '0.0.0.0' || bare === '::' || (isLoopback(bare) && bare !== '::1') ? '127.0.0.1' : bare
  return `http://${shown.includes(':') ? `[${shown}]` : shown}:${port}`
}

export interface ServedNames {
  /** As it was told to bind. */
  readonly host: string
  readonly allowedHosts: readonly string[]
}

/**
 * Whether a Host header is one of ours: loopback or the bound host under any port (a tunnel has its own), the very address that the
 * connection came to, or a configured name; that one under its port where it has one.
 */
export function isServed(header: string | undefined, names: ServedNames, localAddress: string | undefined): boolean {
  const asked = authorityOf(header ?? '')
  if (asked === undefined) return false
  if (isLoopback(asked.name)) return true
  const bound = names.host.toLowerCase().replace(/^\[|\]$/g, '')
  if (asked.name === bound && bound !== '0.0.0.0' && bound !== '::') return true
  // An address cannot be pointed elsewhere, as a name can.
  if (asked.name === localAddress?.toLowerCase().replace(/^::ffff:/, '')) return true
  return names.allowedHosts.some((text) => {
    const own = authorityOf(text)
    return own !== undefined && own.name === asked.name && (own.port === null || own.port === asked.port)
  })
}

/** Whether an Origin header is of the page under this very Host. Port 443 and 80 may go unsaid, as browsers leave them out. */
export function isOwnOrigin(origin: string, host: string): boolean {
  const match = /^(https?):\/\/([^/?#\s]+)$/.exec(origin)
  const [page, served] = [authorityOf(match?.[2] ?? ''), authorityOf(host)]
  if (match === null || page === undefined || served === undefined) return false
  const usual = match[1] === 'https' ? 443 : 80
  return page.name === served.name && (page.port ?? usual) === (served.port ?? usual)
}
