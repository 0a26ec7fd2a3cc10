/**
 * Owns the checks of alerts without Prometheus: each has a case that fires and one that clears, a runbook with its four parts, a severity that
 * is routed, and names of metrics and labels that exist. `test/slow/metrics-prometheus.spec.ts` has promtool try the cases.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { buildProgram } from '#cli/main'
import { METRICS } from '#monitoring/metrics/metric-table'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
// Files of ours in formats of Prometheus: promtool and amtool check their shapes.
const yaml = <T>(path: string): T => parse(read(path)) as T

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly labels: { readonly severity: string }
  readonly annotations: { readonly summary: string; readonly runbook_url: string }
}
interface Case {
  readonly alert_rule_test: readonly {
    readonly eval_time: string
    readonly alertname: string
    readonly exp_alerts: readonly { readonly exp_labels: Readonly<Record<string, string>> }[]
  }[]
}

const { groups } = yaml<{ groups: { rules: Rule[] }[] }>('deploy/prometheus/rules/quantbot.yml')
const rules = groups.flatMap((group) => group.rules)
const { tests } = yaml<{ tests: Case[] }>('deploy/prometheus/tests/quantbot.test.yml')
const minutes = (text: string): number => Number.parseInt(text, 10) * (text.endsWith('h') ? 60 : 1)
const HEADINGS = ['What it means', 'What to look at', 'How to mend it', 'How to know that it is over']
/** Not ours. */
const FOREIGN = new Set(['up', 'alertmanager_notifications_failed_total'])

/** Names of metrics in a text: ours begin so, and each stands in the table. */
function namesIn(text: string): string[] {
  return [...text.matchAll(/\b(?:quantbot|nodejs|process)_[a-z0-9_]+\b/g)].map(([name]) =>
    name.replace(/_(bucket|count|sum)$/, ''),
  )
}

