import { beforeAll, describe, expect, test } from 'vitest'
import { openWorldWith, type ModuleFiles } from '../testing/dropped-in.ts'
import { ok, type Person, type Reply } from '../testing/world.ts'
import { integer, reference, text } from '../testing/properties.ts'

/** What stands against what a transition does elsewhere, told to people who may know more or less of where that is. */
const full = { read: true, create: true, update: true }
const roles = ['blind', 'half', 'some', 'whole']
const effects = {
  note: [{ create: { each: 'self.lines', entity: 'depot.note', set: { text: 'self.label', kind: 'parent.kind', code: 'parent.code' } } }],
  take: [
    {
      allocate: {
        amount: 'self.amount',
        from: 'filter(depot.lot, l, l.name == self.kind)',
        order: ['self.name'],
        available: 'self.stock',
        entity: 'depot.use',
        set: { lot: 'target', quantity: 'params.amount' },
      },
    },
  ],
}
const transitionsTo = (names: readonly string[]): object =>
  Object.fromEntries(
    names.map((name) => [name, { from: ['open'], to: 'done', ...(name in effects && { effects: effects[name as 'note'] }) }]),
  )
const files: ModuleFiles = {
  'module.json': { title: 'Depot', roles: roles.map((id) => ({ id: `depot.${id}`, title: id })) },
  'entities/wish.json': {
    title: 'Wish',
    type: 'object',
    properties: {
      name: text('Name'),
      kind: text('Kind'),
      code: text('Code'),
      amount: integer('Amount'),
      lines: { title: 'Lines', 'x-bos': { type: 'lines', entity: 'depot.wish_line' } },
      box: reference('Box', 'depot.box', { inverse: 'wishes' }),
      state: { title: 'State', enum: ['open', 'done'], 'x-bos': { lifecycle: { transitions: transitionsTo(['note', 'take']) } } },
    },
    'x-bos': {
      plural: 'wishes',
      titleField: 'name',
      permissions: Object.fromEntries(
        roles.map((id) => [`depot.${id}`, { scope: 'all', ...full, transitions: { note: true, take: true } }]),
      ),
    },
  },
  'entities/wish_line.json': {
    title: 'Wish line',
    type: 'object',
    properties: { label: text('Label') },
    'x-bos': { kind: 'line', plural: 'wish_lines' },
  },
  'entities/note.json': {
    title: 'Ticket',
    type: 'object',
    required: ['kind'],
    properties: { text: { ...text('Inscription'), maxLength: 5 }, kind: text('Sort'), code: text('Cipher') },
    'x-bos': {
      plural: 'notes',
      unique: [{ id: 'code', fields: ['code'] }],
      rules: [{ id: 'no', assert: "self.text == null || self.text != 'no'", message: 'Not like this.', at: 'text' }],
      permissions: {
        'depot.half': { scope: 'all', read: true, hide: ['text', 'kind', 'code'] },
        'depot.some': { scope: 'all', read: true, mask: { text: { unless: "self.kind == 'x'" }, kind: { unless: "self.kind == 'x'" } } },
        'depot.whole': { scope: 'all', read: true },
      },
    },
  },
  'entities/lot.json': {
    title: 'Parcel',
    type: 'object',
    properties: { name: text('Name', { index: true }), stock: integer('Stock') },
    'x-bos': { plural: 'lots', titleField: 'name', permissions: { 'depot.whole': { scope: 'all', read: true } } },
  },
  'entities/use.json': {
    title: 'Withdrawal',
    type: 'object',
    properties: { lot: reference('Parcel', 'depot.lot', { inverse: 'uses' }), quantity: { type: 'integer', title: 'Units', maximum: 10 } },
    'x-bos': { plural: 'uses', permissions: { 'depot.whole': { scope: 'all', read: true } } },
  },
  'entities/box.json': {
    title: 'Crate',
    type: 'object',
    properties: {
      name: text('Name'),
      total: integer('Total', { rollup: { over: 'wishes', measure: 'sum', value: 'self.amount' } }),
      reason: { title: 'Ground', 'x-bos': { type: 'text', requiredWhen: 'self.total > 100' } },
    },
    'x-bos': {
      plural: 'boxes',
      titleField: 'name',
      rules: [{ id: 'most', assert: 'self.total == null || self.total != 99', message: 'Not ninety-nine.', at: 'total' }],
      permissions: Object.fromEntries(
        ['blind', 'half', 'some', 'whole'].map((id) => [
          `depot.${id}`,
          { scope: 'all', read: true, hide: id === 'whole' ? [] : ['total', 'reason'] },
        ]),
      ),
    },
  },
}
const world = await openWorldWith('depot', files)
type Json = Record<string, unknown>
const { rep = '' } = world.acme.members
const call = (as: Person, method: string, path: string, body?: unknown): Promise<Reply> =>
  world.call(as, method, `/api/depot/${path}`, body === undefined ? {} : { body })
const create = async (path: string, body: Json): Promise<string> => String(ok(await call('admin@acme', 'POST', path, body))['id'])
const be = async (role: string): Promise<void> =>
  void ok(
    await world.call('admin@acme', 'PUT', `/api/access/${rep}`, {
      body: { email: 'rep@acme.test', roles: ['core.user', `depot.${role}`] },
    }),
  )
