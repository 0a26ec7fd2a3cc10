/**
 * Metrics and alarms against the real programs: promtool and amtool judge text, rules and configuration; a real Prometheus scrapes a real
 * `quantbot run` with its token and sends through a real Alertmanager to a real HTTP receiver. What is loaded is what is shipped in
 * `deploy`: only targets, paths and intervals are changed.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { readEvents } from '#events/log/reader'
import { seriesOf } from '../monitoring/metrics-rig.js'
import { hasServer, startAlertmanager, startPrometheus, type TestServer, watcherTool } from '../servers.js'
import { type TestHome, testHome } from './run-process.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const DEPLOY = join(ROOT, 'deploy')
const isThere = hasServer('prometheus')
const WAIT_MS = 60_000

// Shapes of files of ours; promtool and amtool check them whole.
interface Scrape {
  job_name: string
  authorization?: { credentials_file: string }
  static_configs: { targets: string[] }[]
}
interface Prometheus {
  global: Record<string, string>
  rule_files: string[]
  alerting: { alertmanagers: { static_configs: { targets: string[] }[] }[] }
  scrape_configs: Scrape[]
}
interface Route {
  group_wait?: string
  group_interval?: string
  routes?: Route[]
}
interface Alertmanager {
  route: Route
  receivers: { slack_configs: { api_url_file: string }[] }[]
}
const shipped = <T>(path: string): T => parse(readFileSync(join(DEPLOY, path), 'utf8'), { merge: true }) as T

/** A configuration of Prometheus with these targets, scraping often. */
function prometheusFile(folder: string, targets: Readonly<Record<string, string>>, tokenFile: string): string {
  const config = shipped<Prometheus>('prometheus/prometheus.yml')
  config.global = { scrape_interval: '500ms', scrape_timeout: '500ms', evaluation_interval: '500ms' }
  config.rule_files = config.rule_files.map((pattern) => join(DEPLOY, 'prometheus', pattern))
  for (const { static_configs } of config.alerting.alertmanagers)
    for (const each of static_configs) each.targets = [targets.alertmanager!]
  for (const { job_name, authorization, static_configs } of config.scrape_configs) {
    static_configs[0]!.targets = [targets[job_name]!]
    if (authorization !== undefined) authorization.credentials_file = tokenFile
  }
  // The same target, asked with a token that is not its own.
  const quantbot = config.scrape_configs.find(({ job_name }) => job_name === 'quantbot')!
  const wrongFile = join(folder, 'wrong.token')
  writeFileSync(wrongFile, '0'.repeat(32))
  const wrong = {
    ...quantbot,
    job_name: 'stranger',
    authorization: { ...quantbot.authorization, credentials_file: wrongFile },
  }
  config.scrape_configs.push(wrong)
  const file = join(folder, 'prometheus.yml')
  writeFileSync(file, stringify(config))
  return file
}

/** A configuration of the Alertmanager that posts at once to this address. */
function alertmanagerFile(folder: string, address: string): string {
  const config = shipped<Alertmanager>('alertmanager/alertmanager.yml')
  const secret = join(folder, 'slack-url')
  writeFileSync(secret, address)
  const hasten = (route: Route): void => {
    route.group_wait = '100ms'
    route.group_interval = '500ms'
    for (const each of route.routes ?? []) hasten(each)
  }
  hasten(config.route)
  for (const { slack_configs } of config.receivers) for (const slack of slack_configs) slack.api_url_file = secret
  const file = join(folder, 'alertmanager.yml')
  writeFileSync(file, stringify(config))
  return file
}

/** What a person would see in the channel. */
interface Posted {
  readonly title: string
  readonly text: string
  readonly color: string
}

class Receiver {
  readonly posts: Posted[] = []
  readonly #server: Server

  constructor() {
    this.#server = createServer((request, response) => {
      let body = ''
      request.on('data', (bytes: Buffer) => {
        body += bytes.toString()
      })
      request.on('end', () => {
        const { attachments } = JSON.parse(body) as { attachments: Posted[] } // the Alertmanager's own shape
        this.posts.push(...attachments)
        response.end('ok')
      })
    })
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/services/T/B/x` // listening on TCP
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }
}

async function until<T>(what: string, ask: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const end = Date.now() + WAIT_MS
  for (;;) {
    const found = await ask()
    if (found !== undefined) return found
    if (Date.now() > end) throw new Error(`waited too long for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

