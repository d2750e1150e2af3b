import { defineConfig } from 'vitest/config';

const conditions = ['@flyte-agents/source'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'proto/src/**/*.test.ts', 'test/*/src/**/*.test.ts'],
    reporters: process.env['CI'] === undefined ? ['default'] : ['default', './test/reporter.ts'],
    // Many tests wait for servers more than they work.
    maxWorkers: '100%',
    // Set-ups install pinned tools and build the engine's harness, once.
    hookTimeout: 15 * 60_000,
    testTimeout: 30_000,
    // What is polled for comes at once, on a machine that has time for it.
    expect: { poll: { timeout: 20_000 } },
  },
});
