/** Owns tables as CSV (RFC 4180, LF, UTF-8, header): a cell with comma, quote or line break is quoted; null is empty, empty text is `""`. */
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { isoTime } from '#core/time'
import type { Cell, Column, ColumnType, TableFile } from './table-file.js'
import { partialOf, publish, refuseExisting } from './target-file.js'

/** Written at once. */
const BUFFER_CHARS = 1 << 20

export class CsvFile implements TableFile {
  readonly names: readonly string[]
  readonly #path: string
  readonly #partial: string
  readonly #types: readonly ColumnType[]
  readonly #fd: number
  #text = ''

  /** TARGET_EXISTS, or the error of the system call. */
  constructor(path: string, columns: readonly Column[]) {
    refuseExisting(path)
    this.names = columns.map(({ name }) => name)
    this.#path = path
    this.#partial = partialOf(path)
    this.#types = columns.map(({ type }) => type)
    this.#fd = openSync(this.#partial, 'wx')
    this.#text = `${this.names.join(',')}\n`
  }

  row(cells: readonly Cell[]): void {
    const types = this.#types
    for (let i = 0; i < types.length; i++) {
      if (i > 0) this.#text += ','
      this.#text += csvCell(cells[i]!, types[i]!)
    }
    this.#text += '\n'
    if (this.#text.length >= BUFFER_CHARS) this.#flush()
  }

  async finish(): Promise<void> {
    this.#flush()
    closeSync(this.#fd)
    publish(this.#partial, this.#path)
  }

  discard(): void {
    closeSync(this.#fd)
    rmSync(this.#partial, { force: true })
  }

  #flush(): void {
    const bytes = Buffer.from(this.#text)
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at)
    this.#text = ''
  }
}

function csvCell(cell: Cell, type: ColumnType): string {
  if (cell === null) return ''
  if (typeof cell === 'number') return type === 'time' ? isoTime(cell) : String(cell)
  if (typeof cell === 'boolean') return String(cell)
  return cell === '' || /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell
}
