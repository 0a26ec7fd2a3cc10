/** Owns `npm run docs`: writes the generated reference, and the coverage badge where tests have measured one. */
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { reference } from './reference.js'

const folder = join('docs', 'reference')
mkdirSync(folder, { recursive: true })
for (const [name, content] of reference()) writeFileSync(join(folder, name), content)

const badge = join('coverage', 'badge.svg')
if (existsSync(badge)) copyFileSync(badge, join('docs', 'assets', 'coverage.svg'))
