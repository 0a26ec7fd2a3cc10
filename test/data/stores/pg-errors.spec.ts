/** What a PostgreSQL that dies, starts, hangs or refuses may raise, and the code that each gets. */
import { createServer, type Server, type Socket } from 'node:net'
import { constants } from 'node:os'
import { afterEach, describe, expect, it } from 'vitest'
import { QuantbotError } from '#core/errors'
import { InvariantError } from '#core/invariant'
import { storeError } from '#data/stores/pg-errors'
import { pgServer } from '#data/stores/pg-server'
import { PostgresStore } from '#data/stores/postgres-store'

const failure = (message: string, code?: string): Error => Object.assign(new Error(message), code && { code })
const codeOf = (error: unknown): unknown => (storeError(error, 'append', 'host/db') as { code?: unknown }).code

const SQLSTATES = {
  STORE_UNAVAILABLE: [
    ...['08000', '08001', '08003', '08004', '08006', '08P01'], // connection
    ...['57000', '57014', '57P01', '57P02', '57P03', '57P04', '57P05'], // shut down, crashed, starting, dropped, idle
    ...['53000', '53100', '53200', '53300', '53400'], // disk, memory, connections
    ...['28000', '28P01', '3D000', '25006', '25P02', '25P03', '40001', '40P01', '55P03', '58000', '58030', '58P01'],
    ...['72000', 'F0000', 'F0001', 'XX000', 'XX001', 'XX002'],
  ],
  STORE_SCHEMA: ['42P01', '42703', '42501', '3F000'],
  INTERNAL: ['22P02', '22003', '22P04', '23502', '23505', '26000', '0A000', 'P0001'],
} as const

/** As pg 8, pg-pool 3, pg-copy-streams 7 and Node's streams and sockets throw them, without an SQLSTATE. */
const WITHOUT_STATE: readonly Error[] = [
  failure('Connection terminated unexpectedly'),
  failure('Connection terminated'),
  failure('Connection terminated due to connection timeout'),
  failure('Client has encountered a connection error and is not queryable'),
  failure('Client was closed and is not queryable'),
  failure('Cannot use a pool after calling end on the pool'),
  failure('timeout exceeded when trying to connect'),
  failure('timeout expired'),
  failure('Query read timeout'),
  failure('The server does not support SSL connections'),
  failure('no answer within 60000 ms'),
  failure('read ECONNRESET', 'ECONNRESET'),
  failure('connect ECONNREFUSED 127.0.0.1:5432', 'ECONNREFUSED'),
  failure('getaddrinfo ENOTFOUND db', 'ENOTFOUND'),
  failure('getaddrinfo EAI_AGAIN db', 'EAI_AGAIN'),
  failure('Premature close', 'ERR_STREAM_PREMATURE_CLOSE'),
  failure('write after end', 'ERR_STREAM_WRITE_AFTER_END'),
  failure('Cannot call write after a stream was destroyed', 'ERR_STREAM_DESTROYED'),
  failure('The operation was aborted', 'ABORT_ERR'),
  failure('self-signed certificate', 'DEPTH_ZERO_SELF_SIGNED_CERT'),
  Object.assign(new RangeError('Port should be >= 0 and < 65536'), { code: 'ERR_SOCKET_BAD_PORT' }),
]

