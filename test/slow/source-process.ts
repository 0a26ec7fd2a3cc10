/** Owns starting a file of this folder as a process of its own, from source. */
import { fileURLToPath } from 'node:url'

const LOADER =
  "import { runnerImport } from 'vite'; const conditions = ['quantbot-source', 'node', 'module'];" +
  "await runnerImport(process.argv[1], { configFile: false, logLevel: 'error', environments: { inline: { resolve: { conditions } } } })"

/**
 * Arguments of Node that run `<name>-process.ts`. The file must await its work at the top: once it is imported its loader is closed, and
 * what it would load behind that is refused.
 */
export const sourceProcess = (name: string): readonly string[] => [
  ...['--input-type=module', '-e', LOADER],
  fileURLToPath(new URL(`./${name}-process.ts`, import.meta.url)),
]
