/**
 * `npm run check`: everything that CI asks of a change. Runs every step even after one failed, then says how each went.
 * The tests come last, so that their summary stands right above ours.
 */
import { spawnSync } from 'node:child_process'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')

/** @type {[name: string, command: string[]][]} */
const steps = [
  ['types', ['node_modules/typescript-native/bin/tsc', '--noEmit', '-p', 'tsconfig.json']],
  ['lint', ['node_modules/oxlint/bin/oxlint', '--deny-warnings', '--report-unused-disable-directives']],
  ['format', ['node_modules/prettier/bin/prettier.cjs', '--check', '.']],
  ['generated files', ['metadata/generate.ts', '--check']],
  ['dead code', ['node_modules/knip/bin/knip.js', '--no-progress', '--treat-config-hints-as-errors']],
  ['tests', ['node_modules/vitest/vitest.mjs', 'run']],
]

const outcomes = steps.map(([name, command]) => {
  console.log(`\n── ${name} ──`)
  const started = performance.now()
  const { status } = spawnSync(process.execPath, command, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  return { name, ok: status === 0, seconds: (performance.now() - started) / 1000 }
})

console.log('\n── check ──')
for (const { name, ok, seconds } of outcomes)
  console.log(`${ok ? 'ok    ' : 'FAILED'}  ${name.padEnd(16)} ${seconds.toFixed(1).padStart(6)} s`)
process.exit(outcomes.every(({ ok }) => ok) ? 0 : 1)
