/** Owns the errors that the simulated OKX answers: HTTP status, code and text as docs-v5 lists them. */
import type { SimReply } from '../protocol.port.js'

const TEXTS: Readonly<Record<string, readonly [status: number, msg: string]>> = {
  '50001': [503, 'Service temporarily unavailable. Please try again later.'],
  '50011': [429, 'Too Many Requests'],
  '50014': [400, 'Parameter {0} can not be empty.'],
  '50015': [400, 'Either parameter {0} is required'],
  '50026': [500, 'System error. Try again later'],
  '50102': [401, 'Timestamp request expired.'],
  '50103': [401, 'Request header "OK-ACCESS-KEY" cannot be empty.'],
  '50104': [401, 'Request header "OK-ACCESS-PASSPHRASE" cannot be empty.'],
  '50105': [401, 'Request header "OK-ACCESS-PASSPHRASE" incorrect.'],
  '50106': [401, 'Request header "OK-ACCESS-SIGN" cannot be empty.'],
  '50107': [401, 'Request header "OK-ACCESS-TIMESTAMP" cannot be empty.'],
  '50111': [401, 'Invalid OK-ACCESS-KEY.'],
  '50112': [401, 'Invalid OK-ACCESS-TIMESTAMP.'],
  '50113': [401, 'Invalid signature.'],
  '51000': [400, 'Parameter {0} error'],
  '51001': [200, "Instrument ID, Instrument ID code or Spread ID doesn't exist."],
  '51014': [200, "Index doesn't exist."],
}

/** `{"code","msg","data":[]}` under its HTTP status. */
export function refused(code: string, what = ''): SimReply {
  const [status, msg] = TEXTS[code] ?? [400, 'Error']
  return { status, body: { msg: msg.replace('{0}', what), code, data: [] } }
}

export function answered(data: readonly unknown[]): SimReply {
  return { status: 200, body: { code: '0', msg: '', data } }
}
