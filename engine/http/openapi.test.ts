import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { check } from '../catalogue/check.ts'
import { compileCatalogue } from '../catalogue/compile.ts'
import { exampleCore, exampleEntity, exampleModule } from '../testing/example.ts'
import { catalogueHash, loadModules } from '../catalogue/load.ts'
import type { ModuleSource } from '../catalogue/sources.ts'
import type { Catalogue } from '../catalogue/types.ts'
import { compiledValidate } from '../catalogue/validate.ts'
import { accessFor } from '../records/access.ts'
import { openapiDocument, type OpenapiDocument } from './openapi.ts'
import { sharedParameters, sharedResponses, sharedSchemas } from './openapi-shared.ts'

const root = join(import.meta.dirname, '../..')
const run = promisify(execFile)

const catalogueOf = (sources: readonly ModuleSource[]): Catalogue => compileCatalogue(sources, catalogueHash(sources))
const product = catalogueOf((await loadModules(join(root, 'modules-json'))).filter(({ id }) => ['core', 'crm', 'inventory'].includes(id)))
const documentOf = (catalogue: Catalogue, ...roles: string[]): OpenapiDocument =>
  openapiDocument(accessFor(catalogue, roles), { version: '1.2.3', administrator: roles.includes('core.admin') })
const people = {
  admin: ['core.admin'],
  manager: ['core.manager', 'crm.manager', 'inventory.manager'],
  rep: ['core.user', 'crm.rep'],
  clerk: ['core.user', 'inventory.clerk'],
  nobody: [],
}
const everybody: readonly (readonly [string, readonly string[]])[] = Object.entries(people)

interface Operation {
  readonly operationId: string
  readonly tags: readonly string[]
  readonly parameters?: readonly { readonly $ref?: string; readonly name?: string }[]
}
const methods = new Set(['get', 'post', 'put', 'patch', 'delete'])
const operationsOf = (document: OpenapiDocument): readonly (readonly [string, Operation])[] =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([method]) => methods.has(method))
      .map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation as Operation] as const),
  )
const schemaOf = (document: OpenapiDocument, name: string) =>
  document.components['schemas']?.[name] as {
    properties: Record<string, Record<string, unknown>>
    required?: string[]
    allOf?: unknown[]
    oneOf?: { properties: Record<string, unknown> }[]
  }
const parametersOf = (document: OpenapiDocument, operation: string): string[] =>
  (new Map(operationsOf(document)).get(operation)?.parameters ?? []).map(
    ({ $ref, name }) => name ?? String(document.components['parameters']?.[$ref?.split('/').at(-1) ?? '']?.['name']),
  )

