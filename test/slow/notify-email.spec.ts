/** Mail through a real SMTP server: STARTTLS, TLS, AUTH, refusals, servers that hang or die amid a mail. */
import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { machineTime } from '#actors/scaled-time'
import { configSchema } from '#core/config/schema'
import { emailSink } from '#monitoring/notify/email'
import { SinkFailed } from '#monitoring/notify/failures'
import type { Letter } from '#monitoring/notify/letter'
import { RunNotifier } from '#monitoring/notify/notifier'
import type { Sink } from '#monitoring/notify/sink-queue'
import { trySinks } from '#monitoring/notify/try-sinks'
import { configOf, FACTS, headOf, notifyFolder, removeNotifyFolders, stops, T0 } from '../monitoring/notify-rig.js'
import { PASSWORD, type SmtpRig, smtpServer, USER, until } from './notify-servers.js'

const closing: (() => Promise<unknown> | unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
  removeNotifyFolders()
})

async function server(...args: Parameters<typeof smtpServer>): Promise<SmtpRig> {
  const rig = await smtpServer(...args)
  closing.push(rig.close)
  return rig
}

const letter: Letter = {
  n: 1,
  id: 'r1.email.1.1',
  severity: 'critical',
  kind: 'trading-halted',
  count: 1,
  title: 'Trading halted: drawdown',
  lines: ['marked equity, -20.1 %', '.', '..dots at the start'],
  firstSeq: 1,
  lastSeq: 1,
  firstTs: T0,
  lastTs: T0,
}

function sinkOf(
  { port, ca }: { port: number; ca?: string },
  over: object = {},
  password: string | null = PASSWORD,
): Sink {
  const { notifications } = configSchema.parse({
    notifications: {
      email: { host: 'localhost', port, from: 'bot@example.org', to: ['you@example.org'], ...over },
    },
  })
  const auth = password === null ? {} : { user: USER, password }
  return emailSink(notifications.email!, { ...auth, ...(ca === undefined ? {} : { ca }) }, FACTS)
}

async function failureOf(sink: Sink, signal = AbortSignal.timeout(20_000)): Promise<SinkFailed> {
  const error: unknown = await sink.deliver(letter, signal).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof SinkFailed) return error
  throw new Error(`was delivered, or failed otherwise: ${String(error)}`)
}

/** Says its part of SMTP by hand: what no proper server does. */
async function rawServer(talk: (socket: Socket) => void): Promise<{ port: number }> {
  const sockets = new Set<Socket>()
  const raw: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    talk(socket)
  })
  await new Promise<void>((resolve) => {
    raw.listen(0, '127.0.0.1', () => resolve())
  })
  closing.push(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => raw.close(resolve))
  })
  return { port: (raw.address() as { port: number }).port } // listens on TCP
}

describe('a mail', () => {
  it('goes by STARTTLS and AUTH to a server whose authority is named', async () => {
    const smtp = await server()
    expect(await sinkOf(smtp).deliver(letter, AbortSignal.timeout(20_000))).toEqual({ refused: 0 })
    expect(smtp.mails).toHaveLength(1)
    expect(smtp.mails[0]).toMatchObject({ to: ['you@example.org'], isSecure: true, user: USER })
    expect(smtp.mails[0]?.text).toContain('Subject: [quantbot r1 paper CRITICAL] Trading halted: drawdown')
    expect(smtp.mails[0]?.text).toContain('Message-ID: <r1.email.1.1@example.org>')
    expect(smtp.mails[0]?.text).toMatch(/^\.\.dots at the start\r$/m)
  })

  it('goes by TLS from the first byte', async () => {
    const smtp = await server({ secure: true })
    await sinkOf(smtp, { tls: 'implicit' }).deliver(letter, AbortSignal.timeout(20_000))
    expect(smtp.mails).toMatchObject([{ isSecure: true, user: USER }])
  })

  it('goes in plain text to this machine where that is asked for', async () => {
    const smtp = await server({ disabledCommands: ['STARTTLS'], authOptional: true })
    await sinkOf(smtp, { tls: 'none', host: '127.0.0.1' }, null).deliver(letter, AbortSignal.timeout(20_000))
    expect(smtp.mails).toMatchObject([{ isSecure: false, user: undefined }])
  })

  it('is not sent to a server that nobody vouches for', async () => {
    const smtp = await server()
    expect(await failureOf(sinkOf({ port: smtp.port }))).toMatchObject({ code: 'tls' })
    expect(smtp.mails).toEqual([])
  })

  it('is not sent in plain text where a server does not offer STARTTLS', async () => {
    const smtp = await server({ disabledCommands: ['STARTTLS'], allowInsecureAuth: true })
    expect((await failureOf(sinkOf(smtp))).code).toMatch(/^(tls|unreachable|server-error|failed)$/)
    expect(smtp.mails).toEqual([])
  })

  it('is not sent without the AUTH that is configured', async () => {
    const smtp = await server({ disabledCommands: ['AUTH'], authOptional: true })
    await failureOf(sinkOf(smtp))
    expect(smtp.mails).toEqual([])
  })
})

