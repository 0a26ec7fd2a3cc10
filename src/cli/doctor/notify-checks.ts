/** Owns looking at the ways of notifications: SMTP up to the login without sending, the shape of a webhook without asking it. */
import { createTransport } from 'nodemailer'
import type { Config } from '#core/config/schema'
import { FAILURES, smtpFailure } from '#monitoring/notify/failures'
import { notifySecrets } from '../notify-secrets.js'
import { type Check, type Found, failed, ok, warn } from './finding.js'

type Notifications = Config['notifications']

const STEP_MS = 6_000
const SLACK = /^https:\/\/hooks\.slack\.com\/(?:services|triggers|workflows)\/[\w/-]{10,}$/

export function notifyChecks({ notifications }: Config): Check[] {
  const { email, slack } = notifications
  return [
    ...(email === undefined
      ? []
      : [{ area: 'notify', subject: 'email', run: (signal: AbortSignal) => smtp(email, signal) }]),
    ...(slack === undefined ? [] : [{ area: 'notify', subject: 'slack', run: async () => webhook(slack) }]),
  ]
}

/** EHLO, STARTTLS where it is asked for, AUTH; then QUIT. */
async function smtp(email: NonNullable<Notifications['email']>, signal: AbortSignal): Promise<Found> {
  const { email: secrets } = notifySecrets({ email } as Notifications) // the rest is not looked at
  const place = `${email.host}:${email.port}`
  const transport = createTransport({
    host: email.host,
    port: email.port,
    secure: email.tls === 'implicit',
    requireTLS: email.tls === 'starttls',
    ignoreTLS: email.tls === 'none',
    tls: { minVersion: 'TLSv1.2', ...(secrets?.ca === undefined ? {} : { ca: secrets.ca }) },
    ...(secrets?.user === undefined ? {} : { auth: { user: secrets.user, pass: secrets.password ?? '' } }),
    dnsTimeout: STEP_MS,
    connectionTimeout: STEP_MS,
    greetingTimeout: STEP_MS,
    socketTimeout: STEP_MS,
    logger: false,
  })
  const stop = (): void => transport.close()
  signal.addEventListener('abort', stop, { once: true })
  try {
    await transport.verify()
    const login = secrets?.user === undefined ? 'without a login' : 'login accepted'
    return ok(`${place}: ${email.tls === 'none' ? 'without TLS' : 'TLS'}, ${login}; nothing was sent`)
  } catch (error) {
    const { code, message } = smtpFailure(error)
    return failed(`${place}: ${message}`, FAILURES[code].mend)
  } finally {
    signal.removeEventListener('abort', stop)
    transport.close()
  }
}

function webhook(slack: NonNullable<Notifications['slack']>): Found {
  const url = notifySecrets({ slack } as Notifications).slack?.webhook ?? '' // as above
  if (SLACK.test(url)) return ok('the shape of an incoming webhook; quantbot notify test posts to it')
  return warn(
    'no URL of hooks.slack.com; taken as it is',
    'Use the URL of an incoming webhook; quantbot notify test posts to it.',
  )
}