describe.each(everybody)('the document of %s', (_name, roles) => {
  const document = documentOf(product, ...roles)
  const access = accessFor(product, roles)
  const text = JSON.stringify(document)

  it('names no field, entity or relation that is hidden, anywhere', () => {
    const seen = new Set(
      [...access.entities.values()].flatMap(({ entity, visible }) => [
        ...visible.map(({ name }) => name),
        ...entity.inverses.keys(),
        entity.name,
        entity.plural,
      ]),
    )
    // What module authors wrote about visible things is theirs to word.
    const prose = [...visibleTexts(access)].join(' ')
    const hiddenEntities = [...product.entities.values()].filter((entity) => !entity.link && !access.entities.has(entity.id))
    const hiddenFields = [...product.entities.values()].flatMap((entity) =>
      entity.fields.filter((field) => access.entities.get(entity.id)?.visible.includes(field) !== true),
    )
    const words = [...hiddenEntities.flatMap(({ id, name, plural }) => [id, name, plural]), ...hiddenFields.map(({ name }) => name)].filter(
      (word) => !seen.has(word) && !has(ownWords + prose, word),
    )
    const texts = [...hiddenEntities.map(({ description }) => description), ...hiddenFields.map(({ help }) => help)].filter(
      (each) => each !== '' && !visibleTexts(access).has(each),
    )
    if (!roles.includes('core.admin')) expect(words.length).toBeGreaterThan(0)
    expect(words.filter((word) => has(text, word))).toEqual([])
    expect(texts.filter((each) => text.includes(JSON.stringify(each).slice(1, -1)))).toEqual([])
  })

  it('says of every write of records that it can be tried', () => {
    const writes = [...access.entities.values()]
      .filter(({ entity }) => !entity.link && entity.kind !== 'line')
      .flatMap(({ entity: { module, plural, kind, lifecycles } }) => {
        const all = `/api/${module}/${plural}`
        const one = kind === 'single' ? all : `${all}/{id}`
        const below = ['restore', ...lifecycles.flatMap(({ transitions }) => transitions.map(({ name }) => name))]
        return [`POST ${all}`, `POST ${all}/bulk`, `PATCH ${one}`, `DELETE ${one}`, ...below.map((name) => `POST ${one}/${name}`)]
      })
    const known = new Map(operationsOf(document))
    const told = writes.filter((each) => known.has(each))
    if (roles.length > 0) expect(told.length).toBeGreaterThan(0)
    expect(told.filter((each) => !parametersOf(document, each).includes('dryRun'))).toEqual([])
  })

  it('has what every reference points to, and nothing that none points to', () => {
    const references = new Set(text.matchAll(/"\$ref":"#\/components\/(\w+)\/([^"]+)"/g).map(([, kind, name]) => `${kind} ${name}`))
    const components = Object.entries(document.components)
      .filter(([kind]) => kind !== 'securitySchemes')
      .flatMap(([kind, parts]) => Object.keys(parts).map((name) => `${kind} ${name}`))
    expect(components.sort()).toEqual([...references].sort())
  })

  it('has an operation for every action that is granted, and for none that is not', () => {
    const operations = new Set(operationsOf(document).map(([name]) => name))
    for (const { entity, actions, transitions: runs } of access.entities.values()) {
      if (entity.link) continue
      const path = `/api/${entity.module}/${entity.plural}`
      const record = entity.kind === 'single' ? path : `${path}/{id}`
      const expected: Record<string, boolean> = {
        [`GET ${record}`]: actions.has('get'),
        [`PATCH ${record}`]: actions.has('update') && entity.kind !== 'line',
        [`GET ${record}/history`]: actions.has('history') && entity.kind !== 'line',
        [`GET ${record}/explain`]: (actions.has('list') || actions.has('get')) && entity.kind !== 'line',
        ...(entity.kind !== 'single' && {
          [`GET ${path}`]: actions.has('list'),
          [`GET ${path}/aggregate`]: actions.has('list'),
          [`GET ${path}/export`]: actions.has('export'),
        }),
        [`POST ${path}`]: actions.has('create') && entity.kind === 'record',
        [`POST ${path}/import`]: actions.has('import') && entity.kind === 'record',
        [`DELETE ${path}/{id}`]: actions.has('delete') && entity.kind === 'record',
        ...Object.fromEntries(
          ['GET', 'POST', 'DELETE'].map((method) => [
            `${method} ${path}/{id}/share`,
            actions.has('share') && entity.scopes.some(({ id }) => id === 'shared'),
          ]),
        ),
        ...Object.fromEntries(
          entity.lifecycles.flatMap(({ transitions }) => transitions).map((each) => [`POST ${record}/${each.name}`, runs.has(each.id)]),
        ),
        [`POST ${path}/{id}/restore`]: actions.has('restore') && entity.kind === 'record',
        [`POST ${path}/bulk`]:
          ['create', 'update', 'delete', 'restore'].some((action) => actions.has(action as 'create')) && entity.kind === 'record',
      }
      expect([...operations].filter((name) => new RegExp(` ${path}(?:/|$)`).test(name)).sort()).toEqual(
        Object.keys(expected)
          .filter((name) => expected[name])
          .sort(),
      )
    }
    expect([...operations].filter((name) => name.includes('/api/access/{id}'))).toHaveLength(roles.includes('core.admin') ? 2 : 0)
    expect([...operations].filter((name) => name.includes('/api/access/roles'))).toHaveLength(roles.includes('core.admin') ? 7 : 0)
  })

  it('gives every operation an id of its own and a tag that is described', () => {
    const operations = operationsOf(document)
    expect(new Set(operations.map(([, { operationId }]) => operationId)).size).toBe(operations.length)
    expect([...new Set(operations.flatMap(([, { tags }]) => tags))].sort()).toEqual(document.tags.map(({ name }) => name).sort())
  })
})

