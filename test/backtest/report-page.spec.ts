import { createHash } from 'node:crypto'
import { Script } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { type ReportMeta, renderReport } from '#backtest/report'
import { CLIENT } from '#backtest/report/client'
import { chartData } from '#backtest/report/data'
import { html, raw, scriptJson } from '#backtest/report/html'
import { summarise } from '#backtest/statistics'
import { NO_TRIALS } from '#data/trials'
import { syntheticRecording } from './recorded.js'

const EVIL = `</script><b onclick="x('1')">&`
const recording = syntheticRecording({ instruments: ['test.usdm.AAAUSDT', EVIL], days: 200 })
const stats = summarise(recording, { configHash: 'c', seed: 1, trials: NO_TRIALS, standAlone: [] })
const meta: ReportMeta = {
  runId: 'bt-1',
  fingerprint: 'f00d',
  configHash: 'c0ffee',
  from: '2022-01-01',
  to: '2022-07-19',
  seed: 9,
  proxyShare: 0.25,
  absentFunding: [EVIL],
  notes: [EVIL],
}

describe('markup', () => {
  it('escapes what is put in, and nothing twice', () => {
    const inner = html`<i>${EVIL}</i>`
    const escaped = '&lt;/script&gt;&lt;b onclick=&quot;x(&#39;1&#39;)&quot;&gt;&amp;'
    expect(html`<p title="${EVIL}">${inner}${[raw('<br>'), inner]}${3}</p>`.text).toBe(
      `<p title="${escaped}"><i>${escaped}</i><br><i>${escaped}</i>3</p>`,
    )
  })

  it('writes JSON that cannot end its script', () => {
    const { text } = scriptJson({ name: '</script><!--' })
    expect(text).not.toContain('<')
    expect(JSON.parse(text)).toEqual({ name: '</script><!--' })
  })
})

describe('the page', () => {
  const page = renderReport(stats, recording, meta)

  it('holds no markup of a hostile name', () => {
    expect(page).not.toContain('<b onclick')
    expect(page).toContain('&lt;b onclick=&quot;')
  })

  it('lets only its own two scripts run, by their hashes, and names no address to ask', () => {
    const scripts = [...page.matchAll(/<script>([\s\S]*?)<\/script>/g)].map((match) => match[1]!)
    expect(scripts).toHaveLength(2)
    expect(scripts[1]).toBe(CLIENT)
    for (const script of scripts) {
      new Script(script) // throws where it is no JavaScript
      expect(page).toContain(`'sha256-${createHash('sha256').update(script).digest('base64')}'`)
    }
    expect(page.replaceAll('http-equiv', '')).not.toMatch(/\b(?:src|href)=|@import|url\(/)
  })

  it('tells run, fingerprint, configuration, span, seed, interval and trials', () => {
    for (const text of ['bt-1', 'f00d', 'c0ffee', '2022-01-01 to 2022-07-19', 'trials 1', '25.0% of instrument-days'])
      expect(page).toContain(text)
    expect(page).toMatch(/<dt>Seed<\/dt><dd><code>9</)
    expect(page).toContain(`Sharpe, 95% ${stats.portfolio.sharpeCi!.low.toFixed(2)}`)
  })

  it('is the same for the same run', () => {
    expect(renderReport(stats, recording, meta)).toBe(page)
  })
})

describe('what the charts read', () => {
  it('gives every day and every fill back', () => {
    const data = JSON.parse(JSON.stringify(chartData(recording, 7))) as {
      equity: number[]
      hold: number[]
      contribution: { curve: number[] }[]
      instruments: { marks: number[]; fills: { t: number[]; p: number[]; k: string } }[]
    }
    expect(data.equity).toHaveLength(201)
    expect(data.hold[0]).toBe(1_000_000)
    const profit = data.contribution.reduce((sum, { curve }) => sum + curve.at(-1)!, 0)
    expect(profit).toBeCloseTo(stats.portfolio.totalReturn, 4)
    const own = recording.fills.filter((fill) => fill.instrument === 0)
    const { t, k } = data.instruments[0]!.fills
    const minutes = t.map((_, i) => t.slice(0, i + 1).reduce((sum, step) => sum + step, 0))
    expect(minutes.map((minute) => minute * 60_000)).toEqual(own.map(({ ts }) => ts))
    expect(k).toHaveLength(own.length)
    expect([...k].filter((letter) => letter === 'S' || letter === 'B')).toHaveLength(
      own.filter(({ purpose }) => purpose === 'stop').length,
    )
  })
})
