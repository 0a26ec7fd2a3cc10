/**
 * Owns the marked blocks of a Markdown page, which the guides promise to be executed:
 *   <!-- run -->  or  <!-- run: exit 1 -->   the sh block behind it is run
 *   <!-- run: background RUN -->             it starts `quantbot run`, which goes on while the next blocks are run
 *   <!-- run: server -->                     it starts something that prints where it listens and goes on
 *   <!-- file: NAME -->                      the block is written to that file
 *   <!-- shows -->                           lines that the block before printed: in this order, numbers and dots `…` aside
 */

export type Block =
  | { readonly kind: 'run'; readonly text: string; readonly exit: number; readonly line: number }
  | { readonly kind: 'background'; readonly text: string; readonly run: string; readonly line: number }
  | { readonly kind: 'server'; readonly text: string; readonly line: number }
  | { readonly kind: 'file'; readonly text: string; readonly name: string; readonly line: number }
  | { readonly kind: 'shows'; readonly text: string; readonly line: number }

const MARKED = /^<!-- (run|file|shows)(?:: ([^\n]*?))? -->\n+```\w*\n([\s\S]*?)\n```$/gm

export function blocksOf(markdown: string): Block[] {
  return [...markdown.matchAll(MARKED)].map((match) => {
    const [, kind, detail = '', text = ''] = match
    const line = markdown.slice(0, match.index).split('\n').length
    const [word, argument = ''] = detail.split(' ')
    if (kind === 'file') return { kind, text: `${text}\n`, name: detail, line }
    if (kind === 'shows') return { kind, text, line }
    if (word === 'background') return { kind: word, text, run: argument, line }
    if (detail === 'server') return { kind: detail, text, line }
    if (detail !== '' && word !== 'exit') throw new Error(`line ${line}: cannot read the mark "${detail}"`)
    return { kind: 'run', text, exit: word === 'exit' ? Number(argument) : 0, line }
  })
}

/** Numbers, hashes and widths differ from run to run; words must not. */
function plain(line: string): string {
  return line
    .replaceAll(/\b[0-9a-f]{64}\b/g, '#')
    .replaceAll(/[-−+]?\d(?:[\d.,]*\d)?/g, '#')
    .replaceAll(/\s+/g, ' ')
    .trim()
}

/** The first line of `shown` that `printed` does not hold behind the ones before it; undefined when it holds all. */
export function firstNotPrinted(shown: string, printed: string): string | undefined {
  const lines = printed.split('\n').map(plain)
  let from = 0
  for (const line of shown.split('\n')) {
    const wanted = plain(line)
    if (wanted === '' || wanted === '…') continue
    const parts = wanted.split('…').map((part) => part.trim().replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    const pattern = new RegExp(`^${parts.join('.*')}$`)
    const at = lines.findIndex((candidate, i) => i >= from && pattern.test(candidate))
    if (at < 0) return line
    from = at + 1
  }
  return undefined
}