/** Words of the document itself, as in "the role does not allow it": they say nothing of modules, since every caller reads them. */
const ownWords = JSON.stringify([documentOf(product), sharedSchemas, sharedParameters, sharedResponses])
const has = (text: string, word: string): boolean => new RegExp(`(?<![a-z0-9_])${word.replace('.', '\\.')}(?![a-z0-9_])`).test(text)

const visibleTexts = (access: ReturnType<typeof accessFor>): Set<string> =>
  new Set([...access.entities.values()].flatMap(({ entity, visible }) => [entity.description, ...visible.map(({ help }) => help)]))

describe('an administrator and a representative', () => {
  const admin = documentOf(product, 'core.admin')
  const rep = documentOf(product, ...people.rep)

  it('see the same names where both see the same', () => {
    const ids = new Map(operationsOf(admin).map(([name, { operationId }]) => [name, operationId]))
    for (const [name, { operationId }] of operationsOf(rep)) expect([name, ids.get(name)]).toEqual([name, operationId])
    expect(ids.get('GET /api/crm/deals')).toBe('listDeals')
    expect(ids.get('GET /api/crm/deals/{id}')).toBe('getDeal')
    expect(ids.get('POST /api/crm/deals')).toBe('createDeal')
    expect(ids.get('GET /api/core/companies')).toBe('listCoreCompanies')
  })

  it('differ by what is hidden: fields, filters, sort, measures', () => {
    expect(schemaOf(admin, 'Deal').properties).toHaveProperty('margin')
    expect(parametersOf(admin, 'GET /api/crm/deals')).toContain('margin.gte')
    expect(Object.keys(schemaOf(rep, 'Deal').properties)).not.toContain('margin')
    expect(parametersOf(rep, 'GET /api/crm/deals').filter((name) => name.includes('margin'))).toEqual([])
    expect(JSON.stringify(rep.components['parameters']?.['Deal.sort'])).not.toContain('margin')
  })
})

