/** Owns the chart library as text, to stand within the page: the page asks for nothing from outside. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

export interface ChartAssets {
  readonly script: string
  readonly style: string
}

let loaded: ChartAssets | undefined

/** uPlot (MIT, Leon Sorokin) as installed; read once. A script is closed by no text within it. */
export function chartAssets(): ChartAssets {
  if (!loaded) {
    const require = createRequire(import.meta.url)
    const read = (file: string): string => readFileSync(require.resolve(`uplot/dist/${file}`), 'utf8')
    loaded = {
      script: read('uPlot.iife.min.js').replaceAll(/<\/(script)/gi, '<\\/$1'),
      style: read('uPlot.min.css').replaceAll('</', '<\\/'),
    }
  }
  return loaded
}
