import { defineConfig } from 'vitest/config'

// The conformance tests with kube-apiserver beside Sampan: see tools/differential.mjs.
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/{conformance,differential}/**/*.test.ts', 'src/apiserver/**/*.test.ts'],
    // Thousands of requests about fields that are left out: they are about crashes.
    exclude: ['test/conformance/{fuzz,incomplete}.test.ts'],
    setupFiles: ['test/differential/setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 180_000,
    fileParallelism: false,
  },
})
