/** The pictures show what the terminal showed: colours, weight, columns. */
import { describe, expect, it } from 'vitest'
import { screenSvg, spansOf } from '../scripts/screens-svg.js'

const ESC = '\u001b'
const PLAIN = { colour: undefined, isBold: false, isInverse: false }

describe('a terminal screen', () => {
  it('is read in spans of equal style, each at its column', () => {
    expect(spansOf(`ab${ESC}[1;32mcd${ESC}[0m e`)).toEqual([
      [
        { ...PLAIN, column: 0, text: 'ab' },
        { colour: 2, isBold: true, isInverse: false, column: 2, text: 'cd' },
        { ...PLAIN, column: 4, text: ' e' },
      ],
    ])
  })

  it('keeps a style over the end of a line, until it is taken back', () => {
    const [first, second] = spansOf(`${ESC}[7;90mx\ny${ESC}[27;39mz`)
    expect(first).toEqual([{ colour: 8, isBold: false, isInverse: true, column: 0, text: 'x' }])
    expect(second).toEqual([
      { colour: 8, isBold: false, isInverse: true, column: 0, text: 'y' },
      { ...PLAIN, column: 1, text: 'z' },
    ])
  })

  it('leaves out what is no style', () => {
    expect(spansOf(`a${ESC}[2Kb${ESC}[?25lc`).flat()).toEqual([
      { ...PLAIN, column: 0, text: 'a' },
      { ...PLAIN, column: 1, text: 'b' },
      { ...PLAIN, column: 2, text: 'c' },
    ])
  })

  it('becomes a picture with every word, escaped, as wide as its columns', () => {
    const svg = screenSvg(`●  x < y & z\n${ESC}[31mred${ESC}[0m`, 80, 'a "label"')
    expect(svg).toContain('>●  x &lt; y &amp; z</text>')
    expect(svg).toMatch(/fill="#e5786d"[^>]*>red</)
    expect(svg).toContain('aria-label="a &quot;label&quot;"')
    expect(svg).toContain(`width="${2 * 14 + 80 * 7.8}"`)
  })
})
