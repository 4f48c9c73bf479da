import { Client } from 'pg'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { applyCatalogues, applyShape, planShape } from './apply.ts'
import type { Outcome } from './apply.ts'
import { describeShape } from './describe.ts'
import { sampleSketch, sketchCatalogue } from '../testing/sketch.ts'
import type { EntitySketch, Sketch } from '../testing/sketch.ts'
import { inspectShape } from './inspect.ts'
import type { Session } from '../database/types.ts'
import { desiredShape } from './shape.ts'
import { nativeSession } from '../testing/schema.ts'

const wanted = (...sketches: Sketch[]) => desiredShape(sketches.map(sketchCatalogue)).shape
const tenant = '00000000-0000-4000-8000-000000000001'

const sample = { name: 'sample', build: (owner: Session) => applyCatalogues(owner, [sketchCatalogue(sampleSketch)]) }
let session: Awaited<ReturnType<typeof nativeSession>>
/** Set by tests that have proved that everything is as it was: the next one goes on with the same database. */
let isAsBefore = false
beforeEach(async () => {
  if (!isAsBefore) session = await nativeSession(sample)
  isAsBefore = false
})
afterEach(async () => {
  if (!isAsBefore) await session.close()
})
afterAll(async () => {
  if (isAsBefore) await session.close()
})

/** For tests that do not begin with the sample. */
async function beginEmpty(): Promise<void> {
  await session.close()
  session = await nativeSession()
}

const apply = (...sketches: Sketch[]): Promise<Outcome> => applyCatalogues(session, sketches.map(sketchCatalogue))
const did = (outcome: Outcome): string[] => outcome.steps.map((step) => `${step.entity}: ${step.kind} ${step.name}`)

/** Everything about the module tables and what is remembered of them. */
async function everything(of: Session = session): Promise<string> {
  await of.query('begin')
  const { reported, memory } = await inspectShape(of, ['core', 'crm'])
  await of.query('rollback')
  return describeShape(reported) + JSON.stringify(memory)
}

const insertDeal = (id: number, more: Record<string, unknown> = {}): Promise<unknown> => insert('crm.deal', id, more)
async function insert(table: string, id: number, more: Record<string, unknown>): Promise<void> {
  const row = { version: 1, revision: 1, created_at: '2026-01-01', created_via: 'seed', updated_at: '2026-01-01', ...more }
  const names = ['tenant_id', 'id', ...Object.keys(row)].map((name) => `"${name}"`)
  await session.query(`insert into ${table} (${names.join(', ')}) values (${names.map((_, i) => `$${i + 1}`).join(', ')})`, [
    tenant,
    `00000000-0000-4000-8000-${String(id).padStart(12, '0')}`,
    ...Object.values(row),
  ])
}

const deal = (change: Partial<EntitySketch> | ((was: EntitySketch) => Partial<EntitySketch>)): Sketch => {
  const was: EntitySketch = sampleSketch['crm.deal']
  return { ...sampleSketch, 'crm.deal': { ...was, ...(typeof change === 'function' ? change(was) : change) } }
}
const withField = (name: string, node: EntitySketch['fields'][string], more: Partial<EntitySketch> = {}): Sketch =>
  deal((was) => ({ fields: { ...was.fields, [name]: node }, ...more }))
function withoutField(name: string, more: Partial<EntitySketch> = {}): Sketch {
  return deal((was) => ({ fields: Object.fromEntries(Object.entries(was.fields).filter(([each]) => each !== name)), ...more }))
}

