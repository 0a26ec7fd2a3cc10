/**
 * Runs the oracle files of a folder through the shipped code: `npm run oracles -- DIR` (default: ../shared/oracles beside
 * the repository). Exit 0: all cases that have a method passed; 1: some failed; 2: the folder cannot be read.
 */
import { fileURLToPath } from 'node:url'
import { describeFailure, judge, type OracleCase, readCases } from '#test/oracles/cases'
import { METHODS } from '#test/oracles/registry'

// Compiled to dist/scripts/, three folders below the one that holds the repository.
const shared = process.env.QUANTBOT_SHARED ?? fileURLToPath(new URL('../../../shared', import.meta.url))
const folder = process.argv[2] ?? `${shared}/oracles`

function main(): number {
  let cases: OracleCase[]
  try {
    cases = readCases(folder)
  } catch (error) {
    process.stderr.write(
      `Cannot read the oracles of ${folder}: ${error instanceof Error ? error.message : String(error)}\n`,
    )
    process.stderr.write('Give a folder of oracle files: npm run oracles -- DIR\n')
    return 2
  }
  const counts = { passed: 0, failed: 0, unknown: 0 }
  for (const oracle of cases) {
    const verdict = judge(oracle, METHODS)
    counts[verdict.kind]++
    if (verdict.kind === 'failed') process.stdout.write(`${describeFailure(oracle, verdict).join('\n')}\n`)
  }
  process.stdout.write(`${counts.passed} passed, ${counts.failed} failed, ${counts.unknown} without a method\n`)
  return counts.failed > 0 ? 1 : 0
}

process.exitCode = main()
