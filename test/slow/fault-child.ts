/**
 * Owns the process that the fault tests kill: a live host on a real run folder. Says on stdout, in whole lines and only
 * after the commit: `C <seq> <hash>` for each commit, `O <order>` for each order sent, `P <problem>`, `END`.
 */
import { writeSync } from 'node:fs'
import { isQuantbotError } from '#core/errors'
import { loadOrCreateSigner } from '#events/log/keys'
import { endSession, openSession } from '../engine/run-rig.js'

const [home, runDir, bars] = process.argv.slice(2)
if (home === undefined || runDir === undefined || bars === undefined) throw new Error('usage: home runDir bars')
const say = (line: string): void => {
  writeSync(1, `${line}\n`)
}

try {
  const session = openSession(runDir, {
    signer: loadOrCreateSigner(home),
    bars: Number(bars),
    everyEvents: 2000,
    log: { sync: 'fdatasync', segmentBytes: 600_000 },
    host: {
      groupEvents: 64,
      stallMs: 1000,
      onProblem: (problem) => say(`P ${problem.code}`),
      onCommitted: (events, commit) => {
        say(`C ${commit.lastSeq} ${commit.hash}`)
        for (const event of events) if (event.type === 'OrderSubmitted') say(`O ${event.data.order}`)
      },
      onIdle: () => {
        void endSession(session).then(() => say('END'))
      },
    },
  })
  say(`R ${session.recovered.resume.seq} ${session.recovered.refolded}`)
  session.host.start()
} catch (error) {
  say(`E ${isQuantbotError(error) ? error.code : String(error)}`)
  process.exitCode = 1
}
