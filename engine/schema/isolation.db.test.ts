import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { asRole, embeddedSession, isolationFaults, nativeSession } from '../testing/schema.ts'
import type { Acting, TestSession } from '../testing/schema.ts'
import { sampleSketch, sketchCatalogue } from '../testing/sketch.ts'
import { applyCatalogues } from './apply.ts'

const acme = 'aaaaaaaa-0000-7000-8000-000000000000'
const globex = 'bbbbbbbb-0000-7000-8000-000000000000'
/** Ids of one tenant's rows: the same in both, as an attacker would guess them. */
const id = (number: number): string => `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`
const [ada, ben, deals, lines, parts, tags, tag] = [
  id(1),
  id(2),
  [id(11), id(12), id(13)],
  [id(21), id(22), id(23)],
  [id(31), id(32), id(33)],
  [id(41), id(42), id(43)],
  id(5),
]

describe.each(['native', 'embedded'] as const)('%s', (engine) => {
  let session: TestSession
  beforeAll(async () => {
    session = engine === 'native' ? await nativeSession() : await embeddedSession()
    await applyCatalogues(session, [sketchCatalogue(sampleSketch)])
    for (const tenant of [acme, globex]) await fill(session, tenant)
  })
  afterAll(() => session.close())

  const ids = async (sql: string, values: unknown[] = []): Promise<unknown[]> =>
    (await session.query(sql, values)).rows.map((row) => row['id'])
  const reading = <T>(acting: Acting, work: () => Promise<T>): Promise<T> => asRole(session, 'bos_read', acting, work)
  const writing = <T>(acting: Acting, work: () => Promise<T>): Promise<T> => asRole(session, 'bos_write', acting, work)
  const own = { tenant: acme, member: ada, scopes: ['crm.deal:own'] }
  const all = { tenant: acme, member: ada, scopes: ['crm.deal:all'] }

  describe('every module table keeps tenants apart', () => {
    test('as applied', async () => expect(await isolationFaults(session)).toEqual([]))

    test.each([
      [
        'create table crm.bare (id uuid primary key)',
        [
          'crm.bare has another primary key',
          'crm.bare has no tenant_id',
          'crm.bare has row security that is not forced',
          'crm.bare lacks the policy bos_owner',
          'crm.bare lacks the policy bos_read',
          'crm.bare lacks the policy bos_read_lock',
          'crm.bare lacks the policy bos_write',
          'crm.bare: index crm.bare_pkey does not begin with tenant_id',
        ],
      ],
      ['alter table crm.deal no force row level security', ['crm.deal has row security that is not forced']],
      ['create index loose on crm.deal (name)', ['crm.deal: index crm.loose does not begin with tenant_id']],
      [
        'alter table crm.booking add constraint loose exclude using gist (room with =)',
        ['crm.booking: index crm.loose does not begin with tenant_id'],
      ],
      [
        'create policy more on crm.deal for select to bos_read using (true)',
        ['crm.deal has the policy more for bos_read', 'crm.deal: policy more does not begin with the tenant'],
      ],
      [
        'alter policy bos_read on crm.deal using (tenant_id = (select bos.tenant()) or true)',
        ['crm.deal: policy bos_read does not begin with the tenant'],
      ],
      ['alter policy bos_read_lock on crm.deal with check (true)', ['crm.deal: policy bos_read_lock lets rows change']],
      ['alter policy bos_write on crm.deal with check (true)', ['crm.deal: policy bos_write lets rows leave the tenant']],
      [
        'alter policy bos_write on crm.deal to bos_read',
        ['crm.deal has the policy bos_write for bos_read', 'crm.deal lacks the policy bos_write'],
      ],
      ['grant truncate on crm.deal to bos_write', ['crm.deal: bos_write has TRUNCATE']],
      ['grant select on crm.deal to public', ['crm.deal: public has SELECT']],
      ['grant update (name) on crm.deal to bos_read', ['crm.deal: bos_read has UPDATE(name)']],
    ])('and a fault would show: %s', async (sql, faults) => {
      await session.query('begin')
      try {
        await session.query(sql)
        expect(await isolationFaults(session)).toEqual(faults)
      } finally {
        await session.query('rollback')
      }
    })

    test('a plain foreign key would show', async () => {
      await session.query('begin')
      try {
        await session.query(
          'alter table core.tag add unique (id, tenant_id); alter table crm.deal_tags add constraint loose foreign key (target, tenant_id) references core.tag (id, tenant_id)',
        )
        expect(await isolationFaults(session)).toContain('crm.deal_tags: foreign key loose does not begin with tenant_id on both sides')
      } finally {
        await session.query('rollback')
      }
    })
  })

  describe('without settings nobody sees or writes anything', () => {
    test.each(Object.keys(sampleSketch))('%s', async (table) => {
      for (const scopes of [[], [`${table}:all`, `${table}:own`]]) {
        expect(await reading({ scopes }, () => ids(`select id from ${table}`))).toEqual([])
        expect(await writing({ scopes }, () => ids(`select id from ${table}`))).toEqual([])
      }
      await expect(writing({}, () => insert(session, table, acme, { id: id(99), ...required(table) }))).rejects.toMatchObject({
        code: '42501',
      })
    })
  })

  describe('a reader sees exactly the scope', () => {
    test('no scope: nothing', async () => {
      expect(
        await reading({ tenant: acme, member: ada, scopes: ['crm.company:all', 'crm.deals:all', 'crm.deal'] }, () =>
          ids('select id from crm.deal'),
        ),
      ).toEqual([])
    })
    test('all: every row of the tenant and none of another', async () => {
      expect(await reading(all, () => ids('select id from crm.deal order by id'))).toEqual(deals)
      expect(await reading(all, () => ids('select id from crm.deal where tenant_id = $1', [globex]))).toEqual([])
    })
    test('own: rows whose owner is the member', async () => {
      expect(await reading(own, () => ids('select id from crm.deal order by id'))).toEqual([deals[0], deals[1]])
      expect(await reading({ ...own, member: ben }, () => ids('select id from crm.deal'))).toEqual([deals[2]])
    })
    test('own without a member: nothing, also no row without owner', async () => {
      expect(await reading({ tenant: acme, scopes: ['crm.deal:own'] }, () => ids('select id from crm.deal'))).toEqual([])
    })
    test.each([
      ['crm.deal_line', lines],
      ['crm.deal_line_part', parts],
      ['crm.deal_tags', tags],
    ] as const)('%s follow their document', async (table, rows) => {
      expect(await reading(own, () => ids(`select id from ${table} order by id`))).toEqual([rows[0], rows[1]])
      expect(await reading(all, () => ids(`select id from ${table} order by id`))).toEqual(rows)
      expect(await reading({ ...own, scopes: [`${table}:all`] }, () => ids(`select id from ${table}`))).toEqual([])
    })
    test('one scope does not leak into another entity', async () => {
      expect(await reading({ tenant: acme, member: ada, scopes: ['core.tag:all'] }, () => ids('select id from core.tag'))).toEqual([tag])
      expect(await reading({ tenant: acme, member: ada, scopes: ['core.tag:all'] }, () => ids('select id from core.member'))).toEqual([])
    })
  })

  describe('FOR UPDATE as the reader', () => {
    test.each(['for update', 'for no key update', 'for share', 'for key share'])('%s finds exactly what is visible', async (lock) => {
      expect(await reading(own, () => ids(`select id from crm.deal order by id ${lock}`))).toEqual([deals[0], deals[1]])
      expect(await reading(own, () => ids(`select id from crm.deal_line order by id ${lock}`))).toEqual([lines[0], lines[1]])
    })
    test.each([
      ['update crm.deal set id = id', /row-level security/],
      [`update crm.deal set name = 'x'`, /permission denied/],
      ['update crm.deal set owner = null', /permission denied/],
      ['delete from crm.deal', /permission denied/],
      ['truncate crm.deal', /permission denied/],
      [`insert into core.tag (tenant_id, id) values (gen_random_uuid(), gen_random_uuid())`, /permission denied/],
    ])('changes nothing: %s', async (sql, message) => {
      await expect(reading(own, () => session.query(sql))).rejects.toThrow(message)
    })
  })

  describe('the writer', () => {
    test('reaches every row of the tenant and none of another', async () => {
      expect(
        await writing({ tenant: acme }, async () => {
          await session.query(`update crm.deal set name = 'changed', owner = $1`, [ben])
          await session.query('reset role')
          await session.query('set local role bos_owner')
          return (await session.query(`select tenant_id, count(*)::int as count from crm.deal where name = 'changed' group by 1`)).rows
        }),
      ).toEqual([{ tenant_id: acme, count: 3 }])
    })
    test('cannot put a row into another tenant, nor move one there', async () => {
      await expect(writing({ tenant: acme }, () => insert(session, 'core.tag', globex, { id: id(98) }))).rejects.toMatchObject({
        code: '42501',
      })
      await expect(writing({ tenant: acme }, () => session.query('update core.tag set tenant_id = $1', [globex]))).rejects.toMatchObject({
        code: '42501',
      })
    })
    test('deletes lines, never records', async () => {
      expect(await writing({ tenant: acme }, () => ids('delete from crm.deal_line_part returning id'))).toHaveLength(3)
      await expect(writing({ tenant: acme }, () => session.query('delete from crm.deal'))).rejects.toMatchObject({ code: '42501' })
    })
    test('cannot refer into another tenant', async () => {
      await session.query('begin')
      await insert(session, 'core.tag', globex, { id: id(77) })
      await session.query(`select set_config('bos.tenant', $1, true)`, [acme])
      await session.query('set local role bos_write')
      const refused = insert(session, 'crm.deal_tags', acme, { id: id(97), parent_id: deals[0], position: 9, target: id(77) })
      await expect(refused).rejects.toMatchObject({ code: '23503', constraint: 'crm__deal_tags__target__fkey' })
      await session.query('rollback')
    })
  })

  describe('constraints', () => {
    const refuse = (table: string, row: Record<string, unknown>, code: string, constraint: string): Promise<void> =>
      expect(writing({ tenant: acme }, () => insert(session, table, acme, row))).rejects.toMatchObject({ code, constraint })
    test('unique without regard to case and accents, among live rows only', async () => {
      const taken = writing({ tenant: acme }, () => insert(session, 'core.member', acme, { id: id(90), email: 'ÁDA@acme.test' }))
      await expect(taken).rejects.toMatchObject({ code: '23505', constraint: 'core__member__email__key' })
      await writing({ tenant: acme }, async () => {
        await session.query('update core.member set deleted_at = now() where id = $1', [ada])
        await insert(session, 'core.member', acme, { id: id(90), email: 'ada@acme.test' })
      })
    })
    test('no overlap: a booking may begin when another ends', async () => {
      await writing({ tenant: acme }, async () => {
        const booked = { room: 'A', from: '2026-01-01T10:00Z', to: '2026-01-01T11:00Z' }
        await insert(session, 'crm.booking', acme, { id: id(90), ...booked })
        await insert(session, 'crm.booking', acme, { id: id(91), room: 'A', from: '2026-01-01T11:00Z', to: null })
        await insert(session, 'crm.booking', acme, { id: id(92), room: 'B', from: '2026-01-01T12:00Z', to: '2026-01-01T11:00Z' })
        await expect(
          insert(session, 'crm.booking', acme, { id: id(93), room: 'A', from: '2026-06-01T00:00Z', to: '2026-06-02T00:00Z' }),
        ).rejects.toMatchObject({ code: '23P01', constraint: 'crm__booking__one_at_a_time__excl' })
      })
    })
    test('one of several targets, one single, one link, one line per key', async () => {
      await refuse('core.note', { id: id(90), about__crm__company: id(6), about__crm__deal: deals[0] }, '23514', 'core__note__about__check')
      await writing({ tenant: acme }, async () => {
        await insert(session, 'core.settings', acme, { id: id(90) })
        await expect(insert(session, 'core.settings', acme, { id: id(91) })).rejects.toMatchObject({
          code: '23505',
          constraint: 'core__settings__single',
        })
      })
      await refuse('crm.deal_tags', { id: id(90), parent_id: deals[0], position: 2, target: tag }, '23505', 'crm__deal_tags__link')
      await refuse(
        'crm.deal_line',
        { id: id(90), parent_id: deals[0], position: 2, product: 'P0' },
        '23505',
        'crm__deal_line__product__key',
      )
      await refuse('crm.deal_line', { id: id(90), parent_id: id(1234), position: 2 }, '23503', 'crm__deal_line__parent_id__fkey')
    })
    test('a tree keeps its paths', async () => {
      expect(
        await writing({ tenant: acme }, async () => {
          await insert(session, 'core.team', acme, { id: id(90) })
          await insert(session, 'core.team', acme, { id: id(91), parent: id(90) })
          return (await session.query('select path from core.team order by path')).rows.map((row) => row['path'])
        }),
      ).toEqual([`${id(90)}/`, `${id(90)}/${id(91)}/`])
    })
  })

  test('search finds words and parts of words of the tenant alone', async () => {
    const search = (sql: string) => reading(all, async () => (await session.query(sql)).rows.map((row) => row['found']))
    expect(await search(`select bos.search('crm', 'deal', 'GRUN') as found`)).toEqual([deals[1]])
    expect(await search(`select bos.matching('crm', 'deal', 'name__f', '%rune%') as found`)).toEqual([deals[1]])
    expect(await search(`select bos.search('crm', 'deal', 'red') as found`)).toEqual([])
  })
})

