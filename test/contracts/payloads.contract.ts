/** Owns what every payload parser keeps: a recorded payload is read or refused with a reason; nothing else is ever thrown. */
import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect } from 'vitest'
import type { PayloadParser } from '#data/connectors/adapter.port'
import { type InstrumentFacts, type Normal, type ParseContext, PayloadRefused } from '#data/connectors/normal'
import { payloadsIn, payloadText } from '#data/connectors/payload-files'

export interface PayloadTally {
  /** Records by kind, over all files. */
  readonly records: Readonly<Record<string, number>>
  /** Records by file and kind: `hft-x.gz quote`. */
  readonly byFile: Readonly<Record<string, number>>
  /** Reasons of what was refused, with how often. */
  readonly refused: Readonly<Record<string, number>>
  readonly payloads: number
}

export interface PayloadKnowledge {
  readonly facts?: (instrument: string) => InstrumentFacts | undefined
  readonly price?: (instrument: string) => number | undefined
  /** Market of a file where neither it nor the payload says. */
  readonly marketOf: (file: string) => string
  /** Files that are not payloads of the venue's market protocol: tables of errors. */
  readonly skip?: (file: string) => boolean
}

/** Reads every file below the folders. Fails at the first throw that is no PayloadRefused, naming file and line. */
export function payloadsContract(
  parser: PayloadParser | undefined,
  folders: readonly string[],
  knowledge: PayloadKnowledge,
): PayloadTally {
  const records: Record<string, number> = {}
  const byFile: Record<string, number> = {}
  const refused: Record<string, number> = {}
  let payloads = 0
  const refuse = (reason: string): void => {
    refused[reason] = (refused[reason] ?? 0) + 1
  }
  for (const file of folders.flatMap(filesBelow)) {
    if (knowledge.skip?.(file) === true) continue
    for (const item of payloadsIn(payloadText(file))) {
      if (item.payload === undefined) {
        refuse(item.problem ?? 'nothing')
        continue
      }
      payloads++
      try {
        for (const record of readOne(parser, item.payload, item, file, knowledge)) {
          records[record.kind] = (records[record.kind] ?? 0) + 1
          const key = `${basename(file)} ${record.kind}`
          byFile[key] = (byFile[key] ?? 0) + 1
        }
      } catch (error) {
        if (!(error instanceof PayloadRefused)) throw new Error(`${file}:${item.line}`, { cause: error })
        expect(error.reason, `${file}:${item.line}`).not.toBe('')
        refuse(error.reason)
      }
    }
  }
  return { records, byFile, refused, payloads }
}

function readOne(
  parser: PayloadParser | undefined,
  payload: unknown,
  item: { readonly url?: string; readonly market?: string; readonly receivedAt?: number },
  file: string,
  knowledge: PayloadKnowledge,
): readonly Normal[] {
  if (parser === undefined) throw new PayloadRefused(basename(file), 'no parser')
  const guessed = parser.guess(payload, item.url)
  if (guessed === undefined) throw new PayloadRefused(basename(file), 'no topic')
  const context: ParseContext = {
    receivedAt: item.receivedAt ?? 1_700_000_000_000,
    market: item.market ?? guessed.market ?? knowledge.marketOf(file),
    ...(guessed.symbol === undefined ? {} : { symbol: guessed.symbol }),
    facts: knowledge.facts ?? (() => undefined),
    price: knowledge.price ?? (() => undefined),
  }
  return parser.parse(guessed.topic, payload, context)
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.(?:json|jsonl|gz)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}