describe('records', () => {
  const admin = documentOf(product, 'core.admin')

  it('read with system properties, which whole answers always have', () => {
    const { properties, required } = schemaOf(admin, 'Deal')
    expect(required).toEqual(
      expect.arrayContaining([
        'id',
        'version',
        'revision',
        'created_at',
        'created_by',
        'created_via',
        'updated_at',
        'updated_by',
        '_title',
        'name',
        'value',
      ]),
    )
    expect(required).not.toContain('_expand')
    expect(required).not.toContain('deleted_at')
    expect(properties['contact']).toMatchObject({
      type: ['string', 'null'],
      format: 'uuid',
      description: 'Refers to: Contact (crm.contact).',
    })
    expect(properties['margin']).toMatchObject({ type: ['string', 'null'], format: 'decimal' })
    expect(properties['value']).toMatchObject({ properties: { amount: { type: 'string', format: 'decimal' } } })
    expect(properties['_expand']).toEqual({ $ref: '#/components/schemas/DealExpand' })
    expect(schemaOf(admin, 'DealExpand').properties['company']).toEqual({
      anyOf: [{ $ref: '#/components/schemas/Company' }, { type: 'null' }],
    })
    expect(schemaOf(admin, 'CompanyExpand').properties['deals']).toMatchObject({
      properties: { data: { items: { $ref: '#/components/schemas/Deal' } } },
    })
  })

  it('are created without what the engine sets, and with what has no default', () => {
    const { properties, required } = schemaOf(admin, 'DealCreate')
    expect(required).toEqual(['name', 'company'])
    expect(properties).not.toHaveProperty('id')
    expect(properties['stage']).toEqual(expect.not.objectContaining({ default: 'new' }))
    expect(properties['stage']?.['description']).toBe('Default: `new`.')
    expect(schemaOf(admin, 'SalesOrderCreate').properties).not.toHaveProperty('number')
    expect(schemaOf(admin, 'SalesOrderPatch').properties['number']).toMatchObject({ readOnly: true })
  })

  it('bring their lines by themselves, in lists when asked', () => {
    expect(schemaOf(admin, 'SalesOrder').required).not.toContain('lines')
    expect(schemaOf(admin, 'SalesOrderDocument')).toEqual({ allOf: [{ $ref: '#/components/schemas/SalesOrder' }], required: ['lines'] })
    expect(schemaOf(admin, 'SalesOrder').properties['lines']).toMatchObject({ items: { $ref: '#/components/schemas/SalesOrderLine' } })
  })

  it('lead from a line to its document, and wherever its references lead', () => {
    expect(schemaOf(admin, 'SalesOrderLine').properties['_expand']).toEqual({ $ref: '#/components/schemas/SalesOrderLineExpand' })
    const expanded = Object.keys(schemaOf(admin, 'SalesOrderLineExpand').properties)
    expect(expanded).toEqual(expect.arrayContaining(['parent', 'product']))
    expect(admin.components['parameters']?.['SalesOrderLine.expand']).toMatchObject({ schema: { items: { enum: expanded } } })
  })

  it('are sorted by money without a rate, and it is said', () => {
    const told = (name: string) => String(admin.components['parameters']?.[name]?.['description'])
    expect(told('Deal.sort')).toContain('Value, Weighted value: by amount, whatever the currency; nothing is converted.')
    expect(told('Currency.sort')).not.toContain('whatever the currency')
  })

  it('say what a role may only read', () => {
    const rep = documentOf(product, ...people.rep)
    expect(schemaOf(rep, 'SalesOrderCreate').properties).not.toHaveProperty('tracking_number')
    expect(schemaOf(rep, 'SalesOrderPatch').properties['tracking_number']).toMatchObject({ readOnly: true })
    expect(schemaOf(rep, 'DealOperation').oneOf?.map(({ properties }) => properties['op'])).toEqual([
      { const: 'create' },
      { const: 'upsert' },
      { const: 'update' },
    ])
  })
})