describe.skipIf(!isThere)('promtool and amtool', () => {
  it('find the rules in order, and every case fires and clears', async () => {
    const rules = await watcherTool('promtool', ['check', 'rules', join(DEPLOY, 'prometheus/rules/quantbot.yml')])
    expect(rules).toMatchObject({ code: 0 })
    const tests = await watcherTool('promtool', ['test', 'rules', join(DEPLOY, 'prometheus/tests/quantbot.test.yml')])
    expect(tests.said).toContain('SUCCESS')
    expect(tests.code).toBe(0)
  })

  it('notice a rule that never fires', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'quantbot-rules-'))
    try {
      for (const part of ['rules', 'tests']) mkdirSync(join(folder, part))
      const rules = readFileSync(join(DEPLOY, 'prometheus/rules/quantbot.yml'), 'utf8')
      writeFileSync(
        join(folder, 'rules/quantbot.yml'),
        rules.replace('quantbot_chain_fault == 1', 'quantbot_chain_fault == 2'),
      )
      const test = join(folder, 'tests/quantbot.test.yml')
      const cases = shipped<{ tests: { name: string }[] }>('prometheus/tests/quantbot.test.yml')
      writeFileSync(
        test,
        stringify({ ...cases, tests: cases.tests.filter(({ name }) => name === 'QuantbotChainFault') }),
      )
      const { code, said } = await watcherTool('promtool', ['test', 'rules', test])
      expect(code).toBe(1)
      expect(said).toContain('QuantbotChainFault')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('take both configurations as they are shipped', async () => {
    const file = join(DEPLOY, 'prometheus/prometheus.yml')
    // The token is there only where a run is.
    expect(await watcherTool('promtool', ['check', 'config', '--syntax-only', file])).toMatchObject({ code: 0 })
    const amtool = await watcherTool('amtool', ['check-config', join(DEPLOY, 'alertmanager/alertmanager.yml')])
    expect(amtool).toMatchObject({ code: 0 })
  })
})

