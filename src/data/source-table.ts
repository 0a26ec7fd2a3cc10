/** Owns reading the columns of a CSV or Parquet file as numbers, with the line of every fault. Never judges what they mean. */
import { createReadStream, statSync } from 'node:fs'
import { QuantbotError } from '#core/errors'
import { readRows, sqlName, sqlPaths, withDuck } from './duck.js'
import type { Problems } from './import-problem.js'

/** Which columns a file must and may have. */
export interface Wanted {
  readonly required: readonly string[]
  readonly optional: readonly string[]
  /** Columns of text. */
  readonly text?: readonly string[]
  readonly optionalText?: readonly string[]
  /** Every other column is taken as numbers too. */
  readonly anyOther?: boolean
}

/** Columns of one file. A faulty value is NaN and has been told. */
export interface SourceTable {
  readonly rows: number
  /** By name; every required one, and the optional ones that the file has. */
  readonly columns: ReadonlyMap<string, Float64Array>
  /** Columns of text by name; an absent value is empty. */
  readonly texts: ReadonlyMap<string, readonly string[]>
  /** Columns of the file that nobody wants. */
  readonly ignored: readonly string[]
  /** Line (CSV) or row (Parquet) of the first row. */
  readonly firstLine: number
}

/** Reads by the ending of the name. Undefined when the file cannot be read as a table: `problems` says why. */
export async function readTable(
  file: string,
  wanted: Wanted,
  problems: Problems,
  onRows?: (rows: number) => void,
): Promise<SourceTable | undefined> {
  const stat = statSync(file, { throwIfNoEntry: false })
  if (!stat?.isFile()) problems.unreadable(stat ? 'is not a file' : 'there is no such file')
  else if (stat.size === 0) problems.unreadable('the file is empty')
  else if (/\.csv$/i.test(file)) return readCsv(file, wanted, problems, onRows)
  else if (/\.parquet$/i.test(file)) return readParquet(file, wanted, problems, onRows)
  else problems.unreadable('is neither .csv nor .parquet')
  return undefined
}

/** Plain decimal numbers alone: no blanks, quotes, hexadecimal, `NaN` or `Infinity`. */
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/

class Column {
  readonly name: string
  readonly field: number
  readonly mayBeEmpty: boolean
  /** Of a column of text; then there are no numbers. */
  readonly texts: string[] | undefined
  values: Float64Array

  constructor(name: string, field: number, mayBeEmpty: boolean, isText: boolean) {
    this.name = name
    this.field = field
    this.mayBeEmpty = mayBeEmpty
    this.texts = isText ? [] : undefined
    this.values = new Float64Array(isText ? 0 : 4096)
  }

  set(row: number, value: number): void {
    if (row === this.values.length) {
      const next = new Float64Array(row * 2)
      next.set(this.values)
      this.values = next
    }
    this.values[row] = value
  }
}

/** Matches a header; tells of required columns that are absent and of names that stand twice. */
function matchHeader(
  names: readonly string[],
  wanted: Wanted,
  problems: Problems,
  line?: number,
): Column[] | undefined {
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) problems.unreadable(`the column ${JSON.stringify(twice)} stands twice in the header`, line)
  const { text = [], optionalText = [] } = wanted
  const required = [...wanted.required, ...text]
  const absent = required.filter((name) => !names.includes(name))
  if (absent.length > 0)
    problems.unreadable(
      `the header has no ${absent.join(', ')}; expected ${required.join(',')}, saw ${names.join(',').slice(0, 200)}`,
      line,
    )
  if (problems.any) return undefined
  const others = wanted.anyOther === true ? names.filter((name) => !required.includes(name)) : []
  const present = [...wanted.optional, ...optionalText, ...others].filter((name) => names.includes(name))
  return [...required, ...present].map((name) => {
    const isText = text.includes(name) || optionalText.includes(name)
    return new Column(name, names.indexOf(name), !required.includes(name), isText)
  })
}

function tableOf(columns: readonly Column[], rows: number, names: readonly string[], firstLine: number): SourceTable {
  const taken = new Set(columns.map((column) => column.name))
  return {
    rows,
    columns: new Map(columns.flatMap(({ name, values, texts }) => (texts ? [] : [[name, values.slice(0, rows)]]))),
    texts: new Map(columns.flatMap(({ name, texts }) => (texts ? [[name, texts]] : []))),
    ignored: names.filter((name) => !taken.has(name)),
    firstLine,
  }
}

