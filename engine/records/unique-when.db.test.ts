import { describe, expect, test } from 'vitest'
import { openWorldWith, type ModuleFiles } from '../testing/dropped-in.ts'
import { ok, type Reply } from '../testing/world.ts'
import { text } from '../testing/properties.ts'

/** Keys that only some records have: one main contact per firm, one seat at a time among the bookings that hold. */
const everything = { scope: 'all', read: true, create: true, update: true, delete: true, restore: true, import: true }
/** Whatever a condition may say makes an index. */
const conditions: Readonly<Record<string, string>> = {
  options: "self.stage in ['open', 'shut'] || self.stage == null",
  texts: `self.name >= "it's $1 \\\\ ; drop table" && isNotNull(self.name) && !isEmpty(self.name)`,
  numbers: 'self.amount > 12 && self.amount <= 10000000000 && self.price != 1.50 && least(self.price, self.amount) < 3',
  days: "self.day < '2026-06-06' && self.at >= '2026-06-06T10:00:00Z' && self.time != '10:00' && self.length > 'PT1H'",
  money: "self.value.amount >= 12.5 && self.value.currency == 'EUR'",
  references: 'self.firm != null && self.made == self.firm',
  lists: "'a' in self.tags || self.main",
  choices: '(self.main ? self.stage : coalesce(self.name, self.code)) == self.code',
  engine: "self.created_at > '2020-01-01T00:00:00Z' && self.created_by != null",
}
const files: ModuleFiles = {
  'module.json': { title: 'Keys' },
  'entities/firm.json': {
    title: 'Firm',
    type: 'object',
    properties: { name: text('Name') },
    'x-bos': { plural: 'firms', titleField: 'name', permissions: {} },
  },
  'entities/contact.json': {
    title: 'Contact',
    type: 'object',
    properties: {
      name: text('Name'),
      firm: { title: 'Firm', 'x-bos': { type: 'reference', entity: 'firms.firm' } },
      rank: { type: 'integer', title: 'Rank' },
      main: { type: 'boolean', title: 'Main', 'x-bos': { compute: 'self.rank == 1' } },
      email: text('E-mail'),
      state: { title: 'State', enum: ['active', 'gone'], default: 'active' },
      phones: { title: 'Phones', 'x-bos': { type: 'lines', entity: 'firms.phone' } },
    },
    'x-bos': {
      plural: 'contacts',
      titleField: 'name',
      unique: [
        { id: 'one_main', fields: ['firm'], when: 'self.main' },
        { id: 'email', fields: ['email'], ignoreCase: true, when: "self.state != 'gone'" },
      ],
      permissions: { 'core.user': everything },
    },
  },
  'entities/phone.json': {
    title: 'Phone',
    type: 'object',
    properties: { number: text('Number'), usual: { type: 'boolean', title: 'Usual' } },
    'x-bos': { kind: 'line', plural: 'phones', unique: [{ id: 'usual', fields: ['parent'], when: 'self.usual' }] },
  },
  'entities/booking.json': {
    title: 'Booking',
    type: 'object',
    properties: {
      room: text('Room'),
      from: { type: 'string', format: 'date', title: 'From' },
      to: { type: 'string', format: 'date', title: 'To' },
      state: { title: 'State', enum: ['asked', 'held'] },
    },
    'x-bos': {
      plural: 'bookings',
      titleField: 'room',
      unique: [{ id: 'once', fields: ['room'], noOverlap: ['from', 'to'], when: "self.state == 'held'" }],
      permissions: { 'core.user': everything },
    },
  },
  'entities/anything.json': {
    title: 'Anything',
    type: 'object',
    properties: {
      name: text('Name'),
      code: text('Code'),
      stage: { title: 'Stage', enum: ['open', 'shut'] },
      amount: { type: 'integer', title: 'Amount' },
      price: { title: 'Price', 'x-bos': { type: 'decimal', scale: 2 } },
      value: { title: 'Value', 'x-bos': { type: 'money' } },
      day: { type: 'string', format: 'date', title: 'Day' },
      at: { type: 'string', format: 'date-time', title: 'At' },
      time: { type: 'string', format: 'time', title: 'Time' },
      length: { type: 'string', format: 'duration', title: 'Length' },
      main: { type: 'boolean', title: 'Main' },
      tags: { type: 'array', items: { type: 'string', maxLength: 10 }, title: 'Tags' },
      firm: { title: 'Firm', 'x-bos': { type: 'reference', entity: 'firms.firm' } },
      made: { title: 'Made by', 'x-bos': { type: 'reference', entity: 'firms.firm' } },
    },
    'x-bos': {
      plural: 'anything',
      titleField: 'name',
      unique: Object.entries(conditions).map(([id, when]) => ({ id, fields: ['code'], when })),
      permissions: {},
    },
  },
}
const world = await openWorldWith('firms', files)
type Json = Record<string, unknown> & { id: string }
const call = (method: string, path: string, body?: unknown): Promise<Reply> =>
  world.call('admin@acme', method, `/api/firms/${path}`, body === undefined ? {} : { body })