const unsaid = 'Something that you may not see stands against it.'
const told = ({ status, body }: Reply): unknown[] => [
  status,
  ...(((body as Json)['errors'] as Json[] | undefined) ?? []).map((each) => `${String(each['pointer'])} ${String(each['detail'])}`),
]
/** What each role is told of one and the same attempt; nobody is told a name that stands only in what they do not know. */
async function toldEach(method: string, path: string, body: Json): Promise<Record<string, unknown>> {
  const answers: Record<string, unknown> = {}
  for (const role of roles) {
    await be(role)
    const reply = await call('rep@acme', method, path, body)
    answers[role] = told(reply)
    if (role === 'blind') expect(reply.text).not.toMatch(/Ticket|Inscription|Sort|Cipher|Parcel|Withdrawal|Units|Ground/)
    if (role === 'half') expect(reply.text).not.toMatch(/Inscription|Sort|Cipher|Parcel|Withdrawal|Units|Ground/)
  }
  return answers
}

beforeAll(async () => {
  await create('lots', { name: 'big', stock: 50 })
  await create('notes', { kind: 'a', code: 'taken' })
})

describe('what stands against what is created', () => {
  test('names its entity and its field to those alone who may know of them in every record', async () => {
    const id = await create('wishes', { name: 'w', kind: 'a', lines: [{ label: 'fits' }, { label: 'too long' }] })
    const [, second] = (ok(await call('admin@acme', 'GET', `wishes/${id}`))['lines'] as Json[]).map(
      (each) => `/lines/${String(each['id'])}`,
    )
    expect(await toldEach('POST', `wishes/${id}/note`, {})).toEqual({
      blind: [422, `${second} ${unsaid}`],
      half: [422, `${second} ${unsaid}`],
      some: [422, `${second} ${unsaid}`],
      whole: [422, `${second} Inscription: has 8 characters; at most 5 are taken`],
    })
  })

  test('is required there, which is no name for others; rules speak for themselves', async () => {
    const lacking = await create('wishes', { name: 'w', lines: [{ label: 'fits' }] })
    const [line] = (ok(await call('admin@acme', 'GET', `wishes/${lacking}`))['lines'] as Json[]).map(
      (each) => `/lines/${String(each['id'])}`,
    )
    expect(await toldEach('POST', `wishes/${lacking}/note`, {})).toEqual({
      blind: [422, `${line} ${unsaid}`],
      half: [422, `${line} ${unsaid}`],
      some: [422, `${line} ${unsaid}`],
      whole: [422, `${line} Ticket, Sort: Sort is required.`],
    })
    const ruled = await create('wishes', { name: 'w', kind: 'a', lines: [{ label: 'no' }] })
    const [at] = (ok(await call('admin@acme', 'GET', `wishes/${ruled}`))['lines'] as Json[]).map((each) => `/lines/${String(each['id'])}`)
    expect(await toldEach('POST', `wishes/${ruled}/note`, {})).toEqual({
      blind: [422, `${at} Not like this.`],
      half: [422, `${at} Not like this.`],
      some: [422, `${at} Not like this.`],
      whole: [422, `${at} Ticket, Inscription: Not like this.`],
    })
  })

  test('has a key that is taken: no field of the request is to blame', async () => {
    const id = await create('wishes', { name: 'w', kind: 'a', code: 'taken', lines: [{ label: 'fits' }] })
    const general = [409]
    expect(await toldEach('POST', `wishes/${id}/note`, {})).toEqual({
      blind: general,
      half: general,
      some: [409, ' Ticket: Another record has the same Cipher.'],
      whole: [409, ' Ticket: Another record has the same Cipher.'],
    })
  })
})

test('what stands against an allocation names nothing of what it takes from', async () => {
  const id = await create('wishes', { name: 'w', kind: 'big', amount: 20 })
  expect(await toldEach('POST', `wishes/${id}/take`, {})).toEqual({
    blind: [422, ` ${unsaid}`],
    half: [422, ` ${unsaid}`],
    some: [422, ` ${unsaid}`],
    whole: [422, ' Units: must be at most 10'],
  })
})

test('what stands against values that are worked out elsewhere names no field of it either', async () => {
  const box = await create('boxes', { name: 'b' })
  const id = await create('wishes', { name: 'w', box })
  const ruled = await toldEach('PATCH', `wishes/${id}`, { amount: 99 })
  for (const role of roles) expect([role, ruled[role]]).toEqual([role, [422, ' Not ninety-nine.']])
  expect(await toldEach('PATCH', `wishes/${id}`, { amount: 101 })).toEqual({
    blind: [422, ` ${unsaid}`],
    half: [422, ` ${unsaid}`],
    some: [422, ` ${unsaid}`],
    whole: [422, ' Ground is required.'],
  })
})

test('nor does an explanation, also one of what somebody else could do', async () => {
  const id = await create('wishes', { name: 'w', lines: [{ label: 'fits' }] })
  const ask = async (as: Person, more = ''): Promise<unknown> => {
    const { would, refused } = ok(await call(as, 'GET', `wishes/${id}/explain?action=note${more}`))
    const { faults } = would as { faults: Json[] }
    return [faults, refused].map((all) => (all as Json[]).map((each) => each['detail']))
  }
  await be('half')
  expect(await ask('rep@acme')).toEqual([[unsaid], [unsaid]])
  expect(await ask('admin@acme')).toEqual([['Ticket, Sort: Sort is required.'], ['Ticket, Sort: Sort is required.']])
  expect(await ask('admin@acme', `&as=${rep}`)).toEqual([[unsaid], [unsaid]])
})