/** Streams, so that a file may be larger than memory's text limit. A row is one physical line: no quoted line ends. */
async function readCsv(
  file: string,
  wanted: Wanted,
  problems: Problems,
  onRows?: (rows: number) => void,
): Promise<SourceTable | undefined> {
  let names: string[] | undefined
  let columns: Column[] | undefined
  let rows = 0
  let rest = ''
  for await (const part of createReadStream(file, { encoding: 'utf8', highWaterMark: 1 << 20 })) {
    const lines = (rest + String(part)).split('\n')
    rest = lines.pop() ?? ''
    for (const raw of lines) {
      const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw
      if (names === undefined) {
        names = line.replace(/^\uFEFF/, '').split(',')
        columns = matchHeader(names, wanted, problems, 1)
        if (!columns) return undefined
      } else if (columns) readRow(line, rows++, names.length, columns, problems)
    }
    onRows?.(rows)
  }
  if (rest !== '')
    problems.row(names === undefined ? 1 : rows + 2, 'the last line has no line end: the file may have been cut off')
  if (names === undefined || !columns) return undefined
  return tableOf(columns, rows, names, 2)
}

function readRow(line: string, row: number, width: number, columns: readonly Column[], problems: Problems): void {
  const fields = line.split(',')
  const broken = fields.length !== width
  if (broken) {
    const seen = line === '' ? 'the line is empty' : `${fields.length} fields where the header has ${width}`
    problems.row(row + 2, seen)
  }
  for (const column of columns) {
    const field = broken ? undefined : fields[column.field]
    if (column.texts) {
      column.texts.push(field ?? '')
      continue
    }
    let value = Number.NaN
    if (field !== undefined && NUMBER.test(field))
      value = Number(field) + 0 // −0 becomes 0
    else if (field !== undefined && !(field === '' && column.mayBeEmpty))
      problems.row(row + 2, `${column.name} is ${JSON.stringify(field.slice(0, 40))}, not a number`)
    column.set(row, value)
  }
}

const NUMERIC = /^(?:U?(?:TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL\(.*\))$/

async function readParquet(
  file: string,
  wanted: Wanted,
  problems: Problems,
  onRows?: (rows: number) => void,
): Promise<SourceTable | undefined> {
  const source = `read_parquet(${sqlPaths([file])}, hive_partitioning = false)`
  try {
    return await withDuck(async (connection) => {
      const described = await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${source}`)
      const schema = described
        .getRowObjectsJson()
        .map((row) => ({ name: String(row.column_name), type: String(row.column_type) }))
      const names = schema.map(({ name }) => name)
      const columns = matchHeader(names, wanted, problems)
      if (!columns) return undefined
      for (const { name, field, texts } of columns) {
        const { type } = schema[field]!
        if (texts ? type !== 'VARCHAR' : !NUMERIC.test(type))
          problems.unreadable(`the column ${name} is ${type}, not ${texts ? 'text' : 'a number'}`)
      }
      if (problems.any) return undefined
      const select = columns.map(({ name, texts }) => (texts ? sqlName(name) : `${sqlName(name)}::DOUBLE`)).join(', ')
      const isText = columns.map(({ texts }) => texts !== undefined)
      const read = await readRows(connection, `SELECT ${select} FROM ${source}`, isText, 4096, onRows)
      columns.forEach((column, i) => {
        const values = read[i]!
        if (!(values instanceof Float64Array)) {
          for (const text of values) column.texts?.push(text)
          return
        }
        for (let r = 0; r < values.length; r++) {
          if (Number.isNaN(values[r]) && !column.mayBeEmpty)
            problems.row(r + 1, `${column.name} is missing or not a number`)
          values[r]! += 0 // −0 becomes 0
        }
        column.values = values
      })
      return tableOf(columns, read[0]!.length, names, 1)
    })
  } catch (cause) {
    if (cause instanceof QuantbotError) throw cause
    const text = cause instanceof Error ? cause.message.split('\n')[0]! : String(cause)
    problems.unreadable(`cannot be read as Parquet (${text.slice(0, 200)}); it may have been cut off`)
    return undefined
  }
}
