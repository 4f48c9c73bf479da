import { describe, expect, test } from 'vitest'
import { openPolicies } from '../testing/policies.ts'
import { ok } from '../testing/world.ts'
import type { Person, Reply } from '../testing/world.ts'

/** Records that hold formulas, at every door. */
const world = await openPolicies()
type Data = Record<string, unknown> & { id: string }
const rules = '/api/policy/rules'
const call = (as: Person, method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Reply> =>
  world.call(as, method, path, { ...(body !== undefined && { body }), headers })
const make = async (body: object, as: Person = 'admin@acme'): Promise<Data> => ok(await call(as, 'POST', rules, body)) as Data
const get = async (path: string, as: Person = 'admin@acme'): Promise<Data> => ok(await call(as, 'GET', `${rules}/${path}`)) as Data
const list = async (query: string, as: Person = 'admin@acme'): Promise<Data[]> =>
  (await get(`?${query}`, as).catch(async () => ok(await call(as, 'GET', `${rules}?${query}`))))['data'] as Data[]
const told = ({ status, body }: Reply): unknown => [
  status,
  ...((body as { errors?: { pointer: string; detail: string }[] }).errors ?? []).map(({ pointer, detail }) => `${pointer} ${detail}`),
]
const clerk = 'rep@acme'
const secret = 'self.margin < 10'
const notShown = 'This is not shown to you here, so you may not change it.'

describe('what is refused', () => {
  test.each<[name: string, as: Person, body: object, faults: readonly unknown[]]>([
    ['no text', 'admin@acme', { condition: 5 }, ['/condition must be text: a formula']],
    ['no formula', 'admin@acme', { condition: 'self.total >' }, [expect.stringMatching(/^\/condition Characters? \d+.*: .+\.$/)]],
    [
      'an unknown name',
      'admin@acme',
      { condition: 'self.totl > 5' },
      ['/condition Characters 6–9: Order has no "totl". Did you mean "total"?'],
    ],
    [
      'another kind of answer',
      'admin@acme',
      { condition: 'self.total' },
      [expect.stringMatching(/^\/condition Characters 1–10: this is a number/)],
    ],
    [
      'in a line',
      'admin@acme',
      { steps: [{ applies: '1' }] },
      [expect.stringMatching(/^\/steps\/0\/applies Character 1: this is a number/)],
    ],
    ['a root of modules alone', 'admin@acme', { condition: 'old.total > 1' }, [expect.stringMatching(/^\/condition Characters 1–3: /)]],
    ['a name that is hidden from its writer', clerk, { condition: secret }, ['/condition Characters 6–11: Order has no "margin".']],
    [
      'of an entity that its writer does not know',
      clerk,
      { severe: 'true' },
      ['/severe This is about records that your role does not know.'],
    ],
    ['too long', 'admin@acme', { condition: `'${'x'.repeat(5000)}' == ''` }, [expect.stringMatching(/^\/condition .*4,?000/)]],
  ])('%s', async (_name, as, body, faults) => {
    expect(told(await call(as, 'POST', rules, { name: 'x', ...body }))).toEqual([422, ...faults])
  })

  test('more of them in one request than can be checked at once', async () => {
    const applies = `'${'x'.repeat(3_980)}' != ''`
    const steps = Array.from({ length: 30 }, () => ({ applies }))
    const [status, first, ...rest] = told(await call('admin@acme', 'POST', rules, { name: 'x', steps })) as string[]
    expect([status, first]).toEqual([422, '/steps/25/applies A request has at most 100000 characters of formulas.'])
    expect(rest).toHaveLength(4)
  })

  test('to change what does not compile, with its place', async () => {
    const { id } = await make({ name: 'x', condition: 'self.total > 5' })
    expect(told(await call('admin@acme', 'PATCH', `${rules}/${id}`, { condition: 'self.totl > 5' }))).toEqual([
      422,
      '/condition Characters 6–9: Order has no "totl". Did you mean "total"?',
    ])
  })

  test('to sort, group, compare or search by one', async () => {
    for (const query of ['?sort=condition', '?condition=a', '?condition.contains=a', '/aggregate?group=condition'])
      expect((await call('admin@acme', 'GET', `${rules}${query}`)).status, query).toBe(400)
  })

  test('to read one in another expression', async () => {
    const filter = (text: string) => call(clerk, 'GET', `${rules}?filter=${encodeURIComponent(text)}`)
    expect(told(await filter('self.condition == null'))).toEqual([
      400,
      'filter Characters 6–14: "condition" holds a formula, which no other expression reads.',
    ])
    expect(told(await filter('exists(self.steps, s, s.applies != null)'))).toEqual([
      400,
      expect.stringContaining('"applies" holds a formula'),
    ])
  })
})

describe('a formula', () => {
  test('is answered as it was meant, in one style', async () => {
    const made = await make({ name: 'Large', condition: "self.total>100 &&self.stage=='open'", points: ' self.total*1.5 ' })
    expect(made).toMatchObject({ condition: "self.total > 100 && self.stage == 'open'", points: 'self.total * 1.5' })
    expect(await get(made.id)).toMatchObject({ condition: "self.total > 100 && self.stage == 'open'" })
    const [row] = await world.sql<{ condition: { reads: string[] } }>('select condition from policy.rule where id = $1', [made.id])
    expect(row!.condition.reads).toEqual(['policy.order', 'policy.order/stage', 'policy.order/total'])
  })

  test('is the same when it is sent back, or written in another style', async () => {
    const made = await make({
      name: 'Same',
      condition: 'self.total > 100',
      first: 'self.total > 1',
      steps: [{ applies: 'self.total == 1' }],
    })
    const whole = await get(made.id)
    expect(ok(await call('admin@acme', 'PATCH', `${rules}/${made.id}?replace=steps`, whole))).toMatchObject({ version: 1 })
    expect(ok(await call('admin@acme', 'PATCH', `${rules}/${made.id}`, { condition: '(self.total>100)' }))).toMatchObject({ version: 1 })
    expect(ok(await call('admin@acme', 'PATCH', `${rules}/${made.id}`, { condition: 'self.total > 101' }))).toMatchObject({
      version: 2,
      condition: 'self.total > 101',
    })
    expect(told(await call('admin@acme', 'PATCH', `${rules}/${made.id}`, { first: 'self.total > 2' }))).toEqual([
      422,
      '/first First condition is set once, when the record is created.',
    ])
  })

  test('is there or not, for filters', async () => {
    const [some, none] = [await make({ name: 'filter', condition: 'true' }), await make({ name: 'filter', condition: null })]
    expect((await list('name=filter&condition.null=true')).map((each) => each.id)).toEqual([none.id])
    expect((await list('name=filter&condition.null=false')).map((each) => each.id)).toEqual([some.id])
  })
})

describe('who may not know of something it reads', () => {
  test('is told nothing of it, at no door', async () => {
    const above = await make({
      name: 'above',
      condition: secret,
      steps: [
        { label: 'a', applies: secret },
        { label: 'b', applies: 'self.total > 1' },
      ],
    })
    const { id } = await make({ name: 'withheld', condition: secret, severe: "self.finding == 'x'", points: 'self.total', above: above.id })
    ok(await call('admin@acme', 'PATCH', `${rules}/${id}`, { condition: 'self.margin < 9', name: 'withheld' }))
    const paths = [
      `${rules}/${id}?expand=above`,
      `${rules}/${above.id}?expand=below`,
      `${rules}/${id}?fields=condition`,
      `${rules}?name=withheld&expand=above`,
      `${rules}/export?format=csv&name=withheld`,
      `${rules}/export?format=jsonl&name=withheld&expand=above`,
      `${rules}/${id}/history`,
      `${rules}/${id}/explain?action=update`,
    ]
    const why = ok(await call(clerk, 'GET', `${rules}/${id}/explain?action=update&field=condition`)) as { field: object }
    expect(why.field).toMatchObject({
      shown: false,
      editable: false,
      because: expect.arrayContaining([{ about: 'shown', detail: 'Condition is made of what is not shown here.' }]),
    })
    for (const path of paths) {
      expect((await call('admin@acme', 'GET', path)).text, path).not.toMatch(/"syntax"/)
      const reply = await call(clerk, 'GET', path)
      expect(reply.status, path).toBe(200)
      expect(reply.text, path).not.toMatch(/margin|finding|syntax/)
    }
    const seen = await get(`${id}?expand=above`, clerk)
    expect(seen).not.toHaveProperty('condition')
    expect(seen).toMatchObject({ _masked: ['condition', 'severe'], points: 'self.total', _expand: { above: { _masked: ['condition'] } } })
    expect(await get(above.id, clerk)).toMatchObject({ steps: [{ _masked: ['applies'] }, { applies: 'self.total > 1' }] })
    expect(await get(`${above.id}?expand=below`, clerk)).toMatchObject({
      _expand: { below: { data: [{ _masked: ['condition', 'severe'] }] } },
    })
    expect((await list('name=withheld', clerk))[0]).toMatchObject({ _masked: ['condition', 'severe'] })
    // A mask that hangs on the record is no secret name.
    expect((await get((await make({ name: 'cost', condition: 'self.cost > 1' })).id, clerk))['condition']).toBe('self.cost > 1')
  })

  test('is told in how many lines it is so, and of no line by itself', async () => {
    const step = (applies: string | null) => ({ applies })
    const asked = async (steps: readonly object[], as: Person, more = '') => {
      const { id } = await make({ name: 'lines', steps })
      const reply = await call(as, 'GET', `${rules}/${id}/explain?action=update&field=steps.applies${more}`)
      expect(reply.text).not.toMatch(as === clerk ? /margin|syntax/ : /syntax/)
      const { shown, editable, because } = (ok(reply) as { field: { shown: boolean; editable: boolean; because: { detail: string }[] } })
        .field
      return [shown, editable, ...because.map(({ detail }) => detail).filter((each) => /not shown/.test(each))]
    }
    const some = [step(secret), step('self.total > 1'), step(null)]
    expect(await asked(some, 'admin@acme')).toEqual([true, true])
    expect(await asked(some, clerk)).toEqual([
      true,
      true,
      'In 1 of 3 lines Applies is made of what is not shown here.',
      'In 1 of 3 lines what is not shown may not be changed.',
    ])
    expect(await asked([step(secret)], clerk)).toEqual([
      false,
      false,
      'Applies is made of what is not shown here.',
      'What is not shown may not be changed.',
    ])
    expect(await asked([], clerk)).toEqual([true, true])
    const [clerks] = await world.sql<{ id: string }>("select id from core.member where email = 'rep@acme.test'")
    expect(await asked(some, 'admin@acme', `&as=${clerks!.id}`)).toEqual(await asked(some, clerk))
    const { id, steps } = (await make({ name: 'lines', steps: some })) as Data & { steps: readonly Data[] }
    for (const field of [`steps.${steps[0]!.id}.applies`, 'steps.0.applies', 'steps.applies.x', 'steps.', 'condition.syntax'])
      expect((await call(clerk, 'GET', `${rules}/${id}/explain?action=update&field=${field}`)).status, field).toBe(400)
  })

  test('does not change it', async () => {
    const { id } = await make({ name: 'kept', condition: secret, steps: [{ label: 'a', applies: secret }] })
    const path = `${rules}/${id}`
    for (const condition of ['self.total > 1', null, secret, 'nonsense'])
      expect(told(await call(clerk, 'PATCH', path, { condition })), String(condition)).toEqual([422, `/condition ${notShown}`])
    const seen = await get(id, clerk)
    const [{ id: step }] = seen['steps'] as [Data]
    expect(told(await call(clerk, 'PATCH', path, { steps: { [step]: { applies: 'true' } } }))).toEqual([
      422,
      `/steps/${step}/applies ${notShown}`,
    ])
    // What they are shown they may send back, and change.
    expect(ok(await call(clerk, 'PATCH', `${path}?replace=steps`, { ...seen, name: 'changed' }))).toMatchObject({ name: 'changed' })
    expect(await get(id)).toMatchObject({ name: 'changed', condition: secret, steps: [{ label: 'a', applies: secret }] })
  })
})

describe('one that no longer compiles', () => {
  /** As after an upgrade that took the property `gone` away. */
  const spoil = async (text: string, more: object = {}): Promise<string> => {
    const { id } = await make({ name: 'old', condition: text })
    await world.sql(`update policy.rule set condition = replace(condition::text, '"total"', '"gone"')::jsonb || $2 where id = $1`, [
      id,
      JSON.stringify({ text: text.replace('total', 'gone'), ...more }),
    ])
    await world.sql(
      `update policy.rule set condition = replace(condition::text, 'policy.order/total', 'policy.order/gone')::jsonb where id = $1`,
      [id],
    )
    return id
  }

  test('is its text, stays as it is, and cannot be written anew', async () => {
    const id = await spoil('self.total > 5')
    for (const as of ['admin@acme', clerk] as const) expect(await get(id, as)).toMatchObject({ condition: 'self.gone > 5' })
    expect(ok(await call('admin@acme', 'PATCH', `${rules}/${id}`, { condition: 'self.gone > 5', name: 'newer' }))).toMatchObject({
      version: 2,
      condition: 'self.gone > 5',
    })
    expect(told(await call('admin@acme', 'PATCH', `${rules}/${id}`, { condition: 'self.gone > 6' }))).toEqual([
      422,
      '/condition Characters 6–9: Order has no "gone".',
    ])
  })

  test('is withheld from who may not know all that is left', async () => {
    const id = await spoil('self.total > 5 && self.margin < 1')
    expect(await get(id)).toMatchObject({ condition: 'self.gone > 5 && self.margin < 1' })
    expect(await get(id, clerk)).toMatchObject({ _masked: ['condition'] })
    expect((await call(clerk, 'GET', `${rules}/${id}`)).text).not.toContain('margin')
    expect(told(await call(clerk, 'PATCH', `${rules}/${id}`, { condition: null }))).toEqual([422, `/condition ${notShown}`])
  })
})

describe('what describes the doors', () => {
  const withSevere = (value: unknown): Record<string, unknown>[] => {
    if (typeof value !== 'object' || value === null) return []
    const here = Object.hasOwn(value, 'properties') && Object.hasOwn((value as { properties: object }).properties, 'severe')
    return [...(here ? [value as Record<string, unknown>] : []), ...Object.values(value).flatMap(withSevere)]
  }

  test('names what a formula is about to whoever may know it', async () => {
    const settings = async (as: Person) => {
      const { entities } = ok(await call(as, 'GET', '/api/catalogue')) as {
        entities: Record<string, { fields: { name: string; settings: unknown }[] }>
      }
      const fields = entities['policy.rule']!.fields
      return ['condition', 'points', 'severe'].map((name) => fields.find((each) => each.name === name)?.settings)
    }
    const order = { entity: 'policy.order', result: 'boolean' }
    expect(await settings('admin@acme')).toEqual([order, { ...order, result: 'decimal' }, { entity: 'policy.audit', result: 'boolean' }])
    expect(await settings(clerk)).toEqual([order, { ...order, result: 'decimal' }, { entity: null, result: 'boolean' }])
    expect((await call(clerk, 'GET', '/api/catalogue')).text).not.toMatch(/policy\.audit|finding/)
    expect((await call(clerk, 'GET', '/api/openapi.json')).text).not.toMatch(/policy\.audit|finding/i)
  })

  test('says that each may be withheld, and that it is text', async () => {
    const read = withSevere(ok(await call(clerk, 'GET', '/api/openapi.json'))).find((each) => '_masked' in (each['properties'] as object))
    expect(read).toMatchObject({
      required: expect.not.arrayContaining(['condition']),
      properties: { _masked: { items: { enum: ['condition', 'points', 'severe', 'first'] } } },
    })
    expect(JSON.stringify((read!['properties'] as Record<string, unknown>)['condition'])).toMatch(
      /"string".*A formula that answers true or false/,
    )
  })
})

describe('by file', () => {
  async function imported(csv: string, query = '', as: Person = 'admin@acme'): Promise<Record<string, unknown>> {
    const { id } = ok(await call(as, 'POST', `${rules}/import${query}`, csv, { 'content-type': 'text/csv' })) as Data
    let job: Record<string, unknown> = {}
    await expect
      .poll(async () => (job = ok(await call(as, 'GET', `/api/jobs/${id}`)))['status'], { timeout: 25_000 })
      .toMatch(/done|failed/)
    return job
  }

  test('an import refuses what means nothing and takes the rest', async () => {
    const job = await imported('Name,Code,Condition\nfile,f1,self.total>7\nfile,f2,self.totl > 7\n')
    expect(job['result']).toMatchObject({
      created: 1,
      faults: [{ row: 3, column: 'Condition', detail: 'Characters 6–9: Order has no "totl". Did you mean "total"?' }],
    })
    expect(await list('name=file')).toMatchObject([{ code: 'f1', condition: 'self.total > 7' }])
  })

  test('what an export writes an import reads; what was withheld stays', async () => {
    const open = await make({ name: 'round', code: 'r1', condition: '-self.total > 1', points: 'self.total + 1' })
    const shut = await make({ name: 'round', code: 'r2', condition: secret, points: 'self.total' })
    const { text } = await call('admin@acme', 'GET', `${rules}/export?name=round&fields=code,name,condition,points&format=csv`)
    expect(text).toContain(secret)
    await imported(text, '?mode=upsert&key=code')
    for (const { id } of [open, shut]) expect(await get(id)).toMatchObject({ version: 1 })
  })
})

test('a record of which a formula is withheld is copied by nobody whom it is withheld from, and they are told why', async () => {
  const alerts = '/api/policy/alerts'
  const alert = async (condition: string): Promise<string> =>
    String(ok(await call('admin@acme', 'POST', alerts, { name: 'alert', condition }))['id'])
  const whole = 'Not all of this record is shown to you, so you may not make a copy of it.'
  const [kept, shown] = [await alert(secret), await alert('self.total < 10')]
  for (const [method, path, body] of [
    ['POST', `${alerts}/${kept}/renew`, {}],
    ['POST', `${alerts}/${kept}/renew?dryRun=true`, {}],
    ['PATCH', `${alerts}/${kept}`, { state: 'old' }],
  ] as const)
    expect([path, await call(clerk, method, path, body)]).toMatchObject([path, { status: 403, body: { detail: whole } }])
  const explained = ok(await call(clerk, 'GET', `${alerts}/${kept}/explain?action=renew`))
  expect(explained).toMatchObject({ allowed: false, refused: [{ detail: whole }], would: { allowed: false, faults: [{ detail: whole }] } })
  expect((ok(await call('admin@acme', 'GET', `${alerts}?renews=${kept}`))['data'] as Data[]).length).toBe(0)
  ok(await call(clerk, 'POST', `${alerts}/${shown}/renew`, {}))
  expect(ok(await call('admin@acme', 'GET', `${alerts}?renews=${shown}`))['data']).toMatchObject([{ condition: 'self.total < 10' }])
})
