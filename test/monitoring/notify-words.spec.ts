/** Letters as mail and as Slack messages: nothing of others gets into a header, into markup, or past a bound. */
import MailComposer from 'nodemailer/lib/mail-composer'
import { describe, expect, it } from 'vitest'
import { configSchema } from '#core/config/schema'
import { mailOf } from '#monitoring/notify/email'
import { httpFailure, smtpFailure } from '#monitoring/notify/failures'
import type { Letter } from '#monitoring/notify/letter'
import { messageOf } from '#monitoring/notify/slack'
import { FACTS, T0 } from './notify-rig.js'

const EVIL = '<script>alert(1)</script> & <!channel> "x"'
const letter = (over: Partial<Letter> = {}): Letter => ({
  n: 7,
  id: 'r1.email.7.12',
  severity: 'critical',
  kind: 'order-rejected',
  count: 1,
  title: 'Trading halted: drawdown',
  lines: [EVIL, 'a second line'],
  firstSeq: 12,
  lastSeq: 14,
  firstTs: T0,
  lastTs: T0 + 5000,
  ...over,
})
const CONFIG = { from: 'Bot <bot@example.org>', to: ['you@example.org', 'me@example.org'] }

async function composed(one: Letter): Promise<{ readonly headers: string; readonly body: string }> {
  const message = await new MailComposer(mailOf(one, CONFIG, FACTS)).compile().build()
  const [headers = '', ...body] = message.toString().split('\r\n\r\n')
  return { headers, body: body.join('\n\n') }
}

describe('a mail', () => {
  it('says run, mode and severity in the subject, and the same id each time', async () => {
    const { headers } = await composed(letter())
    expect(headers).toContain('Subject: [quantbot r1 paper CRITICAL] Trading halted: drawdown')
    expect(headers).toContain('Message-ID: <r1.email.7.12@example.org>')
    expect(headers).toContain('Auto-Submitted: auto-generated')
    expect(headers).toContain('From: Bot <bot@example.org>')
  })

  it('LIVE is unmistakable', () => {
    expect(mailOf(letter(), CONFIG, { run: 'r1', mode: 'live' }).subject).toMatch(/^\[quantbot r1 LIVE CRITICAL\]/)
  })

  it('cannot be given a header by what stands in a title', async () => {
    const { headers } = await composed(letter({ title: 'x\r\nBcc: thief@example.com\r\n\r\nbody' }))
    expect(headers).not.toMatch(/^Bcc/im)
    expect(headers.split('\r\n').filter((line) => line.startsWith('Subject:'))).toHaveLength(1)
    expect(String(mailOf(letter({ title: 'y'.repeat(1000) }), CONFIG, FACTS).subject).length).toBeLessThanOrEqual(150)
  })

  it('has plain text as it is, and HTML with nothing of others unescaped', () => {
    const { text, html } = mailOf(letter(), CONFIG, FACTS)
    expect(text).toContain(EVIL)
    expect(html).not.toContain('<script')
    expect(html).not.toContain('<!channel')
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;!channel&gt; &quot;x&quot;')
    expect(text).toContain(
      'run r1 (paper), seq 12 to 14, 2026-01-01 06:00:00Z to 2026-01-01 06:00:05Z; letter r1.email.7.12',
    )
  })
})

interface Block {
  readonly type: string
  readonly text?: { readonly type: string; readonly text: string }
}
const blocksOf = (one: Letter): readonly Block[] => (messageOf(one, FACTS) as { blocks: readonly Block[] }).blocks // our own document

