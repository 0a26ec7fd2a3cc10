import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { proveRest } from '#actors/recover-run'
import { isQuantbotError } from '#core/errors'
import { Sfc32 } from '#core/random'
import { diskFiles } from '#events/log/log-files.port'
import { endSession, eventsOf, linesOf, makeHome, openSession, redecide, runSession } from '../engine/run-rig.js'
import { buildChild, checkAfterKill, checkFinished, startChild } from './fault-rig.js'

const FAULTS = Number(process.env.QUANTBOT_FAULTS ?? 20)
const SEED = Number(process.env.QUANTBOT_SEED ?? Math.floor(Math.random() * 1e9))
const home = makeHome()
let script = ''
beforeAll(async () => {
  script = await buildChild(join(home.path, 'child'))
})
afterAll(() => home.remove())

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const lastSegment = (runDir: string): string =>
  join(
    runDir,
    'log',
    readdirSync(join(runDir, 'log'))
      .filter((name) => name.endsWith('.ndjson'))
      .sort()
      .at(-1)!,
  )

const KILLS_A_RUN = 25
const KILLS_A_TEST = 75
const BARS = 24_000

/** All kills, shared by tests of bounded length. */
function shares(): { readonly part: number; readonly kills: number }[] {
  const count = Math.ceil(FAULTS / KILLS_A_TEST)
  return Array.from({ length: count }, (_, i) => ({
    part: i + 1,
    kills: Math.min(KILLS_A_TEST, FAULTS - i * KILLS_A_TEST),
  }))
}

/** One run, killed `most` times or until it is through, then left to end. Gives the number of kills. */
async function killedRun(random: Sfc32, most: number): Promise<number> {
  const runDir = home.newRun()
  let kills = 0
  let resumed = 0
  while (kills < most) {
    const child = startChild(script, home, runDir, BARS)
    await child.said(random.next() < 0.8 ? 'C ' : 'R ')
    await sleep(random.next() * 120)
    await child.kill()
    kills++
    const said = child.lines()
    expect(said.filter((line) => /^[EP] /.test(line))).toEqual([])
    const from = Number(said.find((line) => line.startsWith('R '))?.split(' ')[1] ?? resumed)
    expect(from).toBeGreaterThanOrEqual(resumed)
    resumed = Number(said.findLast((line) => line.startsWith('C '))?.split(' ')[1] ?? from)
    checkAfterKill(home, runDir, said)
    if (said.includes('END')) break
  }
  const last = startChild(script, home, runDir, BARS)
  expect(await last.exited).toBe(0)
  expect(last.lines().at(-1)).toBe('END')
  checkFinished(runDir, BARS)
  const starts = eventsOf(runDir).flatMap((event) => (event.type === 'ProcessStarted' ? [event.data.resumedAt] : []))
  expect(starts.length).toBeGreaterThan(kills / 2)
  expect(new Set(starts).size).toBeGreaterThan(kills / 2)
  expect((await proveRest(runDir)).ok).toBe(true)
  return kills
}

describe(`a process that is killed (seed ${SEED})`, () => {
  it.each(shares())(
    'loses nothing in $kills kills at any instant, and ends as if it had never been killed ($part)',
    async ({ part, kills }) => {
      const random = Sfc32.seeded(SEED, 1, part)
      let done = 0
      // Several runs of bounded length: what is checked after a kill is the whole log.
      while (done < kills) done += await killedRun(random, Math.min(kills - done, KILLS_A_RUN))
      expect(done).toBe(kills)
    },
  )

  it('does not share its run folder with another process', async () => {
    const runDir = home.newRun()
    const first = startChild(script, home, runDir, 1_000_000)
    await first.said('C ')
    const second = startChild(script, home, runDir, 1_000_000)
    expect(await second.exited).toBe(1)
    expect(second.lines()).toEqual(['E RUN_LOCKED'])
    await first.kill()
    // The lock of a dead process holds nobody up.
    const third = startChild(script, home, runDir, 1_000_000)
    await third.said('C ')
    await third.kill()
    checkAfterKill(home, runDir, [...first.lines(), ...third.lines()])
  })

  it('on a full disk sends nothing that is not on disk, says so, and goes on when there is space', async () => {
    const runDir = home.newRun()
    const full = startChild(script, home, runDir, 3000, 96)
    await full.said('P ')
    expect(full.lines().filter((line) => line.startsWith('P '))).toEqual(['P log-stalled'])
    await sleep(300)
    const said = full.lines()
    expect(said.at(-1)).toBe('P log-stalled')
    await full.kill()
    checkAfterKill(home, runDir, said)
    const again = startChild(script, home, runDir, 3000)
    expect(await again.exited).toBe(0)
    checkFinished(runDir, 3000)
  })
})

