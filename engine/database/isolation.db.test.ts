import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addTenants, as, engines, openEngine, tenants, type OpenTestDatabase } from '../testing/engines.ts'
import { withClient } from '../testing/postgres.ts'
import type { Session } from './types.ts'
import type { Query, ServingRole, TransactionContext } from './types.ts'

const { acme, globex } = tenants
const me = '00000000-0000-7000-8000-0000000000e1'
const colleague = '00000000-0000-7000-8000-0000000000e2'
const id = (end: number): string => `00000000-0000-7000-8000-${String(end).padStart(12, '0')}`

/** The shape that schema apply gives a module table with an owner (DESIGN §4). */
const dealTable = `
create schema test_crm;
grant usage on schema test_crm to bos_read, bos_write;
create table test_crm.deal (tenant_id uuid not null, id uuid not null, owner uuid, name text collate "C", primary key (tenant_id, id));
call bos.protect('test_crm.deal');
create policy bos_read on test_crm.deal for select to bos_read using (tenant_id = (select bos.tenant()) and (
  (select 'test_crm.deal:all' = any (bos.scopes())) or ((select 'test_crm.deal:own' = any (bos.scopes())) and owner = (select bos.member()))));
create policy bos_read_lock on test_crm.deal for update to bos_read using (tenant_id = (select bos.tenant()) and (
  (select 'test_crm.deal:all' = any (bos.scopes())) or ((select 'test_crm.deal:own' = any (bos.scopes())) and owner = (select bos.member())))) with check (false);
create policy bos_write on test_crm.deal to bos_write using (tenant_id = (select bos.tenant())) with check (tenant_id = (select bos.tenant()));
grant select, update (id) on test_crm.deal to bos_read;
grant select, insert, update on test_crm.deal to bos_write;`

