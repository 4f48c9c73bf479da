import type { Reporter, TestCase, TestModule } from 'vitest/node'

const fullName = (test: TestCase): string => `${test.module.relativeModuleId} > ${test.fullName}`

/**
 * Ends a test run with one plain line, `N passed, N failed, N skipped`, and names every skipped test with its reason above it.
 * On CI a skipped test is a failure: what a test needs is installed there, so a skip would only hide that it is not.
 */
export class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const count = (state: string): number => tests.filter((test) => test.result().state === state).length
    // A file that could not be loaded has no tests to count, yet it failed.
    const broken = modules.filter((module) => module.errors().length > 0).length + unhandled.length
    const skipped = tests.filter((test) => test.result().state === 'skipped')
    for (const test of skipped) {
      const result = test.result()
      const reason = 'note' in result && result.note !== undefined ? `: ${result.note}` : ''
      console.log(`SKIPPED  ${fullName(test)}${reason}`)
    }
    if (skipped.length > 0 && process.env['CI'] === 'true') {
      console.log('CI=true: a skipped test is a failure.')
      process.exitCode = 1
    }
    console.log(`\n${count('passed')} passed, ${count('failed') + broken} failed, ${skipped.length} skipped`)
  }
}
