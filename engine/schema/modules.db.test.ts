import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compileCatalogue } from '../catalogue/compile.ts'
import { catalogueHash, loadModules } from '../catalogue/load.ts'
import type { Catalogue } from '../catalogue/types.ts'
import { embeddedSession, isolationFaults, nativeSession } from '../testing/schema.ts'
import type { TestSession } from '../testing/schema.ts'
import { applyCatalogues } from './apply.ts'
import { describeShape } from './describe.ts'
import { inspectShape } from './inspect.ts'
import { constraintMeaning } from './meaning.ts'
import { desiredShape } from './shape.ts'

const sources = await loadModules(fileURLToPath(new URL('../../modules-json', import.meta.url)))
const compiled = (...modules: string[]): Catalogue => {
  const chosen = sources.filter((source) => modules.length === 0 || modules.includes(source.id))
  return compileCatalogue(chosen, catalogueHash(chosen))
}
const [everything, coreAlone] = [compiled(), compiled('core')]

describe.each(['native', 'embedded'] as const)('the modules of this repository, %s', (engine) => {
  let session: TestSession
  beforeAll(async () => {
    session = engine === 'native' ? await nativeSession() : await embeddedSession()
  })
  afterAll(() => session.close())

  test('core alone first, then all, then both at once: additions only, and every table keeps tenants apart', async () => {
    expect(await applyCatalogues(session, [coreAlone])).toMatchObject({ status: 'applied', refusals: [], retired: [] })
    const all = await applyCatalogues(session, [everything])
    expect(all).toMatchObject({ status: 'applied', refusals: [], retired: [], foreign: [] })
    expect(await applyCatalogues(session, [coreAlone, everything])).toMatchObject({ status: 'unchanged', retired: [] })
    expect(await isolationFaults(session)).toEqual([])
  })

  // Read back from PostgreSQL; what it reports as we wrote it stands there in our words, so both engines must say the same.
  test.each([...everything.modules.keys()])('the tables of %s are these', async (module) => {
    await session.query('begin')
    const { actual } = await inspectShape(session, [module])
    await session.query('rollback')
    const schemas = actual.schemas.filter(({ name }) => name === module)
    const tables = actual.tables.filter(({ schema }) => schema === module)
    expect(tables.length).toBeGreaterThan(3)
    await expect(describeShape({ schemas, tables })).toMatchFileSnapshot(`__snapshots__/tables.${module}.txt`)
  })

  test('a module that no tenant uses any more keeps its tables', async () => {
    const outcome = await applyCatalogues(session, [coreAlone])
    expect(outcome.refusals).toEqual([])
    expect(outcome.retired).toContain('crm.deal')
    expect(outcome.retired).toContain('core.comment.about__crm__deal')
    expect(await applyCatalogues(session, [everything])).toMatchObject({ status: 'applied', refusals: [], retired: [] })
  })
})

test('every constraint says what it stands for', () => {
  const { shape, refusals } = desiredShape([everything])
  expect(refusals).toEqual([])
  const constraints = shape.tables.flatMap((table) =>
    table.items
      .filter((item) => ['primary key', 'unique', 'exclusion', 'foreign key', 'check'].includes(item.kind))
      .map((item) => [item.name, table.entity]),
  )
  expect(constraints.length).toBeGreaterThan(shape.tables.length)
  expect(constraints.map(([name]) => [name, constraintMeaning(everything, name!)?.entity])).toEqual(constraints)
  expect(new Set(constraints.map(([name]) => name)).size).toBe(constraints.length)
})
