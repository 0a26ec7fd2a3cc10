/** Entry of a process that writes a log until it dies or the disk refuses. Started by log-crash.spec.ts alone. */
import { isQuantbotError } from '#core/errors'
import { loadOrCreateSigner } from '#events/log/keys'
import { LogWriter } from '#events/log/writer'
import { lines, T0 } from '../log/run-folder.js'

const { home, runDir, mode } = JSON.parse(process.env.QUANTBOT_TEST_LOG ?? '{}') as Record<string, string> // written by the spec

/** Says each durable seq on stdout, as a gateway would send an order. */
async function main(): Promise<void> {
  const { writer } = LogWriter.open(runDir!, { signer: loadOrCreateSigner(home!), segmentBytes: 40_000 })
  process.stdout.write(`opened ${writer.position.lastSeq}\n`)
  for (let size = 1; ; size = (size % 7) + 1) {
    const first = writer.position.lastSeq + 1
    const last = first + size - 1
    const group = lines(first, last)
    const commit =
      mode === 'sync'
        ? writer.commitSync(group, size, last, T0 + last)
        : await writer.commit(group, size, last, T0 + last)
    process.stdout.write(`durable ${commit.lastSeq}\n`)
    if (mode === 'sync') await new Promise((resolve) => setImmediate(resolve))
  }
}

await main().catch((error: unknown) => {
  process.stdout.write(`${isQuantbotError(error) ? `${error.code} ${error.message}` : String(error)}\n`)
  process.exitCode = 1
})
