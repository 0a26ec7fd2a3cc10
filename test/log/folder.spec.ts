import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { keyPath, loadOrCreateSigner, verifySignature } from '#events/log/keys'
import { acquireLock, lockOwner } from '#events/log/lock'
import {
  canonicalJson,
  configurationHash,
  formatManifest,
  manifestPath,
  readManifest,
  writeManifest,
} from '#events/log/manifest'
import { makeManifest, makeRun, openWriter, type TestRun } from './run-folder.js'

let run: TestRun
beforeEach(() => {
  run = makeRun()
})
afterEach(() => run.remove())

const coded = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) })

describe('manifest.json', () => {
  it('is read as it was written, and is never written twice', () => {
    const manifest = makeManifest(run.signer)
    expect(readManifest(run.runDir)).toEqual({ manifest, hash: run.manifestHash })
    expect(() => writeManifest(run.runDir, manifest)).toThrow(coded('TARGET_EXISTS', /manifest\.json/))
    expect(readdirSync(run.runDir)).toEqual(['manifest.json'])
  })

  it('is refused, naming the key, when a key is missing, unknown or wrong', () => {
    const sound = makeManifest(run.signer, { parent: { run: 'r0', seq: 9, hash: 'd'.repeat(64) } })
    const refuse = (change: Record<string, unknown>, message: RegExp) => {
      writeFileSync(manifestPath(run.runDir), JSON.stringify({ ...sound, ...change }))
      expect(() => readManifest(run.runDir)).toThrow(coded('MANIFEST_INVALID', message))
    }
    refuse({ mode: 'demo' }, /mode is "demo"/)
    refuse({ seed: undefined }, /seed is missing/)
    refuse({ seed: -1 }, /seed is no whole number/)
    refuse({ extra: 1 }, /extra is unknown/)
    refuse({ run: '../x' }, /run is no name/)
    refuse({ tape: [{ path: 'a', sha256: 'x', rows: 1 }] }, /tape\[0\]\.sha256/)
    refuse({ tape: [{ path: 'a', sha256: 'a'.repeat(64), rows: 1, size: 3 }] }, /tape\[0\]\.size is unknown/)
    refuse({ agents: [{ name: 'a', version: '1' }] }, /agents\[0\]\.dependencies is missing/)
    refuse({ parent: { run: 'r0', seq: 9 } }, /parent\.hash is missing/)
    refuse({ configuration: { mode: 'live' } }, /configurationHash/)
    refuse({ packages: { a: 1 } }, /packages\.a/)
    writeFileSync(manifestPath(run.runDir), '{')
    expect(() => readManifest(run.runDir)).toThrow(coded('MANIFEST_INVALID', /manifest\.json/))
    writeFileSync(manifestPath(run.runDir), formatManifest(sound))
    expect(readManifest(run.runDir).manifest.parent?.seq).toBe(9)
  })

  it('hashes a configuration alike in any order of keys', () => {
    expect(configurationHash({ b: [1, { y: 1, x: 2 }], a: null })).toBe(
      configurationHash({ a: null, b: [1, { x: 2, y: 1 }] }),
    )
    expect(canonicalJson({ b: 1, a: 'x', 10: 2, 9: 3 })).toBe('{"10":2,"9":3,"a":"x","b":1}')
  })
})

describe('the signing key', () => {
  it('is made once, for its owner alone', () => {
    expect(statSync(keyPath(run.home)).mode & 0o777).toBe(0o600)
    const again = loadOrCreateSigner(run.home)
    expect(again.publicKey).toBe(run.signer.publicKey)
    const bytes = Buffer.from('x')
    const signature = again.sign(bytes)
    expect(verifySignature(run.signer.publicKey, bytes, signature)).toBe(true)
    expect(verifySignature(run.signer.publicKey, Buffer.from('y'), signature)).toBe(false)
    expect(verifySignature('AAAA', bytes, signature)).toBe(false)
  })

  it('is refused when others may read it, when it is none, and in a run folder', () => {
    chmodSync(keyPath(run.home), 0o640)
    expect(() => loadOrCreateSigner(run.home)).toThrow(coded('KEY_UNUSABLE', /mode 640/))
    writeFileSync(keyPath(run.home), 'secret words')
    chmodSync(keyPath(run.home), 0o600)
    expect(() => loadOrCreateSigner(run.home)).toThrow(coded('KEY_UNUSABLE', /ed25519\.pem is no private key in PEM$/))
    expect(() => loadOrCreateSigner(run.runDir)).toThrow(coded('KEY_UNUSABLE', /run folder/))
    expect(existsSync(keyPath(run.runDir))).toBe(false)
  })

  it('must be the one that the run was begun with', () => {
    const other = makeRun()
    expect(() => openWriter({ ...run, signer: other.signer })).toThrow(coded('KEY_UNUSABLE', /begun with/))
    expect(lockOwner(run.runDir)).toBeUndefined()
    other.remove()
  })
})

describe('the lock of a run', () => {
  const write = (name: string, content: object) => writeFileSync(join(run.runDir, name), JSON.stringify(content))
  const mine = () =>
    JSON.parse(readFileSync(join(run.runDir, readdirSync(run.runDir).find((n) => n.startsWith('lock'))!), 'utf8'))
  const NO_PID = 2 ** 22 + 1 // above the largest pid Linux gives out

  it('is one at a time and given back', () => {
    const lock = acquireLock(run.runDir)
    expect(lockOwner(run.runDir)).toBe(process.pid)
    expect(() => acquireLock(run.runDir)).toThrow(coded('RUN_LOCKED', new RegExp(`process ${process.pid}$`)))
    lock.release()
    lock.release()
    expect(readdirSync(run.runDir)).toEqual(['manifest.json'])
  })

  it('is taken over from a process that is gone, or whose pid another one has now', () => {
    write('lock.4', { pid: NO_PID, start: '' })
    acquireLock(run.runDir).release()
    const lock = acquireLock(run.runDir)
    const { start } = mine()
    lock.release()
    write('lock.1', { pid: process.pid, start: 'another boot/1' })
    const taken = acquireLock(run.runDir)
    expect(mine()).toEqual({ pid: process.pid, start })
    taken.release()
    expect(readdirSync(run.runDir)).toEqual(['manifest.json'])
  })

  it.skipIf(!existsSync('/proc/self/stat'))('is taken over from a process that was killed and not reaped', async () => {
    // The shell becomes a `sleep` that never waits for the child of the shell.
    const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60'])
    try {
      const pid = Number(await new Promise((resolve) => parent.stdout.once('data', resolve)))
      const statOf = (): string[] => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
      while (statOf()[0] !== 'Z') await new Promise((resolve) => setImmediate(resolve))
      const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
      write('lock.1', { pid, start: `${boot}/${statOf()[19]}` })
      expect(lockOwner(run.runDir)).toBeUndefined()
      acquireLock(run.runDir).release()
    } finally {
      parent.kill()
    }
  })

  it('with the owner alive is not taken, whatever stale ones lie below', () => {
    const lock = acquireLock(run.runDir)
    const owner = mine()
    lock.release()
    write('lock.1', { pid: NO_PID, start: '' })
    write('lock.2', owner)
    expect(() => acquireLock(run.runDir)).toThrow(coded('RUN_LOCKED', /is being written/))
    expect(readdirSync(run.runDir)).toContain('lock.2')
  })

  it('also protects a run without log folder', () => {
    mkdirSync(join(run.runDir, 'log'))
    const lock = acquireLock(run.runDir)
    expect(() => openWriter(run)).toThrow(coded('RUN_LOCKED', /is being written/))
    lock.release()
  })
})