describe('refused, with everything left as it was', () => {
  const cases: [string, Sketch, { field: string | null; there: RegExp; wanted: RegExp }][] = [
    ['another type', withField('close', { type: 'text' }), { field: 'close', there: /^date$/, wanted: /text/ }],
    [
      'another scale',
      withField('margin', { type: 'decimal', scale: 4, index: true }),
      { field: 'margin', there: /numeric\(18,2\)/, wanted: /numeric\(18,4\)/ },
    ],
    [
      'several targets instead of one',
      withField('company', { type: 'reference', entity: ['crm.company', 'core.member'] }, { unique: [] }),
      { field: 'company', there: /^company uuid/, wanted: /^company__core__member, company__crm__company$/ },
    ],
    [
      'a fixed currency where each value has its own',
      withField('value', { type: 'money', precision: 14, scale: 2, index: true, currency: 'EUR' }),
      { field: 'value', there: /value__currency/, wanted: /value/ },
    ],
    [
      'a unique key that rows break',
      deal((was) => ({ unique: [...was.unique!, { id: 'stage', fields: ['stage'] }] })),
      { field: null, there: /could not create unique index "crm__deal__stage__key"/, wanted: /crm__deal__stage__key/ },
    ],
    [
      'another target that rows do not meet',
      withField('owner', { type: 'reference', entity: 'core.team' }),
      { field: 'owner', there: /violates foreign key/, wanted: /crm__deal__owner__fkey/ },
    ],
  ]

  test.each(cases)('%s', async (_, sketch, reason) => {
    await insert('core.member', 1, { name: 'Ada' })
    await insertDeal(2, { name: 'One', stage: 'new', owner: '00000000-0000-4000-8000-000000000001' })
    await insertDeal(3, { name: 'Two', stage: 'new' })
    const before = await everything()
    // Something that could be done comes along and must not be done either.
    const outcome = await apply({ ...sketch, 'crm.extra': { fields: { a: { type: 'text' } } } })
    expect(outcome.status).toBe('refused')
    expect(outcome.steps).toEqual([])
    expect(outcome.refusals).toEqual([
      expect.objectContaining({
        entity: 'crm.deal',
        field: reason.field,
        there: expect.stringMatching(reason.there),
        wanted: expect.stringMatching(reason.wanted),
      }),
    ])
    expect(await everything()).toBe(before)
    await session.query('delete from crm.deal; delete from core.member')
    isAsBefore = true
  })

  test('what was dropped or renamed by hand', async () => {
    await session.query('alter table crm.deal rename column stage to phase')
    await session.query('drop table crm.booking')
    const before = await everything()
    const outcome = await apply(sampleSketch)
    expect(outcome.refusals.map(({ entity, field }) => [entity, field])).toEqual([
      ['crm.booking', null],
      ['crm.deal', 'stage'],
    ])
    expect(outcome.refusals[1]!.message).toContain('dropped or renamed by hand')
    expect(await everything()).toBe(before)
  })

  test('a table or schema of somebody else', async () => {
    await beginEmpty()
    await session.query('reset role')
    await session.query('create schema crm; create schema core authorization bos_owner; create table core.tag (a int)')
    await session.query('set role bos_owner')
    const { refusals } = await apply(sampleSketch)
    expect(refusals.map((each) => each.entity)).toEqual(['crm', 'core.tag'])
  })

  test('two catalogues that cannot share a table', async () => {
    await beginEmpty()
    const outcome = await apply(sampleSketch, withField('close', { type: 'text' }))
    expect(outcome).toMatchObject({ status: 'refused', refusals: [{ entity: 'crm.deal', field: 'close' }] })
    expect(await everything()).toBe('\nnull')
  })
})