describe('every alert', () => {
  it('has a name of its own', () => {
    expect(rules.length).toBeGreaterThan(20)
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length)
  })

  it.each(rules)('$alert fires and then clears in its case', ({ alert, labels }) => {
    const looks = tests.flatMap((test) => test.alert_rule_test).filter(({ alertname }) => alertname === alert)
    const fired = looks.filter(({ exp_alerts }) => exp_alerts.length > 0)
    const cleared = looks.filter(({ exp_alerts }) => exp_alerts.length === 0)
    expect(fired.length).toBeGreaterThan(0)
    expect(fired.flatMap(({ exp_alerts }) => exp_alerts.map(({ exp_labels }) => exp_labels.severity))).toEqual(
      fired.flatMap(({ exp_alerts }) => exp_alerts.map(() => labels.severity)),
    )
    const last = Math.max(...fired.map(({ eval_time }) => minutes(eval_time)))
    expect(cleared.some(({ eval_time }) => minutes(eval_time) > last)).toBe(true)
  })

  it.each(rules)('$alert has a runbook with its parts in order', ({ alert, labels, annotations }) => {
    expect(annotations.runbook_url).toBe(`docs/runbooks/${alert}.md`)
    expect(annotations.summary.length).toBeGreaterThan(20)
    const page = read(annotations.runbook_url)
    expect(page.startsWith(`# ${alert}\n`)).toBe(true)
    expect(page).toContain(`Severity: ${labels.severity}.`)
    expect([...page.matchAll(/^## (.*)$/gm)].map((match) => match[1])).toEqual(HEADINGS)
    for (const part of page.split(/^## .*$/m).slice(1)) expect(part.trim().length).toBeGreaterThan(20)
    expect(page).toMatch(/^ *```sh\n/m)
  })

  it.each(rules)('$alert asks for metrics that exist', ({ expr }) => {
    const names = namesIn(expr)
    const foreign = [...FOREIGN].filter((name) => new RegExp(`\\b${name}\\b`).test(expr))
    expect(names.length + foreign.length).toBeGreaterThan(0)
    expect(names.filter((name) => !(name in METRICS))).toEqual([])
    for (const [, name = '', matchers = ''] of expr.matchAll(/\b(quantbot_[a-z0-9_]+)\{([^}]*)\}/g)) {
      const labels = [...matchers.matchAll(/([a-z_]+)(?:=|!)/g)].map((match) => match[1]!)
      // `name in METRICS` was held above.
      const known: readonly string[] = ['job', 'instance', ...METRICS[name as keyof typeof METRICS].labels]
      expect(labels.filter((label) => !known.includes(label))).toEqual([])
    }
  })
})

describe('every runbook', () => {
  const pages = readdirSync(join(ROOT, 'docs/runbooks')).filter((name) => name !== 'README.md')

  it('is of an alert, and the index names it', () => {
    expect(pages.map((name) => name.replace(/\.md$/, '')).sort()).toEqual(rules.map(({ alert }) => alert).sort())
    const index = read('docs/runbooks/README.md')
    expect(pages.filter((page) => !index.includes(`(${page})`))).toEqual([])
  })

  it.each(pages)('%s names metrics, alerts and commands that exist', (page) => {
    const text = read(`docs/runbooks/${page}`)
    expect(namesIn(text).filter((name) => !(name in METRICS))).toEqual([])
    const alerts = [...text.matchAll(/\bQuantbot[A-Z]\w+/g)].map(([name]) => name)
    expect(alerts.filter((name) => !rules.some(({ alert }) => alert === name))).toEqual([])
    const commands = new Set(buildProgram().commands.map((command) => command.name()))
    const named = [...text.matchAll(/(?:^ *|`)quantbot ([a-z][a-z-]*)/gm)].map((match) => match[1]!)
    expect(named.filter((name) => !commands.has(name))).toEqual([])
    for (const [, path] of text.matchAll(/\b((?:docs|deploy)\/[\w./-]+\w)/g)) expect(read(path!)).not.toBe('')
  })
})

describe('the configuration of the Alertmanager', () => {
  interface Alertmanager {
    readonly route: { readonly receiver: string; readonly routes: readonly { matchers: string[]; receiver: string }[] }
    readonly receivers: readonly { readonly name: string }[]
    readonly inhibit_rules: readonly { readonly source_matchers: string[]; readonly target_matchers: string[] }[]
  }
  const config = yaml<Alertmanager>('deploy/alertmanager/alertmanager.yml')

  it('routes each severity to somebody', () => {
    const receivers = config.receivers.map(({ name }) => name)
    for (const severity of new Set(rules.map(({ labels }) => labels.severity))) {
      const route = config.route.routes.find(({ matchers }) => matchers.includes(`severity="${severity}"`))
      expect(receivers).toContain(route?.receiver)
    }
  })

  it('is silent only about alerts that exist', () => {
    const named = config.inhibit_rules
      .flatMap(({ source_matchers, target_matchers }) => [...source_matchers, ...target_matchers])
      .flatMap((matcher) => [...matcher.matchAll(/Quantbot[A-Z]\w+/g)].map(([name]) => name))
    expect(named.length).toBeGreaterThan(5)
    expect(named.filter((name) => !rules.some(({ alert }) => alert === name))).toEqual([])
  })

  it('holds no secret: those stand in files', () => {
    const text = read('deploy/alertmanager/alertmanager.yml').replaceAll(/^ *#.*$/gm, '')
    expect(text).not.toMatch(/api_url:|password:|https?:/)
  })
})

describe('the configuration of Prometheus', () => {
  it('shows the token, from a file, to quantbot alone', () => {
    interface Scrape {
      readonly job_name: string
      readonly authorization?: { readonly credentials_file?: string; readonly credentials?: string }
    }
    const { scrape_configs } = yaml<{ scrape_configs: Scrape[] }>('deploy/prometheus/prometheus.yml')
    const shown = scrape_configs.filter(({ authorization }) => authorization !== undefined)
    expect(shown.map(({ job_name }) => job_name)).toEqual(['quantbot'])
    expect(shown[0]!.authorization).toMatchObject({ credentials_file: expect.stringMatching(/\.token$/) })
    expect(shown[0]!.authorization).not.toHaveProperty('credentials')
  })
})
