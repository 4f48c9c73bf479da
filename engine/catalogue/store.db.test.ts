import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nativeSession } from '../testing/schema.ts'
import type { TestSession } from '../testing/schema.ts'
import { exampleCore, exampleEntity, exampleModule } from '../testing/example.ts'
import { toStored } from './load.ts'
import type { ModuleSource } from './sources.ts'
import { cataloguesInUse, keepModules, openCatalogues } from './store.ts'
import type { Catalogues, CataloguesOptions } from './store.ts'
import { compiledValidate } from './validate.ts'

const acme = '00000000-0000-7000-8000-000000000001'
const globex = '00000000-0000-7000-8000-000000000002'
const crmFile = (version: string): object => ({ id: 'crm', version, metamodel: 1, title: 'CRM', depends: { core: '^1.0.0' } })
const crm = (version: string, properties: Readonly<Record<string, unknown>>): ModuleSource =>
  exampleModule('crm', { 'module.json': crmFile(version), 'entities/deal.json': exampleEntity(properties) })
const broken = exampleModule('crm', { 'module.json': crmFile('1.0.0'), 'entities/deal.json': { type: 'nothing' } })

let session: TestSession
let options: CataloguesOptions
let looks = 0
beforeAll(async () => {
  session = await nativeSession()
  options = {
    validate: compiledValidate(),
    caller: {
      call: ({ text, values }) => {
        looks++
        return session.query(text, [...(values ?? [])])
      },
    },
  }
  await session.query(`insert into bos.tenant (id, slug, name) values ($1, 'acme', 'Acme'), ($2, 'globex', 'Globex')`, [acme, globex])
  await session.query(
    `insert into bos.tenant_module (tenant_id, module, version) values ($1, 'core', '1.2.0'), ($1, 'crm', '1.0.0'), ($2, 'core', '1.2.0')`,
    [acme, globex],
  )
})
afterAll(() => session.close())

const fields = (catalogue: { entities: ReadonlyMap<string, { fields: readonly { name: string }[] }> }): string[] | undefined =>
  catalogue.entities.get('crm.deal')?.fields.map((field) => field.name)

test('each tenant has its set, read once per generation', async () => {
  const catalogues = await openCatalogues(session, [exampleCore, crm('1.0.0', {})], options)
  await keepModules(session, catalogues)
  const [first, again, other] = await Promise.all([
    catalogues.current({ tenant: acme, generation: 1 }),
    catalogues.current({ tenant: acme, generation: 1 }),
    catalogues.current({ tenant: globex, generation: 1 }),
  ])
  expect(again).toBe(first)
  expect(first).toBe(catalogues.full)
  expect([...other.modules.keys()]).toEqual(['core'])
  const before = looks
  await catalogues.current({ tenant: acme, generation: 1 })
  expect(looks).toBe(before)
  await session.query(`insert into bos.tenant_module (tenant_id, module, version) values ($1, 'crm', '1.0.0')`, [globex])
  expect(await catalogues.current({ tenant: globex, generation: 1 })).toBe(other)
  expect(await catalogues.current({ tenant: globex, generation: 2 })).toBe(first)
  await session.query(`delete from bos.tenant_module where tenant_id = $1 and module = 'crm'`, [globex])
  const inUse = await cataloguesInUse(session, catalogues)
  expect(inUse.map((catalogue) => [...catalogue.modules.keys()])).toEqual([['core', 'crm'], ['core']])
})

test('a broken file: the last good version is served and the faults are told', async () => {
  const catalogues = await openCatalogues(session, [exampleCore, broken], options)
  expect(catalogues.chosen.faults.map((fault) => `${fault.file}:${fault.pointer}`)).toEqual([
    'crm/entities/deal.json:',
    'crm/entities/deal.json:/type',
    'crm/entities/deal.json:/properties',
  ])
  expect(catalogues.chosen.kept).toEqual(['crm'])
  expect(fields(await catalogues.current({ tenant: acme, generation: 1 }))).toEqual(['name'])
})

test('a tenant keeps the version it enabled while it fits', async () => {
  const catalogues = await openCatalogues(session, [exampleCore, crm('1.1.0', { value: { type: 'integer' } })], options)
  await keepModules(session, catalogues)
  expect(fields(catalogues.full)).toEqual(['name', 'value'])
  expect(fields(await catalogues.current({ tenant: acme, generation: 1 }))).toEqual(['name'])
  expect((await cataloguesInUse(session, catalogues)).map(fields)).toEqual([['name', 'value'], undefined, ['name']])
})

describe('another process serves a newer version', () => {
  const upgraded = crm('2.0.0', { secret: { type: 'string' } })
  /** As it answers to the role of a running process. */
  const caller: CataloguesOptions['caller'] = {
    call: async ({ text, values }) => {
      await session.query('reset role; set role bos_call')
      try {
        return await session.query(text, [...(values ?? [])])
      } finally {
        await session.query('reset role; set role bos_owner')
      }
    },
  }
  let here: Catalogues
  beforeAll(async () => {
    here = await openCatalogues(session, [exampleCore, crm('1.0.0', {})], { ...options, caller })
    await keepModules(session, here)
    await session.query(`update bos.tenant_module set version = '2.0.0' where module = 'crm'`)
  })

  test('that is stored nowhere, or does not fit here: no answer, rather than one by the old permissions', async () => {
    await expect(here.current({ tenant: acme, generation: 90 })).rejects.toMatchObject({ code: 'unavailable' })
    const newer = exampleModule('crm', { 'module.json': crmFile('2.0.0'), 'entities/deal.json': { type: 'of another metamodel' } })
    await session.query(`insert into bos.module_version (module, version, hash, source) values ('crm', '2.0.0', 'x', $1::jsonb)`, [
      JSON.stringify(toStored(newer)),
    ])
    await expect(here.current({ tenant: acme, generation: 90 })).rejects.toMatchObject({ code: 'unavailable' })
    expect([...(await here.current({ tenant: globex, generation: 90 })).modules.keys()]).toEqual(['core'])
  })

  test('which is served here too', async () => {
    await keepModules(session, await openCatalogues(session, [exampleCore, upgraded], { ...options, caller }))
    expect(fields(await here.current({ tenant: acme, generation: 91 }))).toEqual(['name', 'secret'])
    expect(fields(here.full)).toEqual(['name'])
  })
})

test('a tenant without modules, or with one that is gone, gets what is left', async () => {
  const catalogues = await openCatalogues(session, [exampleCore], options)
  expect(catalogues.of([]).entities.size).toBe(0)
  expect(catalogues.of([{ module: 'crm', version: '1.0.0' }]).entities.size).toBe(0)
  expect([
    ...catalogues
      .of([
        { module: 'core', version: '1.2.0' },
        { module: 'hr', version: '1.0.0' },
      ])
      .modules.keys(),
  ]).toEqual(['core'])
})

test('a failed look is not remembered', async () => {
  let fails = true
  const catalogues = await openCatalogues(session, [exampleCore], {
    ...options,
    caller: {
      call: ({ text, values }) => (fails ? Promise.reject(new Error('connection lost')) : session.query(text, [...(values ?? [])])),
    },
  })
  await expect(catalogues.current({ tenant: acme, generation: 1 })).rejects.toThrow('connection lost')
  fails = false
  expect([...(await catalogues.current({ tenant: acme, generation: 1 })).modules.keys()]).toContain('core')
})
