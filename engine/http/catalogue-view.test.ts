import { expect, test } from 'vitest'
import { compileCatalogue } from '../catalogue/compile.ts'
import { exampleCore, exampleEntity, exampleModule } from '../testing/example.ts'
import { catalogueHash } from '../catalogue/load.ts'
import type { Kind } from '../catalogue/types.ts'
import type { Actor } from '../records/types.ts'
import { catalogueView } from './catalogue-view.ts'
import { sharedSchemas } from './openapi-shared.ts'

const reader = (more: object = {}) => ({ permissions: { 'case.reader': { scope: 'all', read: true, ...more } } })
const toFile = (inverse: string) => ({ file: { 'x-bos': { type: 'reference', entity: 'case.file', inverse } } })
const sources = [
  exampleCore,
  exampleModule('case', {
    'module.json': {
      id: 'case',
      version: '1.0.0',
      metamodel: 1,
      title: 'Case',
      depends: { core: '^1.0.0' },
      roles: [{ id: 'case.reader', title: 'Reader' }],
    },
    'entities/file.json': exampleEntity({}, reader()),
    'entities/note.json': exampleEntity(toFile('notes'), reader()),
    'entities/letter.json': exampleEntity(toFile('letters'), reader({ list: false })),
    'entities/vault.json': exampleEntity(toFile('vaults')),
  }),
]
const catalogue = compileCatalogue(sources, catalogueHash(sources))
const actor = { roles: ['case.reader'] } as unknown as Actor
const { entities } = catalogueView(catalogue, actor, {} as Parameters<typeof catalogueView>[2])

test('what points to a record is told to whoever lists it: no other can expand it', () => {
  expect(entities['case.letter']?.actions).toContain('get')
  expect(entities['case.file']?.inverses.map(({ name }) => name)).toEqual(['notes'])
})

test('its schema knows every kind of entity', () => {
  const kinds: readonly Kind[] = ['record', 'line', 'single', 'ledger']
  const text = JSON.stringify(sharedSchemas['Catalogue'])
  expect(text).toContain(`"kind":{"type":"string","enum":${JSON.stringify(kinds)}}`)
})
