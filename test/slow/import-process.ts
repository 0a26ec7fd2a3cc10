/** Entry of a process that imports one file and dies, or waits, at a named moment. Started by lake.spec.ts alone. */
import { setTimeout as wait } from 'node:timers/promises'
import { isQuantbotError } from '#core/errors'
import { importFiles } from '#data/import'
import { asWriter } from '#data/publish'

const { home, file, dieAt } = JSON.parse(process.env.QUANTBOT_TEST_IMPORT ?? '{}') as Record<string, string> // written by the spec

async function main(): Promise<void> {
  if (dieAt === 'holding') {
    await asWriter(home!, async () => {
      process.stdout.write('holding\n')
      await wait(60_000)
    })
    return
  }
  const report = await importFiles({
    home: home!,
    files: [file!],
    kind: 'bars',
    venue: 'binance',
    market: 'spot',
    onProgress: ({ phase, count }) => {
      if (`${phase} ${count}` === dieAt) process.kill(process.pid, 'SIGKILL')
    },
  })
  process.stdout.write(`written ${report.written}\n`)
}

await main().catch((error: unknown) => {
  process.stdout.write(`${isQuantbotError(error) ? error.code : String(error)}\n`)
  process.exitCode = 1
})