describe('applied', () => {
  test('once: the shape stands as described, and a second time there is nothing to do', async () => {
    await beginEmpty()
    const shape = wanted(sampleSketch)
    const first = await applyShape(session, shape)
    expect(first).toMatchObject({ status: 'applied', refusals: [], retired: [], foreign: [] })
    await session.query('begin')
    const { actual } = await inspectShape(session, ['core', 'crm'])
    await session.query('rollback')
    expect(describeShape(actual)).toBe(describeShape(shape))
    const statements: string[] = []
    const watched: Session = { query: (text, values) => (statements.push(text.trim().split(/\s/)[0]!), session.query(text, values)) }
    expect(await applyShape(watched, shape)).toEqual({ status: 'unchanged', steps: [], refusals: [], retired: [], foreign: [] })
    expect(statements).toEqual(['begin', 'set', 'with', 'rollback'])
  })

  const additions: [string, Sketch, string[]][] = [
    [
      'an entity',
      { ...sampleSketch, 'crm.lead': { fields: { from: { type: 'reference', entity: 'crm.company' } } } },
      ['crm.lead: create table crm.lead', 'crm.lead: link table crm.lead'],
    ],
    [
      'a module',
      { ...sampleSketch, 'hr.leave': { fields: {} } },
      ['hr: create schema hr', 'hr.leave: create table hr.leave', 'hr.leave: link table hr.leave'],
    ],
    ['a field', withField('probability', { type: 'percent' }), ['crm.deal: alter columns probability']],
    [
      'a reference',
      withField('contact', { type: 'reference', entity: 'core.member' }),
      [
        'crm.deal: alter columns contact',
        'crm.deal: add index crm__deal__contact__ref',
        'crm.deal: add foreign key crm__deal__contact__fkey',
      ],
    ],
    ['an option, which is no matter of the tables', withField('stage', { type: 'select', enum: ['new', 'won', 'lost'], index: true }), []],
    [
      'a unique key',
      deal((was) => ({ unique: [...was.unique!, { id: 'close', fields: ['close'] }] })),
      ['crm.deal: add unique crm__deal__close__key'],
    ],
    ['an index', withField('close', { type: 'date', index: true }, { search: ['name'] }), []],
    [
      'an indexed number, with its shadow',
      withField('weight', { type: 'decimal', scale: 1, index: true }),
      ['crm.deal: alter columns weight, weight__n', 'crm.deal: add index crm__deal__weight__idx'],
    ],
    [
      'a searched field: the vector and its index are made anew',
      withField('city', { type: 'text' }, { search: ['name', 'city'] }),
      [
        'crm.deal: drop index crm__deal__search',
        'crm.deal: alter columns bos__search, city, city__f',
        'crm.deal: add index crm__deal__city__f__trgm',
        'crm.deal: add index crm__deal__search',
      ],
    ],
    ['more digits: shadow and index are made anew', withField('margin', { type: 'decimal', scale: 2, precision: 18, index: true }), []],
    [
      'a target',
      {
        ...sampleSketch,
        'core.note': {
          fields: { ...sampleSketch['core.note'].fields, about: { type: 'reference', entity: ['crm.company', 'crm.deal', 'core.member'] } },
        },
      },
      [
        'core.note: drop check core__note__about__check',
        'core.note: alter columns about__core__member',
        'core.note: add check core__note__about__check',
        'core.note: add index core__note__about__core__member__ref',
        'core.note: add foreign key core__note__about__core__member__fkey',
      ],
    ],
    ['a scope', deal((was) => ({ fields: was.fields, owner: 'owner' })), []],
  ]
  test.each(additions)('%s', async (_, sketch, steps) => {
    await insertDeal(1, { name: 'Kept', margin: '1.50' })
    const outcome = await apply(sketch)
    expect(outcome.refusals).toEqual([])
    expect(did(outcome)).toEqual(steps)
    expect((await apply(sketch)).status).toBe('unchanged')
    expect((await session.query('select name, margin__n from crm.deal')).rows).toEqual([{ name: 'Kept', margin__n: '150' }])
  })

  test('wider numbers, with everything that is built on them', async () => {
    await beginEmpty()
    const narrow = withField('margin', { type: 'decimal', scale: 2, precision: 9, index: true })
    await apply(narrow)
    await insertDeal(1, { margin: '1.50' })
    expect(did(await apply(sampleSketch))).toEqual([
      'crm.deal: drop index crm__deal__margin__idx',
      'crm.deal: alter columns margin__n, margin',
      'crm.deal: add index crm__deal__margin__idx',
    ])
    expect((await session.query('select margin, margin__n from crm.deal')).rows).toEqual([{ margin: '1.50', margin__n: '150' }])
    // The old version alone again: what is wider than wanted stays.
    expect((await apply(narrow)).status).toBe('unchanged')
    // Beyond 18 digits no bigint holds it: the shadow goes.
    const wide = withField('margin', { type: 'decimal', scale: 2, precision: 30 })
    expect(did(await apply(wide))).toEqual(['crm.deal: drop index crm__deal__margin__idx', 'crm.deal: alter columns margin__n, margin'])
  })

  test('a field and an entity that nobody wants any more stay, and come back with their data', async () => {
    await insertDeal(1, { name: 'Kept', stage: 'won' })
    const { 'crm.booking': _, ...rest } = withoutField('stage')
    const outcome = await apply(rest)
    expect(outcome).toMatchObject({ status: 'applied', retired: ['crm.deal.stage', 'crm.booking'] })
    expect(did(outcome)).toEqual(['crm.deal: drop index crm__deal__stage__idx'])
    expect(did(await apply(sampleSketch))).toEqual(['crm.deal: add index crm__deal__stage__idx'])
    expect((await session.query('select stage from crm.deal')).rows).toEqual([{ stage: 'won' }])
  })

  test('the loosest of two versions holds: a unique key goes while the other is in use', async () => {
    expect(did(await apply(sampleSketch, deal({ unique: [] })))).toEqual(['crm.deal: drop unique crm__deal__name_per_company__key'])
    expect(did(await apply(sampleSketch))).toEqual(['crm.deal: add unique crm__deal__name_per_company__key'])
  })
})

