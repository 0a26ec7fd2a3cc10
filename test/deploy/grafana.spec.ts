/** Dashboards as they stand: every panel says what it shows and in what unit, and asks for metrics and tables that there are. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { DIALECTS } from '#data/stores/dialect'
import { tables } from '#data/stores/migrations/0001-tables'
import { rollups } from '#data/stores/migrations/0002-rollups'
import { METRICS } from '#monitoring/metrics/metric-table'
import { boards, type Panel, queriesOf } from '../grafana-board.js'

const FOLDER = fileURLToPath(new URL('../../deploy/grafana', import.meta.url))
const provisioned = (path: string): Record<string, never[]> =>
  parse(readFileSync(join(FOLDER, 'provisioning', path), 'utf8'))
const all = boards().flatMap((board) => board.panels.map((panel) => ({ at: `${board.title}: ${panel.title}`, panel })))
const shown = all.filter(({ panel }) => panel.type !== 'row')

describe('dashboards', () => {
  it('are provisioned as files, each under a name of its own', () => {
    expect(readdirSync(join(FOLDER, 'dashboards')).sort()).toEqual(['operations.json', 'trading.json'])
    expect(new Set(boards().map(({ uid }) => uid)).size).toBe(2)
    expect(shown.length).toBeGreaterThan(40)
  })

  it.each(shown)('$at says what it shows, and in what unit', ({ panel }) => {
    expect(panel.description.length).toBeGreaterThan(20)
    expect(panel.fieldConfig.defaults.unit).toMatch(/^(none|short|s|bytes|percentunit|cps)$/)
    expect(queriesOf(panel).length).toBeGreaterThan(0)
  })

  it('have panels that do not lie on each other', () => {
    for (const { panels } of boards()) {
      expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
      for (const a of panels) {
        expect(a.gridPos.x + a.gridPos.w).toBeLessThanOrEqual(24)
        expect(panels.filter((b) => b.id > a.id && overlaps(a, b)).map(({ title }) => title)).toEqual([])
      }
    }
  })

  it('ask the data sources that are provisioned', () => {
    const known = (
      provisioned('datasources/quantbot.yaml').datasources as readonly { uid: string; editable: boolean }[]
    ).map(({ uid }) => uid)
    expect(known).toEqual(['prometheus', 'timescaledb'])
    const asked = shown.flatMap(({ panel }) => queriesOf(panel).map(({ datasource }) => datasource.uid))
    expect([...new Set(asked)].sort()).toEqual(known)
  })

  it('name metrics that there are, with labels that they have', () => {
    const specs: Readonly<Record<string, { readonly labels: readonly string[] }>> = METRICS
    const named = shown.flatMap(({ at, panel }) =>
      queriesOf(panel).flatMap(({ expr = '' }) =>
        [...expr.matchAll(/((?:quantbot|nodejs|process)_\w+?)(?:_bucket)?(?:\{([^}]*)\}|(?![\w{]))/g)].map((match) => ({
          at,
          name: match[1]!,
          labels: match[2] ?? '',
        })),
      ),
    )
    expect(named.length).toBeGreaterThan(40)
    for (const { at, name, labels } of named) {
      expect(specs, at).toHaveProperty(name)
      const used = [...labels.matchAll(/(\w+)[=!]/g)].map((match) => match[1]!).filter((label) => label !== 'instance')
      expect(
        used.filter((label) => !specs[name]!.labels.includes(label)),
        `${at}: ${name}`,
      ).toEqual([])
    }
  })

  it('name tables that the migrations make', () => {
    const made = [tables, rollups].flatMap((each) => each.statements(DIALECTS.native)).join('\n')
    const named = shown.flatMap(({ panel }) =>
      queriesOf(panel).flatMap(({ rawSql = '' }) => [...rawSql.matchAll(/quantbot\.(\w+)/g)].map((match) => match[1]!)),
    )
    expect(new Set(named).size).toBeGreaterThan(6)
    for (const name of new Set(named)) expect(made).toContain(`CREATE TABLE quantbot.${name} `)
  })
})

function overlaps({ gridPos: a }: Panel, { gridPos: b }: Panel): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h
}