describe('a Slack message', () => {
  it('escapes what would be a link, a mention or a channel', () => {
    const text = JSON.stringify(messageOf(letter({ title: 'a <!here> b' }), FACTS).valueOf())
    expect(text).not.toMatch(/<!?(script|channel|here)/)
    expect(text).toContain('&lt;!channel&gt;')
    expect(messageOf(letter(), FACTS)).toMatchObject({ text: '[quantbot r1 paper CRITICAL] Trading halted: drawdown' })
  })

  it('keeps the bounds of Slack whatever is told, and counts what does not fit', () => {
    const lines = Array.from({ length: 100 }, (_, i) => `${i} ${'&'.repeat(1500)}`)
    const blocks = blocksOf(letter({ lines, title: 'z'.repeat(900) }))
    expect(blocks.length).toBeLessThanOrEqual(50)
    expect(blocks.filter(({ type }) => type === 'section').every(({ text }) => (text?.text.length ?? 0) <= 3000)).toBe(
      true,
    )
    expect(blocks[0]?.text?.text.length).toBeLessThanOrEqual(150)
    expect(blocks.map(({ text }) => text?.text).join('\n')).toContain('… and 90 more lines')
  })

  it('packs short lines into one section', () => {
    expect(blocksOf(letter()).filter(({ type }) => type === 'section')).toHaveLength(1)
  })
})

describe('what a server refuses', () => {
  it.each([
    [{ code: 'EAUTH', responseCode: 535 }, 'auth-refused'],
    [{ code: 'EAUTH', responseCode: 454 }, 'server-error'],
    [{ code: 'EENVELOPE', responseCode: 550, command: 'RCPT TO' }, 'recipient-refused'],
    [{ code: 'EENVELOPE', responseCode: 553, command: 'MAIL FROM' }, 'sender-refused'],
    [{ code: 'EENVELOPE', responseCode: 451, command: 'RCPT TO' }, 'rate-limited'],
    [{ code: 'EMESSAGE', responseCode: 554 }, 'message-refused'],
    [{ code: 'EMESSAGE', responseCode: 452 }, 'server-error'],
    [{ code: 'ETLS' }, 'tls'],
    [{ code: 'ETIMEDOUT' }, 'timeout'],
    [{ code: 'EDNS' }, 'unreachable'],
    [{ code: 'ECONNECTION' }, 'unreachable'],
    [undefined, 'failed'],
  ])('%j is %s', (error, code) => {
    expect(smtpFailure(error).code).toBe(code)
  })

  it('is told without a word of the server', () => {
    const error = Object.assign(new Error('Invalid login: 535 user bot secret hunter2'), {
      code: 'EAUTH',
      responseCode: 535,
    })
    const failure = smtpFailure(error)
    expect(`${failure.message} ${JSON.stringify(failure)} ${String(failure.cause)}`).not.toContain('hunter2')
  })

  it.each([
    [429, 'rate-limited'],
    [302, 'redirected'],
    [404, 'webhook-gone'],
    [410, 'webhook-gone'],
    [403, 'webhook-gone'],
    [400, 'message-refused'],
    [500, 'server-error'],
  ])('HTTP %i is %s', (status, code) => {
    expect(httpFailure(status, 0).code).toBe(code)
  })
})

describe('the configuration', () => {
  const email = { host: 'mail.example.org', from: 'bot@example.org', to: ['you@example.org'] }
  const parsed = (over: object) => configSchema.safeParse({ notifications: { email: { ...email, ...over } } })

  it.each([
    ['an unencrypted server elsewhere', { tls: 'none' }],
    ['a name that looks like this machine', { tls: 'none', host: '127.0.0.1.example.org' }],
    ['a password in the file', { user: 'env:U', password: 'hunter2' }],
    ['a user without password', { user: 'env:U' }],
    ['a sender with a line break', { from: 'bot@example.org\r\nBcc: x@example.org' }],
  ])('refuses %s', (_, over) => {
    expect(parsed(over).success).toBe(false)
  })

  it.each([
    ['STARTTLS', {}],
    ['no encryption to this machine', { tls: 'none', host: '127.0.0.1' }],
    ['secrets by name', { user: 'env:U', password: 'env:P' }],
  ])('takes %s', (_, over) => {
    expect(parsed(over).success).toBe(true)
  })
})
