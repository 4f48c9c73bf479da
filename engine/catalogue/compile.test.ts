import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { describe, expect, test } from 'vitest'
import { fieldOf } from '../fields/index.ts'
import { check } from './check.ts'
import { compileCatalogue } from './compile.ts'
import { dump, outline } from './dump.ts'
import { exampleCore, exampleEntity, exampleModule } from '../testing/example.ts'
import { catalogueHash, loadModules } from './load.ts'
import type { ModuleSource } from './sources.ts'
import type { Catalogue, Entity, Field } from './types.ts'
import { compiledValidate } from './validate.ts'

const validate = compiledValidate()
function compiled(...sources: ModuleSource[]): Catalogue {
  expect(check(sources, validate)).toEqual([])
  return compileCatalogue(sources, catalogueHash(sources))
}
const shop = (files: Readonly<Record<string, unknown>>): Catalogue =>
  compiled(
    exampleCore,
    exampleModule('shop', {
      'module.json': {
        id: 'shop',
        version: '1.0.0',
        metamodel: 1,
        title: 'Shop',
        depends: { core: '^1.0.0' },
        roles: [{ id: 'shop.clerk', title: 'Clerk' }],
      },
      ...files,
    }),
  )
const entityOf = (catalogue: Catalogue, id: string): Entity => catalogue.entities.get(id) ?? expect.fail(`no ${id}`)
const fieldNamed = (entity: Entity, name: string): Field => entity.fieldByName.get(name) ?? expect.fail(`no ${name}`)

test.each([
  ['Deal', 'Deals'],
  ['Company', 'Companies'],
  ['Day', 'Days'],
  ['Address', 'Addresses'],
  ['Branch', 'Branches'],
])('many of %s are %s, unless the module says otherwise', (title, plural) => {
  const titled = (settings: object): string =>
    entityOf(shop({ 'entities/thing.json': { ...exampleEntity({}, { ...settings }), title } }), 'shop.thing').pluralTitle
  expect(titled({})).toBe(plural)
  expect(titled({ pluralTitle: 'Sheep' })).toBe('Sheep')
})

const modulesDir = new URL('../../modules-json', import.meta.url).pathname
const shipped = ['core', 'crm', 'inventory']
// Folders that somebody dropped in are theirs to test.
const sources = (await loadModules(modulesDir)).filter((source) => shipped.includes(source.id))
const catalogue = compiled(...sources)

describe('the modules that come with it', () => {
  test.each(shipped)('%s compiles to what its snapshot says', async (id) => {
    await expect(outline(catalogue, id)).toMatchFileSnapshot(`./__snapshots__/${id}.json`)
  })
  test('one entity in full, schemas included', async () => {
    await expect(dump(catalogue, 'inventory.sales_order')).toMatchFileSnapshot('./__snapshots__/inventory.sales_order.json')
  })
  test('the same sources in another order compile to the same', () => {
    const turned = compiled(...sources.toReversed())
    for (const id of shipped) expect(dump(turned, id)).toBe(dump(catalogue, id))
    expect(turned.hash).toBe(catalogue.hash)
  })
  test('a part of them compiles too, without what the rest brings', () => {
    const part = compiled(...sources.filter((source) => source.id !== 'inventory'))
    expect(entityOf(part, 'crm.deal').inverses.has('sales_orders')).toBe(false)
    expect(entityOf(catalogue, 'crm.deal').inverses.get('sales_orders')).toEqual({
      name: 'sales_orders',
      entity: 'inventory.sales_order',
      field: 'deal',
    })
    expect(entityOf(catalogue, 'crm.deal').display.tabs).toContain('sales_orders')
    expect(fieldNamed(entityOf(part, 'core.comment'), 'about').reference?.targets.every((target) => target.entity.startsWith('crm.'))).toBe(
      true,
    )
  })
  test('a catalogue cannot be changed', () => {
    const deal = entityOf(catalogue, 'crm.deal')
    expect(() => {
      ;(deal as { title: string }).title = 'x'
    }).toThrow(TypeError)
    expect(() => {
      ;(deal.fields as Field[]).push(deal.fields[0]!)
    }).toThrow(TypeError)
    expect(() => {
      ;(fieldNamed(deal, 'name').settings as { maxLength: number }).maxLength = 1
    }).toThrow(TypeError)
  })
})

