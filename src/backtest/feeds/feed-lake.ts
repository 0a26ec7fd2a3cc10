/**
 * Owns finding the series of feeds in the lake by the names of the configuration, and which files were read. With the entries of a
 * manifest it knows those files and no others. Never reads a row.
 */
import { type EpochMs, INTERVALS } from '#core/time'
import type { LakeKey, PointsKey } from '#data/columns'
import { isKind } from '#data/kinds'
import { seriesFiles, type TapeEntry, tapeEntries } from '#data/lake'
import { intervalOf, keyOf, type LakeFile, listKeys, parseFilePath, seriesPath } from '#data/layout'

const PARTS = /^kind=([^/]+)\/venue=([^/]+)\/market=([^/]+)\/symbol=([^/]+)\/interval=([^/]+)\//

export class FeedLake {
  readonly #home: string
  readonly #entries: readonly TapeEntry[] | undefined
  readonly #keys: readonly PointsKey[]
  readonly #used = new Map<string, LakeFile>()

  constructor(home: string, entries?: readonly TapeEntry[]) {
    this.#home = home
    this.#entries = entries
    const keys = entries === undefined ? listKeys(home) : entries.flatMap(({ path }) => keyIn(path) ?? [])
    const unique = new Map(keys.map((key) => [seriesPath(key), key]))
    this.#keys = [...unique.values()].filter((key): key is PointsKey => key.kind !== 'bars' && key.kind !== 'funding')
  }

  /** The series of a name; where the lake holds it at several intervals, that of single instants, else the shortest. */
  find(kind: PointsKey['kind'], name: string): PointsKey | undefined {
    return this.startingWith(kind, name).find((key) => nameOf(key) === name)
  }

  /** Series whose names begin so, by code unit, each name once. */
  startingWith(kind: PointsKey['kind'], prefix: string): PointsKey[] {
    const best = new Map<string, PointsKey>()
    for (const key of this.#keys) {
      if (key.kind !== kind || !nameOf(key).startsWith(prefix)) continue
      const known = best.get(nameOf(key))
      if (known === undefined || stepOf(key) < stepOf(known)) best.set(nameOf(key), key)
    }
    return [...best.values()].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
  }

  /** Files with rows whose `ts` lies in `[from, to]`, noted for the manifest. */
  async files(key: PointsKey, from: EpochMs, to: EpochMs): Promise<readonly LakeFile[]> {
    const prefix = `${seriesPath(key)}/`
    const files =
      this.#entries === undefined
        ? await seriesFiles(this.#home, key, from, to)
        : this.#entries.flatMap(({ path }) => (path.startsWith(prefix) ? (parseFilePath(path) ?? []) : []))
    for (const file of files) this.#used.set(file.path, file)
    return files
  }

  /** What was read, for the manifest. */
  used(): Promise<readonly TapeEntry[]> {
    return tapeEntries(this.#home, [...this.#used.values()])
  }
}

export const nameOf = ({ venue, market, symbol }: LakeKey): string => `${venue}.${market}.${symbol}`

const STEPS: readonly string[] = ['own', ...INTERVALS]
const stepOf = (key: PointsKey): number => STEPS.indexOf(intervalOf(key) ?? 'own')

function keyIn(path: string): LakeKey | undefined {
  const [, kind = '', venue = '', market = '', symbol = '', interval] = PARTS.exec(path) ?? []
  return isKind(kind) ? keyOf(kind, { venue, market, symbol }, interval) : undefined
}
