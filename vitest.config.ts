import { basename } from 'node:path'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const conditions = ['quantbot-source', 'node']
const shared = { resolve: { conditions }, ssr: { resolve: { conditions } } }

const slow = (...names: readonly string[]): string[] => names.map((name) => `test/slow/${name}.spec.ts`)

/**
 * They have the machine to themselves, and no coverage is measured of them (scripts/test.mjs): an hour at a hundred times its speed, and
 * alarms about a process that is slow.
 */
const ALONE = slow('soak*', 'metrics-prometheus')

/** They play venues at a multiple of the clock, or watch servers, and mostly wait for them: they share the machine among themselves alone. */
const PACED = slow(
  ...['paper-*', 'recorder', 'connector-*', 'streams-*', 'ccxt-*', 'sim-exchange'],
  ...['metrics-paper', 'grafana', 'store-*', 'bench*'],
)

/** The longest begin first, so that no worker is left alone with them at the end; the others go by size. */
const LONGEST = ['faults-run', 'faults-run-even', 'docs', 'faults', 'run', 'check', 'page-run', 'backup']
const PACED_LONGEST = ['recorder', 'paper-packages', 'paper-outages', 'paper-trading', 'paper-venues', 'bench']
const FIRST = new Map([...LONGEST, ...PACED_LONGEST].map((name, i) => [`${name}.spec.ts`, i]))

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => FIRST.get(basename(moduleId)) ?? FIRST.size
    return (await super.sort(files)).sort((a, b) => place(a) - place(b))
  }
}

const slowTest = { setupFiles: ['test/setup.ts'], testTimeout: 600_000, hookTimeout: 120_000 }

// `fast` is what `npm run check` runs; the other projects hold whatever starts processes, kills them or reads years of data. One
// project after the other, each with so many files at a time.
export default defineConfig({
  ...shared,
  test: {
    sequence: { sequencer: LongestFirst },
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts', 'actors/**/*.ts', 'events/**/*.ts', 'snapshots/**/*.ts'],
      exclude: ['**/*.spec.ts', '**/*.contract.ts'],
      reportOnFailure: true,
      reporter: ['text-summary', 'json-summary'],
    },
    projects: [
      {
        ...shared,
        test: {
          name: 'fast',
          setupFiles: ['test/setup.ts'],
          include: ['{src,actors,events,snapshots,test}/**/*.spec.ts'],
          exclude: ['test/slow/**', 'test/live/**'],
          testTimeout: 20_000,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        ...shared,
        test: {
          ...slowTest,
          name: 'slow',
          include: slow('*'),
          exclude: [...PACED, ...ALONE],
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      {
        ...shared,
        test: { ...slowTest, name: 'paced', include: PACED, maxWorkers: 2, sequence: { groupOrder: 3 } },
      },
      {
        ...shared,
        test: { ...slowTest, name: 'alone', include: ALONE, maxWorkers: 1, sequence: { groupOrder: 4 } },
      },
    ],
  },
})
