/** Owns asking a running process through its control socket, and finding which one is meant. Never writes into a run folder. */
import { createConnection } from 'node:net'
import { basename } from 'node:path'
import { ERRORS, type ErrorCode, QuantbotError } from '#core/errors'
import { lockOwner } from '#events/log/lock'
import { controlPath } from './control-path.js'
import type { ControlAnswer, ControlRequest } from './control-server.js'
import { findRun, listRuns, runsDir } from './home.js'

/** A stalled log keeps a command from being answered: after this it is said so (ours). */
const ANSWER_MS = 30_000

/** The run that is named, or the only one that is running. NOT_RUNNING, USAGE when several are, RUN_NOT_FOUND. */
export function chooseRun(home: string, run: string | undefined): string {
  if (run !== undefined) return findRun(home, run)
  const running = listRuns(home).filter((dir) => lockOwner(dir) !== undefined)
  if (running.length === 0) throw new QuantbotError('NOT_RUNNING', `no run of ${runsDir(home)} is running`)
  if (running.length > 1) {
    const names = running.map((dir) => basename(dir)).join(', ')
    throw new QuantbotError('USAGE', `several runs are running (${names}): name one`)
  }
  return running[0]!
}

/** Asks the process of a run. NOT_RUNNING; CONTROL_REFUSED; what the process answers with. */
export async function askRun(runDir: string, request: ControlRequest): Promise<unknown> {
  const line = await exchange(runDir, `${JSON.stringify(request)}\n`)
  const answer = JSON.parse(line) as ControlAnswer // our own server's
  if (answer.ok) return answer.result
  const { code, message } = answer.error
  throw new QuantbotError(isErrorCode(code) ? code : 'INTERNAL', message)
}

const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(ERRORS, code)

function exchange(runDir: string, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = createConnection(controlPath(runDir))
    const timer = setTimeout(() => {
      socket.destroy()
      const why = `${basename(runDir)} has not answered for ${ANSWER_MS / 1000} s; the command may still be carried out`
      reject(new QuantbotError('CONTROL_REFUSED', why))
    }, ANSWER_MS)
    socket.setEncoding('utf8')
    socket.on('connect', () => socket.write(request))
    socket.on('data', (chunk: string) => {
      text += chunk
      const end = text.indexOf('\n')
      if (end < 0) return
      clearTimeout(timer)
      socket.end()
      resolve(text.slice(0, end))
    })
    socket.on('error', (cause) => {
      clearTimeout(timer)
      reject(new QuantbotError('NOT_RUNNING', `${basename(runDir)}: nobody listens on its control socket`, { cause }))
    })
    socket.on('close', () => {
      clearTimeout(timer)
      reject(new QuantbotError('NOT_RUNNING', `${basename(runDir)} ended before it answered`))
    })
  })
}
