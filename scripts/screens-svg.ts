/**
 * Owns turning what a terminal shows (text with SGR escapes, as `tmux capture-pane -e -p` prints it) into an SVG picture.
 * Pure. Knows the sixteen colours, bold and inverse; other escapes are dropped.
 */

interface Style {
  readonly colour: number | undefined
  readonly isBold: boolean
  readonly isInverse: boolean
}

interface Span extends Style {
  readonly column: number
  readonly text: string
}

const PLAIN: Style = { colour: undefined, isBold: false, isInverse: false }
const INK = '#d5d9df'
const PAPER = '#14181d'
/** black, red, green, yellow, blue, magenta, cyan, white, then the bright ones. */
const COLOURS = [
  ...['#14181d', '#e5786d', '#7fbf7f', '#d9b65c', '#7fa6d9', '#c08ad0', '#6fc0c0', '#d5d9df'],
  ...['#7d8691', '#f0938a', '#9ad69a', '#ecd08a', '#a3c1ea', '#d6abe2', '#93d8d8', '#ffffff'],
]

const CELL = { width: 7.8, height: 17, font: 13 }
const MARGIN = 14

/** Style after an SGR sequence: `codes` are its numbers. */
function restyled(style: Style, codes: readonly number[]): Style {
  let { colour, isBold, isInverse } = style
  for (const code of codes) {
    if (code === 0) ({ colour, isBold, isInverse } = PLAIN)
    else if (code === 1) isBold = true
    else if (code === 22) isBold = false
    else if (code === 7) isInverse = true
    else if (code === 27) isInverse = false
    else if (code >= 30 && code <= 37) colour = code - 30
    else if (code >= 90 && code <= 97) colour = code - 82
    else if (code === 39) colour = undefined
  }
  return { colour, isBold, isInverse }
}

const SEQUENCE = /^\[([\d;?]*)([a-zA-Z])(.*)$/

/** Spans of equal style of every line. A style goes on over the end of a line, as in a terminal. */
export function spansOf(screen: string): Span[][] {
  let style = PLAIN
  return screen.split('\n').map((line) => {
    const spans: Span[] = []
    let column = 0
    // Behind each escape character: `[`, numbers, a letter, then text in the style so far.
    for (const [i, part] of line.split('\u001b').entries()) {
      const [, codes = '', kind, text = ''] = i === 0 ? ['', '', '', part] : (SEQUENCE.exec(part) ?? [])
      if (kind === 'm') style = restyled(style, codes.split(';').map(Number))
      if (text === '') continue
      spans.push({ ...style, column, text })
      column += [...text].length
    }
    return spans
  })
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escaped = (text: string): string => text.replace(/[&<>"]/g, (c) => ENTITIES[c] ?? c)

function spanSvg({ column, text, colour, isBold, isInverse }: Span, row: number): string {
  const cells = [...text].length
  const [x, y] = [MARGIN + column * CELL.width, MARGIN + row * CELL.height]
  const ink = colour === undefined ? INK : (COLOURS[colour] ?? INK)
  const box = isInverse
    ? `<rect x="${x.toFixed(1)}" y="${y}" width="${(cells * CELL.width).toFixed(1)}" height="${CELL.height}" fill="${ink}"/>`
    : ''
  if (text.trim() === '') return box
  const look = `fill="${isInverse ? PAPER : ink}"${isBold ? ' font-weight="bold"' : ''}`
  // The length is given, so that columns line up in any font.
  const place = `x="${x.toFixed(1)}" y="${y + 13}" textLength="${(cells * CELL.width).toFixed(1)}" lengthAdjust="spacingAndGlyphs"`
  return `${box}<text ${place} ${look} xml:space="preserve">${escaped(text)}</text>`
}

/** The picture. `label` says what it shows to who cannot see it. */
export function screenSvg(screen: string, columns: number, label: string): string {
  const lines = spansOf(screen.trimEnd())
  const [width, height] = [2 * MARGIN + columns * CELL.width, 2 * MARGIN + lines.length * CELL.height]
  const font = 'ui-monospace,SFMono-Regular,Menlo,Consolas,DejaVu Sans Mono,Liberation Mono,monospace'
  const texts = lines
    .map((spans, row) => spans.map((span) => spanSvg(span, row)).join(''))
    .filter((line) => line !== '')
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width.toFixed(0)} ${height}" width="${width.toFixed(0)}" height="${height}" role="img" aria-label="${escaped(label)}" font-family="${font}" font-size="${CELL.font}">`,
    `<rect width="100%" height="100%" rx="6" fill="${PAPER}"/>`,
    ...texts,
    '</svg>',
    '',
  ].join('\n')
}
