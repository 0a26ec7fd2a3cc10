/**
 * Owns reading Grafana's dashboards for tests, and expanding their queries as Grafana does: macros of the PostgreSQL data source with and
 * without TimescaleDB, intervals of the Prometheus one, variables. Never talks to a server.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const FOLDER = fileURLToPath(new URL('../deploy/grafana/dashboards', import.meta.url))

export interface Query {
  readonly refId: string
  readonly datasource: { readonly uid: string }
  readonly expr?: string
  readonly instant?: boolean
  readonly rawSql?: string
  readonly format?: string
}

export interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly description: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly fieldConfig: { readonly defaults: { readonly unit?: string } }
  readonly targets?: readonly Query[]
}

export interface Board {
  readonly uid: string
  readonly title: string
  readonly panels: readonly Panel[]
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: unknown }[] }
}

export function boards(): Board[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as Board) // Grafana's own documents, which its spec looks at
}

export const queriesOf = ({ targets = [] }: Panel): readonly Query[] => targets

export interface Range {
  /** Epoch ms. */
  readonly from: number
  readonly to: number
  /** $__interval, ms. */
  readonly stepMs: number
}

/** As Grafana's PostgreSQL data source does (pkg/tsdb/grafana-postgresql-datasource/macros.go of Grafana 12, read 2026-11). */
export function expandSql(
  sql: string,
  { from, to, stepMs }: Range,
  isTimescale: boolean,
  values: Readonly<Record<string, string>>,
): string {
  const seconds = stepMs / 1000
  const slot = (column: string): string =>
    isTimescale
      ? `time_bucket('${seconds.toFixed(3)}s',${column})`
      : `floor(extract(epoch from ${column})/${seconds})*${seconds}`
  const expanded = withVariables(sql, values)
    .replaceAll('$__interval_ms', String(stepMs))
    .replaceAll('$__interval', `${seconds}s`)
    .replaceAll(/\$__timeGroupAlias\(([\w.]+),[^)]+\)/g, (_, column: string) => `${slot(column)} AS "time"`)
    .replaceAll(/\$__timeGroup\(([\w.]+),[^)]+\)/g, (_, column: string) => slot(column))
    .replaceAll(
      /\$__timeFilter\(([\w.]+)\)/g,
      (_, column: string) => `${column} BETWEEN '${iso(from)}' AND '${iso(to)}'`,
    )
  refuseLeft(expanded)
  return expanded
}

const iso = (ms: number): string => new Date(ms).toISOString()

/** As Grafana's Prometheus data source does: $__rate_interval is the step and a scrape, at least four scrapes. */
export function expandPromql(
  expr: string,
  stepMs: number,
  scrapeMs: number,
  values: Readonly<Record<string, string>>,
): string {
  const rateMs = Math.max(stepMs + scrapeMs, 4 * scrapeMs)
  const expanded = withVariables(expr, values)
    .replaceAll('$__rate_interval', `${rateMs}ms`)
    .replaceAll('$__interval', `${stepMs}ms`)
  refuseLeft(expanded)
  return expanded
}

/** `$name`, `${name}`, and `${name:sqlstring}` in quotes that the value cannot leave. */
function withVariables(text: string, values: Readonly<Record<string, string>>): string {
  return Object.entries(values).reduce(
    (done, [name, value]) =>
      done
        .replaceAll(`\${${name}:sqlstring}`, `'${value.replaceAll("'", "''")}'`)
        .replaceAll(`\${${name}}`, value)
        .replaceAll(new RegExp(`\\$${name}\\b`, 'g'), value),
    text,
  )
}

function refuseLeft(text: string): void {
  const left = /\$[\w{]\w*/.exec(text)
  if (left !== null) throw new Error(`${left[0]} was not expanded: ${text}`)
}
