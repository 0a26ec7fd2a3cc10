/** Owns the values that notifications need of the environment and of files: users, passwords, the webhook, the CA. Never shows one. */
import { readFileSync } from 'node:fs'
import type { NotificationsConfig } from '#core/config/operate-schema'
import { QuantbotError } from '#core/errors'
import type { NotifySecrets } from '#monitoring/notify/notify.port'
import { resolved } from './environment.js'

/** SECRET_MISSING names variable and key; CONFIG_INVALID: a file or URL is not what the key says. */
export function notifySecrets({ email, slack }: NotificationsConfig): NotifySecrets {
  return {
    ...(email === undefined
      ? {}
      : {
          email: {
            ...(email.user === undefined ? {} : { user: resolved(email.user, 'notifications.email.user') }),
            ...(email.password === undefined
              ? {}
              : { password: resolved(email.password, 'notifications.email.password') }),
            ...(email.ca === undefined ? {} : { ca: certificates(email.ca) }),
          },
        }),
    ...(slack === undefined ? {} : { slack: { webhook: webhook(slack.webhook) } }),
  }
}

function certificates(path: string): string {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new QuantbotError('CONFIG_INVALID', `notifications.email.ca: ${path} cannot be read`, { cause })
  }
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text
  throw new QuantbotError('CONFIG_INVALID', `notifications.email.ca: ${path} holds no certificate in PEM`)
}

function webhook(name: string): string {
  const key = 'notifications.slack.webhook'
  const url = resolved(name, key)
  const { protocol, hostname } = URL.canParse(url) ? new URL(url) : { protocol: '', hostname: '' }
  const isLocal = hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]'
  if (protocol === 'https:' || (protocol === 'http:' && isLocal)) return url
  // Never the URL itself: it is the secret.
  throw new QuantbotError('CONFIG_INVALID', `${key}: ${name} must hold an https URL`)
}
