import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import { summarise } from '#backtest/statistics'
import { renderTables } from '#backtest/table'
import { amount, percent, ratio } from '#backtest/table-format'
import { NO_TRIALS } from '#data/trials'
import { syntheticRecording } from './recorded.js'

const recording = syntheticRecording({ days: 800 })
const stats = summarise(recording, {
  configHash: 'c',
  seed: 1,
  trials: NO_TRIALS,
  standAlone: ['tsmom', 'donchian'].map((signal, k) => ({ signal, recording: syntheticRecording({ seed: k + 20 }) })),
})

describe('tables on screen', () => {
  it('hold every line within the width and lose no column to it', () => {
    for (const width of [60, 80, 120, 200]) {
      const text = renderTables(stats, { width, color: false })
      expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(width)
      for (const name of ['portfolio', 'tsmom', 'donchian', 'AAAUSDT', 'BBBUSDT', 'risk & rounding', 'Dec', 'Year'])
        expect(text).toContain(name)
      expect(text).toContain(percent(stats.portfolio.totalReturn))
      expect(text).toContain(ratio(stats.signals[1]!.sharpe))
      expect(text).toContain(amount(stats.symbols[0]!.fees))
    }
  })

  it('use colour only where asked', () => {
    expect(renderTables(stats, { width: 100, color: false })).not.toContain('\u001b')
    const painted = renderTables(stats, { width: 100, color: true })
    expect(painted).toContain('\u001b[1m')
    const stripped = stripVTControlCharacters(painted)
    expect(stripped.split('\n').map((line) => line.trimEnd())).toEqual(
      renderTables(stats, { width: 100, color: false }).split('\n'),
    )
  })

  it('let no control character of a name reach the terminal', () => {
    const hostile = { ...stats, symbols: [{ ...stats.symbols[0]!, name: 'x\u001b[2J\u0007y' }] }
    const text = renderTables(hostile, { width: 100, color: false })
    expect(text).toContain('x?[2J?y')
    expect(text).not.toContain('\u001b')
  })

  it('write numbers for people: no minus zero, dashes for the undefined', () => {
    expect([percent(-0.0001), ratio(-0.001), amount(-0.2), ratio(null)]).toEqual(['0.0%', '0.00', '0', '–'])
    expect([percent(-0.1234), amount(-1234567.8), amount(999)]).toEqual(['-12.3%', '-1,234,568', '999'])
  })
})