describe.skipIf(!isThere)('a run that is watched', () => {
  const receiver = new Receiver()
  const servers: TestServer[] = []
  let home: TestHome
  let folder: string
  let metricsUrl: string
  let token: string
  let prometheus: TestServer

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'quantbot-watched-'))
    home = testHome()
    const running = home.start('run', '--run', 'a', '--json', '--port', '0', '--speed', '3600')
    const line = await running.firstLine()
    metricsUrl = String(line.metricsUrl)
    const tokenFile = join(home.path, 'web', 'a.token')
    token = readFileSync(tokenFile, 'utf8').trim()
    const alertmanager = (await startAlertmanager(alertmanagerFile(folder, await receiver.listen())))!
    servers.push(alertmanager)
    const targets = {
      quantbot: new URL(metricsUrl).host,
      alertmanager: new URL(alertmanager.url).host,
      prometheus: new URL(alertmanager.url).host,
    }
    const file = prometheusFile(folder, targets, tokenFile)
    expect(await watcherTool('promtool', ['check', 'config', file])).toMatchObject({ code: 0 })
    prometheus = (await startPrometheus(file))!
    servers.push(prometheus)
  }, 2 * WAIT_MS)

  afterAll(async () => {
    for (const server of servers) await server.end()
    receiver.close()
    home.remove()
    rmSync(folder, { recursive: true, force: true })
  })

  const scrape = async (): Promise<string> => {
    const response = await fetch(metricsUrl, { headers: { authorization: `Bearer ${token}` } })
    expect(response.status).toBe(200)
    return response.text()
  }

  /** Results of an instant query: labels and value. */
  const query = async (expr: string): Promise<readonly { metric: Record<string, string>; value: number }[]> => {
    const response = await fetch(`${prometheus.url}/api/v1/query?query=${encodeURIComponent(expr)}`)
    // The API of Prometheus: a vector of [time, text] pairs.
    const { data } = (await response.json()) as {
      data: { result: { metric: Record<string, string>; value: [number, string] }[] }
    }
    return data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }))
  }

  it('is told in a text that promtool has nothing to say about', async () => {
    const text = await scrape()
    expect(await watcherTool('promtool', ['check', 'metrics'], text)).toEqual({ code: 0, said: '' })
    expect(seriesOf(text).size).toBeLessThan(1000)
  })

  it('would be caught with a bad name', async () => {
    const bad = '# HELP quantbot_lag_ms Lag.\n# TYPE quantbot_lag_ms counter\nquantbot_lag_ms 1\n'
    expect((await watcherTool('promtool', ['check', 'metrics'], bad)).code).not.toBe(0)
  })

  it('shows nothing without its token', async () => {
    const answer = await fetch(metricsUrl)
    expect(answer.status).toBe(401)
    expect(await answer.text()).not.toContain('quantbot_')
  })

  it('is a target that is up, and down for a stranger', async () => {
    const up = await until('the target', async () => {
      const [found] = await query('up{job="quantbot"}')
      return found?.value === 1 ? found : undefined
    })
    expect(up.metric.instance).toBe(new URL(metricsUrl).host)
    interface Target {
      readonly labels: { readonly job: string }
      readonly health: string
      readonly lastError: string
    }
    const stranger = await until('the stranger', async () => {
      const response = await fetch(`${prometheus.url}/api/v1/targets`)
      const { data } = (await response.json()) as { data: { activeTargets: Target[] } } // Prometheus's own shape
      return data.activeTargets.find(({ labels, lastError }) => labels.job === 'stranger' && lastError !== '')
    })
    expect(stranger).toMatchObject({ health: 'down', lastError: expect.stringContaining('401') })
  })

  it('counts what its log holds, type by type', async () => {
    const series = seriesOf(await scrape())
    const height = series.get('quantbot_chain_height')!
    expect(height).toBeGreaterThan(10)
    const counts = new Map<string, number>()
    // What is served was committed before: it is on disk.
    readEvents(join(home.path, 'runs', 'a'), (event) => {
      const [seq, type] = [Number(event.seq), String(event.type)]
      if (seq <= height) counts.set(type, (counts.get(type) ?? 0) + 1)
      return seq < height
    })
    expect([...counts.values()].reduce((sum, count) => sum + count, 0)).toBe(height)
    const told = [...series].flatMap(([key, value]) => {
      const type = /^quantbot_events_total\{type="(\w+)"\}$/.exec(key)?.[1]
      return type === undefined || value === 0 ? [] : [[type, value] as const]
    })
    expect(new Map(told)).toEqual(counts)
  })

  it('is kept by Prometheus: each scrape counts as many events as the chain is high', async () => {
    const [sum] = await until('two scrapes', async () => {
      const found = await query(
        'sum(quantbot_events_total{job="quantbot"}) - sum(quantbot_chain_height{job="quantbot"})',
      )
      return found.length > 0 ? found : undefined
    })
    expect(sum!.value).toBe(0)
    const [buckets] = await query(
      'quantbot_input_commit_seconds_count - ignoring (le) quantbot_input_commit_seconds_bucket{le="+Inf"}',
    )
    expect(buckets!.value).toBe(0)
  })

  it(
    'fires when it is halted, to whom is on call, and clears when it goes on',
    async () => {
      const about = (status: string): Posted | undefined =>
        receiver.posts.find(({ title }) => title.startsWith(`${status} `) && title.includes('QuantbotTradingHalted'))
      expect(about('FIRING')).toBe(undefined)
      expect((await home.quantbot('halt', 'a', '--reason', 'an exercise')).code).toBe(0)
      const fired = await until('the alert', () => about('FIRING'))
      expect(fired).toMatchObject({
        title: `FIRING critical: QuantbotTradingHalted on ${new URL(metricsUrl).host}`,
        color: 'danger',
        text: expect.stringContaining('is halted: operator. (firing, runbook: docs/runbooks/QuantbotTradingHalted.md)'),
      })
      expect((await query('ALERTS{alertname="QuantbotTradingHalted",alertstate="firing"}')).length).toBe(1)
      expect(about('RESOLVED')).toBe(undefined)
      expect((await home.quantbot('resume', 'a', '--reason', 'the exercise is over')).code).toBe(0)
      expect(await until('its end', () => about('RESOLVED'))).toMatchObject({ color: 'good' })
      expect(await query('quantbot_trading_halts_total{reason="operator"}')).toMatchObject([{ value: 1 }])
    },
    3 * WAIT_MS,
  )

  it('raised no other alarm: it is sound', async () => {
    expect(await query('ALERTS{alertname!="QuantbotTradingHalted"}')).toEqual([])
  })

  it('is told of once while it is down: what else was known of it is silent', async () => {
    const alarm = (alertname: string, instance: string) => ({ labels: { alertname, instance, severity: 'critical' } })
    const given = [
      alarm('QuantbotDown', 'a:1'),
      alarm('QuantbotAgentFaulted', 'a:1'),
      alarm('QuantbotAgentFaulted', 'b:1'),
    ]
    const alerts = `${servers[0]!.url}/api/v2/alerts`
    await fetch(alerts, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(given),
    })
    interface Alert {
      readonly labels: { readonly alertname: string; readonly instance: string }
      readonly status: { readonly state: string }
    }
    const states = await until('the alarms', async () => {
      const found = (await (await fetch(alerts)).json()) as Alert[] // the Alertmanager's own shape
      const ours = found.filter(
        ({ labels, status }) => /^[ab]:1$/.test(labels.instance) && status.state !== 'unprocessed',
      )
      return ours.length === 3 ? ours : undefined
    })
    const told = states.map(({ labels, status }) => `${labels.alertname} ${labels.instance} ${status.state}`)
    expect(told.sort()).toEqual([
      'QuantbotAgentFaulted a:1 suppressed',
      'QuantbotAgentFaulted b:1 active',
      'QuantbotDown a:1 active',
    ])
  })

  it('never sends its token anywhere but where it was asked', () => {
    expect(JSON.stringify(receiver.posts)).not.toContain(token)
  })
})
