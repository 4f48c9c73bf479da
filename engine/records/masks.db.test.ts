import { beforeAll, describe, expect, test } from 'vitest'
import { openWorldWith, type ModuleFiles } from '../testing/dropped-in.ts'
import { ok, type Person, type Reply } from '../testing/world.ts'
import { integer, text } from '../testing/properties.ts'

/** Fields that a role shows in some records, and what is made of them. */
const unless = "self.owner == user || self.level > 5 || self.secret == 'open'"
const files: ModuleFiles = {
  'module.json': { title: 'Vault', roles: ['partly', 'costs', 'titled'].map((id) => ({ id: `vault.${id}`, title: id })) },
  'entities/item.json': {
    title: 'Item',
    type: 'object',
    required: ['name'],
    properties: {
      name: text('Name', { index: true }),
      code: text('Code', { index: true }),
      secret: text('Secret', { requiredWhen: 'self.level == 70' }),
      level: integer('Level'),
      cost: integer('Cost', { index: true }),
      price: integer('Price'),
      margin: integer('Margin', { compute: 'self.price - self.cost', index: true }),
      again: integer('Again', { compute: 'self.margin * 2' }),
      mine: integer('Mine', { compute: 'self.owner == user ? self.cost : self.cost + 1' }),
      known: integer('Known', { compute: 'self.cost * 10' }),
      letters: integer('Letters', { compute: 'length(self.secret)' }),
      above: integer('Above', { lookup: 'self.link.cost' }),
      copied: integer('Copied', { copy: { from: 'self.link.cost', overridable: true } }),
      below: integer('Below', { rollup: { over: 'linked', measure: 'sum', value: 'self.cost' } }),
      heads: integer('Heads', { rollup: { over: 'linked', measure: 'count' } }),
      sum: integer('Sum', { rollup: { over: 'lines', measure: 'sum', value: 'self.cost' } }),
      hidden: integer('Hidden', { compute: 'count(self.boxes)' }),
      stage: {
        title: 'Stage',
        enum: ['open', 'done'],
        'x-bos': {
          lifecycle: {
            transitions: {
              finish: {
                title: 'Finish',
                from: ['open'],
                to: 'done',
                effects: [
                  { produce: { entity: 'vault.item', set: { name: 'self.name', price: 'self.cost', level: 'self.level' } } },
                  ...['self.lines', 'filter(self.lines, l, l.cost > 3)'].map((each) => ({
                    produce: {
                      entity: 'vault.item',
                      set: {},
                      lines: { each, into: 'lines', set: { label: 'self.label', cost: 'self.cost' } },
                    },
                  })),
                  {
                    produce: {
                      entity: 'vault.item',
                      set: {},
                      lines: { each: 'self.lines', into: 'lines', remaining: 'self.cost - 3', set: { label: 'self.label' } },
                    },
                  },
                ],
              },
            },
          },
        },
      },
      link: { title: 'Link', 'x-bos': { type: 'reference', entity: 'vault.item', onDelete: 'setNull', inverse: 'linked' } },
      lines: { title: 'Lines', 'x-bos': { type: 'lines', entity: 'vault.item_line' } },
    },
    'x-bos': {
      use: ['core.owned'],
      plural: 'items',
      titleField: 'code',
      search: ['name', 'code'],
      unique: [{ id: 'code', fields: ['code'] }],
      rules: [
        { id: 'quiet', assert: "coalesce(self.level, 0) != 71 || self.secret == 'open'", message: 'Not like this.', at: 'secret' },
        {
          id: 'hint',
          assert: "coalesce(self.level, 0) != 72 || self.secret == 'open'",
          message: 'Think twice.',
          at: 'secret',
          severity: 'warning',
        },
        { id: 'cheap', assert: 'self.cost < 1000', message: 'Too dear.', at: 'price' },
      ],
      permissions: {
        'vault.partly': {
          scope: 'all',
          ...Object.fromEntries(['read', 'create', 'update', 'export', 'import', 'delete'].map((each) => [each, true])),
          hide: ['secret'],
          mask: { cost: { unless }, code: { unless }, 'lines.cost': { unless: 'self.owner == user' } },
          show: ['known', 'heads'],
        },
        'vault.costs': { scope: 'own', read: true, update: true },
      },
    },
  },
  'entities/item_line.json': {
    title: 'Item line',
    type: 'object',
    properties: {
      label: text('Label'),
      cost: integer('Cost'),
      twice: integer('Twice', { compute: 'self.cost * 2' }),
      share: integer('Share', { compute: 'self.parent.cost' }),
    },
    'x-bos': { kind: 'line', plural: 'item_lines' },
  },
  'entities/box.json': {
    title: 'Box',
    type: 'object',
    properties: {
      label: text('Label'),
      item: { title: 'Item', 'x-bos': { type: 'reference', entity: 'vault.item', onDelete: 'cascade', inverse: 'boxes' } },
    },
    'x-bos': { plural: 'boxes' },
  },
}
const world = await openWorldWith('vault', files)
type Json = Record<string, unknown>
const { rep = '', admin = '' } = world.acme.members
const call = (as: Person, method: string, path: string, body?: unknown): Promise<Reply> =>
  world.call(as, method, `/api/vault/${path}`, body === undefined ? {} : { body })
