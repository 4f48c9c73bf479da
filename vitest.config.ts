import { defineConfig } from 'vitest/config'
import { ClosingLine } from './engine/testing/closing-line.ts'

/** Files that need PostgreSQL say so in their name, so that the rest runs in a second: `npx vitest run --project unit`. */
const database = ['**/*.db.test.ts']
const browser = ['**/*.browser.test.ts', '**/*.browser.test.tsx']
const never = ['**/node_modules/**', '**/dist/**', '.data/**']

export default defineConfig({
  test: {
    // Two workers, as CI has two cores; each waits for PostgreSQL or the browser half of its time.
    maxWorkers: 2,
    reporters: ['default', new ClosingLine()],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['**/*.test.{ts,tsx}'],
          exclude: [...database, ...browser, ...never],
          // Properties over random texts take as long as the machine takes.
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'database',
          include: database,
          exclude: never,
          globalSetup: ['engine/testing/postgres.setup.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'browser',
          include: browser,
          exclude: never,
          globalSetup: ['engine/testing/postgres.setup.ts', 'renderer/testing/browser.setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // What a page does after a click takes as long as the machine takes.
          expect: { poll: { timeout: 15_000 } },
        },
      },
    ],
  },
})
