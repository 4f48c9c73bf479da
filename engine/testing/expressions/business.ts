import type { Currency, ValueType } from '../../fields/type.ts'
import { shapeOf } from '../../expressions/shape.ts'
import type { Member, Names, Shape } from '../../expressions/types.ts'

/**
 * A catalogue in few words, for tests. Keys are names, or `name#id` where the id is another (a renamed thing). Values say what it is:
 * `text`, `integer`, `decimal`, `boolean`, `date`, `dateTime`, `time`, `duration`, `json`, `address` (street, city) ·
 * `select new|won#w1` (options) · `list text`, `list select a|b` · `money`, `money EUR`, `money self.company.currency` ·
 * `-> crm.company`, `-> crm.company|crm.person` (references) · `lines crm.line`, `links core.tag` ·
 * `inverse crm.deal/company` (records whose reference of that id points here).
 */
export interface Description {
  readonly title?: string
  readonly fields: Readonly<Record<string, string>>
  /** Of a line: the entity of its document. */
  readonly document?: string
  readonly keys?: readonly (readonly string[])[]
  readonly treePath?: string
}

const scalars = new Map<string, ValueType>([
  ['text', { kind: 'text' }],
  ['integer', { kind: 'number', whole: true }],
  ['decimal', { kind: 'number', whole: false }],
  ['boolean', { kind: 'boolean' }],
  ['date', { kind: 'date' }],
  ['dateTime', { kind: 'dateTime' }],
  ['time', { kind: 'time' }],
  ['duration', { kind: 'duration' }],
  ['json', { kind: 'json' }],
  ['address', { kind: 'composite', members: ['street', 'city'] }],
])

const divided = (text: string): readonly [name: string, id: string] => {
  const [name = '', id = name] = text.split('#')
  return [name, id]
}

/** What a field of such a description holds. */
export function valueTypeNamed(text: string): ValueType {
  const [first = '', ...rest] = text.split(' ')
  const more = rest.join(' ')
  const found = scalars.get(text)
  if (found !== undefined) return found
  if (first === 'list') return { kind: 'list', of: valueTypeNamed(more) }
  if (first === 'money') return { kind: 'money', currency: currencyNamed(more) }
  if (first !== 'select') throw new Error(`the test's description says "${text}"`)
  const options = more.split('|').map((option) => {
    const [name, id] = divided(option)
    return { id, name }
  })
  return { kind: 'text', options }
}

function currencyNamed(text: string): Currency {
  if (text === '') return { kind: 'own' }
  return text.includes('.') ? { kind: 'path', path: text } : { kind: 'code', code: text }
}

function memberOf(key: string, text: string): Member {
  const [name, id] = divided(key)
  const title = name.charAt(0).toUpperCase() + name.slice(1)
  const [first = '', target = ''] = text.split(' ')
  if (first === '->') return { name, id, title, kind: 'reference', entities: target.split('|') }
  if (first === 'lines' || first === 'links') return { name, id, title, kind: 'rows', via: first, entity: target }
  if (first !== 'inverse') return { name, id, title, kind: 'value', type: valueTypeNamed(text) }
  const [entity = '', field = ''] = target.split('/')
  return { name, id: target, title, kind: 'rows', via: 'inverse', entity, field }
}

/** What every record has; `id` is the checker's own. */
const system: Readonly<Record<string, string>> = {
  created_at: 'dateTime',
  created_by: '-> core.member',
  updated_at: 'dateTime',
  updated_by: '-> core.member',
  version: 'integer',
}

/** Names over entities by full name (`crm.deal`, or `crm.opportunity#crm.deal`). */
export function namesOf(descriptions: Readonly<Record<string, Description>>): Names {
  const ids = new Map<string, string>()
  const shapes = new Map<string, Shape>()
  for (const [key, description] of Object.entries(descriptions)) {
    const [fullName, entity] = divided(key)
    ids.set(fullName, entity)
    shapes.set(entity, shapeFor(entity, fullName, description))
  }
  return { shape: (entity) => shapes.get(entity), entityNamed: (name) => ids.get(name), entityNames: [...ids.keys()] }
}

function shapeFor(entity: string, fullName: string, { title, fields, document, keys, treePath }: Description): Shape {
  const members = Object.entries({ ...system, ...fields }).map(([key, text]) => memberOf(key, text))
  return shapeOf({ entity, title: title ?? fullName, members, document: document ?? null, keys: keys ?? [], treePath: treePath ?? null })
}

/** A small business: deals with lines, companies in several countries, rates, and a tree of categories. */
export const business: Readonly<Record<string, Description>> = {
  'core.member': { title: 'Member', fields: { name: 'text', email: 'text', manager: '-> core.member' } },
  'core.settings': { title: 'Settings', fields: { approval_limit: 'decimal', currency: 'text', calendar: '-> core.calendar' } },
  'core.tag': { title: 'Tag', fields: { name: 'text', hue: 'integer' } },
  'core.calendar': {
    title: 'Calendar',
    fields: {
      name: 'text',
      working_days: 'list select monday|tuesday|wednesday|thursday|friday|saturday|sunday',
      starts_at: 'time',
      ends_at: 'time',
      time_zone: 'text',
      holidays: 'lines core.holiday',
    },
  },
  'core.holiday': { title: 'Holiday', document: 'core.calendar', fields: { day: 'date', half_day: 'boolean', name: 'text' } },
  'core.exchange_rate': {
    title: 'Exchange rate',
    fields: { from: 'text', to: 'text', day: 'date', rate: 'decimal' },
    keys: [['from', 'to', 'day'], ['from']],
  },
  'crm.category': { title: 'Category', fields: { name: 'text', parent: '-> crm.category', path: 'text' }, treePath: 'path' },
  'crm.company': {
    title: 'Company',
    fields: {
      name: 'text',
      currency: 'text',
      region: 'select north|south#s1|west',
      address: 'address',
      owner: '-> core.member',
      credit: 'money',
      limit: 'money EUR',
      category: '-> crm.category',
      deals: 'inverse crm.deal/company',
    },
    keys: [['name']],
  },
  'crm.deal': {
    title: 'Deal',
    fields: {
      name: 'text',
      code: 'text',
      stage: 'select new|qualified|won#w1|lost',
      colours: 'list select red|green|blue',
      emails: 'list text',
      scores: 'list integer',
      value: 'money',
      fee: 'money EUR',
      bonus: 'money EUR',
      price: 'money self.company.currency',
      quantity: 'integer',
      margin: 'decimal',
      close: 'date',
      starts: 'dateTime',
      at: 'time',
      effort: 'duration',
      urgent: 'boolean',
      extra: 'json',
      owner: '-> core.member',
      company: '-> crm.company',
      subject: '-> crm.company|core.member',
      category: '-> crm.category',
      lines: 'lines crm.line',
      tags: 'links core.tag',
    },
    keys: [['code'], ['company', 'name']],
  },
  'crm.line': {
    title: 'Deal line',
    document: 'crm.deal',
    fields: {
      position: 'integer',
      product: 'text',
      quantity: 'decimal',
      delivered: 'boolean',
      amount: 'money parent.company.currency',
      cost: 'money EUR',
      category: '-> crm.category',
    },
  },
}