test('a tree goes by the names that its fields have', async () => {
  await apply({
    ...sampleSketch,
    'core.place': { fields: { above: { type: 'reference', entity: 'core.place' }, trail: { type: 'text', treeOf: 'above' } } },
  })
  const at = (id: number) => `00000000-0000-4000-8000-${String(id).padStart(12, '0')}`
  const trails = async () => (await session.query('select trail, revision from core.place order by id')).rows
  await insert('core.place', 1, {})
  await insert('core.place', 2, { above: at(1) })
  await insert('core.place', 3, { above: at(2) })
  expect(await trails()).toMatchObject([{ trail: `${at(1)}/` }, { trail: `${at(1)}/${at(2)}/` }, { trail: `${at(1)}/${at(2)}/${at(3)}/` }])
  await session.query(`update core.place set above = null where id = '${at(2)}'`)
  expect(await trails()).toMatchObject([{ revision: 1 }, { trail: `${at(2)}/` }, { trail: `${at(2)}/${at(3)}/`, revision: 2 }])
  await expect(session.query(`update core.place set above = '${at(3)}' where id = '${at(2)}'`)).rejects.toMatchObject({
    code: 'BOS02',
    column: 'above',
  })
})

describe('changes by hand are found and put right', () => {
  test.each([
    ['row security off', 'alter table crm.deal disable row level security', 'secure table crm.deal'],
    ['row security not forced', 'alter table crm.deal no force row level security', 'secure table crm.deal'],
    ['a policy altered', `alter policy bos_write on crm.deal using (true)`, 'drop policy bos_write', 'add policy bos_write'],
    ['a policy for other roles', `alter policy bos_read on crm.deal to public`, 'drop policy bos_read', 'add policy bos_read'],
    ['a further policy', `create policy more on crm.deal using (true)`, 'drop policy more'],
    ['a policy gone', 'drop policy bos_read_lock on crm.deal', 'add policy bos_read_lock'],
    ['more rights', 'grant truncate on crm.deal to bos_write', 'grant table crm.deal'],
    ['rights on a column', 'grant update (name) on crm.deal to bos_read', 'grant table crm.deal'],
    ['rights of everybody', 'grant select on crm.deal to public', 'grant table crm.deal'],
    ['fewer rights', 'revoke update on crm.deal from bos_read; revoke update (id) on crm.deal from bos_read', 'grant table crm.deal'],
    [
      'a trigger off',
      'alter table core.team disable trigger tree_path_after',
      'drop trigger tree_path_after',
      'add trigger tree_path_after',
    ],
    [
      'an index replaced',
      'drop index crm.crm__deal__close__idx; create index crm__deal__close__idx on crm.deal (close)',
      'drop index crm__deal__close__idx',
      'add index crm__deal__close__idx',
    ],
    ['a foreign key gone', 'alter table crm.deal drop constraint crm__deal__company__fkey', 'add foreign key crm__deal__company__fkey'],
    ['a default and a NOT NULL gone', 'alter table crm.deal alter custom drop default, alter custom drop not null', 'alter columns custom'],
    [
      'another shadow',
      'alter table crm.deal alter column margin__n set expression as (0)',
      'drop index crm__deal__margin__idx',
      'alter columns margin__n',
      'add index crm__deal__margin__idx',
    ],
    ['rights on the schema', 'grant create on schema crm to bos_write', 'grant schema crm'],
  ])('%s', async (_, sql, ...steps) => {
    const before = await everything()
    await session.query(sql)
    const outcome = await apply(sampleSketch)
    expect(outcome.steps.map((step) => `${step.kind} ${step.name}`)).toEqual(steps)
    expect(await everything()).toBe(before)
    isAsBefore = true
  })

  test('an index or a table that somebody added stays and is reported', async () => {
    await session.query('create index by_hand on crm.deal (tenant_id, version); create table crm.notes_of_mine (a int)')
    expect(await apply(sampleSketch)).toMatchObject({
      status: 'unchanged',
      foreign: ['crm.deal: index by_hand', 'crm: table notes_of_mine'],
    })
  })

  test('without memory nothing is lost: what cannot be recognised is made anew', async () => {
    await insertDeal(1, { name: 'Kept' })
    await session.query('delete from bos.setting')
    expect((await apply(sampleSketch)).status).toBe('applied')
    expect((await apply(sampleSketch)).status).toBe('unchanged')
    expect((await session.query('select name from crm.deal')).rows).toEqual([{ name: 'Kept' }])
  })

  test('another major version of the server: costly things are trusted, and its words are learnt', async () => {
    await session.query(
      `update bos.setting set value = jsonb_set(jsonb_set(value, '{server}', '16'), '{tables,crm.deal,items,crm__deal__search,print}', '"old words"')`,
    )
    expect((await apply(sampleSketch)).status).toBe('unchanged')
    const { rows } = await session.query(
      `select value->'server' as server, value #>> '{tables,crm.deal,items,crm__deal__search,print}' as print from bos.setting`,
    )
    expect(rows[0]).toEqual({ server: 18, print: expect.stringMatching(/^[0-9a-f]{32}$/) })
  })
})

