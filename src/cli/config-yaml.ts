/**
 * Owns YAML of a configuration as plain data with the place of every key. Says what is wrong in its own words: those of the
 * parser repeat what stands in the file, which may be a secret.
 */
import { type Document, isCollection, isMap, isPair, isScalar, LineCounter, parseDocument, visit } from 'yaml'
import { QuantbotError } from '#core/errors'
import { at, type Place, type YamlText } from './config-place.js'

/** Problems that are told at once (ours). */
const PROBLEMS_MAX = 20

const WORDS: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: 'the key stands twice in its map',
  TAB_AS_INDENT: 'a tab indents; write spaces',
  BAD_INDENT: 'the indentation fits nothing above it',
  BAD_ALIAS: 'an alias (*name) of an anchor that there is not; quote a text that begins with *',
  ALIAS_PROPS: 'an alias may have neither tag nor anchor',
  BAD_SCALAR_START: 'a text may not begin with this character; quote it',
  BAD_DQ_ESCAPE: 'an escape that double quotes do not know',
  BAD_COLLECTION_TYPE: 'a tag that does not fit what it stands before',
  BLOCK_AS_IMPLICIT_KEY: 'a second colon; quote the text, or put it on its own line',
  BLOCK_IN_FLOW: 'a block inside of { } or [ ]',
  KEY_OVER_1024_CHARS: 'a key longer than 1024 characters',
  MISSING_CHAR: 'a quote, bracket, comma or colon is missing',
  MULTILINE_IMPLICIT_KEY: 'a key goes over several lines; a colon may be missing',
  MULTIPLE_DOCS: 'a second document (---) begins; a configuration is one',
  NON_STRING_KEY: 'a key must be a text',
  TAG_RESOLVE_FAILED: 'a tag (!name) that is not known; quote a text that begins with !',
  RESOURCE_EXHAUSTION: 'aliases that unfold without end',
  UNEXPECTED_TOKEN: 'something that does not belong here',
}

/** CONFIG_UNREADABLE names line and column of everything that is no YAML. */
export function readYaml(text: string, path: string): YamlText {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' })
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(Math.min(offset, text.length))
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  const told = [...document.errors, ...document.warnings, ...lostAliases(document)]
    .sort((a, b) => a.pos[0] - b.pos[0])
    .map(({ code, pos }) => `${at(path, placeAt(pos[0]))}: ${WORDS[code] ?? 'this is no YAML'}`)
  if (told.length > 0) throw unreadable([...new Set(told)])
  return {
    value: dataOf(document, path),
    placeOf: (keys) => placeOf(document, keys, placeAt).place,
    exactPlaceOf: (keys) => {
      const { place, isExact } = placeOf(document, keys, placeAt)
      return isExact ? place : undefined
    },
  }
}

function unreadable(problems: readonly string[]): QuantbotError {
  const rest = problems.length - PROBLEMS_MAX
  return new QuantbotError(
    'CONFIG_UNREADABLE',
    [...problems.slice(0, PROBLEMS_MAX), ...(rest > 0 ? [`and ${rest} more`] : [])].join('\n'),
  )
}

/** The parser finds them only when it makes data of the document. */
function lostAliases(document: Document): { readonly code: 'BAD_ALIAS'; readonly pos: readonly [number] }[] {
  const lost: { readonly code: 'BAD_ALIAS'; readonly pos: readonly [number] }[] = []
  visit(document, {
    Alias: (_, node) => {
      if (node.resolve(document) === undefined) lost.push({ code: 'BAD_ALIAS', pos: [node.range?.[0] ?? 0] })
    },
  })
  return lost
}

function dataOf(document: Document, path: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 }) ?? {}
  } catch {
    throw unreadable([`${path}: ${WORDS.RESOURCE_EXHAUSTION}`])
  }
}

function placeOf(
  document: Document,
  keys: readonly PropertyKey[],
  placeAt: (offset: number) => Place,
): { readonly place: Place | undefined; readonly isExact: boolean } {
  let node: unknown = document.contents
  let place: Place | undefined
  for (const key of keys) {
    if (!isCollection(node)) return { place, isExact: false }
    const item = isMap(node)
      ? node.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === String(key))
      : node.items[Number(key)]
    const keyed = isPair(item) && isScalar(item.key) ? item.key : item
    const offset = (keyed as { readonly range?: readonly number[] | null } | undefined)?.range?.[0] // nodes have ranges, other things not
    if (offset === undefined) return { place, isExact: false }
    place = placeAt(offset)
    node = isPair(item) ? item.value : item
  }
  return { place, isExact: true }
}