const required = (table: string): Record<string, unknown> =>
  /_line|_tags/.test(table) ? { parent_id: /part/.test(table) ? lines[0] : deals[0], position: 1 } : {}

async function insert(session: TestSession, table: string, tenant: string, row: Record<string, unknown>): Promise<void> {
  const isLine = 'parent_id' in row
  const full = {
    tenant_id: tenant,
    ...(isLine ? {} : { version: 1, revision: 1, created_at: '2026-01-01', created_via: 'seed', updated_at: '2026-01-01' }),
    ...row,
  }
  const names = Object.keys(full)
  await session.query(
    `insert into ${table} (${names.map((name) => `"${name}"`).join(', ')}) values (${names.map((_, i) => `$${i + 1}`).join(', ')})`,
    Object.values(full),
  )
}

/** Three deals: two of Ada's, one of Ben's; each with a line, a part and a tag. */
async function fill(session: TestSession, tenant: string): Promise<void> {
  const name = tenant === acme ? 'acme' : 'globex'
  await insert(session, 'core.member', tenant, { id: ada, email: `ada@${name}.test` })
  await insert(session, 'core.member', tenant, { id: ben, email: `ben@${name}.test` })
  await insert(session, 'core.tag', tenant, { id: tag, name })
  await insert(session, 'crm.company', tenant, { id: id(6), name: 'Company' })
  for (const [i, deal] of deals.entries()) {
    await insert(session, 'crm.deal', tenant, {
      id: deal,
      name: tenant === acme ? ['Blau', 'Grüne Wiese', 'Gelb'][i] : 'Red',
      owner: i < 2 ? ada : ben,
    })
    await insert(session, 'crm.deal_line', tenant, { id: lines[i], parent_id: deal, position: 1, product: `P${i}` })
    await insert(session, 'crm.deal_line_part', tenant, { id: parts[i], parent_id: lines[i], position: 1 })
    await insert(session, 'crm.deal_tags', tenant, { id: tags[i], parent_id: deal, position: 1, target: tag })
  }
}
