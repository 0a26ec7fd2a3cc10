/** Owns the keys by which a process is watched: page, metrics, notifications, its own log. */
import { z } from 'zod'
import { count, secret, toggle } from './fields.js'

const severity = (about: string) => z.enum(['info', 'warning', 'critical']).describe(about)

export const webSchema = z.strictObject({
  enabled: toggle('Whether `quantbot run` serves its page and metrics over HTTP.').default(true),
  host: z
    .string()
    .min(1)
    .describe('Address to bind to; everything but loopback asks for the token as well, and belongs behind TLS.')
    .default('127.0.0.1'),
  port: z
    .int()
    .min(0)
    .max(65_535)
    .describe('Port; 0 takes a free one. Where the default is taken, a free one is used and said.')
    .default(7420),
  allowedHosts: z
    .array(z.string().min(1))
    .describe('Further names under which it is reached (`quantbot.example.org:443`), beside loopback and `host`.')
    .default([]),
})

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
const address = (about: string) =>
  z
    .string()
    .min(3)
    .refine((text) => !/\p{Cc}/u.test(text) && text.includes('@'), {
      error: 'must be an address, such as bot@example.org',
    })
    .describe(about)

const email = z
  .strictObject({
    host: z.string().min(1).describe('SMTP server.'),
    port: z.int().min(1).max(65_535).describe('Its port.').default(587),
    tls: z
      .enum(['starttls', 'implicit', 'none'])
      .describe('`starttls` is required where it stands; `none` only for a server on this machine.')
      .default('starttls'),
    ca: z
      .string()
      .min(1)
      .describe('PEM file of the authorities that may have signed the server’s certificate, instead of the system’s.')
      .optional(),
    user: secret('User at the SMTP server.').optional(),
    password: secret('Password at the SMTP server.').optional(),
    from: address('Sender.'),
    to: z.array(address('Recipient.')).min(1).describe('Recipients.'),
    minSeverity: severity('Least severity that is mailed.').default('warning'),
    digest: toggle('Whether the daily digest is mailed.').default(true),
  })
  .refine(({ host, tls }) => tls !== 'none' || isLoopback(host), {
    error: 'must be starttls or implicit: none is for a server on this machine',
    path: ['tls'],
  })
  .refine(({ user, password }) => (user === undefined) === (password === undefined), {
    error: 'user and password go together',
    path: ['user'],
  })

const slack = z.strictObject({
  webhook: secret('URL of an incoming webhook.'),
  minSeverity: severity('Least severity that is posted.').default('info'),
  digest: toggle('Whether the daily digest is posted.').default(false),
})

export const notificationsSchema = z.strictObject({
  email: email.describe('Mail.').optional(),
  slack: slack.describe('Slack.').optional(),
  modes: z
    .array(z.enum(['sim', 'paper', 'live']))
    .describe('Modes of a run that are told of; a simulated market makes up its own news.')
    .default(['paper', 'live']),
  groupSeconds: z
    .number()
    .min(0)
    .describe('Seconds that a group waits for more of its kind; the first critical one does not wait. 0: no groups.')
    .default(30),
  repeatMinutes: count('Minutes before the same is told again while it lasts.').default(60),
  maxPerHour: count(
    'Most messages an hour and sink, digests and critical ones apart; the rest is told in one.',
  ).default(30),
  feedDownSeconds: count('Seconds that a feed must be down before it is told.').default(120),
  unknownSeconds: count('Seconds that the state of an order must be unknown before it is told.').default(60),
  digestHourUtc: z.int().min(0).max(23).describe('Hour of the day, UTC, of the digest.').default(7),
})

export const loggingSchema = z.strictObject({
  level: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .describe('Least level of the process’s own log; `quantbot log-level` changes it while it runs.')
    .default('info'),
})

export type WebConfig = z.infer<typeof webSchema>
export type NotificationsConfig = z.infer<typeof notificationsSchema>
export type LoggingConfig = z.infer<typeof loggingSchema>