describe.each(engines)('row-level security on the %s engine', (engine) => {
  let database: OpenTestDatabase
  beforeAll(async () => {
    database = await openEngine(engine)
    await addTenants(database)
    await database.withOwner(async (owner) => {
      await owner.query(dealTable)
      await owner.query(
        `insert into test_crm.deal values ($1, '${id(1)}', '${me}', 'mine'), ($1, '${id(2)}', '${colleague}', 'theirs'), ($2, '${id(3)}', '${me}', 'foreign')`,
        [acme, globex],
      )
    })
  })
  afterAll(() => database.close())

  const all = (tenant: string, scopes = ['test_crm.deal:all']): TransactionContext => as(tenant, { member: me, scopes })
  const names: Query = { name: 'names', text: 'select name from test_crm.deal order by 1' }
  const namesFor = async (context: TransactionContext) => (await database.read(context, names))[0]?.rows.map((row) => row['name'])
  const write = (context: TransactionContext, text: string, values: unknown[] = [], role: ServingRole = 'bos_write') =>
    database.transaction(context, (tx) => tx.commit({ role, queries: [{ text, values }] }))

  test('without settings every table shows nothing and says no error, to either role', async () => {
    // As a serving role in a transaction that bos.begin did not open, and in one where an ended transaction left ''.
    const readable = [
      'bos.tenant',
      'bos.tenant_module',
      'bos.role_assignment',
      'bos.event',
      'bos.log',
      'bos.job',
      'bos.import',
      'bos.import_row',
      'bos.share',
      'test_crm.deal',
    ]
    const writable = [
      'bos.idempotency',
      'bos.counter',
      'bos.job',
      'bos.import',
      'bos.import_row',
      'bos.share',
      'bos.role',
      'bos.role_permission',
      'test_crm.deal',
    ]
    const counted = await raw(database, async (run) => {
      const counts: unknown[] = []
      for (const [role, tables] of [
        ['bos_read', readable],
        ['bos_write', writable],
      ] as const) {
        for (const table of tables) {
          counts.push((await run(`begin; set local role ${role}`, `select count(*)::int as n from ${table}`, 'commit'))[0]?.['n'])
          await run('begin', `select set_config('bos.tenant', '${acme}', true)`, 'commit')
          counts.push((await run(`begin; set local role ${role}`, `select count(*)::int as n from ${table}`, 'commit'))[0]?.['n'])
        }
      }
      return counts
    })
    expect(new Set(counted)).toEqual(new Set([0]))
    expect(counted).toHaveLength(2 * (readable.length + writable.length))
  })

  test('a scope shows its rows of its own tenant, no scope shows none', async () => {
    expect(await namesFor(all(acme, []))).toEqual([])
    expect(await namesFor(all(acme, ['test_crm.other:all']))).toEqual([])
    expect(await namesFor(all(acme, ['test_crm.deal:own']))).toEqual(['mine'])
    expect(await namesFor(all(acme))).toEqual(['mine', 'theirs'])
    expect(await namesFor(all(globex))).toEqual(['foreign'])
  })

  test('bos_read locks exactly what it sees and changes nothing', async () => {
    const [locked] = await database.transaction(all(acme, ['test_crm.deal:own']), (tx) =>
      tx.commit({ role: 'bos_read', queries: [{ text: 'select name from test_crm.deal for update' }] }),
    )
    expect(locked?.rows).toEqual([{ name: 'mine' }])
    await expect(write(all(acme), `update test_crm.deal set id = id`, [], 'bos_read')).rejects.toMatchObject({ code: '42501' })
    await expect(write(all(acme), `update test_crm.deal set name = 'x'`, [], 'bos_read')).rejects.toMatchObject({ code: '42501' })
    await expect(write(all(acme), `delete from test_crm.deal`, [], 'bos_read')).rejects.toMatchObject({ code: '42501' })
    await expect(
      write(all(acme), `insert into test_crm.deal (tenant_id, id) values ($1, $2)`, [acme, id(9)], 'bos_read'),
    ).rejects.toMatchObject({ code: '42501' })
  })

  test('bos_write reaches its tenant only: foreign rows cannot be changed, added or taken over', async () => {
    expect((await write(all(acme), `update test_crm.deal set name = 'stolen' where id = $1`, [id(3)]))[0]?.rowCount).toBe(0)
    await expect(write(all(acme), `insert into test_crm.deal (tenant_id, id) values ($1, $2)`, [globex, id(9)])).rejects.toMatchObject({
      code: '42501',
    })
    await expect(write(all(acme), `update test_crm.deal set tenant_id = $1`, [globex])).rejects.toMatchObject({ code: '42501' })
    expect(await namesFor(all(globex))).toEqual(['foreign'])
  })

  test('what the engine keeps is as closed: nobody writes events, counters or answers into another tenant', async () => {
    const event = (tenant: string): [string, string[]] => [
      `insert into bos.event (id, tenant_id, at, entity, record_id, type, version, revision, via, digest) values ($1, '${tenant}', now(), 'e', $1, 'created', 1, 0, 'api', sha256(''))`,
      [id(5)],
    ]
    await write(all(acme), ...event(acme))
    await expect(write(all(acme), ...event(globex))).rejects.toMatchObject({ code: '42501' })
    for (const text of [
      `insert into bos.event_body (tenant_id, event_id, at, body, salt) values ('${globex}', '${id(5)}', now(), '{}', '')`,
      `insert into bos.event_pending (tenant_id, event_id, at) values ('${globex}', '${id(5)}', now())`,
      `insert into bos.counter (tenant_id, entity, field, value) values ('${globex}', 'e', 'f', 1)`,
      `insert into bos.idempotency (tenant_id, actor, route, key, body_hash) values ('${globex}', '${me}', 'r', 'k', '')`,
      `insert into bos.job (tenant_id, id, kind) values ('${globex}', '${id(5)}', 'k')`,
    ]) {
      await expect(write(all(acme), text), text).rejects.toMatchObject({ code: '42501' })
    }
  })

  test('no serving role reads bodies, passwords, sessions, or writes what only the owner may', async () => {
    const refused: [ServingRole, string][] = [
      ...[
        'bos.event_body',
        'bos.event_pending',
        'bos.account',
        'bos.member_account',
        'bos.session',
        'bos.setting',
        'bos.module_version',
        'bos.migration',
        'bos.event_default',
        'bos.event_body_default',
      ].flatMap((table) =>
        (['bos_read', 'bos_write'] as const).map((role) => [role, `select count(*) from ${table}`] as [ServingRole, string]),
      ),
      ...['tenant', 'tenant_module', 'role_assignment', 'log', 'session', 'setting'].map(
        (table) => ['bos_write', `delete from bos.${table}`] as [ServingRole, string],
      ),
      ['bos_write', `update bos.tenant set generation = 99`],
      ['bos_write', `update bos.event set type = 'x'`],
      ['bos_write', `delete from bos.event`],
      ['bos_write', `truncate test_crm.deal`],
      ['bos_write', `create table test_crm.own (id int)`],
      ['bos_read', `select * from bos.account_by_email('a@acme.test')`],
      ['bos_write', `select bos.sequence(1)`],
    ]
    for (const [role, text] of refused)
      await expect(write(all(acme), text, [], role), `${role}: ${text}`).rejects.toMatchObject({ code: '42501' })
  })

  test('bodies come through the function, for the own tenant only', async () => {
    const [record, event] = [id(21), id(22)]
    await write(
      all(globex),
      `with draft as (select '{"set": {}}'::jsonb as body, '\\x01'::bytea as salt),
         header as (insert into bos.event (id, tenant_id, at, entity, record_id, type, version, revision, via, digest)
           select '${event}', '${globex}', now(), 'e', '${record}', 'created', 1, 0, 'api', bos.body_digest(salt, body) from draft)
       insert into bos.event_body (tenant_id, event_id, at, body, salt) select '${globex}', '${event}', now(), body, salt from draft`,
    )
    const bodies: Query = { text: 'select * from bos.event_bodies($1)', values: [[record]] }
    expect((await database.read(all(globex), bodies))[0]?.rows).toEqual([{ event_id: event, record_id: record, body: { set: {} } }])
    expect((await database.read(all(acme), bodies))[0]?.rows).toEqual([])
  })
})

type Run = (...texts: string[]) => Promise<Record<string, unknown>[]>

/** Runs statements on one superuser connection without the executor; answers the rows of the last that has any. */
async function raw<T>(database: OpenTestDatabase, work: (run: Run) => Promise<T>): Promise<T> {
  if (database.url !== null) return withClient(database.url, (client) => work((...texts) => runAll(client, texts)))
  return database.withOwner(async (owner) => {
    await owner.query('reset role')
    return work((...texts) => runAll(owner, texts))
  })
}

async function runAll(session: Session, texts: readonly string[]): Promise<Record<string, unknown>[]> {
  let rows: Record<string, unknown>[] = []
  for (const text of texts) {
    const answer = await session.query(text)
    if (!Array.isArray(answer) && answer.rows.length > 0) rows = answer.rows
  }
  return rows
}
