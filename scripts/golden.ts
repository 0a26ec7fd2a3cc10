/**
 * `npm run golden` writes test/golden anew, after a change of behaviour that is meant; `--check` holds this build, on this Node,
 * against it. A state whose layout changed under the version of its agent is refused; `--same-states` takes it as it is, for a story
 * that shows more or less of states that stayed the same. Exit 0: every byte is equal; 1: some differ; 2: another argument.
 */
import { fileURLToPath } from 'node:url'
import { checkGoldens, writeGoldens } from '#test/pipeline/golden-files'
import { makeStateLayouts, misreadable, readStateLayouts, writeStateLayouts } from '#test/pipeline/state-layouts'

// Compiled to dist/scripts/.
const dir = fileURLToPath(new URL('../../test/golden', import.meta.url))

async function main(arguments_: readonly string[]): Promise<number> {
  const isSameStates = arguments_.join() === '--same-states'
  if (arguments_.length === 0 || isSameStates) {
    const layouts = makeStateLayouts()
    const refused = isSameStates ? [] : misreadable(readStateLayouts(dir), layouts)
    for (const sentence of refused) process.stderr.write(`${sentence}\n`)
    if (refused.length > 0) {
      process.stderr.write('nothing was written; where no state changed: npm run golden -- --same-states\n')
      return 1
    }
    await writeGoldens(dir)
    writeStateLayouts(dir, layouts)
    process.stdout.write(`wrote ${dir}: look at the difference before you commit it\n`)
    return 0
  }
  if (arguments_.join() !== '--check') {
    process.stderr.write('usage: node dist/scripts/golden.js [--check | --same-states]\n')
    return 2
  }
  const problems = await checkGoldens(dir, { large: true })
  for (const problem of problems) process.stdout.write(`DIFFERENT ${problem}\n`)
  if (problems.length === 0) process.stdout.write(`golden logs are equal on Node ${process.versions.node}\n`)
  return problems.length === 0 ? 0 : 1
}

process.exitCode = await main(process.argv.slice(2))
