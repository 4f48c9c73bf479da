import { beforeAll, describe, expect, it } from 'vitest'
import { openGallery } from '../testing/gallery.ts'
import { ok, type Person, type Reply } from '../testing/world.ts'

/** A hidden field is a field that does not exist; a row out of sight is a row that does not exist. No parameter tells them apart. */
const world = await openGallery()
type Json = Record<string, unknown>
const { rep = '', admin = '' } = world.acme.members
const send = (as: Person, path: string): Promise<Reply> => world.call(as, 'GET', `/api/${path}`)
const create = async (as: Person, path: string, body: Json): Promise<string> =>
  String(ok(await world.call(as, 'POST', `/api/${path}`, { body }))['id'])

let mine = '',
  theirs = '',
  group = ''
beforeAll(async () => {
  group = await create('admin@acme', 'gallery/groups', { name: 'Group', owner: admin, budget: '7.00' })
  const body = (name: string, owner: string): Json => ({
    name,
    owner,
    team: group,
    note: 'visible words',
    secret: '41.50',
    hidden_word: 'enigma',
    hidden_group: group,
    lines: [{ label: name, hidden_cost: '3.00' }],
  })
  mine = await create('admin@acme', 'gallery/samples', body('mine', rep))
  theirs = await create('admin@acme', 'gallery/samples', body('theirs', admin))
  for (let i = 0; i < 3; i++) await create('admin@acme', 'gallery/samples', { name: `more ${i}`, owner: rep })
})

/** All of an answer but the name that was asked for and the request's own id. */
const comparable = (reply: Reply, name: string): unknown => ({
  status: reply.status,
  type: reply.headers.get('content-type'),
  text: reply.text.replaceAll(name, '<name>').replace(/"requestId":"[^"]*"/, ''),
})

/** Where a name can stand in a request. */
const places: readonly ((name: string) => string)[] = [
  (name) => `?${name}=1`,
  (name) => `?${name}.gte=1`,
  (name) => `?${name}.null=true`,
  (name) => `?${name}.in=1,2`,
  (name) => `?${name}.contains=a`,
  (name) => `?${name}.nonsense=a`,
  (name) => `?${name}=not a number`,
  (name) => `?${name}.name=a`,
  (name) => `?${name}.amount.gte=1`,
  (name) => `?sort=${name}`,
  (name) => `?sort=-${name}`,
  (name) => `?sort=name,${name}.name`,
  (name) => `?fields=${name}`,
  (name) => `?fields=name,${name}.name`,
  (name) => `?expand=${name}`,
  (name) => `?expand=${name}.team`,
  (name) => `/${mine}?fields=${name}`,
  (name) => `/${mine}?expand=${name}`,
  (name) => `/aggregate?group=${name}`,
  (name) => `/aggregate?group=${name}:month`,
  (name) => `/aggregate?group=${name}.name`,
  (name) => `/aggregate?measure=sum(${name})`,
  (name) => `/aggregate?measure=max(${name})`,
  (name) => `/aggregate?having.sum(${name}).gte=1`,
  (name) => `/aggregate?having.max(${name}).lt=x`,
  (name) => `/aggregate?sort=${name}`,
  (name) => `/aggregate?${name}.gte=1`,
  (name) => `/export?${name}=1`,
  (name) => `/export?fields=${name}`,
  (name) => `/export?format=jsonl&sort=${name}`,
  (name) => `?next.${name}=1`,
  (name) => `?sort=next.${name}`,
  (name) => `?expand=next&fields=next.${name}`,
  (name) => `/aggregate?measure=sum(next.${name})`,
  (name) => `?team.${name}=1`,
  (name) => `?sort=team.${name}`,
  (name) => `/${mine}?${name}=1`,
  (name) => `/${mine}/history?${name}=1`,
]

