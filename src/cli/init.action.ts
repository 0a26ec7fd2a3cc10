/** Owns `quantbot init`: a folder with a configuration, after a few questions or by flags. Never overwrites a file. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { QuantbotError } from '#core/errors'
import { parseConfig } from './config-file.js'
import type { GlobalOptions } from './home.js'
import { answersOf, type InitAnswers, type InitFlags } from './init-answers.js'
import { IGNORED, initTexts } from './init-files.js'
import { askAnswers } from './init-questions.js'
import { say, sayJson } from './terminal.js'

export interface InitOptions extends GlobalOptions, InitFlags {
  readonly yes?: boolean
}

export async function init(dir: string, options: InitOptions): Promise<void> {
  const folder = resolve(dir)
  refuseExisting(folder)
  const isAsked =
    process.stdin.isTTY === true && process.stdout.isTTY === true && options.yes !== true && options.json !== true
  const answers = isAsked ? await askAnswers(options) : answersOf(options)
  const files = writeInit(folder, answers)
  const config = relative(process.cwd(), join(folder, 'quantbot.yaml')) || 'quantbot.yaml'
  if (options.json === true) {
    sayJson({ dir: folder, files, mode: answers.mode, config })
    return
  }
  for (const file of files) say(file)
  say('')
  if (answers.simulator) say('quantbot sim-exchange --venue all --port 8801     the venues, in another terminal')
  say(`quantbot doctor --config ${config}`)
  say(`quantbot run --config ${config} --mode ${answers.mode} --run ${answers.name}`)
}

const NAMES = ['quantbot.yaml', '.env.example'] as const

function refuseExisting(folder: string): void {
  const there = NAMES.map((name) => join(folder, name)).find((path) => existsSync(path))
  if (there !== undefined) throw new QuantbotError('TARGET_EXISTS', `${there} exists; init overwrites nothing`)
}

/** Paths that were written or added to. TARGET_EXISTS, and nothing is written. */
export function writeInit(folder: string, answers: InitAnswers): string[] {
  refuseExisting(folder)
  const { config, env } = initTexts(answers)
  const [configPath, envPath] = [join(folder, NAMES[0]), join(folder, NAMES[1])]
  parseConfig(config, configPath) // what is written must be valid: a bug otherwise, and told before it is written
  mkdirSync(folder, { recursive: true })
  writeFileSync(configPath, config, { flag: 'wx' })
  writeFileSync(envPath, env, { flag: 'wx' })
  const ignorePath = join(folder, '.gitignore')
  return ignore(ignorePath) ? [configPath, envPath, ignorePath] : [configPath, envPath]
}

/** Adds what is lacking; what stands there stays. */
function ignore(path: string): boolean {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
  const lines = new Set(text.split(/\r?\n/).map((line) => line.trim().replace(/^\//, '')))
  const lacking = IGNORED.filter((name) => !lines.has(name) && !lines.has(name.replace(/\/$/, '')))
  if (lacking.length === 0) return false
  appendFileSync(path, `${text === '' || text.endsWith('\n') ? '' : '\n'}${lacking.join('\n')}\n`)
  return true
}
