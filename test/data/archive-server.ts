/** A copy of a bulk archive on loopback for the specs: zips are made here, by the format's own rules (APPNOTE 6.3). */
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { crc32, deflateRawSync } from 'node:zlib'
import { onTestFinished } from 'vitest'

/** A zip of one deflated file. */
export function zipOf(name: string, text: string): Buffer {
  const content = Buffer.from(text)
  const packed = deflateRawSync(content)
  const fields = Buffer.alloc(26)
  fields.writeUInt16LE(20, 0) // version needed
  fields.writeUInt16LE(8, 4) // deflate
  fields.writeUInt32LE(crc32(content), 10)
  fields.writeUInt32LE(packed.length, 14)
  fields.writeUInt32LE(content.length, 18)
  fields.writeUInt16LE(name.length, 22)
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), fields, Buffer.from(name), packed])
  const tail = Buffer.alloc(14)
  const central = Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.from([20, 0]), fields, tail, Buffer.from(name)])
  const end = Buffer.alloc(18)
  end.writeUInt16LE(1, 4)
  end.writeUInt16LE(1, 6)
  end.writeUInt32LE(central.length, 8)
  end.writeUInt32LE(local.length, 12)
  return Buffer.concat([local, central, Buffer.from('PK\x05\x06'), end])
}

export interface ArchiveServer {
  readonly url: string
  readonly asked: string[]
  /** Files by path; a check sum is added beside each that has none. */
  readonly files: Map<string, Buffer>
}

/** Serves until the test ends. */
export async function archiveServer(): Promise<ArchiveServer> {
  const files = new Map<string, Buffer>()
  const asked: string[] = []
  const server = createServer((request, response) => {
    const path = (request.url ?? '').slice(1)
    asked.push(path)
    const zip = path.endsWith('.CHECKSUM') ? files.get(path.slice(0, -'.CHECKSUM'.length)) : undefined
    const sum = zip && Buffer.from(`${createHash('sha256').update(zip).digest('hex')}  ${path.split('/').at(-1)}\n`)
    const body = files.get(path) ?? sum
    response.statusCode = body ? 200 : 404
    response.end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo // listening on a port
  return { url: `http://127.0.0.1:${port}`, asked, files }
}