describe('all or nothing', () => {
  /** Lets `count` statements through and fails the next one as a broken connection or server would. */
  const failing = (count: number): Session => {
    let seen = 0
    return {
      query: (text, values) =>
        text === 'rollback' || ++seen <= count ? session.query(text, values) : Promise.reject(new Error('connection lost')),
    }
  }

  test('a failure at any statement leaves no trace', async () => {
    const before = await everything()
    const next: Sketch = {
      ...withField('city', { type: 'text' }, { search: ['name', 'city'], unique: [] }),
      'hr.leave': { fields: { who: { type: 'reference', entity: 'core.member' } }, owner: 'who' },
    }
    const { steps } = await planShape(session, wanted(next))
    // Begin and a look; begin, lock, timeouts and a look; the steps; a look, the memory, commit.
    const statements = 3 + 5 + steps.length + 4
    for (let count = 0; count < statements; count++) {
      await expect(applyCatalogues(failing(count), [sketchCatalogue(next)])).rejects.toThrow('connection lost')
      expect(await everything()).toBe(before)
    }
    expect((await applyCatalogues(failing(statements), [sketchCatalogue(next)])).status).toBe('applied')
    expect((await apply(next)).status).toBe('unchanged')
  })

  test('a table in use is waited for, and given up on without a trace', async () => {
    const before = await everything()
    const other = new Client({ connectionString: session.url })
    await other.connect()
    try {
      await other.query('begin; lock table crm.deal in access share mode')
      const next = [sketchCatalogue(withField('city', { type: 'text' }))]
      const refused = await applyCatalogues(session, next, { lockTimeoutMs: 50, attempts: 2, pauseMs: 10 })
      expect(refused).toMatchObject({ status: 'busy', steps: [], refusals: [{ entity: 'the database' }] })
      expect(refused.refusals[0]!.message).toContain('did not get its locks')
      expect(await everything()).toBe(before)
      const waiting = applyCatalogues(session, next, { lockTimeoutMs: 50, attempts: 100, pauseMs: 10 })
      await other.query('select pg_sleep(0.2)')
      await other.query('commit')
      expect((await waiting).status).toBe('applied')
    } finally {
      await other.end()
    }
  })

  test('two processes that start at once do the work once', async () => {
    await beginEmpty()
    const other = new Client({ connectionString: session.url })
    await other.connect()
    try {
      await other.query('set role bos_owner')
      const outcomes = await Promise.all([apply(sampleSketch), applyCatalogues(other, [sketchCatalogue(sampleSketch)])])
      expect(outcomes.map((each) => each.status).sort()).toEqual(['applied', 'unchanged'])
    } finally {
      await other.end()
    }
  })

  test('planning changes nothing', async () => {
    await beginEmpty()
    const { steps } = await planShape(session, wanted(sampleSketch))
    expect(steps.length).toBeGreaterThan(10)
    expect(await everything()).toBe('\nnull')
  })
})
