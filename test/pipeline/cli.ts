/** Owns running commands of the command line inside the test's own process, and a lake of synthetic series. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildProgram } from '#cli/main'
import { isQuantbotError } from '#core/errors'
import { importFiles } from '#data/import'
import { seriesOfSpec, type TapeSpec } from './tape.js'

export interface Said {
  /** Exit code; of an error thrown, the error's. */
  readonly code: number
  /** The one JSON document; undefined when an error was thrown. */
  readonly json: Record<string, unknown>
}

/** Runs one command with --json. Commands share this process: one at a time. */
export async function quantbot(home: string, ...args: readonly string[]): Promise<Said> {
  const written: string[] = []
  const write = process.stdout.write
  const before = process.exitCode
  process.exitCode = 0
  process.stdout.write = ((chunk: string | Uint8Array): boolean => {
    written.push(typeof chunk === 'string' ? chunk : new TextDecoder().decode(chunk))
    return true
  }) as typeof process.stdout.write // the overloads with callbacks are not used by commands
  let code = 0
  let error: unknown
  try {
    await buildProgram().parseAsync(['--home', home, '--json', ...args], { from: 'user' })
    code = Number(process.exitCode ?? 0)
  } catch (thrown) {
    error = thrown
    code = isQuantbotError(thrown) ? thrown.exitCode : 1
  } finally {
    process.stdout.write = write
    process.exitCode = before
  }
  if (error !== undefined)
    return { code, json: { error: isQuantbotError(error) ? error.code : String((error as Error).stack) } } // Errors are thrown
  const last = written.join('').trimEnd().split('\n').at(-1) ?? 'null'
  return { code, json: JSON.parse(last) as Record<string, unknown> } // a JSON document by the contract of --json
}

/** Imports the series of a specification into the lake of `home`. */
export async function fillLake(home: string, spec: TapeSpec): Promise<void> {
  const folder = join(home, 'csv')
  mkdirSync(join(folder, 'funding'), { recursive: true })
  const bars: string[] = []
  const funding: string[] = []
  for (const one of seriesOfSpec(spec)) {
    const symbol = one.instrument.split('.')[2]!
    if (one.kind === 'bars') {
      const { ts, open, high, low, close, volume } = one.rows
      const rows = [...ts].map((t, i) => [t, open[i], high[i], low[i], close[i], volume[i]].join())
      bars.push(join(folder, `${symbol}-${one.interval}.csv`))
      writeFileSync(bars.at(-1)!, `ts,open,high,low,close,volume\n${rows.join('\n')}\n`)
    } else {
      const rows = [...one.rows.ts].map((t, i) => `${t},${one.rows.rate[i]}`)
      funding.push(join(folder, 'funding', `${symbol}.csv`))
      writeFileSync(funding.at(-1)!, `ts,rate\n${rows.join('\n')}\n`)
    }
  }
  const target = { venue: 'test', market: 'usdm', home }
  for (const report of [
    await importFiles({ files: bars, kind: 'bars', ...target }),
    ...(funding.length > 0 ? [await importFiles({ files: funding, kind: 'funding', ...target })] : []),
  ])
    if (report.problems.length > 0) throw new Error(JSON.stringify(report.problems))
}
