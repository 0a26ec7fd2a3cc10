import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import type { AgentSnapshot } from '#core/ports'
import { formatSnapshot, isBad, parseSnapshot, snapshotName } from '#snapshots/snapshot-file'
import { SNAPSHOTS_KEPT, SnapshotStore, snapshotFolder } from '#snapshots/store'
import {
  asText,
  endSession,
  eventsOf,
  linesOf,
  makeHome,
  openSession,
  redecide,
  runSession,
} from '../engine/run-rig.js'

const home = makeHome()
afterAll(() => home.remove())
const options = (bars: number) => ({ signer: home.signer, bars })

const snapshot = (seq: number, state: unknown = { n: seq }, agent = 'test/counter'): AgentSnapshot => ({
  agent,
  version: '1',
  commit: { lastSeq: seq, lastTs: 5, count: 2, hash: 'a'.repeat(64), segment: 1, offset: 900 },
  state: JSON.stringify(state),
})

describe('the file of a snapshot', () => {
  it('reads back what was written, whatever the state', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.integer({ min: 1 }), (state, seq) => {
        const written = snapshot(seq, JSON.parse(JSON.stringify(state)))
        expect(parseSnapshot(formatSnapshot(written))).toEqual(written)
      }),
    )
  })

  it('is refused when any byte is changed, added or missing', () => {
    const text = formatSnapshot(snapshot(7, { sum: 12.25, names: ['a', 'b'] }))
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom('flip', 'cut', 'add'), (at, how) => {
        const other = String.fromCharCode(text.charCodeAt(at) ^ 1)
        const rest = how === 'flip' ? other + text.slice(at + 1) : how === 'add' ? ` ${text.slice(at)}` : ''
        expect(isBad(parseSnapshot(text.slice(0, at) + rest))).toBe(true)
      }),
    )
  })
})

describe('the folder of snapshots', () => {
  it('keeps the last three of each agent, however they are saved', async () => {
    const store = new SnapshotStore(home.newRun())
    await Promise.all([5, 9, 12, 40, 100].map((seq) => store.save(snapshot(seq))))
    await store.save(snapshot(3, {}, 'test/counter-two'))
    expect(SNAPSHOTS_KEPT).toBe(3)
    expect(store.seqs('test/counter')).toEqual([100, 40, 12])
    expect(store.seqs('test/counter-two')).toEqual([3])
    expect(store.read('test/counter', '1', 40)).toEqual(snapshot(40))
    expect(readdirSync(store.folder).some((name) => name.endsWith('.tmp'))).toBe(false)
  })

  it('reports a save that fails and saves the next one', async () => {
    const runDir = home.newRun()
    writeFileSync(snapshotFolder(runDir), 'a file where the folder should be')
    const store = new SnapshotStore(runDir)
    await expect(store.save(snapshot(5))).rejects.toThrow()
    rmSync(snapshotFolder(runDir))
    await store.save(snapshot(6))
    expect(store.seqs('test/counter')).toEqual([6])
  })

  it('moves a snapshot of another version aside, unless it only looks', async () => {
    const store = new SnapshotStore(home.newRun())
    await store.save(snapshot(5))
    const looking = new SnapshotStore(join(store.folder, '..'), 'look')
    expect(looking.read('test/counter', '2', 5)).toBeUndefined()
    expect(readdirSync(store.folder)).toEqual(['test.counter-5.json'])
    expect(store.read('test/counter', '2', 5)).toBeUndefined()
    expect(readdirSync(store.folder)).toEqual(['test.counter-5.json.bad'])
    expect(store.setAside).toMatchObject([{ why: 'it is of version 1, not 2' }])
  })
})

