/**
 * Owns the control socket of a running process: one JSON line asks, one JSON line answers. Only the owner of the run may
 * connect. Never acts itself: commands go the way of every input, and are answered once they are on disk.
 */
import { chmodSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { z } from 'zod'
import type { CommandOutcome, OperatorCommand, TransferOutcome } from '#actors/operator-commands'
import type { RunStatus } from '#actors/run-status'
import { formatUnits, parseUnits } from '#core/decimal'
import { isQuantbotError } from '#core/errors'
import type { FundsTransferred } from '#events/lifecycle.events'
import { makeControlPath } from './control-path.js'
import { LOG_LEVELS, type LogLevel } from './log-level.js'
import { scrub, scrubKnown } from './redact.js'

/** Longest request, bytes (ours). */
const REQUEST_MAX = 16 * 1024

const reason = z.string().min(1).max(500)
/** A decimal with at most 15 whole digits and eight places, signed, and not nothing. */
const amount = z
  .string()
  .regex(/^-?\d{1,15}(\.\d{1,8})?$/)
  .refine((text) => Number(text) !== 0)

export const controlRequest = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('status') }),
  z.strictObject({ do: z.enum(['halt', 'resume', 'flatten']), reason }),
  z.strictObject({ do: z.literal('log-level'), level: z.enum(LOG_LEVELS).optional() }),
  z.strictObject({ do: z.literal('restart'), agent: z.string().min(1).max(100), reason }),
  z.strictObject({ do: z.literal('transfer'), currency: z.string().regex(/^[A-Z0-9]{1,20}$/), amount, reason }),
])
export type ControlRequest = z.infer<typeof controlRequest>

export type ControlAnswer =
  | { readonly ok: true; readonly result: RunStatus | CommandOutcome | TransferOutcome | RestartOutcome | LevelOutcome }
  | { readonly ok: false; readonly error: { readonly code: string; readonly message: string } }

/** The first change of an agent that is restarted, on disk. */
export interface RestartOutcome {
  readonly seq: number
}

export interface LevelOutcome {
  readonly level: LogLevel
  readonly was: LogLevel
}

export interface Controlled {
  status(): RunStatus
  command(command: OperatorCommand, reason: string): Promise<CommandOutcome>
  transfer(transfer: FundsTransferred['data']): Promise<TransferOutcome>
  restartAgent(agent: string, reason: string): Promise<RestartOutcome>
  /** Of the process's own log, from now on; without a level nothing changes. */
  logLevel(level: LogLevel | undefined): LevelOutcome
}

export interface ControlServer {
  /** Removes the socket; connections that wait for an answer get it first, if it comes within a second. */
  close(): Promise<void>
}

/** Listens on the socket of the run, mode 0600. */
export async function serveControl(runDir: string, controlled: Controlled): Promise<ControlServer> {
  const place = makeControlPath(runDir)
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    converse(socket, controlled)
  })
  // Nobody may connect between bind and chmod: the mask is the process's, so it is set for the bind alone.
  const mask = process.umask(0o177)
  try {
    await listening(server, place.path)
  } finally {
    process.umask(mask)
  }
  chmodSync(place.path, 0o600)
  return {
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const socket of sockets) socket.end()
      const cut = setTimeout(() => {
        for (const socket of sockets) socket.destroy()
      }, 1000)
      await closed
      clearTimeout(cut)
      place.remove()
    },
  }
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function converse(socket: Socket, controlled: Controlled): void {
  let text = ''
  socket.setEncoding('utf8')
  socket.on('error', () => socket.destroy()) // a client that went away needs no answer
  socket.on('data', (chunk: string) => {
    text += chunk
    if (text.length > REQUEST_MAX) socket.destroy()
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
      const line = text.slice(0, end)
      text = text.slice(end + 1)
      void answer(line, controlled).then((result) => {
        if (socket.writable) socket.write(`${scrubKnown(JSON.stringify(result))}\n`)
      })
    }
  })
}

const exact = (text: string): string => formatUnits(parseUnits(text))

async function answer(line: string, controlled: Controlled): Promise<ControlAnswer> {
  try {
    const request = controlRequest.parse(JSON.parse(line))
    if (request.do === 'status') return { ok: true, result: controlled.status() }
    if (request.do === 'log-level') return { ok: true, result: controlled.logLevel(request.level) }
    if (request.do === 'restart')
      return { ok: true, result: await controlled.restartAgent(request.agent, request.reason) }
    if (request.do === 'transfer') {
      const { do: _, ...transfer } = request
      return { ok: true, result: await controlled.transfer({ ...transfer, amount: exact(transfer.amount) }) }
    }
    return { ok: true, result: await controlled.command(request.do, request.reason) }
  } catch (error) {
    const code = isQuantbotError(error)
      ? error.code
      : error instanceof SyntaxError || error instanceof z.ZodError
        ? 'USAGE'
        : 'INTERNAL'
    return { ok: false, error: { code, message: scrub(error instanceof Error ? error.message : String(error)) } }
  }
}
