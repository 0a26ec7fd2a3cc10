import { defineConfig } from 'vitest/config'

const conditions = ['quantbot-source', 'node']
const shared = { resolve: { conditions }, ssr: { resolve: { conditions } } }

// `fast` is what `npm run check` runs; `slow` holds whatever starts processes, kills them or reads years of data.
export default defineConfig({
  ...shared,
  test: {
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
        },
      },
      {
        ...shared,
        test: {
          name: 'slow',
          setupFiles: ['test/setup.ts'],
          include: ['test/slow/**/*.spec.ts'],
          testTimeout: 600_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