describe('a server that refuses', () => {
  it('the password: it is told so, and the password nowhere', async () => {
    const smtp = await server()
    const failure = await failureOf(sinkOf(smtp, {}, 'hunter2-wrong'))
    expect(failure).toMatchObject({ code: 'auth-refused', status: 535 })
    expect(`${failure.message}${failure.stack}${JSON.stringify(failure)}${String(failure.cause)}`).not.toContain(
      'hunter2',
    )
  })

  it('the recipient', async () => {
    const smtp = await server({
      onRcptTo: (_, __, done) => done(Object.assign(new Error('no'), { responseCode: 550 })),
    })
    expect(await failureOf(sinkOf(smtp))).toMatchObject({ code: 'recipient-refused', status: 550 })
  })

  it('one recipient of two: the other gets it, and that is said', async () => {
    const smtp = await server({
      onRcptTo: ({ address }, _, done) =>
        done(address.startsWith('gone') ? Object.assign(new Error('no'), { responseCode: 550 }) : null),
    })
    const sink = sinkOf(smtp, { to: ['gone@example.org', 'you@example.org'] })
    expect(await sink.deliver(letter, AbortSignal.timeout(20_000))).toEqual({ refused: 1 })
    expect(smtp.mails).toMatchObject([{ to: ['you@example.org'] }])
  })

  it('the sender', async () => {
    const smtp = await server({
      onMailFrom: (_, __, done) => done(Object.assign(new Error('no'), { responseCode: 553 })),
    })
    expect(await failureOf(sinkOf(smtp))).toMatchObject({ code: 'sender-refused', status: 553 })
  })

  it('the content, for good or for now', async () => {
    const refusing = (responseCode: number) =>
      server({
        onData: (stream, _, done) => {
          stream.resume().on('end', () => done(Object.assign(new Error('no'), { responseCode })))
        },
      })
    expect(await failureOf(sinkOf(await refusing(554)))).toMatchObject({ code: 'message-refused', status: 554 })
    expect(await failureOf(sinkOf(await refusing(451)))).toMatchObject({ code: 'server-error', status: 451 })
  })
})

describe('a server that misbehaves', () => {
  it('is not there', async () => {
    const smtp = await smtpServer()
    await smtp.close()
    expect(await failureOf(sinkOf(smtp))).toMatchObject({ code: 'unreachable', status: null })
  })

  it('accepts and says nothing: given up when asked', async () => {
    const mute = await rawServer(() => undefined)
    expect(await failureOf(sinkOf(mute), AbortSignal.timeout(500))).toMatchObject({ code: 'timeout' })
  })

  it('floods: given up, not read to the end', async () => {
    const flood = await rawServer((socket) => {
      const more = (): void => {
        while (!socket.destroyed && socket.write(Buffer.alloc(65_536, 'x')));
      }
      socket.on('drain', more)
      more()
    })
    expect((await failureOf(sinkOf(flood))).code).toMatch(/^(server-error|failed|unreachable|timeout)$/)
  })

  /** Stands before a plain server and cuts connections: amid the mail, or behind it, before the server's answer comes through. */
  async function cutter(behind: number, cuts: ('amid' | 'behind')[]): Promise<{ port: number }> {
    return rawServer((client) => {
      const upstream = connect(behind, '127.0.0.1')
      const end = (): void => {
        client.destroy()
        upstream.destroy()
      }
      let cut: 'amid' | 'behind' | undefined
      let isAnswered = false
      upstream.on('error', end).on('close', end)
      client.on('close', end)
      client.on('data', (part: Buffer) => {
        if (isAnswered && cut === 'amid') end()
        else upstream.write(part)
        if (part.toString().endsWith('DATA\r\n')) cut = cuts.shift()
      })
      upstream.on('data', (part: Buffer) => {
        if (isAnswered && cut === 'behind') end()
        else client.write(part)
        if (/^354/m.test(part.toString())) isAnswered = true
      })
    })
  }

  it('dies amid a mail, or before it says that it has it: the mail comes again under the same id, all behind it in order', async () => {
    const smtp = await server({ disabledCommands: ['STARTTLS'], authOptional: true })
    const cuts: ('amid' | 'behind')[] = ['amid', 'amid', 'behind']
    const { port } = await cutter(smtp.port, cuts)
    const config = configOf({ groupSeconds: 0, maxPerHour: 1000 })
    const options = { config, secrets: {}, facts: FACTS, time: machineTime, folder: notifyFolder(), random: () => 0.9 }
    const notifier = new RunNotifier(options, [sinkOf({ port }, { tls: 'none', host: '127.0.0.1' }, null)])
    const events = stops(8, { seq: 1, ts: T0 })
    notifier.start()
    notifier.take(events, headOf(events))
    await until('all mails', () => notifier.status().sinks[0]?.delivered === 8)
    await notifier.stop()
    const ids = smtp.mails.map(({ text }) => Number(/Message-ID: <r1\.email\.(\d+)\./.exec(text)?.[1]))
    expect(cuts).toEqual([])
    expect(ids).toEqual([1, 1, 2, 3, 4, 5, 6, 7, 8])
    expect(notifier.status().sinks[0]?.failures).toBe(3)
  })
})

describe('a trial', () => {
  it('tells what happened and the mend', async () => {
    const smtp = await server()
    const [well, bad] = await trySinks([sinkOf(smtp), sinkOf(smtp, {}, 'wrong')], '0.4.0', machineTime)
    expect(well).toMatchObject({ sink: 'email', isDelivered: true, code: null, mend: '' })
    expect(bad).toMatchObject({
      isDelivered: false,
      code: 'auth-refused',
      status: 535,
      mend: expect.stringContaining('password'),
    })
    expect(smtp.mails).toHaveLength(1)
  })
})
