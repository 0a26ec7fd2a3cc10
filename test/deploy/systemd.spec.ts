/** The unit starts the run as the guide says, ends it in order, and is closed towards the rest of the machine. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const PATH = fileURLToPath(new URL('../../deploy/systemd/quantbot@.service', import.meta.url))

/** Section → key → values, in their order. */
function unit(): Map<string, Map<string, string[]>> {
  const sections = new Map<string, Map<string, string[]>>()
  let keys: Map<string, string[]> | undefined
  for (const line of readFileSync(PATH, 'utf8').split('\n')) {
    const section = /^\[(\w+)\]$/.exec(line)?.[1]
    if (section !== undefined) {
      keys = new Map()
      sections.set(section, keys)
    } else if (line !== '' && !line.startsWith('#')) {
      const [, key, value] = /^([A-Za-z]+)=(.*)$/.exec(line) ?? []
      if (keys === undefined || key === undefined) throw new Error(`no line of a unit: ${line}`)
      keys.set(key, [...(keys.get(key) ?? []), value!])
    }
  }
  return sections
}

const service = Object.fromEntries(unit().get('Service')!)

describe('quantbot@.service', () => {
  it('has three sections, and limits how often it is tried', () => {
    expect([...unit().keys()]).toEqual(['Unit', 'Service', 'Install'])
    expect(unit().get('Unit')!.has('StartLimitBurst')).toBe(true)
  })

  it('runs one run by its name, as a user of its own, in a home that is kept', () => {
    expect(service.ExecStart).toEqual([expect.stringMatching(/main\.js run .*--run %i$/)])
    expect(service).toMatchObject({
      Type: ['exec'],
      DynamicUser: ['yes'],
      StateDirectory: ['quantbot'],
      StateDirectoryMode: ['0700'],
    })
    expect(service.Environment!.join(' ')).toContain('QUANTBOT_HOME=/var/lib/quantbot')
    expect(service.EnvironmentFile).toEqual(['-/etc/quantbot/%i.env'])
  })

  it('ends it in order, and starts it again unless that changes nothing', () => {
    expect(service).toMatchObject({ KillSignal: ['SIGTERM'], Restart: ['on-failure'], RestartPreventExitStatus: ['2'] })
    expect(Number(service.TimeoutStopSec![0])).toBeGreaterThanOrEqual(60)
    // The main process alone is told: its children end with it.
    expect(service.KillMode).toEqual(['mixed'])
  })

  it('may do what a program on the network needs, and nothing else', () => {
    for (const key of [
      'NoNewPrivileges',
      'ProtectHome',
      'PrivateTmp',
      'PrivateDevices',
      'ProtectKernelTunables',
      'RestrictNamespaces',
    ])
      expect(`${key}=${service[key]?.[0]}`).toBe(`${key}=yes`)
    expect(service).toMatchObject({
      CapabilityBoundingSet: [''],
      ProtectSystem: ['strict'],
      RestrictAddressFamilies: ['AF_UNIX AF_INET AF_INET6'],
      SystemCallFilter: ['@system-service', '~@privileged @resources'],
    })
    // V8 needs pages that it writes and runs.
    expect(service.MemoryDenyWriteExecute).toBeUndefined()
  })
})
