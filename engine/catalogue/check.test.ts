import { describe, expect, test } from 'vitest'
import { check } from './check.ts'
import { exampleCore, exampleEntity, exampleModule } from '../testing/example.ts'
import { interpretedValidate } from './interpret.ts'
import type { ModuleSource } from './sources.ts'
import { compiledValidate } from './validate.ts'

const validate = compiledValidate()
const interpreted = interpretedValidate()
const moduleFile = (more: object = {}): object => ({
  id: 'crm',
  version: '1.0.0',
  metamodel: 1,
  title: 'CRM',
  depends: { core: '^1.0.0' },
  roles: [{ id: 'crm.rep', title: 'Rep' }],
  ...more,
})

/** `file:pointer: detail` of every fault in a module `crm` with these files, beside a sound core. */
function faultsOf(files: Readonly<Record<string, unknown>>, others: readonly ModuleSource[] = [exampleCore], by = validate): string[] {
  const crm = exampleModule('crm', { 'module.json': moduleFile(), ...files })
  return check([...others, crm], by).map((fault) => `${fault.file}:${fault.pointer}: ${fault.detail}`)
}
const deal = (
  properties: Readonly<Record<string, unknown>>,
  settings: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> => ({ 'entities/deal.json': exampleEntity(properties, settings) })
const dealFile = 'crm/entities/deal.json'
const notBuilt = 'is part of the metamodel but not built yet'
const needs = (what: string): string => `${notBuilt}: it needs ${what}`

test('a sound module has no faults', () => {
  expect(
    faultsOf({
      ...deal(
        { value: { 'x-bos': { type: 'money', index: true } }, stage: { enum: ['new', 'won'], default: 'new' } },
        {
          use: ['core.owned', 'core.commentable', 'core.taggable'],
          search: ['name'],
          unique: [{ id: 'name', fields: ['name'], ignoreCase: true }],
          permissions: { 'crm.rep': { scope: 'own', read: true, hide: ['value'] } },
        },
      ),
      'views/board.json': {
        entity: 'crm.deal',
        kind: 'kanban',
        title: 'Board',
        group: 'stage',
        sort: ['-created_at'],
        filter: { 'stage.in': 'new,won' },
      },
      'views/deal.display.json': { statusField: 'stage', tabs: ['comments'] },
    }),
  ).toEqual([])
})

const wrong: readonly [name: string, files: Readonly<Record<string, unknown>>, faults: readonly string[]][] = [
  // Shapes
  [
    'an unknown keyword of a property',
    deal({ value: { type: 'string', maxLenght: 5 } }),
    [`${dealFile}:/properties/value/maxLenght: there is no keyword "maxLenght" here. Did you mean "maxLength"?`],
  ],
  [
    'an unknown keyword hides no other fault of its property',
    deal({ value: { maxLenght: 5, 'x-bos': { type: 'reference', entity: 'shop.prtner', onDelet: 'cascade' } } }),
    [
      `${dealFile}:/properties/value/maxLenght: there is no keyword "maxLenght" here. Did you mean "maxLength"?`,
      `${dealFile}:/properties/value/x-bos/onDelet: there is no keyword "onDelet" here. Did you mean "onDelete"?`,
      `${dealFile}:/properties/value/x-bos/entity: there is no entity "shop.prtner"`,
    ],
  ],
  [
    'an unknown setting',
    deal({ value: { type: 'string', 'x-bos': { idnex: true } } }),
    [`${dealFile}:/properties/value/x-bos/idnex: there is no keyword "idnex" here. Did you mean "index"?`],
  ],
  [
    'a pattern, which could take for ever',
    deal({ code: { type: 'string', pattern: '(a+)+$' } }),
    [`${dealFile}:/properties/code/pattern: there is no keyword "pattern" here`],
  ],
  [
    'an unknown field type',
    deal({ value: { 'x-bos': { type: 'mony' } } }),
    [expect.stringMatching(/\/properties\/value\/x-bos\/type: "mony" is not one of text, .*\. Did you mean "money"\?$/)],
  ],
  ['a list in the place of an object', { 'entities/deal.json': [] }, [`${dealFile}:: must be an object, not []`]],
  ['null in the place of a property', deal({ value: null }), [`${dealFile}:/properties/value: must be an object, not null`]],
  [
    'several faults in one file, and one in another',
    { ...deal({ value: { type: 'strin' }, stage: { enum: [] } }), 'views/list.json': { entity: 'crm.deal', kind: 'liszt', title: 'List' } },
    [
      `${dealFile}:/properties/value/type: "strin" is not one of string, integer, number, boolean, array. Did you mean "string"?`,
      `${dealFile}:/properties/stage/enum: needs at least 1`,
      expect.stringMatching(/^crm\/views\/list\.json:\/kind: "liszt" is not one of list, .*\. Did you mean "list"\?$/),
    ],
  ],
  [
    'an unusual file',
    { 'entites/deal.json': {} },
    ['crm/entites/deal.json:: is not a place for a file: module.json, entities/, traits/, views/, i18n/ and seed/ are'],
  ],

  // Names
  [
    'a property named like a list parameter',
    deal({ limit: { type: 'integer' } }),
    [`${dealFile}:/properties/limit: "limit" cannot be a name: it is reserved: it is a parameter of lists`],
  ],
  [
    'a property named like a system property',
    deal({ created_at: { type: 'string' } }),
    [`${dealFile}:/properties/created_at: "created_at" cannot be a name: it is reserved: every record has it already`],
  ],
  [
    'a property named like a root of expressions',
    deal({ self: { type: 'string' } }),
    [`${dealFile}:/properties/self: "self" cannot be a name: it is reserved: expressions begin with it`],
  ],
  [
    'a property named constructor',
    deal({ constructor: { type: 'string' } }),
    [
      `${dealFile}:/properties/constructor: "constructor" cannot be a name: it is reserved: it means something to every program that reads JSON`,
    ],
  ],
  [
    'a property named __proto__',
    {
      'entities/deal.json': JSON.parse(
        '{"title":"Deal","type":"object","properties":{"name":{"type":"string"},"__proto__":{"type":"string"}}}',
      ) as unknown,
    },
    [
      `${dealFile}:/properties/__proto__: "__proto__" cannot be a name: a name has lower-case letters, digits and underscores and begins with a letter`,
    ],
  ],
  [
    'a double underscore',
    deal({ value__currency: { type: 'string' } }),
    [`${dealFile}:/properties/value__currency: "value__currency" cannot be a name: a name has no double underscore`],
  ],
  [
    'a tenant prefix',
    deal({ x_mine: { type: 'string' } }),
    [`${dealFile}:/properties/x_mine: "x_mine" cannot be a name: names beginning with x_ are kept for what tenants add`],
  ],
  [
    'an entity with a name that is too long',
    { [`entities/${'a'.repeat(41)}.json`]: exampleEntity() },
    [
      `crm/entities/${'a'.repeat(41)}.json:: "${'a'.repeat(41)}" cannot be a name: a name has at most 40 characters`,
      `crm/entities/${'a'.repeat(41)}.json:: "${'a'.repeat(41)}s" cannot be a plural: a name has at most 40 characters`,
    ],
  ],
  [
    'a column longer than PostgreSQL takes',
    {
      ...deal({ [`t${'o'.repeat(39)}`]: { 'x-bos': { type: 'reference', entity: ['core.tag', `crm.e${'e'.repeat(30)}`] } } }),
      [`entities/e${'e'.repeat(30)}.json`]: exampleEntity(),
    },
    [
      `${dealFile}:/properties/t${'o'.repeat(39)}: its column "t${'o'.repeat(39)}__crm__e${'e'.repeat(30)}" is longer than 63 bytes: shorten a name`,
    ],
  ],
  [
    'one id for two properties',
    deal({ a: { type: 'string' }, b: { type: 'string', 'x-bos': { id: 'a' } } }),
    [`${dealFile}:/properties/b/x-bos/id: the id "a" belongs to "a" already`],
  ],
  [
    'one plural for two entities',
    { ...deal({}), 'entities/offer.json': exampleEntity({}, { plural: 'deals' }) },
    ['crm/entities/offer.json:/x-bos/plural: the plural "deals" belongs to crm.deal already'],
  ],
  [
    'one id for two entities',
    { ...deal({}), 'entities/offer.json': exampleEntity({}, { id: 'deal' }) },
    ['crm/entities/offer.json:/x-bos/id: the id crm.deal belongs to crm/entities/deal.json already'],
  ],

  [
    'a property named like a column that PostgreSQL keeps',
    deal({ ctid: { type: 'string' } }),
    [`${dealFile}:/properties/ctid: "ctid" cannot be a name: it is reserved: every table of PostgreSQL has a column of this name`],
  ],
  [
    'an id that a trait brings too',
    deal({ mine: { type: 'string', 'x-bos': { id: 'owner' } } }, { use: ['core.owned'] }),
    [`${dealFile}:/x-bos/use/0: core.owned brings a property with the id "owner", which belongs to "mine" already`],
  ],
  [
    'more columns than a table has',
    deal(Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`a${i}`, { 'x-bos': { type: 'address' } }]))),
    [expect.stringMatching(/:\/properties: they take \d+ columns in one table; PostgreSQL has room for 1200: use lines$/)],
  ],
  [
    'a unique key that no index holds',
    deal({ code: { type: 'string', maxLength: 600 } }, { unique: [{ id: 'code', fields: ['name', 'code'] }] }),
    [`${dealFile}:/x-bos/unique/0/fields: may be 3420 bytes long; an index takes 2600: give the texts a smaller maxLength`],
  ],
  [
    'lines numbered by a sequence',
    {
      ...deal({ lines: { 'x-bos': { type: 'lines', entity: 'crm.part' } } }),
      'entities/part.json': exampleEntity({ number: { 'x-bos': { type: 'sequence', pattern: '{n}' } } }, { kind: 'line' }),
    },
    [
      'crm/entities/part.json:/properties/number/x-bos/type: lines are not numbered by a sequence: their position is their number, or number the document',
    ],
  ],

  // References between files
  [
    'a reference to nothing',
    deal({ company: { 'x-bos': { type: 'reference', entity: 'crm.compny' } } }),
    [`${dealFile}:/properties/company/x-bos/entity: there is no entity "crm.compny"`],
  ],
  [
    'a misspelt reference',
    { ...deal({ company: { 'x-bos': { type: 'reference', entity: 'crm.compny' } } }), 'entities/company.json': exampleEntity() },
    [`${dealFile}:/properties/company/x-bos/entity: there is no entity "crm.compny". Did you mean "crm.company"?`],
  ],
  [
    'a reference into a module it does not depend on',
    { 'module.json': moduleFile({ depends: {} }), ...deal({ tag: { 'x-bos': { type: 'reference', entity: 'core.tag' } } }) },
    [`${dealFile}:/properties/tag/x-bos/entity: core.tag belongs to the module core, which crm does not depend on`],
  ],
  [
    'a reference that must be set and would be emptied',
    {
      'entities/deal.json': {
        ...exampleEntity({ tag: { 'x-bos': { type: 'reference', entity: 'core.tag', onDelete: 'setNull' } } }),
        required: ['tag'],
      },
    },
    [`${dealFile}:/properties/tag/x-bos/onDelete: a required reference cannot become empty: use restrict or cascade`],
  ],
  [
    'an inverse that is a field already',
    deal({ tag: { 'x-bos': { type: 'reference', entity: 'core.tag', inverse: 'name' } } }),
    [`${dealFile}:/properties/tag/x-bos/inverse: core.tag has a property "name" already`],
  ],
  [
    'two inverses of one name',
    deal({
      a: { 'x-bos': { type: 'reference', entity: 'core.tag', inverse: 'deals' } },
      b: { 'x-bos': { type: 'reference', entity: 'core.tag', inverse: 'deals' } },
    }),
    [`${dealFile}:/properties/b/x-bos/inverse: the relation "deals" of core.tag belongs to crm.deal.a already`],
  ],
  [
    'an unknown trait',
    deal({}, { use: ['core.ownd'] }),
    [`${dealFile}:/x-bos/use/0: there is no trait "core.ownd". Did you mean "core.owned"?`],
  ],
  [
    'a trait whose property is there already',
    deal({ owner: { type: 'string' } }, { use: ['core.owned'] }),
    [`${dealFile}:/x-bos/use/0: core.owned brings a property "owner", which crm.deal has already`],
  ],
  [
    'an unknown role',
    deal({}, { permissions: { 'crm.rpe': { scope: 'all', read: true } } }),
    [`${dealFile}:/x-bos/permissions/crm.rpe: there is no role "crm.rpe". Did you mean "crm.rep"?`],
  ],
  [
    'a permission for the administrator',
    deal({}, { permissions: { 'core.admin': { scope: 'all', read: true } } }),
    [`${dealFile}:/x-bos/permissions/core.admin: core.admin has every action on every entity already`],
  ],
  [
    'own without an owner',
    deal({}, { permissions: { 'crm.rep': { scope: 'own', read: true } } }),
    [`${dealFile}:/x-bos/permissions/crm.rep/scope: the scope own needs the trait core.owned`],
  ],
  [
    'hiding what is not there',
    deal({}, { permissions: { 'crm.rep': { scope: 'all', hide: ['nmae'] } } }),
    [`${dealFile}:/x-bos/permissions/crm.rep/hide/0: crm.deal has no property "nmae". Did you mean "name"?`],
  ],
  [
    'a missing required property',
    { 'entities/deal.json': { ...exampleEntity(), required: ['title'] } },
    [`${dealFile}:/required/0: there is no property "title"`],
  ],
  [
    'a title that is not text',
    deal({ value: { 'x-bos': { type: 'money' } } }, { titleField: 'value' }),
    [`${dealFile}:/x-bos/titleField: "value" (money) cannot be a title: choose a text`],
  ],
  [
    'search in a number',
    deal({ count_of: { type: 'integer' } }, { search: ['count_of'] }),
    [`${dealFile}:/x-bos/search/0: "count_of" (integer) has no words to search for`],
  ],
  [
    'a unique key over lines',
    {
      ...deal({ lines: { 'x-bos': { type: 'lines', entity: 'crm.deal_line' } } }, { unique: [{ id: 'k', fields: ['lines'] }] }),
      'entities/deal_line.json': exampleEntity({}, { kind: 'line' }),
    },
    [`${dealFile}:/x-bos/unique/0/fields/0: "lines" (lines) cannot be part of a unique key`],
  ],
  [
    'a default that does not parse',
    deal({ close: { type: 'string', format: 'date', default: '2026-02-30' } }),
    [expect.stringMatching(/\/properties\/close\/default: .+/)],
  ],
  [
    'a setting of another type',
    deal({ close: { type: 'string', 'x-bos': { currency: 'EUR' } } }),
    [`${dealFile}:/properties/close/x-bos/currency: does not apply to text`],
  ],
  [
    'an option that is described and not there',
    deal({ stage: { enum: ['new'], 'x-bos': { options: { won: { title: 'Won' } } } } }),
    [expect.stringMatching(/\/properties\/stage\/x-bos\/options\/won: .+/)],
  ],

  [
    'a tree along nothing, and a second tree',
    deal({
      parent: { 'x-bos': { type: 'reference', entity: 'self' } },
      tag: { 'x-bos': { type: 'reference', entity: 'core.tag' } },
      trail: { type: 'string', 'x-bos': { treeOf: 'tag' } },
      path: { type: 'string', 'x-bos': { treeOf: 'parent' } },
    }),
    [
      `${dealFile}:/properties/trail/x-bos/treeOf: "tag" is not a reference to the entity itself`,
      `${dealFile}:/properties/path/x-bos/treeOf: crm.deal has the path "trail" already; it can be one tree`,
    ],
  ],
  [
    'a tree of lines',
    {
      ...deal({ lines: { 'x-bos': { type: 'lines', entity: 'crm.part' } } }),
      'entities/part.json': exampleEntity(
        { above: { 'x-bos': { type: 'reference', entity: 'self' } }, path: { type: 'string', 'x-bos': { treeOf: 'above' } } },
        { kind: 'line' },
      ),
    },
    ['crm/entities/part.json:/properties/path/x-bos/treeOf: crm.part is a line: only records stand below one another'],
  ],

  // Lines
  [
    'a line that nobody has',
    { 'entities/deal_line.json': exampleEntity({}, { kind: 'line' }) },
    ['crm/entities/deal_line.json:/x-bos/kind: no lines property holds this line'],
  ],
  [
    'a line in two places',
    {
      ...deal({ a: { 'x-bos': { type: 'lines', entity: 'crm.deal_line' } }, b: { 'x-bos': { type: 'lines', entity: 'crm.deal_line' } } }),
      'entities/deal_line.json': exampleEntity({}, { kind: 'line' }),
    },
    [`${dealFile}:/properties/b/x-bos/entity: crm.deal_line is the line of crm.deal.a already; a line has one place`],
  ],
  [
    'lines of records',
    { ...deal({ a: { 'x-bos': { type: 'lines', entity: 'crm.offer' } } }), 'entities/offer.json': exampleEntity() },
    [`${dealFile}:/properties/a/x-bos/entity: crm.offer is not of kind line`],
  ],
  [
    'three levels of lines',
    {
      ...deal({ a: { 'x-bos': { type: 'lines', entity: 'crm.one' } } }),
      'entities/one.json': exampleEntity({ b: { 'x-bos': { type: 'lines', entity: 'crm.two' } } }, { kind: 'line' }),
      'entities/two.json': exampleEntity({ c: { 'x-bos': { type: 'lines', entity: 'crm.three' } } }, { kind: 'line' }),
      'entities/three.json': exampleEntity({}, { kind: 'line' }),
    },
    ['crm/entities/three.json:/x-bos/kind: lines go at most two levels deep'],
  ],
  [
    'permissions of a line',
    {
      ...deal({ a: { 'x-bos': { type: 'lines', entity: 'crm.one' } } }),
      'entities/one.json': exampleEntity({}, { kind: 'line', permissions: { 'crm.rep': { scope: 'all' } } }),
    },
    ['crm/entities/one.json:/x-bos/permissions: a line has the permissions of its document'],
  ],

  // Modules
  [
    'a module that is not there',
    { 'module.json': moduleFile({ depends: { cor: '^1.0.0' } }) },
    ['crm/module.json:/depends/cor: there is no module "cor". Did you mean "core"?'],
  ],
  [
    'a module that is too old',
    { 'module.json': moduleFile({ depends: { core: '^1.3.0' } }) },
    ['crm/module.json:/depends/core: needs core ^1.3.0, but 1.2.0 is here'],
  ],
  [
    'a module id that is not the folder',
    { 'module.json': moduleFile({ id: 'sales', roles: [] }) },
    ['crm/module.json:/id: must be "crm", the name of the folder, not "sales"'],
  ],
  [
    'a role of another module',
    { 'module.json': moduleFile({ roles: [{ id: 'core.rep', title: 'Rep' }] }) },
    ['crm/module.json:/roles/0/id: a role of this module begins with "crm."'],
  ],
  [
    'a menu item and a default role that are not there',
    { 'module.json': moduleFile({ menu: [{ entity: 'crm.dael' }], defaultRole: 'crm.boss' }), ...deal({}) },
    [
      'crm/module.json:/defaultRole: there is no role "crm.boss" in this module',
      'crm/module.json:/menu/0/entity: there is no entity "crm.dael". Did you mean "crm.deal"?',
    ],
  ],

  // Views
  [
    'a view with unknown columns, sort, filter and group',
    {
      ...deal({ stage: { enum: ['new'] }, value: { 'x-bos': { type: 'money' } } }),
      'views/list.json': {
        entity: 'crm.deal',
        kind: 'list',
        title: 'All',
        columns: ['nam', { field: 'stage.title' }],
        sort: ['-valu'],
        filter: { stag: 'new', 'stage.like': 'n', stage: 'won' },
        group: 'sta',
      },
    },
    [
      'crm/views/list.json:/columns/0: crm.deal has no property "nam". Did you mean "name"?',
      'crm/views/list.json:/columns/1/field: "stage.title" is not one step along a reference to one entity',
      'crm/views/list.json:/sort/0: crm.deal has no property "valu". Did you mean "value"?',
      'crm/views/list.json:/group: crm.deal has no property "sta"',
      'crm/views/list.json:/filter/stag: crm.deal has no property "stag". Did you mean "stage"?',
      'crm/views/list.json:/filter/stage.like: "stage.like" is not one step along a reference to one entity',
      expect.stringMatching(/^crm\/views\/list\.json:\/filter\/stage: "won" .+/),
    ],
  ],
  [
    'a view sorted by a person, and by a filter that they do not have',
    {
      ...deal({}),
      'views/list.json': {
        entity: 'crm.deal',
        kind: 'list',
        title: 'All',
        columns: ['revision', 'created_by'],
        sort: ['created_by', '-created_at'],
        filter: { 'created_by.gt': 'x', 'created_at.gte': '2026-01-01T00:00:00Z' },
      },
    },
    [
      'crm/views/list.json:/sort/0: "created_by" (reference) cannot be sorted by',
      'crm/views/list.json:/filter/created_by.gt: reference has no filter "gt"; it has eq, in, null',
    ],
  ],
  [
    'a board without columns',
    { ...deal({}), 'views/board.json': { entity: 'crm.deal', kind: 'kanban', title: 'Board' } },
    ['crm/views/board.json:: a board needs "group": the property whose values are its columns'],
  ],
  [
    'a display of nothing, and of unknown fields',
    { ...deal({}), 'views/dael.display.json': {}, 'views/deal.display.json': { summaryFields: ['nam'], tabs: ['coments'] } },
    [
      'crm/views/dael.display.json:: there is no entity "crm.dael". Did you mean "crm.deal"?',
      'crm/views/deal.display.json:/summaryFields/0: crm.deal has no property "nam". Did you mean "name"?',
      'crm/views/deal.display.json:/tabs/0: crm.deal has no relation "coments"',
    ],
  ],

  [
    'a formula about what is not there, or worked out itself',
    deal({
      a: { 'x-bos': { type: 'expression', entity: 'crm.del', result: 'boolean' } },
      b: { 'x-bos': { type: 'expression', entity: 'crm.deal', result: 'boolean', compute: 'true' } },
      c: { 'x-bos': { type: 'expression', entity: 'crm.deal', result: 'boolean', default: 'true' } },
    }),
    [
      `${dealFile}:/properties/a/x-bos/entity: there is no entity "crm.del". Did you mean "crm.deal"?`,
      `${dealFile}:/properties/b/x-bos/compute: lines, lists of references and formulas are not derived`,
      `${dealFile}:/properties/c/x-bos/default: a formula has no default`,
    ],
  ],

  // Not yet
  [
    'kinds to come',
    deal({}, { kind: 'query', query: { from: 'crm.deal' } }),
    [`${dealFile}:/x-bos/query: "query" ${notBuilt}`, `${dealFile}:/x-bos/kind: the kind query ${notBuilt}`],
  ],
  [
    'a lifecycle and expressions',
    deal(
      {
        stage: {
          enum: ['new', 'won'],
          'x-bos': { lifecycle: { transitions: { win: { to: 'won', guard: 'self.value > 0', effects: [{ reverse: 'win' }] } } } },
        },
        total: { 'x-bos': { type: 'decimal', scale: 2, compute: 'sum(self.lines, l, l.amount)' } },
        city: { type: 'string', 'x-bos': { lookup: 'self.company.city', visibleWhen: 'true', default: 'user.city' } },
      },
      { rules: [{ id: 'r', assert: 'true', message: 'No.' }] },
    ),
    [
      `${dealFile}:/properties/total/x-bos/compute: at "lines" (character 10): Thing has no "lines".`,
      `${dealFile}:/properties/city/x-bos/default: what has lookup takes no default`,
      `${dealFile}:/properties/city/x-bos/lookup: at "company" (character 6): Thing has no "company".`,
      `${dealFile}:/properties/stage/x-bos/lifecycle/transitions/win/guard: at "value" (character 6): Thing has no "value".`,
    ],
  ],
  [
    'field types and keys to come',
    deal({ photo: { 'x-bos': { type: 'image' } } }, { search: ['company.name'], use: ['core.attachable'] }),
    [
      `${dealFile}:/x-bos/use/0: the trait core.attachable ${notBuilt}`,
      `${dealFile}:/x-bos/search/0: search through a reference ${notBuilt}`,
      `${dealFile}:/properties/photo/x-bos/type: the field type image ${needs('the file service')}`,
    ],
  ],
  [
    'files to come',
    { 'i18n/de.json': { deal: 'Geschäft' }, 'workflows/win.json': {}, 'layers/acme.json': {} },
    [
      `crm/i18n/de.json:: a file of labels in another language ${notBuilt}`,
      `crm/layers/acme.json:: a layer ${notBuilt}`,
      `crm/workflows/win.json:: a workflow ${notBuilt}`,
    ],
  ],
]

