/** Entry of a process that compacts a lake and dies at a named moment. Started by lake.spec.ts alone. */
import { compactLake } from '#data/compact'

const { home, dieAt } = JSON.parse(process.env.QUANTBOT_TEST_IMPORT ?? '{}') as Record<string, string> // written by the spec

await compactLake(home!, ({ phase, count }) => {
  if (`${phase} ${count}` === dieAt) process.kill(process.pid, 'SIGKILL')
}).then(
  (report) => process.stdout.write(`merged ${report.length}\n`),
  (error: unknown) => {
    process.stdout.write(`${String(error)}\n`)
    process.exitCode = 1
  },
)
