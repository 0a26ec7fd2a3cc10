/**
 * `npm run golden` writes test/golden anew, after a change of behaviour that is meant; `--check` holds this build, on this Node,
 * against it. Exit 0: every byte is equal; 1: some differ; 2: another argument.
 */
import { fileURLToPath } from 'node:url'
import { checkGoldens, writeGoldens } from '#test/pipeline/golden-files'

// Compiled to dist/scripts/.
const dir = fileURLToPath(new URL('../../test/golden', import.meta.url))

async function main(arguments_: readonly string[]): Promise<number> {
  if (arguments_.length === 0) {
    await writeGoldens(dir)
    process.stdout.write(`wrote ${dir}: look at the difference before you commit it\n`)
    return 0
  }
  if (arguments_.join() !== '--check') {
    process.stderr.write('usage: node dist/scripts/golden.js [--check]\n')
    return 2
  }
  const problems = await checkGoldens(dir, { large: true })
  for (const problem of problems) process.stdout.write(`DIFFERENT ${problem}\n`)
  if (problems.length === 0) process.stdout.write(`golden logs are equal on Node ${process.versions.node}\n`)
  return problems.length === 0 ? 0 : 1
}

process.exitCode = await main(process.argv.slice(2))