const create = async (body: Json): Promise<string> => String(ok(await call('admin@acme', 'POST', 'items', body))['id'])
const rolesOf = async (...roles: string[]): Promise<void> =>
  void ok(
    await world.call('admin@acme', 'PUT', `/api/access/${rep}`, {
      body: { email: 'rep@acme.test', roles: ['core.user', ...roles.map((id) => `vault.${id}`)] },
    }),
  )
const get = async (path: string): Promise<Json> => ok(await call('rep@acme', 'GET', path))
const rows = async (path: string): Promise<Json[]> => (await get(path))['data'] as Json[]
const names = async (query: string): Promise<string[]> => (await rows(`items?${query}`)).map((each) => String(each['name'])).sort()
const filter = (expression: string): string => `filter=${encodeURIComponent(expression)}`
/** Without ids and moments, in which any digits may stand. */
const bare = (answer: string): string => answer.replace(/[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d\d-\d\dT[\d:.]+Z/g, '')
const told = ({ status, body }: Reply): unknown => [
  status,
  ((body as Json)['errors'] as Json[] | undefined)?.map((each) => [each['pointer'], each['detail']]),
]
const notShown = 'This is not shown to you here, so you may not change it.'

let foreign = '',
  own = '',
  high = ''
beforeAll(async () => {
  await rolesOf('partly')
  foreign = await create({ name: 'foreign', owner: admin, code: 'FC', cost: 77, price: 100, level: 1, lines: [{ label: 'l', cost: 7 }] })
  own = await create({
    name: 'own',
    owner: rep,
    code: 'OC',
    cost: 50,
    price: 60,
    level: 1,
    link: foreign,
    lines: [{ label: 'm', cost: 5 }],
  })
  high = await create({ name: 'high', owner: admin, code: 'HC', cost: 30, price: 31, level: 9, link: foreign, secret: 'shut' })
})

const masked = ['again', 'code', 'cost', 'margin', 'mine', 'sum']
describe('reading', () => {
  test('the value and all that is made of it are absent and listed where the role does not show it', async () => {
    const there = await get(`items/${foreign}`)
    expect((there['_masked'] as string[]).toSorted()).toEqual(masked)
    for (const name of masked) expect([name, name in there]).toEqual([name, false])
    expect([there['_title'], there['known'], there['price']]).toEqual([null, 770, 100])
    const [first] = there['lines'] as Json[]
    expect([first!['label'], (first!['_masked'] as string[]).toSorted()]).toEqual(['l', ['cost', 'share', 'twice']])
    expect(Object.keys(first!)).not.toContain('twice')
    const mine = await get(`items/${own}`)
    expect([mine['cost'], mine['margin'], mine['again'], mine['mine'], mine['sum'], mine['_title'], '_masked' in mine]).toEqual([
      50,
      10,
      20,
      50,
      5,
      'OC',
      false,
    ])
    expect((mine['lines'] as Json[])[0]).toMatchObject({ cost: 5, twice: 10, share: 50 })
    const third = await get(`items/${high}`)
    expect([third['cost'], third['_masked']]).toEqual([30, ['sum']])
  })
  test('what is made of hidden values, of values of other records and of entities out of sight does not exist', async () => {
    const there = await get(`items/${own}`)
    for (const name of ['secret', 'letters', 'above', 'copied', 'below', 'hidden']) {
      expect([name, name in there]).toEqual([name, false])
      expect([name, (await call('rep@acme', 'GET', `items?${name}=1`)).status]).toEqual([name, 400])
      expect((await call('rep@acme', 'GET', `items?${filter(`self.${name} == null`)}`)).text).toContain('no')
      expect((await call('rep@acme', 'GET', `items?${filter(`self.${name} == null`)}`)).status).toBe(400)
    }
    // A role says that it is shown all the same.
    expect((await get(`items/${foreign}`))['heads']).toBe(2)
    const catalogue = ok(await world.call('rep@acme', 'GET', '/api/catalogue'))
    for (const word of ['secret', 'vault.box', 'boxes', '"above"', '"letters"'])
      expect(new RegExp(`.{80}${word}.{80}`).exec(JSON.stringify(catalogue))?.[0]).toBeUndefined()
  })
  test('it is like nothing in whatever is asked', async () => {
    for (const field of ['cost', 'margin', 'again', 'mine', 'sum']) {
      expect([field, await names(`${field}.gte=-9999&id=${foreign}`)]).toEqual([field, []])
      expect([field, await names(`${field}.null=true&id=${foreign}`)]).toEqual([field, ['foreign']])
      expect([field, await names(`${filter(`self.${field} > -9999`)}&id=${foreign}`)]).toEqual([field, []])
      expect(await names(filter(`count(self.linked) > 0 && self.${field} == null`))).toEqual(['foreign'])
      const [sums] = await rows(`items/aggregate?id=${foreign}&measure=sum(${field}),max(${field})`)
      expect([field, sums]).toMatchObject([field, { [`sum(${field})`]: null, [`max(${field})`]: null }])
      const first = (await rows(`items?sort=-${field}&limit=3`)).at(-1)!
      expect([field, ['foreign', 'high'].includes(String(first['name']))]).toEqual([field, true])
    }
    expect(await names('search=FC')).toEqual([])
    expect(await names('search=HC')).toEqual(['high'])
    expect(await names('code.startsWith=FC')).toEqual([])
    expect(await names(filter("self.link.code == 'FC' || self.link.cost > 0"))).toEqual([])
    expect(await names('link.cost.gte=0')).toEqual([])
    expect(await names(filter('count(self.lines, l, l.cost > 0) > 0'))).toEqual(['own'])
    expect(await names(filter('count(self.lines, l, l.twice > 0) > 0'))).toEqual(['own'])
    expect((await rows('item_lines?cost.gte=0&sort=-twice')).map((each) => each['label'])).toEqual(['m'])
    const groups = await rows('items/aggregate?group=code')
    expect(groups.map((each) => String(each['code'])).sort()).toEqual(['HC', 'OC', 'null'])
    const exported = await call('rep@acme', 'GET', 'items/export?format=jsonl')
    expect(bare(exported.text)).not.toMatch(/:77\b|"FC"/)
    expect(bare((await call('rep@acme', 'GET', 'items/export?format=csv')).text)).not.toMatch(/,77,|FC|,23,/)
    const expanded = await get(`items/${own}?expand=link`)
    expect(bare(JSON.stringify((expanded['_expand'] as Json)['link']))).not.toMatch(/:77\b|"FC"|:23\b/)
  })
  test('history leaves it out', async () => {
    const { text: history } = await call('rep@acme', 'GET', `items/${foreign}/history`)
    for (const name of [...masked, 'twice', 'share', 'secret', 'copied'])
      expect([name, history.includes(`"${name}"`)]).toEqual([name, false])
    expect(history).toContain('"known"')
    expect((await call('rep@acme', 'GET', `items/${own}/history`)).text).toContain('"margin"')
  })
  test('an explanation says what the role asks, with no value that the one who asks may not read', async () => {
    interface Told {
      field: { shown: boolean; editable: boolean; because: { about: string; detail: string; role?: string; why?: Json }[] }
    }
    const explained = async (as: Person, query: string): Promise<Told['field']> =>
      (ok(await call(as, 'GET', `items/${foreign}/explain?action=update&${query}`)) as unknown as Told).field
    const about = ({ because }: Told['field']) => because.filter((each) => each.about === 'shown').map((each) => each.detail)
    const asRep = await explained('rep@acme', 'field=cost')
    expect([asRep.shown, asRep.editable, about(asRep)]).toEqual([
      false,
      false,
      ['partly shows Cost only where its condition holds: here it is masked.'],
    ])
    expect(bare(JSON.stringify(asRep))).not.toMatch(/secret|\b77\b/)
    expect(JSON.stringify(asRep)).toContain('self.level > 5')
    const asAdmin = await explained('admin@acme', `field=cost&as=${rep}`)
    expect(asAdmin.shown).toBe(false)
    expect(JSON.stringify(asAdmin.because.find((each) => each.about === 'shown')!.why)).toContain('level')
    expect(about(await explained('rep@acme', 'field=margin'))).toEqual([
      'partly shows Margin.',
      'Margin is made of what is not shown here.',
    ])
    const cost = await explained('rep@acme', 'field=lines.cost')
    expect([cost.shown, about(cost)]).toEqual([false, ['partly shows Cost only where its condition holds: here it is masked.']])
    const twice = await explained('rep@acme', 'field=lines.twice')
    expect([twice.shown, about(twice).at(-1)]).toEqual([false, 'Twice is made of what is not shown here.'])
    expect((await explained('rep@acme', 'field=known')).shown).toBe(true)
    expect((await call('rep@acme', 'GET', `items/${foreign}/explain?action=get&field=above`)).status).toBe(400)
    const there = ok(await call('rep@acme', 'GET', `items/${own}/explain?action=update&field=cost`)) as unknown as Told
    expect([there.field.shown, about(there.field)]).toEqual([true, ['partly shows Cost only where its condition holds, and here it does.']])
  })
  test('another role adds the rows in which it shows the value', async () => {
    await rolesOf('partly', 'costs')
    const mine = await get(`items/${own}`)
    // Where values of other records matter, one role that shows every one would be needed.
    expect(['above' in mine, mine['cost'], mine['secret']]).toEqual([false, 50, null])
    expect(((await get(`items/${foreign}`))['_masked'] as string[]).toSorted()).toEqual([...masked, 'secret', 'letters'].toSorted())
    await rolesOf('partly')
  })
})

describe('writing', () => {
  test('is refused whatever is sent, and says the same each time', async () => {
    const sent = [{ cost: 77 }, { cost: 1 }, { cost: null }].map((body) => call('rep@acme', 'PATCH', `items/${foreign}`, body))
    for (const reply of await Promise.all(sent)) expect(told(reply)).toEqual([422, [['/cost', notShown]]])
    for (const margin of [23, 24])
      expect(told(await call('rep@acme', 'PATCH', `items/${foreign}`, { margin }))).toEqual([422, [['/margin', notShown]]])
    const { id } = ((await get(`items/${foreign}`))['lines'] as Json[])[0]!
    const lines = { [String(id)]: { cost: 7 }, 'new:1': { cost: 1 } }
    expect(told(await call('rep@acme', 'PATCH', `items/${foreign}`, { lines }))).toEqual([
      422,
      [
        [`/lines/${String(id)}/cost`, notShown],
        ['/lines/new:1/cost', notShown],
      ],
    ])
    const bulk = await call('rep@acme', 'POST', 'items/bulk', { operations: [{ op: 'update', id: foreign, data: { cost: 77 } }] })
    expect(told(bulk)).toEqual([422, [['/operations/0/data/cost', notShown]]])
    const upserts = ['FC'].map((code) =>
      call('rep@acme', 'POST', 'items/bulk', { operations: [{ op: 'upsert', key: 'code', data: { code, name: 'x' } }] }),
    )
    for (const reply of await Promise.all(upserts)) expect([reply.status, bare(reply.text).includes('77')]).toEqual([422, false])
    ok(await call('rep@acme', 'PATCH', `items/${own}`, { cost: 51 }))
    ok(await call('rep@acme', 'PATCH', `items/${own}`, { cost: 50 }))
    // What came back as it was read changes nothing.
    ok(await call('rep@acme', 'PATCH', `items/${foreign}`, { ...(await get(`items/${foreign}`)), lines: undefined, name: 'foreign' }))
  })
  test('what is only tried shows no more than the record does as it is, in lines and new lines neither', async () => {
    const { id } = ((await get(`items/${foreign}`))['lines'] as Json[])[0]!
    for (const change of [{ level: 9 }, { level: 9, lines: { [String(id)]: { label: 'l' }, 'new:1': { label: 'n' } } }]) {
      const reply = await call('rep@acme', 'PATCH', `items/${foreign}?dryRun=true`, change)
      const tried = ok(reply)
      expect((tried['_masked'] as string[]).toSorted()).toEqual(masked)
      expect([tried['name'], tried['_title'], tried['level']]).toEqual(['foreign', null, 'level' in change ? 9 : 1])
      expect(bare(reply.text)).not.toMatch(/:77\b|"FC"|:23\b|:7\b/)
    }
    // Nothing is missing where everything is shown; a transition is answered as any other change.
    expect(ok(await call('rep@acme', 'PATCH', `items/${own}?dryRun=true`, { level: 9 }))).toMatchObject({
      cost: 50,
      margin: 10,
      code: 'OC',
    })
    const finished = await call('rep@acme', 'POST', `items/${foreign}/finish?dryRun=true`, { level: 9 })
    expect([finished.status, bare(finished.text).match(/:77\b|"FC"/)]).toEqual([200, null])
  })
  test('nobody takes a record over for what it would show', async () => {
    const fixed = [422, [['/owner', 'Your role may not change this here.']]]
    expect(told(await call('rep@acme', 'PATCH', `items/${foreign}`, { owner: rep }))).toEqual(fixed)
    expect(told(await call('rep@acme', 'POST', `items/${foreign}/finish`, { owner: rep }))).toEqual(fixed)
    const given = await create({ name: 'given', owner: rep, cost: 3 })
    expect(ok(await call('rep@acme', 'PATCH', `items/${given}`, { owner: admin }))['_masked']).toContain('cost')
    expect(told(await call('rep@acme', 'PATCH', `items/${given}`, { owner: rep }))).toEqual(fixed)
    ok(await call('admin@acme', 'DELETE', `items/${given}`))
  })
  test('a new record is judged as it will be', async () => {
    const refused = await call('rep@acme', 'POST', 'items', { name: 'given away', owner: admin, cost: 5, code: 'X', lines: [{ cost: 1 }] })
    expect(told(refused)).toEqual([
      422,
      [
        ['/cost', notShown],
        ['/code', notShown],
        ['/lines/0/cost', notShown],
      ],
    ])
    const some = { name: 'given away', owner: admin, level: 6, cost: 5, price: 7 }
    const id = String(ok(await call('rep@acme', 'POST', 'items', some))['id'])
    expect(ok(await call('rep@acme', 'DELETE', `items/${id}`))).toBeDefined()
    const kept = String(ok(await call('rep@acme', 'POST', 'items', { name: 'kept', cost: 5, lines: [{ cost: 1 }] }))['id'])
    expect((await get(`items/${kept}`))['sum']).toBe(1)
    ok(await call('rep@acme', 'DELETE', `items/${kept}`))
    for (const margin of [null, 3])
      expect(told(await call('rep@acme', 'POST', 'items', { name: 'x', owner: admin, margin }))).toEqual([422, [['/margin', notShown]]])
    const csv = `name,owner,cost\nimported,${admin},5\n`
    const reply = await world.call('rep@acme', 'POST', '/api/vault/items/import', { body: csv, headers: { 'content-type': 'text/csv' } })
    const job = String(ok(reply)['id'])
    let done: Json = {}
    await expect
      .poll(async () => (done = ok(await world.call('rep@acme', 'GET', `/api/jobs/${job}`)))['status'], { timeout: 25_000, interval: 100 })
      .toBe('done')
    expect(done['result']).toMatchObject({ created: 0, failed: 1, faults: [{ column: 'cost', detail: notShown }] })
  })
  test('a draft of another document is without what came of it, and a rule says no more than its message', async () => {
    const drafts = async (id: string): Promise<unknown[]> =>
      (ok(await call('rep@acme', 'POST', `items/${id}/finish`))['_produced'] as Json[]).map(({ data }) => data)
    // Nor do as many lines as match, or have something left, tell what they have.
    expect(await drafts(foreign)).toEqual([{ name: 'foreign', level: 1 }, { lines: [{ label: 'l' }] }, {}, {}])
    const lines = [{ label: 'm', cost: 5 }]
    expect(await drafts(own)).toEqual([{ name: 'own', price: 50, level: 1 }, { lines }, { lines }, { lines: [{ label: 'm' }] }])
    ok(await call('admin@acme', 'PATCH', `items/${high}`, { secret: 'shut', level: 1 }))
    expect(told(await call('rep@acme', 'PATCH', `items/${own}`, { cost: 1000 }))).toEqual([422, [['/price', 'Too dear.']]])
  })
  test('a request that is sent again tells drafts only as long as rights and record are what they were', async () => {
    const finish = async (id: string, key: string): Promise<Json> =>
      ok(await world.call('rep@acme', 'POST', `/api/vault/items/${id}/finish`, { headers: { 'idempotency-key': key }, body: {} }))
    const [given, kept] = [await create({ name: 'given', owner: rep, cost: 50 }), await create({ name: 'kept', owner: rep, cost: 51 })]
    const first = await finish(given, 'given')
    expect((first['_produced'] as Json[])[0]).toMatchObject({ data: { name: 'given', price: 50 } })
    expect(await finish(given, 'given')).toEqual(first)
    ok(await call('admin@acme', 'PATCH', `items/${given}`, { owner: admin }))
    expect(await finish(given, 'given')).not.toHaveProperty('_produced')
    const wide = await finish(kept, 'kept')
    expect(wide).toHaveProperty('_produced')
    await rolesOf('partly', 'costs')
    expect(await finish(kept, 'kept')).not.toHaveProperty('_produced')
    await rolesOf('partly')
    expect(await finish(kept, 'kept')).toEqual(wide)
  })
  test('what stands against a record by what the writer does not know has no name', async () => {
    const refused = [
      await call('rep@acme', 'PATCH', `items/${own}`, { level: 70 }),
      await call('rep@acme', 'POST', 'items', { name: 'x', level: 71, cost: 1 }),
      await call('rep@acme', 'POST', 'items/bulk', { operations: [{ op: 'update', id: own, data: { level: 71 } }] }),
    ]
    expect(refused.map(told)).toEqual([
      [422, [['', 'Something that you may not see stands against it.']]],
      [422, [['', 'Not like this.']]],
      [422, [['/operations/0/data', 'Not like this.']]],
    ])
    const warned = await call('rep@acme', 'PATCH', `items/${own}`, { level: 72 })
    expect((warned.body as Json)['_warnings']).toEqual([{ pointer: '', detail: 'Think twice.' }])
    for (const reply of [...refused, warned]) expect(reply.text.toLowerCase()).not.toContain('secret')
    expect(told(await call('admin@acme', 'PATCH', `items/${own}`, { level: 70 }))).toEqual([422, [['/secret', 'Secret is required.']]])
  })
})
