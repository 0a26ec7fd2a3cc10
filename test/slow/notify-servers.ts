/** Owns real sinks for tests: an SMTP server and an HTTP endpoint on loopback, with what they were given, and misbehaviour on demand. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { selfSigned } from './notify-certificate.js'

export interface Mail {
  readonly text: string
  readonly to: readonly string[]
  readonly isSecure: boolean
  readonly user: string | undefined
}

export const USER = 'bot'
export const PASSWORD = 'correct horse battery'
const CERTIFICATE = selfSigned()

export interface SmtpRig {
  readonly port: number
  /** PEM of the authority that vouches for it. */
  readonly ca: string
  readonly mails: Mail[]
  close(): Promise<void>
}

/** STARTTLS and AUTH are asked for unless told otherwise. `port`: one that another had before. */
export async function smtpServer(options: SMTPServerOptions = {}, port = 0): Promise<SmtpRig> {
  const mails: Mail[] = []
  const server = new SMTPServer({
    ...CERTIFICATE,
    authMethods: ['PLAIN', 'LOGIN'],
    closeTimeout: 100,
    onAuth: ({ username, password }, _, done) => {
      if (username === USER && password === PASSWORD) done(null, { user: USER })
      else done(new Error(`no such user ${username} with ${password}`))
    },
    onData: (stream, session, done) => {
      const parts: Buffer[] = []
      stream.on('data', (part: Buffer) => parts.push(part))
      stream.on('end', () => {
        const to = session.envelope.rcptTo.map(({ address }) => address)
        mails.push({ text: Buffer.concat(parts).toString(), to, isSecure: session.secure, user: session.user })
        done()
      })
    },
    ...options,
  })
  server.on('error', () => undefined) // of a client that went away
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', () => resolve())
  })
  return {
    port: (server.server.address() as AddressInfo).port, // listens on TCP
    ca: CERTIFICATE.cert,
    mails,
    close: () => new Promise((resolve) => server.close(resolve)),
  }
}

export interface HookRig {
  readonly url: string
  readonly port: number
  /** Bodies of requests that were answered 200. */
  readonly bodies: string[]
  /** All of them: path and body, and when they came. */
  readonly requests: { readonly path: string; readonly body: string; readonly at: number }[]
  /** Answers instead of 200 where it gives true. */
  answer: (request: IncomingMessage, response: ServerResponse) => boolean
  close(): Promise<void>
}

export const HOOK_PATH = '/services/T000/B000/verysecret'

export async function hookServer(port = 0): Promise<HookRig> {
  const sockets = new Set<Socket>()
  const bodies: string[] = []
  const requests: { path: string; body: string; at: number }[] = []
  const server: Server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (part: string) => {
      body += part
    })
    request.on('end', () => {
      requests.push({ path: request.url ?? '', body, at: performance.now() })
      if (rig.answer(request, response)) return
      bodies.push(body)
      response.end('ok')
    })
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', () => resolve())
  })
  const address = server.address() as AddressInfo // listens on TCP
  const rig: HookRig = {
    url: `http://127.0.0.1:${address.port}${HOOK_PATH}`,
    port: address.port,
    bodies,
    requests,
    answer: () => false,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return rig
}

/** Until it holds, or says what did not. */
export async function until(what: string, holds: () => boolean, withinMs = 30_000): Promise<void> {
  for (const end = performance.now() + withinMs; !holds(); ) {
    if (performance.now() > end) throw new Error(`did not come: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