describe('a catalogue made to confuse', () => {
  const grants = (...hide: string[]) => ({
    'case.reader': { scope: 'all', read: true, create: true, update: true, ...(hide.length > 0 && { hide }) },
  })
  const role = (id: string) => ({
    id,
    version: '1.0.0',
    metamodel: 1,
    title: id,
    depends: { core: '^1.0.0' },
    roles: [{ id: `${id}.reader`, title: 'Reader' }],
  })
  const sources = [
    exampleCore,
    exampleModule('case', {
      'module.json': role('case'),
      'entities/job.json': exampleEntity({}, { permissions: grants() }),
      'entities/file.json': exampleEntity(
        {
          secret: { type: 'string' },
          both: { 'x-bos': { type: 'reference', entity: ['case.job', 'case.vault'] } },
          rows: { 'x-bos': { type: 'lines', entity: 'case.row' } },
          code: { type: 'string' },
        },
        {
          unique: [
            { id: 'by_secret', fields: ['secret'] },
            { id: 'by_code', fields: ['code'] },
          ],
          permissions: grants('secret', 'rows.cost'),
        },
      ),
      'entities/row.json': exampleEntity({ cost: { type: 'integer' } }, { kind: 'line' }),
      'entities/file_list.json': exampleEntity(
        { file: { 'x-bos': { type: 'reference', entity: 'case.file', inverse: 'lists' } } },
        { permissions: grants() },
      ),
      'entities/vault.json': exampleEntity({ kept: { 'x-bos': { type: 'reference', entity: 'case.file', inverse: 'vaults' } } }),
    }),
    exampleModule('other', {
      'module.json': role('other'),
      'entities/file.json': exampleEntity({}, { permissions: { 'other.reader': { scope: 'all', read: true } } }),
    }),
  ]
  it('is one', () => {
    expect(check(sources, compiledValidate())).toEqual([])
  })
  const catalogue = catalogueOf(sources)
  const reader = documentOf(catalogue, 'case.reader')

  it('keeps names apart', () => {
    const names = Object.keys(reader.components['schemas'] ?? {})
    expect(names).toEqual(expect.arrayContaining(['Job', 'CaseJob', 'File', 'FileList', 'FileList_']))
    expect(schemaOf(reader, 'FileList').properties).toHaveProperty('file')
    expect(schemaOf(reader, 'FileList_').properties).toHaveProperty('page')
    expect(operationsOf(reader).map(([, { operationId }]) => operationId)).toEqual(
      expect.arrayContaining(['listJobs', 'listCaseJobs', 'listFiles', 'listFileLists']),
    )
  })

  it('is as good as none to somebody without a role: their document does not depend on it', () => {
    expect(documentOf(catalogue)).toEqual(documentOf(product))
  })

  it('has both modules in the names only of those who see both', () => {
    const ids = (...roles: string[]): string[] =>
      operationsOf(documentOf(catalogue, ...roles))
        .map(([, { operationId }]) => operationId)
        .filter((id) => /^list\w*Files$/.test(id))
    expect(ids('case.reader')).toEqual(['listFiles'])
    expect(ids('case.reader', 'other.reader')).toEqual(['listCaseFiles', 'listOtherFiles'])
  })

  it('hides columns of lines, keys over hidden fields, and targets and relations of hidden entities', () => {
    expect(Object.keys(schemaOf(reader, 'Row').properties)).toEqual(['id', 'position', 'parent', 'name', '_expand'])
    expect(JSON.stringify(schemaOf(reader, 'FileOperation'))).toContain('["by_code"]')
    expect(schemaOf(reader, 'FileCreate').properties['both']).toMatchObject({ properties: { entity: { enum: ['case.job'] } } })
    // What is stored may name an entity that this caller does not know.
    expect(schemaOf(reader, 'File').properties['both']).toMatchObject({ properties: { entity: { type: 'string' } } })
    expect(Object.keys(schemaOf(reader, 'FileExpand').properties)).toEqual(['both', 'lists'])
    expect(JSON.stringify(reader)).not.toMatch(/secret|cost|vault/)
    expect(JSON.stringify(documentOf(catalogue, 'core.admin'))).toMatch(/secret.*cost.*vault|vault.*cost.*secret|cost.*secret/s)
  })
})

describe('@redocly/cli lint', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'businessos-openapi-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  /** Exit code 0, or what the linter says. */
  async function lint(documents: Readonly<Record<string, unknown>>): Promise<string> {
    const files = await Promise.all(
      Object.entries(documents).map(async ([name, document]) => {
        const file = join(folder, `${name}.json`)
        await writeFile(file, JSON.stringify(document))
        return file
      }),
    )
    const command = [
      fileURLToPath(import.meta.resolve('@redocly/cli/bin/cli.js')),
      'lint',
      ...files,
      '--config',
      join(import.meta.dirname, 'redocly.yaml'),
      '--format',
      'stylish',
    ]
    const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' }
    return run(process.execPath, command, { cwd: folder, env }).then(
      () => 'valid',
      (error: { stdout: string; stderr: string }) => error.stdout + error.stderr,
    )
  }

  it(
    'finds nothing in the documents of an administrator, a representative and of somebody without any role',
    { timeout: 120_000 },
    async () => {
      expect(
        await lint(
          Object.fromEntries(
            everybody
              .filter(([name]) => ['admin', 'rep', 'nobody'].includes(name))
              .map(([name, roles]) => [name, documentOf(product, ...roles)]),
          ),
        ),
      ).toBe('valid')
    },
  )

  it('would find what is wrong', { timeout: 120_000 }, async () => {
    const { Page: _, ...schemas } = documentOf(product, ...people.rep).components['schemas'] ?? {}
    const document = documentOf(product, ...people.rep)
    expect(await lint({ broken: { ...document, components: { ...document.components, schemas } } })).toContain('no-unresolved-refs')
  })
})