describe('an error of PostgreSQL', () => {
  it.each(Object.entries(SQLSTATES))('has a code by its SQLSTATE: %s', (code, states) => {
    for (const state of states) expect([state, codeOf(failure('…', state))]).toEqual([state, code])
  })

  it('is a server that is away where a connection, a stream or a pool failed', () => {
    for (const error of WITHOUT_STATE)
      expect([error.message, codeOf(error)]).toEqual([error.message, 'STORE_UNAVAILABLE'])
  })

  it('is not read as an SQLSTATE where Node has five letters of its own', () => {
    const five = Object.keys(constants.errno).filter((name) => /^[0-9A-Z]{5}$/.test(name))
    expect(five).toEqual(expect.arrayContaining(['EPIPE', 'EPERM', 'EBUSY']))
    for (const code of Object.keys(constants.errno))
      expect([code, codeOf(failure(`write ${code}`, code))]).toEqual([code, 'STORE_UNAVAILABLE'])
  })

  it('is a bug where only a bug throws such a thing', () => {
    expect(codeOf(new TypeError('x is not a function'))).toBe('INTERNAL')
    expect(codeOf(new RangeError('Invalid array length'))).toBe('INTERNAL')
    const known = [new QuantbotError('STORE_SCHEMA', 'newer'), new InvariantError('not registered')]
    for (const error of known) expect(storeError(error, 'append', 'host/db')).toBe(error)
  })

  it('keeps its words: of every address that was tried, and of what is no error at all', () => {
    const tried = [failure('connect ECONNREFUSED ::1:5432'), failure('connect ECONNREFUSED 127.0.0.1:5432')]
    const said = (error: unknown): string => storeError(error, 'append', 'host/db').message
    expect(said(Object.assign(new AggregateError(tried), { code: 'ECONNREFUSED' }))).toBe(
      'append: host/db: connect ECONNREFUSED ::1:5432; connect ECONNREFUSED 127.0.0.1:5432',
    )
    expect(said(failure('', 'ETIMEDOUT'))).toBe('append: host/db: ETIMEDOUT')
    for (const thrown of [undefined, null, 'gone', 7]) expect(said(thrown)).toBe(`append: host/db: ${String(thrown)}`)
    expect(storeError(tried[0], 'append', 'host/db').cause).toBe(tried[0])
  })
})

/** An answer of PostgreSQL: what went wrong, in the form of its protocol. */
function refusal(severity: string, code: string, message: string): Buffer {
  const fields = `S${severity}\0V${severity}\0C${code}\0M${message}\0\0`
  const head = Buffer.alloc(5)
  head.write('E')
  head.writeInt32BE(4 + Buffer.byteLength(fields), 1)
  return Buffer.concat([head, Buffer.from(fields)])
}

describe('a server that is no good', () => {
  let server: Server | undefined
  let store: PostgresStore | undefined
  const sockets = new Set<Socket>()
  afterEach(async () => {
    await store?.close()
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)))
  })

  async function storeOn(answer: (socket: Socket) => void): Promise<PostgresStore> {
    const listening = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => undefined)
      answer(socket)
    })
    server = listening
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
    const address = listening.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    store = new PostgresStore(pgServer(`postgres://someone:geheimnis@127.0.0.1:${address.port}/prices`))
    return store
  }

  it.each([
    ['hangs up', (socket: Socket) => socket.destroy()],
    ['resets', (socket: Socket) => socket.resetAndDestroy()],
    ['hangs up when it was asked', (socket: Socket) => socket.once('data', () => socket.end())],
    ['starts up', (socket: Socket) => socket.end(refusal('FATAL', '57P03', 'the database system is starting up'))],
    ['recovers', (socket: Socket) => socket.end(refusal('FATAL', '57P03', 'the database system is in recovery mode'))],
    ['is full', (socket: Socket) => socket.end(refusal('FATAL', '53300', 'sorry, too many clients already'))],
    ['knows no such user', (socket: Socket) => socket.end(refusal('FATAL', '28P01', 'password authentication failed'))],
    ['is no PostgreSQL', (socket: Socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ] as const)('that %s is one that is away, told without its password', async (_what, answer) => {
    const failed: unknown = await (await storeOn(answer)).migrate().catch((error: unknown) => error)
    expect(failed).toMatchObject({ code: 'STORE_UNAVAILABLE' })
    const { message, cause } = failed as Error // as just seen
    expect(message).toMatch(/^migrate: 127\.0\.0\.1:\d+\/prices: ./)
    expect(`${message} ${String(cause)}`).not.toContain('geheimnis')
  })

  it('is told so to who asks before it was ever reached', async () => {
    const asked = (await storeOn((socket) => socket.destroy())).bars({
      instrument: 'binance.usdm.BTCUSDT',
      interval: '1m',
    })
    await expect(asked).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  })
})
