/** Owns `quantbot doctor`: everything that a run needs is looked at; each line says what is wrong and the mend. Changes nothing. */
import { type Config, configSchema } from '#core/config/schema'
import { isQuantbotError } from '#core/errors'
import { readConfig } from './config-file.js'
import { type Check, type Finding, type Level, runChecks } from './doctor/finding.js'
import { lakeChecks, logChecks } from './doctor/log-checks.js'
import { machineChecks } from './doctor/machine-checks.js'
import { notifyChecks } from './doctor/notify-checks.js'
import { secretChecks } from './doctor/secret-checks.js'
import { storeChecks } from './doctor/store-checks.js'
import { venueChecks } from './doctor/venue-checks.js'
import { type GlobalOptions, homeOf } from './home.js'
import { paint, say, sayJson } from './terminal.js'

export interface DoctorOptions extends GlobalOptions {
  readonly config?: string
  readonly deep?: boolean
}

export interface Diagnosis {
  /** Nothing failed; warnings may stand. */
  readonly ok: boolean
  readonly findings: readonly Finding[]
}

export async function doctor(options: DoctorOptions): Promise<void> {
  const diagnosis = await diagnose(homeOf(options), options.config, options.deep === true)
  if (options.json === true) sayJson(diagnosis)
  else print(diagnosis)
  if (!diagnosis.ok) process.exitCode = 1
}

/** All checks beside each other, each bounded in time. Never throws for what it finds. */
export async function diagnose(home: string, file: string | undefined, isDeep: boolean): Promise<Diagnosis> {
  const read = readFound(file)
  const { config } = read
  const checks: Check[] = [
    ...machineChecks(home, config),
    ...(read.isSound ? secretChecks(config, file) : []),
    ...guarded('stores', () => storeChecks(config)),
    ...guarded('notify', () => notifyChecks(config)),
    ...guarded('venues', () => venueChecks(config)),
    ...logChecks(home, isDeep),
    ...lakeChecks(home, config),
  ]
  const findings = [...read.findings, ...(await runChecks(checks))]
  return { ok: findings.every(({ level }) => level !== 'fail'), findings }
}

interface ReadFound {
  readonly config: Config
  readonly isSound: boolean
  readonly findings: readonly Finding[]
}

/** A configuration that is wrong is a finding a line; the machine is looked at all the same. */
function readFound(file: string | undefined): ReadFound {
  const of = (level: Level, detail: string, mend?: string): Finding => ({
    area: 'config',
    subject: file ?? 'none',
    level,
    detail,
    ...(mend === undefined ? {} : { mend }),
  })
  const defaults = configSchema.parse({})
  if (file === undefined)
    return { config: defaults, isSound: true, findings: [of('ok', 'the defaults; --config FILE looks at yours')] }
  try {
    return { config: readConfig(file), isSound: true, findings: [of('ok', 'valid')] }
  } catch (error) {
    if (!isQuantbotError(error)) throw error
    const findings = error.message.split('\n').map((line) => of('fail', `${error.code}: ${line}`, error.mend))
    return { config: defaults, isSound: false, findings }
  }
}

/** What the composition of the checks throws is a finding as well: a venue that there is not. */
function guarded(area: string, checks: () => Check[]): Check[] {
  try {
    return checks()
  } catch (error) {
    return [{ area, subject: area, run: () => Promise.reject(error) }]
  }
}

const COLOURS = { ok: 'green', warn: 'yellow', fail: 'red' } as const

function print({ ok, findings }: Diagnosis): void {
  const width = Math.min(28, Math.max(...findings.map(({ subject }) => subject.length)))
  for (const { area, subject, level, detail, mend } of findings) {
    say(`${paint(COLOURS[level], level.padEnd(4))}  ${area.padEnd(8)} ${subject.padEnd(width)}  ${detail}`)
    if (mend !== undefined && level !== 'ok') say(`      ${''.padEnd(8)} ${''.padEnd(width)}  mend: ${mend}`)
  }
  const count = (wanted: Level): number => findings.filter(({ level }) => level === wanted).length
  say(
    `${ok ? paint('green', 'well') : paint('red', 'not well')}: ${count('fail')} failed, ${count('warn')} warnings, ${count('ok')} fine`,
  )
}
