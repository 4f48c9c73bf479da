import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { compileCatalogue } from '../engine/catalogue/compile.ts'
import { loadModules } from '../engine/catalogue/load.ts'
import { administrator } from '../engine/catalogue/types.ts'
import { compileExpression } from '../engine/expressions/check.ts'
import { accessFor } from '../engine/records/access.ts'
import { callersContext } from '../engine/records/caller-names.ts'

const manual = await readFile('docs/expressions.md', 'utf8')
const blocks = [...manual.matchAll(/^Of an? `([\w.]+)`:\n\n```\n([^`]*)```$/gm)]
const examples = blocks.flatMap(([, entity = '', lines = '']) =>
  lines
    .trim()
    .split('\n')
    .map((text) => ({ entity, text })),
)
const access = accessFor(compileCatalogue(await loadModules('modules-json'), ''), [administrator])

test('every block of the manual says of which entity it is', () => {
  expect(examples.length).toBeGreaterThan(3)
  expect(blocks).toHaveLength([...manual.matchAll(/^```/gm)].length / 2)
})

test.each(examples)('of $entity: $text', ({ entity, text }) => {
  expect(compileExpression(text, callersContext(access, entity)).faults ?? []).toEqual([])
})
