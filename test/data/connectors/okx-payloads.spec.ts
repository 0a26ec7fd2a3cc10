/** Every payload of OKX that was ever recorded is read or refused; nothing else is thrown. */
import { readdirSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { okxParser } from '#data/connectors/okx/parser'
import { payloadsContract } from '#test/contracts/payloads.contract'
import { FACTS, fixtures, raw, read, refusal } from './okx-context.js'

/** Payloads of a fixture file: the body, or every object below that looks like one. */
function payloadsOf(value: unknown): readonly unknown[] {
  if (typeof value !== 'object' || value === null) return []
  const fields = value as Record<string, unknown>
  const body = fields.payload ?? fields.response ?? fields.message ?? fields.body ?? fields.msg
  if (body !== undefined && typeof body === 'object') return [body]
  return Object.values(fields)
    .flatMap((it) => (Array.isArray(it) ? it : [it]))
    .filter((it) => typeof it === 'object')
}

interface Tally {
  read: number
  refused: Map<string, number>
  unknown: number
}

function tally(payloads: Iterable<readonly [payload: unknown, url?: string | undefined]>): Tally {
  const count: Tally = { read: 0, refused: new Map(), unknown: 0 }
  for (const [payload, url] of payloads) {
    const told = okxParser.guess(payload, url)
    if (told === undefined) {
      count.unknown++
      continue
    }
    const symbol = told.symbol === undefined ? {} : { symbol: told.symbol }
    const reason = refusal(told.topic, payload, { ...symbol, interval: '1m' })
    if (reason === 'was read') count.read++
    else count.refused.set(reason, (count.refused.get(reason) ?? 0) + 1)
  }
  return count
}

describe.skipIf(fixtures === undefined || raw === undefined)('recorded payloads', () => {
  it('keeps the contract of parsers over all files', () => {
    const count = payloadsContract(okxParser, [fixtures!, raw!], {
      marketOf: () => 'spot',
      facts: (id) => FACTS.get(id),
      skip: (file) => file.endsWith('errors.json'),
    })
    expect(count.byFile['instruments-OPTION.json instrument']).toBeGreaterThan(1)
    expect(count.byFile['trades.jsonl trade']).toBe(40)
    expect(count.byFile['ws-candle.json bar']).toBeUndefined()
    expect(count.records.funding).toBeGreaterThan(2)
  })

  it('reads or refuses every fixture', () => {
    const payloads = ['docs', 'adapter'].flatMap((folder) =>
      readdirSync(`${fixtures}/${folder}`).flatMap((file) => payloadsOf(read(`${folder}/${file}`))),
    )
    const count = tally(payloads.map((payload) => [payload]))
    expect(payloads.length).toBeGreaterThan(70)
    expect(count.read).toBeGreaterThan(40)
  })

  it('reads or refuses every captured frame; books of 2022 have no numbers', () => {
    const lines = readdirSync(`${fixtures}/capture`)
      .filter((file) => file.endsWith('.jsonl'))
      .flatMap((file) => readFileSync(`${fixtures}/capture/${file}`, 'utf8').trim().split('\n'))
    const count = tally(lines.map((line) => [JSON.parse(line).msg]))
    expect([...count.refused]).toEqual([['data[].seqId: is absent, not a number', 197]])
    expect(count.read).toBe(lines.length - 197 - 3)
  })

  it('reads or refuses every raw line', () => {
    const payloads: (readonly [unknown, (string | undefined)?])[] = []
    for (const line of readFileSync(`${raw}/nautilus-payloads.jsonl`, 'utf8').trim().split('\n'))
      payloads.push([JSON.parse(line).payload])
    let cut = 0
    for (const file of ['cryptofeed-ws.txt.gz', 'cryptofeed-rest-instruments.txt.gz'])
      for (const line of gunzipSync(readFileSync(`${raw}/${file}`))
        .toString()
        .trim()
        .split('\n')) {
        const [head, ...rest] = line.split(': ')
        try {
          payloads.push([JSON.parse(rest.join(': ')), head?.split(' ')[0]])
        } catch {
          cut++
        }
      }
    const count = tally(payloads)
    expect(cut).toBeLessThan(3)
    expect(count.read + count.unknown + [...count.refused.values()].reduce((sum, n) => sum + n, 0)).toBe(
      payloads.length,
    )
    expect(count.read).toBeGreaterThan(100)
  })
})
