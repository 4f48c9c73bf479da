import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { fault } from './rooms.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

describe('refused', () => {
  test.each([
    ['a lower room reaching up', 'engine/records/list.ts', '../http/server.ts', false, 'stands above'],
    ['even for a type', 'engine/fields/text.ts', '../records/types.ts', true, 'stands above'],
    ['a service of an earlier group reaching for a later one', 'engine/keys/master-key.ts', '../identity/tokens.ts', false, 'stands above'],
    ['anybody but the entry reaching for the composition', 'engine/http/server.ts', '../app.ts', false, 'stands above'],
    ['a room that nobody gave a place', 'engine/misc/thing.ts', '../problems.ts', false, 'give it a floor'],
    ['the engine reaching into the screens', 'engine/http/ui.ts', '../../renderer/theme.ts', false, 'the engine may not import'],
    ['Node in a field type', 'engine/fields/text.ts', 'node:crypto', false, 'runs in the browser too'],
    ['Node without its prefix', 'engine/expressions/parse.ts', 'fs', false, 'runs in the browser too'],
    ['pg in decide', 'engine/records/decide.ts', 'pg', false, 'runs in the browser too'],
    ['kysely at run time in a field type', 'engine/fields/date.ts', 'kysely', false, 'runs in the browser too'],
    ['decide reaching for a neighbour that needs the server', 'engine/records/decide.ts', './sql.ts', false, 'runs in the browser too'],
    ['compile reaching for the loader', 'engine/catalogue/compile.ts', './load.ts', false, 'runs in the browser too'],
    ['a screen reaching for the pipeline', 'renderer/list/list.tsx', '../../engine/records/list.ts', false, 'screens may not import'],
    [
      'a screen reaching for the gateway at run time',
      'renderer/api/client.ts',
      '../../engine/http/catalogue-view.ts',
      false,
      'screens may not import',
    ],
    ['the renderer reaching for the designer', 'renderer/app.tsx', '../admin/main.tsx', false, 'the renderer may not import the designer'],
    ['product code reaching for test code', 'engine/records/list.ts', '../testing/world.ts', false, 'only tests'],
  ])('%s', (_, from, specifier, typeOnly, why) => {
    expect(fault(from, specifier, typeOnly)).toContain(why)
  })
})

describe('allowed', () => {
  test.each([
    ['a room reaching down', 'engine/records/list.ts', '../catalogue/types.ts', false],
    ['rooms of one floor', 'engine/schema/apply.ts', '../database/types.ts', false],
    ['kysely as a type', 'engine/fields/date.ts', 'kysely', true],
    ['a package in a field type', 'engine/fields/decimal.ts', 'big.js', false],
    ['a screen and the field types', 'renderer/fields/money.tsx', '../../engine/fields/index.ts', false],
    ['a screen and the API’s shape as a type', 'renderer/api/catalogue.ts', '../../engine/http/catalogue-view.ts', true],
    ['the designer and the renderer', 'admin/main.tsx', '../renderer/theme.ts', false],
    ['a test and anything', 'engine/fields/text.test.ts', '../http/server.ts', false],
  ])('%s', (_, from, specifier, typeOnly) => {
    expect(fault(from, specifier, typeOnly)).toBeNull()
  })
})

test('the linter applies the rule', { timeout: 60_000 }, () => {
  // A copy of the configuration with one file that breaks it.
  const project = mkdtempSync(join(tmpdir(), 'businessos-lint-'))
  onTestFinished(() => rmSync(project, { recursive: true }))
  for (const file of ['.oxlintrc.json', 'scripts/rooms.mjs']) cpSync(join(root, file), join(project, file))
  symlinkSync(join(root, 'node_modules'), join(project, 'node_modules'))
  mkdirSync(join(project, 'engine/fields'), { recursive: true })
  writeFileSync(join(project, 'engine/fields/proof.ts'), `import { readFile } from 'node:fs/promises'\nexport const read = readFile\n`)
  const { stdout, status } = spawnSync(process.execPath, [join(root, 'node_modules/oxlint/bin/oxlint'), '--format', 'unix', 'engine'], {
    cwd: project,
    encoding: 'utf8',
  })
  expect(stdout).toContain('engine/fields/proof.ts:1:26: this file runs in the browser too')
  expect(status).toBe(1)
})
