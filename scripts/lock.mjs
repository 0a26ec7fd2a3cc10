// Makes package-lock.json anew in an empty folder: beside an installed node_modules npm leaves out the packages of other
// platforms, and `npm ci` refuses such a lock file. Ends with a dry `npm ci`, so that a bad one is seen here.
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const folder = mkdtempSync(join(tmpdir(), 'quantbot-lock-'))
const npm = (...args) => spawnSync('npm', args, { cwd: folder, stdio: 'inherit' }).status === 0
try {
  copyFileSync('package.json', join(folder, 'package.json'))
  if (npm('install', '--package-lock-only', '--ignore-scripts') && npm('ci', '--dry-run', '--ignore-scripts'))
    copyFileSync(join(folder, 'package-lock.json'), 'package-lock.json')
  else process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
