/** The generated reference says what the code says. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { reference } from '../scripts/reference.js'

describe('docs/reference', () => {
  it.each([...reference()])('%s is what `npm run docs` writes', (name, content) => {
    expect(readFileSync(fileURLToPath(new URL(`../docs/reference/${name}`, import.meta.url)), 'utf8')).toBe(content)
  })
})
