/** The token of a page: whose it is, and when it is refused. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { pageLinks } from '#cli/observer/page-links'
import { loadOrCreateToken, tokenPath } from '#cli/observer/web-token'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'quantbot-token-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

describe('the token of a run', () => {
  it('is 128 random bits for its owner alone, the same over restarts, another for another run', () => {
    const token = loadOrCreateToken(home, 'a')
    expect(token).toMatch(/^[0-9a-f]{32}$/)
    expect(statSync(tokenPath(home, 'a')).mode & 0o777).toBe(0o600)
    expect(statSync(dirname(tokenPath(home, 'a'))).mode & 0o777).toBe(0o700)
    expect(loadOrCreateToken(home, 'a')).toBe(token)
    expect(loadOrCreateToken(home, 'b')).not.toBe(token)
    rmSync(tokenPath(home, 'a'))
    expect(loadOrCreateToken(home, 'a')).not.toBe(token)
  })

  it.each([0o640, 0o604, 0o620])('is refused with mode %o', (mode) => {
    const token = loadOrCreateToken(home, 'a')
    chmodSync(tokenPath(home, 'a'), mode)
    expect(() => loadOrCreateToken(home, 'a')).toThrowError(
      expect.objectContaining({ code: 'KEY_UNUSABLE', message: expect.not.stringContaining(token) as string }) as Error,
    )
  })

  it('is refused where the file holds something else, and never quoted', () => {
    loadOrCreateToken(home, 'a')
    writeFileSync(tokenPath(home, 'a'), 'short-secret', { mode: 0o600 })
    expect(() => loadOrCreateToken(home, 'a')).toThrowError(
      expect.objectContaining({
        code: 'KEY_UNUSABLE',
        message: expect.not.stringContaining('secret') as string,
      }) as Error,
    )
    rmSync(tokenPath(home, 'a'))
    mkdirSync(tokenPath(home, 'a'), { mode: 0o700 })
    expect(() => loadOrCreateToken(home, 'a')).toThrowError(expect.objectContaining({ code: 'KEY_UNUSABLE' }) as Error)
  })

  it('is not made in a run folder, nor outside the folder of tokens', () => {
    expect(dirname(tokenPath(home, '../../x'))).toBe(join(home, 'web'))
    writeFileSync(join(home, 'manifest.json'), '{}')
    expect(() => loadOrCreateToken(home, 'a')).toThrowError(expect.objectContaining({ code: 'KEY_UNUSABLE' }) as Error)
  })

  it('stands behind the # of the address alone', () => {
    const token = loadOrCreateToken(home, 'a')
    const { url, metricsUrl } = pageLinks({ host: '127.0.0.1', port: 7420 }, token)!
    expect(new URL(url)).toMatchObject({ host: '127.0.0.1:7420', pathname: '/', search: '', hash: `#token=${token}` })
    expect(metricsUrl).toBe('http://127.0.0.1:7420/metrics')
    expect(pageLinks({ host: '0.0.0.0', port: 1 }, token)!.metricsUrl).toBe('http://127.0.0.1:1/metrics')
    expect(pageLinks({ host: '::', port: 1 }, token)!.metricsUrl).toBe('http://127.0.0.1:1/metrics')
    expect(pageLinks({ host: '::1', port: 1 }, token)!.metricsUrl).toBe('http://[::1]:1/metrics')
    expect(pageLinks({ host: '10.1.2.3', port: 1 }, token)!.metricsUrl).toBe('http://10.1.2.3:1/metrics')
    expect(pageLinks(null, token)).toBeUndefined()
    expect(readFileSync(tokenPath(home, 'a'), 'utf8').trim()).toBe(token)
  })
})