describe('a run with bad snapshots', () => {
  const flip = (text: string, at: number): string =>
    text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ 1) + text.slice(at + 1)
  const newest = (store: SnapshotStore, agent: string): string =>
    join(store.folder, snapshotName(agent, store.seqs(agent)[0]!))

  it.each<[string, (store: SnapshotStore) => number]>([
    ['none', () => 0],
    [
      'one lost',
      (store) => {
        rmSync(newest(store, 'test/venue'))
        return 0
      },
    ],
    [
      'all lost',
      (store) => {
        rmSync(store.folder, { recursive: true })
        return 0
      },
    ],
    [
      'one changed in its state',
      (store) => {
        const file = newest(store, 'test/orders')
        const text = readFileSync(file, 'utf8')
        writeFileSync(file, flip(text, text.indexOf('"position":') + 11))
        return 1
      },
    ],
    [
      'all versions of one agent cut short',
      (store) => {
        const seqs = store.seqs('test/counter')
        for (const seq of seqs) {
          const file = join(store.folder, snapshotName('test/counter', seq))
          writeFileSync(file, readFileSync(file, 'utf8').slice(0, -30))
        }
        return seqs.length
      },
    ],
    [
      'all of one agent written by an older version of it',
      (store) => {
        const seqs = store.seqs('test/orders')
        for (const seq of seqs) {
          const real = store.read('test/orders', '1', seq)!
          // As it may have been then: the same names, other meanings.
          const state = JSON.stringify({ ...(JSON.parse(real.state) as object), position: 'long' })
          writeFileSync(
            join(store.folder, snapshotName('test/orders', seq)),
            formatSnapshot({ ...real, version: '0', state }),
          )
        }
        return seqs.length
      },
    ],
    [
      'one with a checksum of its own, of a commit that the log never had',
      (store) => {
        const seq = store.seqs('test/orders')[0]!
        const real = store.read('test/orders', '1', seq)!
        const forged = { ...real, commit: { ...real.commit, hash: 'f'.repeat(64) } }
        writeFileSync(newest(store, 'test/orders'), formatSnapshot(forged))
        return 1
      },
    ],
    [
      'all with a commit at a place where the log has none',
      (store) => {
        const agents = ['test/counter', 'test/orders', 'test/venue', 'test/fragile', 'source/test', 'engine/timers']
        for (const agent of agents) {
          const seq = store.seqs(agent)[0]!
          const real = store.read(agent, '1', seq)!
          writeFileSync(
            newest(store, agent),
            formatSnapshot({ ...real, commit: { ...real.commit, offset: real.commit.offset - 1 } }),
          )
        }
        // Older ones are sound, and a walk from there meets the commits of the others: only the place was wrong.
        return 1
      },
    ],
    [
      'one of a seq that the log has not reached',
      (store) => {
        const real = store.read('test/venue', '1', store.seqs('test/venue')[0]!)!
        const ahead = { ...real, commit: { ...real.commit, lastSeq: real.commit.lastSeq + 1_000_000 } }
        writeFileSync(join(store.folder, snapshotName('test/venue', ahead.commit.lastSeq)), formatSnapshot(ahead))
        return 1
      },
    ],
    [
      'one under the name of another agent',
      (store) => {
        renameSync(newest(store, 'test/venue'), join(store.folder, snapshotName('test/counter', 99_999)))
        return 1
      },
    ],
    [
      'a half-written one left by a crash',
      (store) => {
        writeFileSync(join(store.folder, 'test.counter-7.json.tmp'), '{"agent"')
        return 0
      },
    ],
  ])('(%s) has the right states all the same, and reports what it could not use', async (_what, damage) => {
    const runDir = home.newRun()
    await endSession(await runSession(runDir, { ...options(150), everyEvents: 60 }))
    const store = new SnapshotStore(runDir, 'look')
    const { states } = redecide(eventsOf(runDir))
    mkdirSync(store.folder, { recursive: true })
    const bad = damage(store)
    const session = openSession(runDir, options(160))
    const { recovered, source } = session
    expect(asText(recovered.resume.states)).toEqual(states.get(linesOf(runDir).length))
    expect(recovered.setAside.length).toBe(bad)
    expect(source.taken).toBe(150)
    expect(JSON.stringify(recovered.resume.timers)).toContain('dueAt')
    if (bad > 0) expect(readdirSync(store.folder).filter((name) => name.endsWith('.bad')).length).toBe(bad)
    else expect(readdirSync(runDir)).toContain('log')
    await recovered.writer.close({ seal: false })
  })
})
