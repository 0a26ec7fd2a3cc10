/** The process's own log: pretty or JSON, its level, and what never stands in it. */
import { afterEach, describe, expect, it } from 'vitest'
import { openProcessLog, type ProcessLog } from '#cli/process-log'
import { forgetSecrets, protect, scrub, scrubKnown } from '#cli/redact'
import { note } from '#cli/terminal'

const open: ProcessLog[] = []
afterEach(() => {
  for (const log of open.splice(0)) log.close()
  forgetSecrets()
})

async function opened(
  options: { readonly isJson?: boolean; readonly isTTY?: boolean; readonly level?: ProcessLog['level'] } = {},
) {
  const lines: string[] = []
  const log = await openProcessLog({
    level: options.level ?? 'info',
    isJson: options.isJson ?? false,
    out: { write: (text) => lines.push(text), isTTY: options.isTTY ?? false },
  })
  open.push(log)
  return { log, lines, documents: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) }
}

describe('the form of a line', () => {
  it('is JSON where nobody looks, and with --json on a terminal too', async () => {
    for (const options of [{}, { isJson: true, isTTY: true }]) {
      const { log, documents } = await opened(options)
      log.bind({ run: 'desk' })
      log.say('warn', { seq: 5 }, 'words')
      expect(documents()).toEqual([{ level: 40, time: expect.any(Number), run: 'desk', seq: 5, msg: 'words' }])
    }
  })

  it('is for people on a terminal', async () => {
    const { log, lines } = await opened({ isTTY: true })
    log.say('warn', { seq: 5 }, 'words')
    expect(lines.join('')).toMatch(/WARN.*words/)
    expect(() => JSON.parse(lines[0]!)).toThrow()
  })

  it('is that of notes too while the log is open: a warning warns', async () => {
    const { log, documents } = await opened()
    note('history: 5 rows were added')
    note('warning: lake: full')
    expect(documents().map(({ level, msg }) => [level, msg])).toEqual([
      [30, 'history: 5 rows were added'],
      [40, 'warning: lake: full'],
    ])
    log.close()
  })
})

describe('the level', () => {
  it('decides from now on, and says what it was', async () => {
    const { log, documents } = await opened()
    log.say('debug', {}, 'a')
    expect(log.isEnabled('debug')).toBe(false)
    expect(log.setLevel('debug')).toBe('info')
    log.say('debug', {}, 'b')
    expect(log.setLevel('silent')).toBe('debug')
    log.say('fatal', {}, 'c')
    expect(log.level).toBe('silent')
    expect(documents().map(({ msg }) => msg)).toEqual(['b'])
  })

  it('is turned to debug and back by a signal', async () => {
    const { log } = await opened({ level: 'warn' })
    const levels: string[] = []
    for (let i = 0; i < 2; i++) {
      process.emit('SIGUSR2', 'SIGUSR2')
      levels.push(log.level)
    }
    expect(levels).toEqual(['debug', 'warn'])
    log.close()
    expect(process.listenerCount('SIGUSR2')).toBe(0)
  })
})

it('lets a live view step aside for each line', async () => {
  const { log, lines } = await opened({ isTTY: true })
  log.around((write) => {
    lines.push('away')
    write()
    lines.push('back')
  })
  log.say('info', {}, 'words')
  log.around(undefined)
  log.say('info', {}, 'more')
  expect([lines[0], lines[2], lines.length]).toEqual(['away', 'back', 4])
})

describe('a secret', () => {
  const PASSWORD = 'p@ss/w:rd"\\+ö'
  const URL_ = `postgres://trader:${encodeURIComponent(PASSWORD)}@db.internal:5432/quantbot`

  it('does not stand in a line, whatever the driver makes of it', async () => {
    protect(URL_)
    const hostile = [
      new Error(`connect failed: ${URL_}`),
      new Error(`password authentication failed, password=${PASSWORD}`),
      Object.assign(new Error('x'), { config: { url: URL_, headers: { authorization: PASSWORD } } }),
      new Error(`user info: ${Buffer.from(`trader:${PASSWORD}`).toString('base64')}`),
      new Error(`bytes ${Buffer.from(PASSWORD).toString('hex')}`),
      new Error(`query ?password=${encodeURIComponent(PASSWORD)}&x=1`),
    ]
    for (const options of [{}, { isTTY: true }]) {
      const { log, lines } = await opened(options)
      for (const error of hostile) {
        log.say('error', { error }, error.message)
        log.say('error', { detail: { deep: [String(error)] } }, 'x')
        note(`warning: ${error.message}`)
      }
      const all = lines.join('\n')
      expect(all).toContain('connect failed')
      for (const form of [PASSWORD, JSON.stringify(PASSWORD).slice(1, -1), encodeURIComponent(PASSWORD), URL_])
        expect(all).not.toContain(form)
      for (const bytes of ['base64', 'hex'] as const)
        expect(all).not.toContain(Buffer.from(PASSWORD).toString(bytes).replace(/=+$/, ''))
      log.close()
    }
  })

  it('is cut out though nobody knows it, where it looks like one', () => {
    expect(scrub('redis://default:s3cr3t@h:6379 down')).toBe('redis://[secret]@h:6379 down')
    expect(scrub('POST https://hooks.slack.com/services/T0/B0/abc 403')).toBe(
      'POST https://hooks.slack.com/services/[secret] 403',
    )
    expect(scrub('http://127.0.0.1:7420/#token=0123456789abcdef')).toBe('http://127.0.0.1:7420/#token=[secret]')
    expect(scrub('authorization: Bearer abcdefghijkl')).toBe('authorization: Bearer [secret]')
    expect(scrub('GET /api/v3/account?timestamp=1&signature=abc123')).toBe(
      'GET /api/v3/account?timestamp=1&signature=[secret]',
    )
  })

  it('leaves alone what is none: places, short words, ordinary lines', () => {
    for (const value of ['redis://127.0.0.1:6379', 'http://127.0.0.1:8801', 'abc', '']) protect(value)
    const text = 'venue http://127.0.0.1:8801 is back; abc redis://127.0.0.1:6379; mail to a@b.c'
    expect(scrub(text)).toBe(text)
  })

  it('of which one begins another is cut out whole', () => {
    protect('alpha')
    protect('alphabet')
    expect(scrubKnown('alphabet alpha')).toBe('[secret] [secret]')
  })
})
