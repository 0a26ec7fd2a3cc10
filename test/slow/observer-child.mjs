/**
 * Owns the process of page-run.spec.ts that hangs and kills its observer on demand: the built observer over a run folder, and a process
 * double whose answers are known. argv: dist folder, home, run folder, token. Lines of stdin tell it what to do.
 */
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'

const [dist, home, runDir, token] = process.argv.slice(2)
const load = (path) => import(pathToFileURL(`${dist}/${path}`).href)
const { startObserver } = await load('src/cli/observer/observer.js')
const { machineTime } = await load('actors/scaled-time.js')
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`)

const threads = []
const { unref } = Worker.prototype
Worker.prototype.unref = function kept() {
  threads.push(this)
  return unref.call(this)
}

const commands = []
const spec = {
  home,
  runDir,
  isLive: true,
  web: { host: '127.0.0.1', port: 0, mayMove: false, allowedHosts: [], token, root: `${dist}/web` },
  notify: null,
}
const observer = await startObserver({
  spec,
  process: {
    status: async () => ({ state: 'running', commands }),
    command: async (command) => {
      commands.push(command)
      return { seq: 1 }
    },
  },
  time: machineTime,
  onProblem: (detail) => say({ problem: detail }),
})
say({ port: observer.place?.port ?? null, threads: threads.length })

for await (const line of createInterface({ input: process.stdin })) {
  const [what, ms] = line.split(' ')
  if (what === 'hang') {
    say({ hangs: true })
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(ms))
    say({ hangs: false })
  } else if (what === 'kill') {
    await threads.at(-1).terminate()
    say({ killed: threads.length })
  } else if (what === 'end') {
    await observer.close(0)
    say({ ended: commands.length })
    break
  }
}
process.stdin.destroy()
