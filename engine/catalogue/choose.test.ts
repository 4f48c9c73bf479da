import { expect, test } from 'vitest'
import { exampleCore, exampleEntity, exampleModule } from '../testing/example.ts'
import { chooseSources } from './choose.ts'
import type { ModuleSource } from './sources.ts'
import { compiledValidate } from './validate.ts'

const validate = compiledValidate()
const module = (id: string, depends: string[], files: Readonly<Record<string, unknown>>, version = '1.0.0'): ModuleSource =>
  exampleModule(id, {
    'module.json': { id, version, metamodel: 1, title: id, depends: Object.fromEntries(depends.map((each) => [each, '>=1.0.0'])) },
    ...files,
  })
const refersTo = (entity: string): Record<string, unknown> => exampleEntity({ other: { 'x-bos': { type: 'reference', entity } } })

const crm = module('crm', ['core'], { 'entities/deal.json': exampleEntity() })
const sales = module('sales', ['crm'], { 'entities/order.json': refersTo('crm.deal') })
const brokenCrm = module('crm', ['core'], { 'entities/deal.json': { ...exampleEntity(), type: 'table' } })
const stored = (...sources: ModuleSource[]): ReadonlyMap<string, ModuleSource> => new Map(sources.map((source) => [source.id, source]))
const outcome = (files: ModuleSource[], last: ReadonlyMap<string, ModuleSource> = new Map()): object => {
  const { sources, faults, kept, left } = chooseSources(files, last, validate)
  return {
    served: [...sources].map(([id, source]) => `${id} ${source.hash === last.get(id)?.hash ? 'stored' : 'file'}`),
    files: [...new Set(faults.map((fault) => fault.file))],
    kept,
    left,
  }
}

test('sound files are served', () => {
  expect(outcome([exampleCore, crm, sales])).toEqual({ served: ['core file', 'crm file', 'sales file'], files: [], kept: [], left: [] })
})
test('a broken module and what depends on it are left out, the rest is served', () => {
  expect(outcome([exampleCore, brokenCrm, sales])).toEqual({
    served: ['core file'],
    files: ['crm/entities/deal.json'],
    kept: [],
    left: ['crm', 'sales'],
  })
})
test('a broken module keeps its last good version', () => {
  expect(outcome([exampleCore, brokenCrm, sales], stored(crm))).toEqual({
    served: ['core file', 'crm stored', 'sales file'],
    files: ['crm/entities/deal.json'],
    kept: ['crm'],
    left: [],
  })
})
test('a module that did not change is not blamed for what it depends on', () => {
  const renamed = module('crm', ['core'], { 'entities/opportunity.json': exampleEntity() }, '2.0.0')
  expect(outcome([exampleCore, renamed, sales], stored(exampleCore, crm, sales))).toEqual({
    served: ['core stored', 'crm stored', 'sales stored'],
    files: ['sales/entities/order.json'],
    kept: ['crm'],
    left: [],
  })
})
test('a stored version that no longer fits is left out too', () => {
  expect(outcome([exampleCore, brokenCrm], stored(brokenCrm))).toEqual({
    served: ['core file'],
    files: ['crm/entities/deal.json'],
    kept: [],
    left: ['crm'],
  })
})
test('a module whose folder is gone is served from what is stored', () => {
  expect(outcome([exampleCore], stored(crm))).toEqual({ served: ['core file', 'crm stored'], files: [], kept: ['crm'], left: [] })
})
test('nothing at all', () => {
  expect(outcome([])).toEqual({ served: [], files: [], kept: [], left: [] })
})
