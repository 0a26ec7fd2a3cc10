/** Owns reading a zip of one CSV file from memory. Never writes to disk; refuses whatever is damaged or not what was asked for. */
import { fromBuffer } from 'yauzl'
import { QuantbotError } from '#core/errors'

/** A month of minutes is some 6 MB; beyond this a file is not what it says (ours). */
const UNPACKED_MAX = 256 * 2 ** 20

/** Text of the only file of a zip, whose bytes the caller has checked. Throws IMPORT_UNREADABLE with `name`. */
export async function unzipOne(zip: Buffer, name: string): Promise<string> {
  try {
    return (await onlyFile(zip)).toString('utf8')
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new QuantbotError('IMPORT_UNREADABLE', `${name}: damaged zip (${reason})`, { cause })
  }
}

function onlyFile(zip: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    fromBuffer(zip, { lazyEntries: true, validateEntrySizes: true }, (error, file) => {
      if (error || !file) {
        reject(error ?? new Error('cannot be opened'))
        return
      }
      const fail = (cause: unknown): void => {
        file.close()
        reject(cause)
      }
      let content: Buffer | undefined
      file.on('error', fail)
      file.on('end', () => (content ? resolve(content) : reject(new Error('it is empty'))))
      file.on('entry', (entry) => {
        if (content) return fail(new Error('it holds more than one file'))
        if (entry.uncompressedSize > UNPACKED_MAX) return fail(new Error('it is too large'))
        file.openReadStream(entry, (cause, stream) => {
          if (cause || !stream) return fail(cause ?? new Error('cannot be read'))
          const parts: Buffer[] = []
          stream.on('error', fail)
          stream.on('data', (part: Buffer) => parts.push(part))
          stream.on('end', () => {
            content = Buffer.concat(parts)
            file.readEntry()
          })
        })
      })
      file.readEntry()
    })
  })
}
