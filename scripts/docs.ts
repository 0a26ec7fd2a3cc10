/** Owns `npm run docs`: writes the generated reference. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { reference } from './reference.js'

const folder = join('docs', 'reference')
mkdirSync(folder, { recursive: true })
for (const [name, content] of reference()) writeFileSync(join(folder, name), content)