describe('identity', () => {
  const renamed = shop({
    'entities/offer.json': exampleEntity(
      { price: { 'x-bos': { type: 'decimal', scale: 2, id: 'amount', index: true } } },
      {
        id: 'deal',
        unique: [{ id: 'k', fields: ['price'] }],
        permissions: { 'shop.clerk': { scope: 'all', read: true, history: false, hide: ['price'] } },
      },
    ),
    'entities/visit.json': exampleEntity({ offer: { 'x-bos': { type: 'reference', entity: 'shop.offer', inverse: 'visits' } } }),
  })
  test('a rename keeps ids, tables and columns', () => {
    const deal = entityOf(renamed, 'shop.deal')
    expect([deal.name, deal.table.name, deal.plural]).toEqual(['offer', 'deal', 'offers'])
    expect(renamed.routes.get('shop/offers')).toBe(deal)
    const price = fieldNamed(deal, 'price')
    expect(price.columns.map((column) => column.name)).toEqual(['amount', 'amount__n'])
    expect(deal.fieldById.get('amount')).toBe(price)
    expect(deal.unique[0]?.fields).toEqual(['amount'])
    expect([...deal.permissions.get('shop.clerk')!.hide]).toEqual(['amount'])
  })
  test('references follow', () => {
    expect(fieldNamed(entityOf(renamed, 'shop.visit'), 'offer').reference?.targets).toEqual([{ entity: 'shop.deal', column: 'offer' }])
    expect(entityOf(renamed, 'shop.deal').referencedBy).toEqual([{ name: 'visits', entity: 'shop.visit', field: 'offer' }])
  })
  test('read is list, get and history, less what is taken back; the administrator may do everything', () => {
    const { permissions } = entityOf(renamed, 'shop.deal')
    expect([...permissions.get('shop.clerk')!.actions]).toEqual(['list', 'get'])
    expect(permissions.get('core.admin')!.actions.size).toBe(11)
  })
})

