import { defineConfig } from 'vitest/config'

/** Tests on the machine's one PC/SC service, and against programs that other people wrote. */
const real = ['test/peers/**/*.test.ts', 'test/**/*.real.test.ts']
/** Tests that open the window. */
const window = ['test/e2e/**/*.test.ts', 'test/faults/**/*.test.ts']

/** Far more than any of them needs: a busy machine is no failure, a test that hangs is. */
const patient = { testTimeout: 120_000, hookTimeout: 120_000, expect: { poll: { timeout: 30_000 } } } as const

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts', 'test/**/*.test.tsx'],
          exclude: [...real, ...window],
          ...patient,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'real',
          include: real,
          exclude: window,
          globalSetup: ['test/support/readers-setup.ts'],
          // There is one PC/SC service with two virtual readers: one file at a time.
          fileParallelism: false,
          ...patient,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'window',
          include: window,
          globalSetup: ['test/support/readers-setup.ts', 'test/support/window-setup.ts'],
          fileParallelism: false,
          ...patient,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