describe('faults', () => {
  test.each(wrong)('%s', (_name, files, faults) => {
    expect(faultsOf(files)).toEqual(faults)
  })
  test.each(wrong)('the same, interpreted: %s', (_name, files) => {
    expect(faultsOf(files, [exampleCore], interpreted).toSorted()).toEqual(faultsOf(files).toSorted())
  })
})

test('modules that depend on one another in a circle', () => {
  const sales = exampleModule('sales', { 'module.json': moduleFile({ id: 'sales', roles: [], depends: { crm: '>=1.0.0' } }) })
  expect(faultsOf({ 'module.json': moduleFile({ depends: { core: '~1.2.0', sales: '1.0.0' } }) }, [exampleCore, sales])).toEqual([
    'crm/module.json:/depends/sales: sales depends on crm in turn',
    'sales/module.json:/depends/crm: crm depends on sales in turn',
  ])
})

test('a tab may not name a relation of a module that is not known here', () => {
  const sales = exampleModule('sales', {
    'module.json': { id: 'sales', version: '1.0.0', metamodel: 1, title: 'Sales', depends: { crm: '^1.0.0' } },
    'entities/order.json': exampleEntity({ deal: { 'x-bos': { type: 'reference', entity: 'crm.deal', inverse: 'orders' } } }),
  })
  expect(faultsOf({ ...deal({}), 'views/deal.display.json': { tabs: ['orders'] } }, [exampleCore, sales])).toEqual([
    'crm/views/deal.display.json:/tabs/0: the relation "orders" comes from sales, which crm does not depend on; it follows the tabs by itself',
  ])
})