describe('a hidden field answers as an unknown one', () => {
  it.each(places.map((place) => [place('…'), place] as const))('samples%s', async (_, place) => {
    for (const name of ['secret', 'hidden_word', 'hidden_group', 'budget']) {
      // As long as the name, so that both are equally near to every name there is.
      const unknown = 'q'.repeat(name.length)
      const [asHidden, asUnknown] = [
        await send('rep@acme', `gallery/samples${place(name)}`),
        await send('rep@acme', `gallery/samples${place(unknown)}`),
      ]
      expect(asHidden.status).toBe(400)
      expect(comparable(asHidden, name)).toEqual(comparable(asUnknown, unknown))
    }
  })

  it('and is there for whoever may know of it', async () => {
    for (const name of ['secret', 'hidden_word', 'hidden_group'])
      for (const place of [`?fields=${name}`, `?${name}.null=true`, `/export?fields=${name}`])
        expect([name, place, (await send('admin@acme', `gallery/samples${place}`)).status]).toEqual([name, place, 200])
  })

  it.each([
    '?hidden_cost=3',
    '?sort=hidden_cost',
    '/aggregate?measure=sum(hidden_cost)',
    '?parent.secret=1',
    '?sort=parent.hidden_word',
    '/aggregate?group=parent.hidden_group',
    '?fields=hidden_cost',
    '?expand=parent&fields=parent.secret',
  ])('also a column of lines and through the document: parts%s', async (query) => {
    const [, name = ''] = /(hidden_cost|secret|hidden_word|hidden_group)/.exec(query)!
    const unknown = 'q'.repeat(name.length)
    const [asHidden, asUnknown] = [
      await send('rep@acme', `gallery/parts${query}`),
      await send('rep@acme', `gallery/parts${query.replace(name, unknown)}`),
    ]
    expect(asHidden.status).toBe(400)
    expect(comparable(asHidden, name)).toEqual(comparable(asUnknown, unknown))
    expect((await send('admin@acme', `gallery/parts${query}`)).status).toBe(200)
  })

  it.each([
    ['crm/deals', 'margin'],
    ['inventory/products', 'unit_cost'],
    ['crm/companies', 'credit_limit'],
  ])('%s: %s', async (path, name) => {
    const unknown = 'q'.repeat(name.length)
    for (const query of [`?${name}.gte=1`, `?sort=${name}`, `?fields=${name}`, `/aggregate?measure=sum(${name})`]) {
      const reply = await send('rep@acme', `${path}${query}`)
      expect(reply.body).toMatchObject({ status: 400, code: 'field-unknown' })
      expect(comparable(reply, name)).toEqual(comparable(await send('rep@acme', `${path}${query.replace(name, unknown)}`), unknown))
    }
  })

  it('stands in no answer, no error, no suggestion', async () => {
    const paths = [
      '',
      '?expand=lines,team,next,owner',
      `/${mine}`,
      `/${mine}/history`,
      '/export',
      '/export?format=jsonl&expand=lines',
      '?secre=1',
      '?sort=hidden_wor',
      '?fields=hidden_grou',
      '/aggregate?group=secre',
      '?secrt.null=true',
    ]
    for (const path of paths) {
      const { text } = await send('rep@acme', `gallery/samples${path}`)
      for (const found of ['"secret"', 'hidden_word', 'hidden_group"', 'hidden_cost', '41.50', 'enigma', 'budget'])
        expect(text.replace(/(?:secre|hidden_wor|hidden_grou|secrt)"/g, ''), path).not.toContain(found)
    }
    const entities = ok(await send('rep@acme', 'catalogue'))['entities'] as Record<string, unknown>
    expect(JSON.stringify(entities['gallery.sample'])).not.toContain('hidden_word')
  })

  it('is not found by search, alone or together with words that may be seen', async () => {
    const found = async (as: Person, search: string): Promise<string[]> =>
      (ok(await send(as, `gallery/samples?search=${encodeURIComponent(search)}`))['data'] as { id: string }[]).map(({ id }) => id)
    expect(await found('admin@acme', 'enigma')).toEqual([theirs, mine])
    expect(await found('rep@acme', 'enigma')).toEqual([])
    expect(await found('rep@acme', 'visible enigma')).toEqual([])
    expect(await found('rep@acme', 'VISIBLE wor')).toEqual([mine])
    expect(ok(await send('rep@acme', 'gallery/samples/aggregate?search=enigma'))['data']).toEqual([{ count: 0 }])
    expect((await send('rep@acme', 'gallery/samples/export?format=jsonl&search=enigma')).text).toBe('')
  })
})

describe('scope own', () => {
  it('is the same set of rows behind every address, and for PostgreSQL itself', async () => {
    const own = (
      await world.sql<{ id: string }>(
        'select id from gallery.sample where tenant_id = $1 and owner = $2 and deleted_at is null order by id desc',
        [world.acme.id, rep],
      )
    ).map(({ id }) => id)
    const ids = (body: unknown): unknown[] => (body as { data: { id: string }[] }).data.map(({ id }) => id)
    const jsonl = (text: string): unknown[] =>
      text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => (JSON.parse(line) as { id: string }).id)
    expect(own).toContain(mine)
    expect(own).not.toContain(theirs)
    expect(ids((await send('rep@acme', 'gallery/samples')).body)).toEqual(own)
    expect(ok(await send('rep@acme', 'gallery/samples/aggregate'))['data']).toEqual([{ count: own.length }])
    expect(jsonl((await send('rep@acme', 'gallery/samples/export?format=jsonl')).text)).toEqual(own)
    for (const [query, expected] of [
      [`id=${theirs}`, []],
      [`id.in=${mine},${theirs}`, [mine]],
      ['name=theirs', []],
      ['name.contains=theirs', []],
      ['search=theirs', []],
      [`team=${group}`, [mine]],
      ['team.name=Group', [mine]],
    ] as const) {
      expect(ids((await send('rep@acme', `gallery/samples?${query}`)).body), query).toEqual(expected)
    }
    for (const path of [theirs, `${theirs}/history`, `${theirs}?deleted=only`])
      expect((await send('rep@acme', `gallery/samples/${path}`)).status).toBe(404)
    expect(
      ((await send('rep@acme', `gallery/groups/${group}?expand=samples`)).body as { _expand: { samples: unknown } })._expand.samples,
    ).toMatchObject({ data: [{ id: mine }], more: false })
    expect(((await send('rep@acme', 'gallery/parts')).body as { data: Json[] }).data.map((each) => each['label'])).toEqual(['mine'])
    expect(ok(await send('rep@acme', 'gallery/parts/aggregate?group=parent.name'))['data']).toEqual([{ 'parent.name': 'mine', count: 1 }])
    expect(await asReader('select id from gallery.sample where deleted_at is null order by id desc')).toEqual(own)
    expect(await asReader('select label as id from gallery.part')).toEqual(['mine'])
  })

  /** What psql shows under the serving role, with the settings of the representative. */
  async function asReader(query: string): Promise<unknown[]> {
    await world.sql('begin')
    try {
      await world.sql(
        `select set_config('bos.tenant', $1, true), set_config('bos.member', $2, true), set_config('bos.scopes', 'gallery.sample:own', true)`,
        [world.acme.id, rep],
      )
      await world.sql('set local role bos_read')
      return (await world.sql<{ id: string }>(query)).map(({ id }) => id)
    } finally {
      await world.sql('rollback')
    }
  }

  it('of one action holds where another action reaches further: all may be read, own exported, with their lines', async () => {
    const own = await create('rep@acme', 'gallery/groups', { name: 'Own', tasks: [{ name: 'own task' }] })
    await create('admin@acme', 'gallery/groups', { name: 'Other', tasks: [{ name: 'other task' }] })
    expect((ok(await send('rep@acme', 'gallery/groups'))['data'] as Json[]).map((each) => each['name'])).toEqual(['Other', 'Own', 'Group'])
    expect((await send('rep@acme', 'gallery/groups/export?format=jsonl&fields=name')).text).toBe(
      `${JSON.stringify({ id: own, name: 'Own' })}\n`,
    )
    expect((ok(await send('rep@acme', 'gallery/tasks'))['data'] as Json[]).map((each) => each['name'])).toEqual(['other task', 'own task'])
    expect((await send('rep@acme', 'gallery/tasks/export?format=jsonl&fields=name')).text).toMatch(
      /^\{"id":"[^"]+","position":1,"name":"own task"\}\n$/,
    )
  })
})

describe('a cursor', () => {
  const cursorOf = async (as: Person, query = ''): Promise<string> =>
    (ok(await send(as, `gallery/samples?limit=1${query}`))['page'] as { nextCursor: string }).nextCursor
  it('serves only whom it was given to, for the same list, unaltered', async () => {
    const cursor = await cursorOf('rep@acme', '&sort=name')
    const use = async (as: Person, given: string, query = '&sort=name'): Promise<number> =>
      (await send(as, `gallery/samples?limit=1${query}&cursor=${encodeURIComponent(given)}`)).status
    expect(await use('rep@acme', cursor)).toBe(200)
    expect(await use('rep@acme', cursor, '&sort=name&fields=name&count=exact&limit=1'.replace('&limit=1', ''))).toBe(200)
    for (const as of ['manager@acme', 'admin@acme', 'rep@globex'] as const) expect(await use(as, cursor)).toBe(400)
    for (const query of [
      '',
      '&sort=-name',
      '&sort=name,amount',
      '&sort=name&name=x',
      '&sort=name&search=more',
      '&sort=name&deleted=only',
      '&sort=name&state=mid',
    ])
      expect(await use('rep@acme', cursor, query), query).toBe(400)
    for (let at = 0; at < cursor.length; at += 7)
      expect(await use('rep@acme', cursor.slice(0, at) + (cursor[at] === 'A' ? 'B' : 'A') + cursor.slice(at + 1))).toBe(400)
    for (const forged of [
      '',
      'x',
      '%',
      `${cursor}=`,
      `${cursor}!`,
      ` ${cursor}`,
      cursor.slice(0, -1),
      Buffer.from('["mine","x"]').toString('base64url'),
      'A'.repeat(5000),
    ])
      expect(await use('rep@acme', forged), forged).toBe(400)
    expect((await send('rep@acme', `gallery/parts?limit=1&cursor=${encodeURIComponent(cursor)}`)).status).toBe(400)
  })
})

describe('whatever stands in a parameter', () => {
  const attacks = [
    `'`,
    `"`,
    `';drop table gallery.sample;--`,
    `" or 1=1 --`,
    `1) or (1=1`,
    '\\',
    '%',
    '_',
    '$1',
    '${1}',
    '\u0000',
    '\u202e',
    '😀',
    '__proto__',
    'constructor',
    'toString',
    'a'.repeat(3000),
    '1e999',
    'NaN',
    '-0',
    '{}',
    '[]',
    '[1',
    'null',
    '..',
    '.',
    ',',
    ':',
    '()',
    'sum(',
    'name.name',
    'parent.parent',
  ]
  const templates = [
    '?X=1',
    '?name=X',
    '?X.eq=1',
    '?name.X=1',
    '?name.contains=X',
    '?amount.gte=X',
    '?price.in=X',
    '?day.lt=X',
    '?moment.gt=X',
    '?flag=X',
    '?state=X',
    '?team=X',
    '?team.in=X',
    '?about=X',
    '?cost.gte=X',
    '?span=X',
    '?clock=X',
    '?marks.contains=X',
    '?words.in=X',
    '?id=X',
    '?created_at.lt=X',
    '?name.null=X',
    '?sort=X',
    '?sort=-X',
    '?fields=X',
    '?fields=name.X',
    '?expand=X',
    '?expand=team.X',
    '?search=X',
    '?limit=X',
    '?cursor=X',
    '?count=X',
    '?deleted=X',
    '?filter=X',
    '/aggregate?group=X',
    '/aggregate?group=day:X',
    '/aggregate?group=X:month',
    '/aggregate?measure=X',
    '/aggregate?measure=sum(X)',
    '/aggregate?having.X=1',
    '/aggregate?having.count.gte=X',
    '/aggregate?having.count.X=1',
    '/aggregate?having.max(day).gte=X',
    '/aggregate?sort=X',
    '/export?format=X',
    '/export?X=1',
    '/ID?fields=X',
    '/ID?X=1',
    '/ID/history?limit=X',
    '/ID/history?before=X',
    '/X',
    '/X/history',
    '/ID/X',
  ]
  it.each(templates)('samples%s is answered or refused, never an error of ours', async (template) => {
    const tables = await world.sql('select count(*) as n from gallery.sample')
    for (const attack of attacks) {
      const path = template.replace('ID', mine).replace('X', encodeURIComponent(attack))
      const reply = await send('admin@acme', `gallery/samples${path}`)
      expect([200, 400, 404], `${path} ${reply.text}`).toContain(reply.status)
      if (reply.status !== 200) expect(reply.body).toMatchObject({ code: expect.any(String), requestId: expect.any(String) })
    }
    expect(await world.sql('select count(*) as n from gallery.sample')).toEqual(tables)
  })

  it.each([
    'limit=1e9',
    'limit=501',
    'limit=0',
    'limit=-1',
    'limit=',
    'limit=1&limit=2',
    'sort=name&sort=name',
    'search=a&search=b',
    'fields=name&fields=code',
    'count=yes',
    'deleted=all',
    'filter=self.name',
    `search=${'a'.repeat(201)}`,
    'sort=name,name,name,name,name,name',
    'next.next.next.next.name=x',
    'name.in=[1',
    'price=1.2.3',
    'sort=extra',
    'extra=1',
    'marks=red',
    Array.from({ length: 51 }, () => 'name=a').join('&'),
  ])('samples?%s is refused', async (query) => {
    expect((await send('admin@acme', `gallery/samples?${query}`)).body).toMatchObject({
      status: 400,
      errors: [{ pointer: expect.any(String) }],
    })
  })

  it('a name that was nearly right is suggested', async () => {
    for (const [query, name] of [
      ['?nmae=x', 'name'],
      ['?sort=-amuont', 'amount'],
      ['?fields=prce', 'price'],
      ['/aggregate?group=stat', 'state'],
      ['/aggregate?measure=sum(amout)', 'amount'],
    ] as const) {
      expect((await send('rep@acme', `gallery/samples${query}`)).body).toMatchObject({
        code: 'field-unknown',
        detail: expect.stringContaining(`Did you mean "${name}"?`),
      })
    }
  })
})
