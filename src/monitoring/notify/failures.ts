/** Owns why a delivery fails: codes, what the person should do, and what the failures of SMTP and HTTP are. Never keeps what a server said. */
import type { FailureCode } from './notify.port.js'

interface FailureRow {
  /** `letter`: this one will never be taken; `sink`: none is before somebody mends it; `later`: try again. */
  readonly concerns: 'later' | 'sink' | 'letter'
  readonly mend: string
}

export const FAILURES: Readonly<Record<FailureCode, FailureRow>> = {
  unreachable: {
    concerns: 'later',
    mend: 'Check host, port and the network; the name must resolve from this machine.',
  },
  timeout: {
    concerns: 'later',
    mend: 'The server accepts, but does not answer; check it, and whether `tls` fits its port.',
  },
  tls: {
    concerns: 'sink',
    mend: 'The certificate is not trusted, or STARTTLS is not offered: set `notifications.email.ca`, or mend `tls` and `port`.',
  },
  'auth-refused': { concerns: 'sink', mend: 'Check user and password; many providers want a password for apps.' },
  'sender-refused': { concerns: 'sink', mend: 'Use a sender (`from`) that the server lets this user send as.' },
  'recipient-refused': { concerns: 'sink', mend: 'Correct the recipients (`to`).' },
  'message-refused': {
    concerns: 'letter',
    mend: 'The server refused the content; look into its log for a filter or a size.',
  },
  'rate-limited': {
    concerns: 'later',
    mend: 'Nothing to do; raise `groupSeconds` or lower `maxPerHour` where it lasts.',
  },
  'server-error': { concerns: 'later', mend: 'The server failed; it is asked again.' },
  'webhook-gone': { concerns: 'sink', mend: 'Make a new incoming webhook and put its URL into the environment.' },
  redirected: {
    concerns: 'sink',
    mend: 'A webhook answers itself; this URL leads elsewhere. Use the URL that Slack shows.',
  },
  failed: { concerns: 'later', mend: 'See the status beside it; it is tried again.' },
}

/** Thrown by a sink. The text is ours alone. */
export class SinkFailed extends Error {
  override readonly name = 'SinkFailed'
  readonly code: FailureCode
  /** Of SMTP or HTTP; null: there was no answer. */
  readonly status: number | null
  /** How long the server wants to be left alone. */
  readonly waitMs: number

  constructor(code: FailureCode, status: number | null = null, waitMs = 0) {
    super(status === null ? code : `${code} (${status})`)
    this.code = code
    this.status = status
    this.waitMs = waitMs
  }
}

interface SmtpFault {
  readonly code?: unknown
  readonly responseCode?: unknown
  readonly command?: unknown
}

/** What nodemailer threw, without its words: they quote the server, which may quote the user. */
export function smtpFailure(error: unknown): SinkFailed {
  const { code, responseCode, command } = (typeof error === 'object' && error !== null ? error : {}) as SmtpFault // read as unknown
  const status = typeof responseCode === 'number' ? responseCode : null
  const isFinal = status !== null && status >= 500
  switch (code) {
    case 'EAUTH':
    case 'ENOAUTH':
      return new SinkFailed(status === null || isFinal ? 'auth-refused' : 'server-error', status)
    case 'EENVELOPE':
      if (!isFinal) return new SinkFailed(status === null ? 'recipient-refused' : 'rate-limited', status)
      return new SinkFailed(command === 'MAIL FROM' ? 'sender-refused' : 'recipient-refused', status)
    case 'EMESSAGE':
      return new SinkFailed(isFinal ? 'message-refused' : 'server-error', status)
    case 'ETLS':
    case 'EREQUIRETLS':
      return new SinkFailed('tls', status)
    case 'ETIMEDOUT':
    case 'EABORT':
      return new SinkFailed('timeout', status)
    case 'EDNS':
    case 'ECONNECTION':
    case 'ESOCKET':
      return new SinkFailed(isCertificate(error) ? 'tls' : 'unreachable', status)
    default:
      return new SinkFailed(isCertificate(error) ? 'tls' : status === null ? 'failed' : 'server-error', status)
  }
}

/** Node says what is wrong with a certificate by codes, which nodemailer keeps in `originalCode` or only in the cause’s text. */
function isCertificate(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { originalCode, cause } = error as Error & { readonly originalCode?: unknown } // read as unknown
  const text = `${String(originalCode ?? '')} ${error.message}`
  if (/CERT|ERR_TLS|ERR_SSL|SELF_SIGNED|certificate|UNABLE_TO_VERIFY/i.test(text)) return true
  return cause !== undefined && cause !== error && isCertificate(cause)
}

/** What an HTTP status other than 2xx means for a webhook. */
export function httpFailure(status: number, waitMs: number): SinkFailed {
  if (status === 429) return new SinkFailed('rate-limited', status, waitMs)
  if (status >= 300 && status < 400) return new SinkFailed('redirected', status)
  if (status === 401 || status === 403 || status === 404 || status === 410)
    return new SinkFailed('webhook-gone', status)
  if (status === 408) return new SinkFailed('timeout', status)
  if (status >= 500) return new SinkFailed('server-error', status, waitMs)
  return new SinkFailed('message-refused', status)
}