describe('relations', () => {
  const world = shop({
    'entities/order.json': exampleEntity(
      {
        lines: { 'x-bos': { type: 'lines', entity: 'shop.order_line' } },
        partners: { 'x-bos': { type: 'references', entity: 'shop.partner', through: 'shop.partnership' } },
      },
      {
        use: ['core.owned', 'core.commentable', 'core.taggable'],
        permissions: { 'shop.clerk': { scope: 'own', read: true, hide: ['lines.cost'] } },
      },
    ),
    'entities/order_line.json': exampleEntity({ cost: { 'x-bos': { type: 'decimal', scale: 2 } } }, { kind: 'line' }),
    'entities/partner.json': exampleEntity({}, { use: ['core.tree'] }),
    'entities/partnership.json': exampleEntity({
      order: { 'x-bos': { type: 'reference', entity: 'shop.order' } },
      partner: { 'x-bos': { type: 'reference', entity: 'shop.partner' } },
    }),
    'entities/settings.json': exampleEntity({}, { kind: 'single', plural: 'settings' }),
  })
  const order = entityOf(world, 'shop.order')

  test('lines know their document, and follow its permissions', () => {
    const line = entityOf(world, 'shop.order_line')
    expect(line.parent).toEqual({ entity: 'shop.order', field: 'lines' })
    expect(line.permissions.size).toBe(0)
    expect([...order.permissions.get('shop.clerk')!.hide]).toEqual(['lines.cost'])
    expect([order.display.editMode, order.display.openIn]).toEqual(['document', 'page'])
  })
  test('a key of lines holds over all documents, or within one', () => {
    const files = {
      'entities/order.json': exampleEntity({ lines: { 'x-bos': { type: 'lines', entity: 'shop.order_line' } } }),
      'entities/order_line.json': exampleEntity({}, { kind: 'line', unique: [{ id: 'once', fields: ['parent', 'name'] }] }),
    }
    expect(entityOf(shop(files), 'shop.order_line').unique).toMatchObject([{ id: 'once', fields: ['parent', 'name'] }])
    const record = exampleEntity({}, { unique: [{ id: 'once', fields: ['parent', 'name'] }] })
    expect(check([exampleCore, exampleModule('shop', { 'entities/order.json': record })], validate)).toMatchObject([
      { pointer: '/x-bos/unique/0/fields/0', detail: 'there is no property "parent"' },
    ])
  })
  test('a list of references has an entity of its own behind it', () => {
    expect(fieldNamed(order, 'tags').lines).toEqual({ entity: 'shop.order.tags', linkField: 'target', through: null })
    const link = entityOf(world, 'shop.order.tags')
    expect([link.link, link.kind, link.table, link.parent]).toEqual([
      true,
      'line',
      { schema: 'shop', name: 'order__tags' },
      { entity: 'shop.order', field: 'tags' },
    ])
    expect(fieldNamed(link, 'target').reference?.targets).toEqual([{ entity: 'core.tag', column: 'target' }])
    expect(entityOf(world, 'core.tag').inverses.get('tagged')).toEqual({ name: 'tagged', entity: 'shop.order', field: 'tags' })
    expect(entityOf(world, 'core.tag').referencedBy).toEqual([{ name: null, entity: 'shop.order.tags', field: 'target' }])
    expect([...world.routes.values()]).not.toContain(link)
  })
  test('a list through a junction is written there', () => {
    expect(fieldNamed(order, 'partners').lines).toEqual({
      entity: 'shop.partnership',
      linkField: 'partner',
      through: { parentField: 'order' },
    })
    expect(world.entities.has('shop.order.partners')).toBe(false)
    expect(Object.keys(order.schemas.create['properties'] as object)).not.toContain('partners')
  })
  test('a trait appends its user to a list of targets, one column each, however many there are', () => {
    const about = fieldNamed(entityOf(world, 'core.comment'), 'about')
    expect(about.reference).toEqual({
      several: true,
      targets: [{ entity: 'shop.order', column: 'about__shop__order' }],
      onDelete: 'cascade',
      inverse: 'comments',
    })
    expect(order.inverses.get('comments')).toEqual({ name: 'comments', entity: 'core.comment', field: 'about' })
    expect(fieldNamed(entityOf(compiled(exampleCore), 'core.comment'), 'about').columns).toEqual([])
  })
  test('owner and tree', () => {
    expect(order.scopes.map(({ predicate }) => predicate)).toEqual([{ kind: 'all' }, { kind: 'among', field: 'owner', set: 'self' }])
    expect(fieldNamed(order, 'owner').defaultsToActor).toBe(true)
    const partner = entityOf(world, 'shop.partner')
    expect([partner.tree?.parent.name, partner.tree?.path.name, partner.tree?.path.readOnly]).toEqual(['parent', 'path', true])
    expect(fieldNamed(partner, 'parent').reference?.targets).toEqual([{ entity: 'shop.partner', column: 'parent' }])
  })
  test('defaults of what nobody wrote', () => {
    expect(order.titleField?.name).toBe('name')
    expect([order.display.icon, order.display.summaryFields]).toEqual(['table', ['partners', 'owner', 'tags']])
    expect(order.views.map((view) => [view.id, view.kind])).toEqual([['shop.order.list', 'list']])
    expect(entityOf(world, 'shop.settings').views.map((view) => view.kind)).toEqual(['form'])
    expect(entityOf(world, 'core.tag').display.hue).toBe(entityOf(compiled(exampleCore), 'core.tag').display.hue)
  })
})

test('search, unique keys without case, and sorting views give fields their shadows', () => {
  const world = shop({
    'entities/deal.json': exampleEntity(
      {
        value: { 'x-bos': { type: 'decimal', scale: 2 } },
        code: { type: 'string', maxLength: 20 },
        memo: { type: 'string', maxLength: 4000 },
      },
      { search: ['name'], unique: [{ id: 'code', fields: ['code'], ignoreCase: true }] },
    ),
    'views/list.json': { entity: 'shop.deal', kind: 'list', title: 'All', sort: ['-value', 'memo'] },
  })
  const deal = entityOf(world, 'shop.deal')
  expect(['name', 'value', 'code', 'memo'].map((name) => fieldNamed(deal, name).columns.map((column) => column.name))).toEqual([
    ['name', 'name__f'],
    ['value', 'value__n'],
    ['code', 'code__f'],
    ['memo'],
  ])
})

