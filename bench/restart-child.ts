/**
 * Owns the process that the benchmark of restarts begins and kills. `write HOME SCALE`: writes the run and says how far
 * it came. `restart HOME SCALE`: goes on with it and says when it decided again. Neither ends by itself.
 */

import { RUN, restart, restartConfiguration } from './restart.js'
import { openSimProcess, startUntil } from './sim-process.js'

const [mode, home, scale] = process.argv.slice(2)
const config = restartConfiguration(scale === 'full' ? 'full' : 'tiny')
const say = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

if (mode === 'write') {
  let told = 0
  await startUntil(openSimProcess(home!, RUN, config, 'none'), ({ commit }) => {
    if (commit.lastSeq - told >= 1000) {
      told = commit.lastSeq
      say(String(told))
    }
    return false
  })
} else {
  const { opened: _, ...told } = await restart(home!, config, () => performance.now())
  say(JSON.stringify(told))
}
