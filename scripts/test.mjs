// Runs all tests, with coverage of all but those that have the machine to themselves (vitest.config.ts): it slows them. Then says what was
// skipped and why that matters, tests on shared data counted apart, and ends with the line `N passed, N failed`. Exit code: 0 when all
// of vitest was well.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
mkdirSync(`${root}coverage`, { recursive: true })
rmSync(`${root}coverage/coverage-summary.json`, { force: true })

// Where files were asked for, a project may have none of them.
const asked = process.argv.slice(2)
const parts = [
  ['tests', '--coverage', '--project=!alone'],
  ['tests-alone', '--project=alone'],
].map(([name, ...args]) => {
  const results = `${root}coverage/${name}.json`
  rmSync(results, { force: true })
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${results}`]
  const vitest = spawnSync(
    process.execPath,
    [`${root}node_modules/vitest/vitest.mjs`, 'run', '--passWithNoTests', ...args, ...reporters, ...asked],
    { cwd: root, stdio: 'inherit' },
  )
  const hasEnded = existsSync(results)
  if (!hasEnded) console.log(`vitest gave no results: ${args.join(' ')}`)
  return {
    isWell: hasEnded && vitest.status === 0,
    files: hasEnded ? JSON.parse(readFileSync(results, 'utf8')).testResults : [],
  }
})
const files = parts.flatMap((part) => part.files)

const count = { passed: 0, failed: 0, skipped: 0 }
const shared = { passed: 0, failed: 0, skipped: 0 }
const skipped = []
for (const file of files) {
  const needsShared = /\bshared(?:Path|Dir)\(/.test(readFileSync(file.name, 'utf8'))
  if (file.status === 'failed' && file.assertionResults.length === 0) count.failed++
  for (const test of file.assertionResults) {
    const kind = test.status === 'passed' ? 'passed' : test.status === 'failed' ? 'failed' : 'skipped'
    count[kind]++
    if (needsShared) shared[kind]++
    if (kind === 'skipped') skipped.push(`${file.name.slice(root.length)}: ${test.fullName}`)
  }
}

try {
  const { total } = JSON.parse(readFileSync(`${root}coverage/coverage-summary.json`, 'utf8'))
  writeFileSync(`${root}coverage/badge.svg`, badge(total.lines.pct))
  console.log(
    `coverage: ${total.lines.pct} % of lines, ${total.branches.pct} % of branches, by all but project "alone"`,
  )
} catch {
  console.log('coverage: not measured')
}
if (skipped.length > 0) {
  console.log(`\nSKIPPED, ${skipped.length} tests: a server, browser, Node version or the shared data is not here:`)
  for (const name of skipped) console.log(`  ${name}`)
}
console.log(
  `of these, in files that use the shared data: ${shared.passed} passed, ${shared.failed} failed, ${shared.skipped} skipped`,
)
console.log(`${count.passed} passed, ${count.failed} failed`)
const isWell = files.length > 0 && count.failed === 0 && parts.every((part) => part.isWell)
process.exitCode = isWell ? 0 : 1

function badge(percent) {
  const color = percent >= 90 ? '#3c9a5f' : percent >= 80 ? '#8a9a3c' : '#b5533c'
  const text = `${percent.toFixed(0)} %`
  return `<svg xmlns="http://www.w3.org/2000/svg" width="104" height="20" role="img" aria-label="coverage: ${text}"><rect width="62" height="20" fill="#444"/><rect x="62" width="42" height="20" fill="${color}"/><g fill="#fff" font-family="Verdana,sans-serif" font-size="11"><text x="6" y="14">coverage</text><text x="68" y="14">${text}</text></g></svg>\n`
}
