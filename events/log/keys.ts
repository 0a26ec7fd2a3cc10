/**
 * Owns the Ed25519 signing key: <home>/keys/ed25519.pem, made at first start, readable by its owner alone.
 * Never puts it into a run folder, an error or a log.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { QuantbotError } from '#core/errors'
import { createAtomically, isSystemError } from './durable.js'

/** Signs with the private half, which it does not show. */
export interface Signer {
  /** Base64 of the public half's SPKI DER, as the manifest holds it. */
  readonly publicKey: string
  /** Ed25519 signature (RFC 8032), base64. */
  sign(bytes: Uint8Array): string
}

export const keyPath = (home: string): string => join(home, 'keys', 'ed25519.pem')

/** The key of this home, made at first use. KEY_UNUSABLE: others may read it, it is no Ed25519 key, or home is a run. */
export function loadOrCreateSigner(home: string): Signer {
  const path = keyPath(home)
  if (existsSync(join(home, 'manifest.json'))) {
    throw new QuantbotError('KEY_UNUSABLE', `${path}: a signing key must not lie in a run folder`)
  }
  if (!existsSync(path)) {
    mkdirSync(join(home, 'keys'), { recursive: true, mode: 0o700 })
    const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' })
    createAtomically(path, Buffer.from(pem), 0o600) // false: another process was first, and its key is the one
  }
  return loadSigner(path)
}

/** Public half of the key of a home, as a manifest holds it; undefined where there is none. Makes none. KEY_UNUSABLE. */
export function publicKeyOf(home: string): string | undefined {
  return existsSync(keyPath(home)) ? loadSigner(keyPath(home)).publicKey : undefined
}

function loadSigner(path: string): Signer {
  let key: KeyObject
  try {
    const mode = statSync(path).mode & 0o777
    if ((mode & 0o077) !== 0) {
      throw new QuantbotError('KEY_UNUSABLE', `${path} has mode ${mode.toString(8)}: others may read it`)
    }
    key = createPrivateKey(readFileSync(path))
  } catch (cause) {
    if (cause instanceof QuantbotError) throw cause
    // Not the cause's text: it could quote the key.
    const why = isSystemError(cause, 'EACCES') ? 'may not be read' : 'is no private key in PEM'
    throw new QuantbotError('KEY_UNUSABLE', `${path} ${why}`)
  }
  if (key.asymmetricKeyType !== 'ed25519') throw new QuantbotError('KEY_UNUSABLE', `${path} is no Ed25519 key`)
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' }).toString('base64')
  return { publicKey, sign: (bytes) => sign(null, bytes, key).toString('base64') }
}

/** Whether `signature` (base64) is over these bytes; false for a key or signature that cannot be read. */
export function verifySignature(publicKey: string, bytes: Uint8Array, signature: string): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), type: 'spki', format: 'der' })
    const raw = Buffer.from(signature, 'base64')
    return raw.toString('base64') === signature && verify(null, bytes, key, raw)
  } catch {
    return false
  }
}