/** What a caller might send for each field type, in the forms the types take. */
const examples: Readonly<Record<string, readonly unknown[]>> = {
  text: ['Fleet renewal', 'EUR'],
  longText: ['a\nb'],
  markdown: ['# a'],
  email: ['ada@example.com'],
  phone: ['+49 30 1234'],
  url: ['https://example.com/a?b=c'],
  integer: [3, 1900],
  decimal: ['1', 1],
  money: [
    { amount: '12.50', currency: 'EUR' },
    { amount: 3, currency: 'EUR' },
  ],
  percent: ['10', 10],
  boolean: [true, false],
  date: ['2026-11-22'],
  dateTime: ['2026-11-22T10:00:00.000Z', '2026-11-22T10:00:00+02:00'],
  time: ['09:30'],
  duration: ['PT1H30M'],
  json: [{ a: [1, null] }, 3],
  reference: ['019a0000-0000-7000-8000-000000000001'],
  references: [['019a0000-0000-7000-8000-000000000001'], []],
  list: [['a', 'b'], []],
  address: [{ city: 'Berlin', country: 'DE' }],
  personName: [{ given: 'Ada', family: 'Lovelace' }],
  color: ['#3552c9'],
  rating: [3],
  barcode: ['4006381333931'],
  expression: ["self.name == 'a'", 'true'],
}

function examplesOf(field: Field): readonly unknown[] {
  const settings = field.settings as { options?: readonly { id: string }[] }
  const [option] = settings.options ?? []
  if (field.type === 'select') return option ? [option.id] : []
  if (field.type === 'multiSelect') return option ? [[option.id], []] : []
  if (field.reference?.several)
    return field.reference.targets.map((target) => ({ entity: target.entity, id: '019a0000-0000-7000-8000-000000000001' }))
  return examples[field.type] ?? []
}

describe('what a field type takes, the schemas take', () => {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  formats.default(ajv)
  const tried = new Set<string>()
  const cases = [...catalogue.entities.values()].filter((entity) => !entity.link && entity.kind !== 'line')
  test.each(cases.map((entity) => [entity.id, entity] as const))('%s', (_id, entity) => {
    const create = ajv.compile(entity.schemas.create)
    const patch = ajv.compile(entity.schemas.patch)
    const read = ajv.compile({ ...entity.schemas.read, required: [] })
    const whole: Record<string, unknown> = {}
    const refused: string[] = []
    for (const field of entity.fields) {
      for (const value of examplesOf(field)) {
        let isTaken = true
        const canonical = fieldOf(field.type).parse(value, field.settings, () => {
          isTaken = false
        })
        if (!isTaken) continue
        tried.add(field.type)
        const body = { [field.name]: value }
        if (!patch(body)) refused.push(`PATCH ${JSON.stringify(body)}: ${ajv.errorsText(patch.errors)}`)
        if (!read({ [field.name]: canonical })) refused.push(`GET ${JSON.stringify(canonical)}: ${ajv.errorsText(read.errors)}`)
        if (!field.readOnly && !field.lines?.through) whole[field.name] = value
      }
      if (!field.required && !field.lines && !patch({ [field.name]: null })) refused.push(`PATCH null for ${field.name}`)
    }
    for (const field of entity.fields) if (field.lines && field.lines.linkField === null) whole[field.name] = []
    const missing = ((entity.schemas.create['required'] as string[] | undefined) ?? []).filter((name) => !(name in whole))
    expect(missing).toEqual([])
    if (!create(whole)) refused.push(`POST: ${ajv.errorsText(create.errors)}`)
    expect(refused).toEqual([])
    expect(create({ ...whole, unheard_of: 1 })).toBe(false)
  })
  test('every type with examples was tried', () => {
    const types = new Set(cases.flatMap((entity) => entity.fields).map((field) => field.type))
    expect([...types].filter((type) => examples[type] !== undefined && !tried.has(type))).toEqual([])
  })
})
