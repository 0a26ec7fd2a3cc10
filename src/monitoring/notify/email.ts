/**
 * Owns letters as mail: headers, plain text, HTML, and the SMTP session. Text of others never reaches a header as it came, and HTML only
 * escaped. Never reads a file or a URL, never falls back to a connection that is less safe than asked for.
 */

import type { SendMailOptions } from 'nodemailer'
import type { RunFacts } from '#audit/view/view.port'
import type { NotificationsConfig } from '#core/config/operate-schema'
import { escapeHtml } from '#core/escape-html'
import { smtpFailure } from './failures.js'
import { type Letter, subjectOf } from './letter.js'
import { clockOf } from './note.js'
import type { NotifySecrets } from './notify.port.js'
import type { Sink } from './sink-queue.js'

type EmailConfig = NonNullable<NotificationsConfig['email']>
type Facts = Pick<RunFacts, 'run' | 'mode'>

/** Of one step of a session (ours). */
const TIMEOUTS = { dnsTimeout: 10_000, connectionTimeout: 15_000, greetingTimeout: 15_000, socketTimeout: 30_000 }

export function emailSink(config: EmailConfig, secrets: NotifySecrets['email'], facts: Facts): Sink {
  let transport: Awaited<ReturnType<typeof transportOf>> | undefined
  return {
    name: 'email',
    deliver: async (letter, signal) => {
      // The types of nodemailer 8 do not know `signal`, which 10 has.
      const mail: SendMailOptions & { readonly signal: AbortSignal } = { ...mailOf(letter, config, facts), signal }
      try {
        transport ??= await transportOf(config, secrets)
        const { rejected } = await transport.sendMail(mail)
        return { refused: rejected.length }
      } catch (error) {
        throw smtpFailure(error)
      }
    },
  }
}

/** With the first letter: a run that mails nobody loads no mailer. */
async function transportOf(config: EmailConfig, secrets: NotifySecrets['email']) {
  const { createTransport } = await import('nodemailer')
  return createTransport({
    host: config.host,
    port: config.port,
    secure: config.tls === 'implicit',
    requireTLS: config.tls === 'starttls',
    ignoreTLS: config.tls === 'none',
    tls: { minVersion: 'TLSv1.2', ...(secrets?.ca === undefined ? {} : { ca: secrets.ca }) },
    ...(secrets?.user === undefined
      ? {}
      : { auth: { user: secrets.user, pass: secrets.password ?? '' }, forceAuth: true }),
    ...TIMEOUTS,
    disableFileAccess: true,
    disableUrlAccess: true,
    logger: false,
  })
}

/** Without the connection: what nodemailer composes. */
export function mailOf(letter: Letter, config: Pick<EmailConfig, 'from' | 'to'>, facts: Facts): SendMailOptions {
  const subject = subjectOf(letter, facts)
  return {
    from: config.from,
    to: [...config.to],
    subject,
    messageId: `<${letter.id}@${domainOf(config.from)}>`,
    headers: {
      'Auto-Submitted': 'auto-generated',
      'X-Quantbot-Run': facts.run,
      'X-Quantbot-Letter': letter.id,
      'X-Quantbot-Severity': letter.severity,
    },
    ...(letter.severity === 'critical' ? { priority: 'high' as const } : {}),
    text: textOf(letter, facts),
    html: htmlOf(letter, facts),
    disableFileAccess: true,
    disableUrlAccess: true,
  }
}

function footerOf({ firstSeq, lastSeq, firstTs, lastTs, id }: Letter, { run, mode }: Facts): string {
  const seqs = firstSeq === lastSeq ? `seq ${firstSeq}` : `seq ${firstSeq} to ${lastSeq}`
  const times = firstTs === lastTs ? clockOf(firstTs) : `${clockOf(firstTs)} to ${clockOf(lastTs)}`
  return `run ${run} (${mode}), ${seqs}, ${times}; letter ${id}`
}

function textOf(letter: Letter, facts: Facts): string {
  return `${letter.title}\n\n${letter.lines.join('\n')}\n\n-- \n${footerOf(letter, facts)}\n`
}

function htmlOf(letter: Letter, facts: Facts): string {
  const lines = letter.lines.map((line) => `<li style="margin:4px 0;white-space:pre-wrap">${escapeHtml(line)}</li>`)
  const colour = { info: '#2563eb', warning: '#b45309', critical: '#b91c1c' }[letter.severity]
  return [
    '<!doctype html><html><body style="font-family:sans-serif;font-size:14px;line-height:1.4">',
    `<h2 style="font-size:16px;border-left:4px solid ${colour};padding-left:8px">${escapeHtml(letter.title)}</h2>`,
    `<ul style="padding-left:16px;list-style:none">${lines.join('')}</ul>`,
    `<p style="color:#6b7280;font-size:12px">${escapeHtml(footerOf(letter, facts))}</p>`,
    '</body></html>',
  ].join('\n')
}

/** Of the sender, for the id; a name of its own where it has none that a header may hold. */
function domainOf(from: string): string {
  return /@([A-Za-z0-9.-]+)>?\s*$/.exec(from)?.[1] ?? 'quantbot.invalid'
}