const make = async (path: string, body: object): Promise<Json> => ok(await call('POST', path, body)) as Json
const told = ({ status, body }: Reply): unknown[] => {
  const { code, errors = [] } = body as { code?: string; errors?: { pointer: string; detail: string }[] }
  return [status, code, ...errors.map(({ pointer, detail }) => `${pointer} ${detail}`)]
}
const taken = (pointer: string, title: string): unknown[] => [409, 'unique-taken', `${pointer} Another record has the same ${title}.`]

describe('a key of some records', () => {
  test('is judged of those alone: made, changed into one, and by what is derived', async () => {
    const { id: firm } = await make('firms', { name: 'F' })
    const first = await make('contacts', { name: 'a', firm, rank: 1 })
    expect(told(await call('POST', 'contacts', { name: 'b', firm, rank: 1 }))).toEqual(taken('/firm', 'Firm'))
    const second = await make('contacts', { name: 'b', firm, rank: 2 })
    await make('contacts', { name: 'c', firm })
    expect(told(await call('PATCH', `contacts/${second.id}`, { rank: 1 }))).toEqual(taken('/firm', 'Firm'))
    ok(await call('PATCH', `contacts/${first.id}`, { rank: null }))
    ok(await call('PATCH', `contacts/${second.id}`, { rank: 1 }))
    expect((await call('DELETE', `contacts/${second.id}`)).status).toBe(200)
    ok(await call('PATCH', `contacts/${first.id}`, { rank: 1 }))
    expect(told(await call('POST', `contacts/${second.id}/restore`)).slice(0, 2)).toEqual([409, 'restore-refused'])
  })

  test('knows no case where it says so, and nothing of records whose condition is not true', async () => {
    const first = await make('contacts', { name: 'x', email: 'X@example.com' })
    expect(told(await call('POST', 'contacts', { name: 'y', email: 'x@EXAMPLE.com' }))).toEqual(taken('/email', 'E-mail'))
    await make('contacts', { name: 'gone', email: 'x@example.com', state: 'gone' })
    await make('contacts', { name: 'unknown', email: 'x@example.com', state: null })
    ok(await call('PATCH', `contacts/${first.id}`, { state: 'gone' }))
    await make('contacts', { name: 'y', email: 'x@example.com' })
  })

  test('of lines is within their document, where `parent` stands in it', async () => {
    const phones = [
      { number: '1', usual: true },
      { number: '2', usual: true },
    ]
    expect(told(await call('POST', 'contacts', { name: 'p', phones })).slice(0, 2)).toEqual([409, 'unique-taken'])
    const usual = (n: number) => phones.map((each, i) => ({ ...each, usual: i === n }))
    await make('contacts', { name: 'p', phones: usual(0) })
    await make('contacts', { name: 'q', phones: usual(1) })
  })

  test('may be of periods', async () => {
    const asked = { room: 'A', from: '2026-01-01', to: '2026-01-05', state: 'asked' }
    const [one, two] = [await make('bookings', asked), await make('bookings', asked)]
    ok(await call('PATCH', `bookings/${one.id}`, { state: 'held' }))
    expect(told(await call('PATCH', `bookings/${two.id}`, { state: 'held' })).slice(0, 2)).toEqual([409, 'unique-taken'])
    ok(await call('PATCH', `bookings/${two.id}`, { from: '2026-01-06', to: null, state: 'held' }))
  })

  test('has one winner, whoever comes at the same time', async () => {
    const { id: firm } = await make('firms', { name: 'Many' })
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, i) => call('POST', 'contacts', { name: `n${i}`, firm, rank: 1 + (i % 2) })),
    )
    expect(replies.filter(({ status }) => status === 201)).toHaveLength(11)
    expect(replies.filter(({ status }) => status === 409)).toHaveLength(9)
  })
})

describe('a batch', () => {
  test('names who is to blame, and of who is none of the key it says nothing', async () => {
    await make('contacts', { name: 'before', email: 'blame@example.com' })
    const data = (more: object) => ({ op: 'create', data: { name: 'new', email: 'blame@example.com', ...more } })
    const operations = [data({ state: 'gone' }), data({ email: 'other@example.com' }), data({}), data({ state: 'gone' })]
    expect(told(await call('POST', 'contacts/bulk', { mode: 'all', operations }))).toEqual(taken('/operations/2/data/email', 'E-mail'))
    const each = ok(await call('POST', 'contacts/bulk', { mode: 'each', operations }))
    expect((each['results'] as Json[]).map(({ status }) => status)).toEqual([201, 201, 409, 201])
  })

  test('cannot find records by it', async () => {
    const operations = [{ op: 'upsert', key: 'email', data: { name: 'u', email: 'u@example.com' } }]
    const refused = await call('POST', 'contacts/bulk', { mode: 'all', operations })
    expect(told(refused)).toEqual([422, 'request-invalid', '/operations/0/key "key" names a unique key: Contacts have none.'])
    const import_ = await call('POST', 'contacts/import?mode=upsert&key=email', 'name,email\nu,u@example.com')
    expect(import_.status).toBeGreaterThanOrEqual(400)
    const { entities } = ok(await world.call('admin@acme', 'GET', '/api/catalogue')) as unknown as {
      entities: Record<string, { unique: unknown[] }>
    }
    expect(entities['firms.contact']!.unique).toEqual([])
  })
})
