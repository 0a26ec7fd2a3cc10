/** What is wrong with a configuration: place, path, words, nearest valid key; several at once; never a value. */
import { describe, expect, it } from 'vitest'
import { parseConfig } from '#cli/config-file'
import { isQuantbotError } from '#core/errors'

function problem(text: string): { readonly code: string; readonly lines: readonly string[] } {
  try {
    parseConfig(text, 'q.yaml')
  } catch (error) {
    if (isQuantbotError(error)) return { code: error.code, lines: error.message.split('\n') }
    throw error
  }
  return { code: 'none', lines: [] }
}

describe('a key that is not known', () => {
  it.each([
    ['risk: { stopAtrr: 2 }', 'q.yaml:1:9: risk.stopAtrr: unknown key; did you mean stopAtr?'],
    [
      'signals:\n  tsmom:\n    vol_target: 0.1',
      'q.yaml:3:5: signals.tsmom.vol_target: unknown key; did you mean volTarget?',
    ],
    ['# words\n\nRisk: {}', 'q.yaml:3:1: Risk: unknown key; did you mean risk?'],
    [
      'universe:\n  - { instrument: a.b.C, base: C, tik: "1", tick: "1", lot: "1" }',
      'q.yaml:2:35: universe.0.tik: unknown key; did you mean tick?',
    ],
    ['web:\n  groupMs: 5', 'q.yaml:2:3: web.groupMs: unknown key; it belongs to log.groupMs'],
    [
      'sim:\n  hamster: 5',
      'q.yaml:2:3: sim.hamster: unknown key; there are symbols, interval, historyDays, start, annualVol, correlation',
    ],
    [
      'notifications:\n  slack:\n    webhok: env:A\n    webhook: env:B',
      'q.yaml:3:5: notifications.slack.webhok: unknown key; did you mean webhook?',
    ],
  ])('%s', (text, line) => {
    expect(problem(text)).toEqual({ code: 'CONFIG_INVALID', lines: [line] })
  })
})

describe('a value that does not fit', () => {
  it('is told with what may stand there, and the word that it looks like', () => {
    expect(problem('interval: 1hour').lines[0]).toMatch(/^q\.yaml:1:1: interval: must be one of .*1h/)
    expect(problem('notifications:\n  email: { host: h, from: a@b, to: [c@d], tls: startls }').lines).toEqual([
      'q.yaml:2:43: notifications.email.tls: must be one of starttls, implicit, none; did you mean starttls?',
    ])
    expect(problem('seed: one').lines).toEqual(['q.yaml:1:1: seed: must be number, received string'])
  })

  it('stands at the nearest key above it where it is missing', () => {
    expect(problem('name: x\nuniverse:\n  - base: C\n').lines[0]).toMatch(
      /^q\.yaml:3:5: universe\.0\.instrument: must be/,
    )
  })
})

it('tells all problems at once, in the order of the file, twenty at most', () => {
  const { lines } = problem('seed: -1\nrisk: { stopAtrr: 2 }\nnme: x\nlog:\n  groupMs: 0\n')
  expect(lines.map((line) => line.split(': ').slice(0, 2).join(' '))).toEqual([
    'q.yaml:1:1 seed',
    'q.yaml:2:9 risk.stopAtrr',
    'q.yaml:3:1 nme',
    'q.yaml:5:3 log.groupMs',
  ])
  const many = Array.from({ length: 30 }, (_, i) => `k${i}: 1`).join('\n')
  expect(problem(many).lines).toHaveLength(21)
  expect(problem(many).lines.at(-1)).toBe('and 10 more')
})

describe('what is no YAML', () => {
  it.each([
    ['a: 1\nb: 2\na: 3', ['q.yaml:3:1: the key stands twice in its map']],
    ['log:\n\tgroupMs: 5', ['q.yaml:2:1: a tab indents; write spaces']],
    ['name: *nobody', ['q.yaml:1:7: an alias (*name) of an anchor that there is not; quote a text that begins with *']],
    ['name: !secret x', ['q.yaml:1:7: a tag (!name) that is not known; quote a text that begins with !']],
    ['name: x\n---\nname: y', ['q.yaml:2:1: a second document (---) begins; a configuration is one']],
  ])('%j', (text, lines) => {
    const told = problem(text)
    expect(told.code).toBe('CONFIG_UNREADABLE')
    expect(told.lines).toEqual(lines)
  })

  it('is told wholly: two keys that stand twice are two problems', () => {
    expect(problem('a: 1\na: 2\nlog: { groupMs: 1, groupMs: 2 }').lines).toEqual([
      'q.yaml:2:1: the key stands twice in its map',
      'q.yaml:3:20: the key stands twice in its map',
    ])
  })

  it('of aliases that unfold without end is refused, not unfolded', () => {
    const bomb = ['a0: &a0 [x, x]', ...Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`)]
    expect(problem(bomb.join('\n'))).toEqual({
      code: 'CONFIG_UNREADABLE',
      lines: ['q.yaml: aliases that unfold without end'],
    })
  })
})

describe('a literal secret', () => {
  const SECRET = 'hunter2-very-secret'
  it.each([
    `stores: { aggregate: postgres, postgres: "postgres://u:${SECRET}@h/d" }`,
    `notifications:\n  slack: { webhook: "https://hooks.slack.com/services/${SECRET}" }`,
    `notifications:\n  email: { host: h, user: env:U, password: ${SECRET}, from: a@b, to: [c@d] }`,
    `marketData: { onChain: { glassnode: { apiKey: ${SECRET} } } }`,
    `venues: { binance: { apiKey: env:K, apiSecret: ${SECRET} } }`,
  ])('is refused with its code, its place and without its value: %#', (text) => {
    const told = problem(text)
    expect(told.code).toBe('CONFIG_SECRET_LITERAL')
    expect(told.lines[0]).toMatch(/^q\.yaml:\d+:\d+: [\w.]+: must be env:NAME; a secret never stands in a file$/)
    expect(JSON.stringify(told)).not.toContain(SECRET)
  })

  it.each([
    `stores: { postgres: *${SECRET} }`,
    `stores: { postgres: !${SECRET} x }`,
    `stores: { postgres: "${SECRET} }`,
    `stores: { postgres: "a" ${SECRET} }`,
    `stores:\n  postgres: a\n ${SECRET}: b`,
    `stores: { postgres: @${SECRET} }`,
    `stores: { postgres: "\\q${SECRET}" }`,
    `venues: { okx: { rest: "https://user:${SECRET}@host", ws: "wss://h" } }`,
    `api: { host: ${SECRET}: x }`,
    `interval: ${SECRET}`,
    `capital: ${SECRET}`,
  ])('does not show in what is said of a file that is broken around it: %#', (text) => {
    const told = problem(text)
    expect(told.code).toMatch(/^CONFIG_/)
    expect(JSON.stringify(told)).not.toContain(SECRET)
  })
})
