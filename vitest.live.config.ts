import { defineConfig } from 'vitest/config'

const conditions = ['quantbot-source', 'node']

// Opt-in: reads the public hosts of the venues. `npm run test:live` sets QUANTBOT_LIVE.
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['test/live/**/*.spec.ts'],
    setupFiles: ['test/setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
