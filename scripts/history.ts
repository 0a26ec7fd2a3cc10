/**
 * Owns `npm run history -- [--home DIR] [SHARED]`: the shared recordings into a home that backtests read. Says so, and does nothing,
 * where there are none.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { importHistory } from './history-import.js'

const args = process.argv.slice(2)
const at = args.indexOf('--home')
const home = at < 0 ? 'var' : args.splice(at, 2)[1]
const shared = args[0] ?? join('..', 'shared')
if (home === undefined) {
  process.stderr.write('--home names no folder\n')
  process.exit(2)
}
if (!existsSync(join(shared, 'data'))) {
  process.stderr.write(`no market data in ${shared}: nothing to import\n`)
  process.exit(2)
}
const done = await importHistory(shared, home, undefined, (line) => process.stderr.write(`${line}\n`))
for (const line of done.refused) process.stderr.write(`refused: ${line}\n`)
process.stdout.write(`${done.files} files, ${done.skipped} there already, ${done.rows} rows written into ${home}\n`)