const attack = `"); drop table crm.deal; --`
test.each<[place: string, files: Readonly<Record<string, unknown>>]>([
  ['a property', deal({ [attack]: { type: 'string' } })],
  ['a property id', deal({ value: { type: 'string', 'x-bos': { id: attack } } })],
  ['an entity', { [`entities/${attack}.json`]: exampleEntity() }],
  ['an entity id', deal({}, { id: attack })],
  ['a plural', deal({}, { plural: attack })],
  ['a target', deal({ tag: { 'x-bos': { type: 'reference', entity: attack } } })],
  ['one of several targets', deal({ tag: { 'x-bos': { type: 'reference', entity: ['core.tag', attack] } } })],
  ['an inverse', deal({ tag: { 'x-bos': { type: 'reference', entity: 'core.tag', inverse: attack } } })],
  ['an option', deal({ stage: { enum: ['new', attack] } })],
  ['an option id', deal({ stage: { enum: ['new'], 'x-bos': { options: { new: { id: attack } } } } })],
  ['a currency', deal({ value: { 'x-bos': { type: 'money', currency: attack } } })],
  ['a default', deal({ value: { 'x-bos': { type: 'decimal', scale: 2 }, default: attack } })],
  ['a scale', deal({ value: { 'x-bos': { type: 'decimal', scale: attack } } })],
  ['a minimum', deal({ value: { 'x-bos': { type: 'decimal', scale: 2 }, minimum: attack } })],
  ['a key id', deal({}, { unique: [{ id: attack, fields: ['name'] }] })],
  ['a key field', deal({}, { unique: [{ id: 'k', fields: [attack] }] })],
  ['a search field', deal({}, { search: [attack] })],
  ['a trait', deal({}, { use: [attack] })],
  ['a role', deal({}, { permissions: { [attack]: { scope: 'all' } } })],
  ['a scope', deal({}, { permissions: { 'crm.rep': { scope: attack } } })],
  ['a view column', { ...deal({}), 'views/a.json': { entity: 'crm.deal', kind: 'list', title: 'A', columns: [attack] } }],
  ['a sort key', { ...deal({}), 'views/a.json': { entity: 'crm.deal', kind: 'list', title: 'A', sort: [attack] } }],
  ['a filter key', { ...deal({}), 'views/a.json': { entity: 'crm.deal', kind: 'list', title: 'A', filter: { [attack]: 'x' } } }],
  ['a module', { 'module.json': moduleFile({ id: attack }) }],
  ['a role id', { 'module.json': moduleFile({ roles: [{ id: attack, title: 'x' }] }) }],
  ['a dependency', { 'module.json': moduleFile({ depends: { core: '^1.0.0', [attack]: '1.0.0' } }) }],
])('SQL as %s is refused', (_place, files) => {
  expect(faultsOf(files)).not.toEqual([])
})

test.each(['bos', 'public', 'pg_catalog', 'pgboss', 'information_schema', 'auth', 'Crm', '1st'])('a module cannot be named %s', (id) => {
  expect(check([exampleModule(id)], validate).map((fault) => fault.file)).toContain(`${id}/module.json`)
})
