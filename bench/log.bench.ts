/** Durable append against a bare write and fdatasync of the same bytes; encoding; verification against plain SHA-256. */
import { createHash } from 'node:crypto'
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { Sfc32 } from '#core/random'
import { EventEncoder } from '#events/codec'
import { LineBuffer } from '#events/line-buffer'
import { verifyLog } from '#events/log/verify'
import { LogWriter } from '#events/log/writer'
import { encodeAs, type Groups, makeGroups, makeSignals } from './events.js'
import { type Bench, type Figure, median, medianRatio, timed } from './figures.js'
import { inScratch, scratchRun } from './scratch.js'

const PER_GROUP = 4096

function bare(path: string, { groups }: Groups): void {
  const file = openSync(path, 'w')
  for (const { bytes } of groups) {
    writeSync(file, bytes)
    fdatasyncSync(file)
  }
  closeSync(file)
}

async function append(home: string, id: string, { groups }: Groups): Promise<number> {
  const { dir, signer } = scratchRun(home, id, 'full')
  const { writer } = LogWriter.open(dir, { signer, segmentBytes: 2 ** 40 })
  const ms = await timed(() => {
    for (const { bytes, count, lastSeq, lastTs } of groups) writer.commitSync(bytes, count, lastSeq, lastTs)
  })
  await writer.close({ seal: false })
  return ms
}

async function appendEncoding(home: string, id: string, events: number): Promise<number> {
  const { dir, signer } = scratchRun(home, id, 'full')
  const { writer } = LogWriter.open(dir, { signer, segmentBytes: 2 ** 40 })
  const lines = new LineBuffer(PER_GROUP * 420)
  const encoder = new EventEncoder()
  const pending = makeSignals(PER_GROUP, Sfc32.seeded(11))
  const ms = await timed(() => {
    for (let first = 1; first <= events; first += PER_GROUP) {
      const count = Math.min(PER_GROUP, events - first + 1)
      encodeAs(lines, encoder, pending, first, count)
      const lastSeq = first + count - 1
      writer.commitSync(lines.view(), count, lastSeq, 1_700_000_000_000 + lastSeq * 50)
      lines.truncate(0)
    }
  })
  await writer.close({ seal: false })
  return ms
}

async function figures(home: string, events: number, runs: number): Promise<readonly Figure[]> {
  const made = makeGroups(events, PER_GROUP)
  const whole = Buffer.concat(made.groups.map(({ bytes }) => bytes))
  const [bareMs, appendMs, encodeMs, shaMs, verifyMs]: number[][] = [[], [], [], [], []]
  for (let run = 0; run <= runs; run++) {
    const id = `log-${run}`
    const first = await timed(() => bare(join(home, id), made))
    const second = await append(home, id, made)
    const third = await appendEncoding(home, `${id}-encoding`, events)
    const fourth = await timed(() => createHash('sha256').update(whole).digest())
    const fifth = await timed(() => verifyLog(join(home, 'runs', id)))
    if (run === 0) continue
    bareMs!.push(first)
    appendMs!.push(second)
    encodeMs!.push(third)
    shaMs!.push(fourth)
    verifyMs!.push(fifth)
  }
  const megabytes = made.bytes / 1e6
  return [
    { what: 'bytes an event', value: made.bytes / events, unit: 'B' },
    { what: 'bare write + fdatasync', value: megabytes / (median(bareMs!) / 1000), unit: 'MB/s' },
    { what: 'durable append of encoded lines', value: megabytes / (median(appendMs!) / 1000), unit: 'MB/s' },
    { what: 'append : bare, speed', value: medianRatio(bareMs!, appendMs!), unit: '×', target: { min: 0.5 } },
    {
      what: 'append with encoding',
      value: events / (median(encodeMs!) / 1000),
      unit: 'events/s',
      target: { min: 300_000 },
    },
    { what: 'SHA-256 in memory', value: megabytes / (median(shaMs!) / 1000), unit: 'MB/s' },
    { what: 'verification', value: megabytes / (median(verifyMs!) / 1000), unit: 'MB/s' },
    { what: 'verification : SHA-256, speed', value: medianRatio(shaMs!, verifyMs!), unit: '×', target: { min: 0.5 } },
  ]
}

export const logBench: Bench = {
  name: 'log',
  run: (scale) => inScratch((home) => (scale === 'full' ? figures(home, 1_000_000, 5) : figures(home, 5_000, 1))),
}