describe('a run folder that was damaged', () => {
  const bars = 400
  async function soundRun(): Promise<string> {
    const runDir = home.newRun()
    await endSession(await runSession(runDir, { signer: home.signer, bars, log: { segmentBytes: 60_000 } }))
    expect(readdirSync(join(runDir, 'log')).length).toBeGreaterThan(3)
    return runDir
  }
  const goesOn = async (runDir: string): Promise<void> => {
    await endSession(await runSession(runDir, { signer: home.signer, bars: bars + 50 }))
    checkFinished(runDir, bars + 50)
  }

  it.each<[string, string | Buffer]>([
    ['a line cut short', '{"seq":99999,"ts":17000'],
    ['a page of zeros', Buffer.alloc(4096)],
    ['whole lines without a commit', '{"seq":99999,"ts":1,"type":"X"}\n{"seq":100000,"ts":1,"type":"X"}\n'],
    ['a commit line cut short', '{"seq":99999,"ts":1}\n{"commit":99999,"count":1,"prev":"'],
  ])('with %s behind the last commit loses nothing, keeps those bytes, and goes on', async (_what, tail) => {
    const runDir = await soundRun()
    const before = linesOf(runDir)
    appendFileSync(lastSegment(runDir), tail)
    const session = openSession(runDir, { signer: home.signer, bars })
    const [torn] = session.recovered.recovery.torn
    expect(readFileSync(torn!.file)).toEqual(Buffer.from(tail))
    expect(session.recovered.resume.seq).toBe(before.length)
    await session.recovered.writer.close({ seal: false })
    await goesOn(runDir)
    expect(linesOf(runDir).slice(0, before.length)).toEqual(before)
  })

  it('by one bit, anywhere, is never believed: it is refused, set aside, or named by the proof', async () => {
    const sound = await soundRun()
    const random = Sfc32.seeded(SEED, 2)
    const { states } = redecide(eventsOf(sound))
    const files = readdirSync(join(sound, 'log')).map((name) => join('log', name))
    for (const file of [...files, ...files, ...files]) {
      const runDir = home.copyOf(sound)
      const bytes = readFileSync(join(runDir, file))
      const at = random.below(bytes.length)
      bytes[at]! ^= 1 << random.below(8)
      writeFileSync(join(runDir, file), bytes)
      const what = `${file}, byte ${at} of ${bytes.length}`
      try {
        const session = openSession(runDir, { signer: home.signer, bars })
        const { resume, recovery, writer } = session.recovered
        await writer.close({ seal: false })
        const states2 = new Map([...resume.states].map(([agent, state]) => [agent, JSON.stringify(state)]))
        expect(states2, what).toEqual(states.get(resume.seq))
        const isNamed = !(await proveRest(runDir)).ok
        expect(isNamed || recovery.torn.some((torn) => torn.damaged), what).toBe(true)
      } catch (error) {
        expect(isQuantbotError(error) ? error.code : String(error), what).toMatch(/^(LOG_CORRUPT|MANIFEST_INVALID)$/)
      }
      rmSync(runDir, { recursive: true })
    }
  })

  it('by one bit of any byte of its manifest is refused, and nothing is changed', async () => {
    const runDir = await soundRun()
    const path = join(runDir, 'manifest.json')
    const sound = readFileSync(path)
    const { publicKey } = JSON.parse(sound.toString()) as { publicKey: string }
    const keyAt = sound.indexOf(publicKey)
    const random = Sfc32.seeded(SEED, 3)
    const log = linesOf(runDir)
    for (let at = 0; at < sound.length; at++) {
      const bytes = Buffer.from(sound)
      bytes[at]! ^= 1 << random.below(8)
      writeFileSync(path, bytes)
      const what = `byte ${at} of ${bytes.length}`
      // A manifest that names another key may as well be a run begun with that key.
      const isInKey = at >= keyAt && at < keyAt + publicKey.length
      const codes = isInKey ? /^(KEY_UNUSABLE|LOG_CORRUPT|MANIFEST_INVALID)$/ : /^(LOG_CORRUPT|MANIFEST_INVALID)$/
      expect(() => openSession(runDir, { signer: home.signer, bars }), what).toThrow(
        expect.objectContaining({ code: expect.stringMatching(codes) }),
      )
    }
    writeFileSync(path, sound)
    expect(linesOf(runDir)).toEqual(log)
    await goesOn(runDir)
  })

  it('with a segment missing is refused', async () => {
    const runDir = await soundRun()
    rmSync(join(runDir, 'snapshots'), { recursive: true })
    const names = readdirSync(join(runDir, 'log')).sort()
    rmSync(join(runDir, 'log', names[1]!))
    expect(() => openSession(runDir, { signer: home.signer, bars })).toThrow(/missing/)
    expect(existsSync(join(runDir, 'log', names[0]!))).toBe(true)
  })
})

describe('a disk whose sync is slow', () => {
  it('halts effects and inputs meanwhile, then the log says how long, before anything else', async () => {
    const runDir = home.newRun()
    let syncs = 0
    const fdatasync = async (fd: number): Promise<void> => {
      if (++syncs === 5) await sleep(400)
      await diskFiles.fdatasync(fd)
    }
    const session = await runSession(runDir, {
      signer: home.signer,
      bars: 600,
      log: { sync: 'fdatasync', files: { ...diskFiles, fdatasync } },
      host: { stallMs: 100 },
    })
    await endSession(session)
    expect(session.problems).toMatchObject([{ code: 'log-stalled', isFatal: false }])
    const stalled = eventsOf(runDir).filter((event) => event.type === 'LogStalled')
    expect(stalled).toMatchObject([{ cause: 0, data: { code: 'LOG_STALLED' } }])
    expect(stalled[0]!.data.stalledMs).toBeGreaterThanOrEqual(390)
    expect(session.committed.map((event) => event.seq)).toEqual(session.committed.map((_, i) => i + 1))
    checkFinished(runDir, 600)
  })
})
