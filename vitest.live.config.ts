import { defineConfig } from 'vitest/config'

const conditions = ['quantbot-source', 'node']

// Opt-in: reads the public hosts of the venues. `npm run test:live` sets QUANTBOT_LIVE.
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    // A minute of streams each: all venues at once.
    sequence: { concurrent: true },
    include: ['test/live/**/*.spec.ts'],
    setupFiles: ['test/setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
