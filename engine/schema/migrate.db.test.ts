import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { fold } from '../fields/fold.ts'
import { addTenants, as, engines, openEngine, tenants, type OpenTestDatabase } from '../testing/engines.ts'
import { migrate, readMigrations } from './migrate.ts'

const { acme, globex } = tenants
const id = (end: number): string => `00000000-0000-7000-8000-${String(end).padStart(12, '0')}`

async function folder(files: Readonly<Record<string, string>>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'bos-migrations-'))
  onTestFinished(() => rm(dir, { recursive: true }))
  for (const [name, sql] of Object.entries(files)) await writeFile(join(dir, name), sql)
  return dir
}

test('two migrations with one number are refused', async () => {
  const dir = await folder({ '001_one.sql': '', '001_two.sql': '' })
  await expect(readMigrations(dir)).rejects.toThrow('two migrations have the number 1')
})

describe.each(engines)('engine migrations on the %s engine', (engine) => {
  let database: OpenTestDatabase
  beforeAll(async () => {
    database = await openEngine(engine)
    await addTenants(database)
  })
  afterAll(() => database.close())
  const owned = (text: string, values?: unknown[]) => database.withOwner(async (owner) => (await owner.query(text, values)).rows)

  test('are applied once, also by two processes at once', async () => {
    const known = (await readMigrations()).map((migration) => migration.number)
    expect(known).toEqual(known.map((_, index) => index + 1))
    expect(await owned('select number from bos.migration order by 1')).toEqual(known.map((number) => ({ number })))
    const again = [database.withOwner(migrate), database.withOwner(migrate)]
    expect(await Promise.all(again)).toEqual([[], []])
  })

  test('one that fails leaves nothing; one whose text changed after it was applied is refused', async () => {
    const broken = await folder({ '900_broken.sql': 'create table bos.half (id int); select 1 / 0' })
    await expect(database.withOwner((owner) => migrate(owner, broken))).rejects.toThrow('migration 900_broken: division by zero')
    expect(await owned(`select to_regclass('bos.half') as found`)).toEqual([{ found: null }])
    const changed = await folder({ '001_foundation.sql': 'select 1' })
    await expect(database.withOwner((owner) => migrate(owner, changed))).rejects.toThrow(/migration 1 .* another text/)
  })

  test('every table of bos forces row security, belongs to bos_owner and lets it through', async () => {
    const rows = await owned(`
      select c.relname, c.relrowsecurity and c.relforcerowsecurity as forced, c.relowner::regrole::text as owner,
        exists (select from pg_policies p where p.schemaname = 'bos' and p.tablename = c.relname and p.policyname = 'owner' and p.roles = '{bos_owner}') as open
      from pg_class c where c.relnamespace = 'bos'::regnamespace and c.relkind in ('r', 'p') and c.relname <> 'migration'`)
    expect(rows.length).toBeGreaterThan(15)
    expect(rows.filter((row) => row['forced'] !== true || row['owner'] !== 'bos_owner' || row['open'] !== true)).toEqual([])
  })

  test('no function of bos is for everybody, and every definer function pins its search_path', async () => {
    const rows = await owned(`
      select p.oid::regprocedure::text as name, p.prosecdef and not coalesce(p.proconfig::text like '%search_path=pg_catalog, pg_temp%', false) as loose,
        exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where a.grantee = 0) as open
      from pg_proc p where p.pronamespace = 'bos'::regnamespace`)
    expect(rows.length).toBeGreaterThan(20)
    expect(rows.filter((row) => row['loose'] === true || row['open'] === true)).toEqual([])
  })

  test('housekeeping forgets answers of writes that are older than so many hours', async () => {
    await owned(
      `insert into bos.idempotency (tenant_id, actor, route, key, body_hash, created_at)
      select $1, '${id(1)}', '/', h::text, '', now() - make_interval(hours => h) from unnest('{1, 23, 25}'::int[]) h`,
      [acme],
    )
    const { rows } = await database.call({ text: 'select bos.housekeep($1, $2) as removed', values: [24, 90] })
    expect([Number(rows[0]?.['removed']), await owned('select key from bos.idempotency order by key')]).toEqual([
      1,
      [{ key: '1' }, { key: '23' }],
    ])
  })

  test('housekeeping forgets jobs that have been over for so many days, imports with their rows; not what an undo needs', async () => {
    const job = async (n: number, days: number | null, undo: number | null = null): Promise<void> => {
      await owned(
        `insert into bos.job (tenant_id, id, kind, status, input, created_at, finished_at) values ($1, $2, $3, $4, $5, now() - interval '200 days', now() - make_interval(days => $6))`,
        [
          acme,
          id(n),
          undo === null ? 'import' : 'import-undo',
          days === null ? 'running' : 'done',
          JSON.stringify(undo === null ? {} : { import: id(undo) }),
          days,
        ],
      )
      if (undo !== null) return
      await owned(`insert into bos.import (tenant_id, job_id, entity, mode) values ($1, $2, 'crm.company', 'create')`, [acme, id(n)])
      await owned(`insert into bos.import_row (tenant_id, job_id, row_number, status) values ($1, $2, 2, 'created')`, [acme, id(n)])
    }
    await job(101, 91)
    await job(102, 89)
    await job(103, null)
    await job(104, 91)
    await job(105, null, 104)
    await database.call({ text: 'select bos.housekeep($1, $2)', values: [24, 90] })
    const left = [102, 103, 104].map((n) => ({ id: id(n) }))
    expect(await owned('select id from bos.job order by id')).toEqual([...left, { id: id(105) }])
    expect(await owned('select job_id as id from bos.import_row order by job_id')).toEqual(left)
    await owned('delete from bos.job')
  })

  test('bos.fold folds as the fold of JavaScript', async () => {
    const texts = ['ÅNGSTRÖM', 'Straße', 'İstanbul', 'ΟΔΟΣ', 'ﬁn', 'Ｆｕｌｌ', 'Ǆ', '١٢', 'e\u0301\u0323', '😀É', 'ϓ', 'ẞ', '', ' a_b%\\ ']
    const everyLetter = Array.from({ length: 0x3000 }, (_, index) => String.fromCodePoint(index + 1)).filter((letter) =>
      /\p{L}/u.test(letter),
    )
    const rows = await owned('select bos.fold(t) as folded from unnest($1::text[]) with ordinality as x(t, n) order by n', [
      [...texts, ...everyLetter],
    ])
    const differ = [...texts, ...everyLetter].filter((text, index) => rows[index]?.['folded'] !== fold(text))
    expect(differ).toEqual([])
  })

  describe('search candidates', () => {
    beforeAll(() =>
      database.withOwner(async (owner) => {
        await owner.query(`
          create schema test_find;
          grant usage on schema test_find to bos_read;
          create table test_find.note (
            tenant_id uuid not null, id uuid not null, name text collate "C",
            name__f text collate "C" generated always as (bos.fold(name)) stored,
            bos__search tsvector generated always as (bos.search_vector(tenant_id, bos.fold(coalesce(name, '')))) stored,
            primary key (tenant_id, id));
          call bos.protect('test_find.note');
          create policy bos_read on test_find.note for select to bos_read using (tenant_id = (select bos.tenant()));
          grant select on test_find.note to bos_read;
          create index note_search on test_find.note using gin (tenant_id, bos__search);
          create index note_name on test_find.note using gin (tenant_id, name__f gin_trgm_ops);
          create table test_find.open (tenant_id uuid, id uuid, name__f text, bos__search tsvector);`)
        await owner.query(
          `insert into test_find.note (tenant_id, id, name) select $1, gen_random_uuid(), 'Ordinary paper number ' || n from generate_series(1, 3000) n`,
          [acme],
        )
        await owner.query(
          `insert into test_find.note (tenant_id, id, name) values ($1, '${id(1)}', 'Crème Brûlée 100%'), ($1, '${id(2)}', 'creme de la creme'), ($2, '${id(3)}', 'Crème fraîche')`,
          [acme, globex],
        )
        // New entries wait in a list that every search reads through; VACUUM does this, too.
        await owner.query(`select gin_clean_pending_list('test_find.note_search'), gin_clean_pending_list('test_find.note_name')`)
        await owner.query('analyze test_find.note')
      }),
    )
    const find = async (call: string, values: unknown[], tenant: string = acme) =>
      (await database.read(as(tenant), { text: `select * from ${call} as id order by 1`, values }))[0]?.rows.map((row) => row['id'])

    test('words are found as beginnings, all of them, in any case and accent, in the own tenant', async () => {
      const search = (text: string, tenant?: string) => find(`bos.search('test_find', 'note', $1)`, [text], tenant)
      expect(await search('creme')).toEqual([id(1), id(2)])
      expect(await search('BRÛ crè')).toEqual([id(1)])
      expect(await search('creme', globex)).toEqual([id(3)])
      expect(await search('creme missing')).toEqual([])
      for (const odd of ['', '  ', '%', "'", '\\', '& | ! ( ) :*', '<->', "a' | 'b"]) expect(await search(odd), odd).toEqual([])
    })

    test('a folded column is matched by a pattern, in the own tenant', async () => {
      const matching = (pattern: string, tenant?: string) => find(`bos.matching('test_find', 'note', 'name__f', $1)`, [pattern], tenant)
      expect(await matching('%lee 1%')).toEqual([id(1)])
      expect(await matching('%100\\%%')).toEqual([id(1)])
      expect(await matching('creme%', globex)).toEqual([id(3)])
      for (const none of ['Creme%', "' or true --", '']) expect(await matching(none), none).toEqual([])
    })

    test('only folded columns of module tables under forced row security are searched, whatever the names say', async () => {
      for (const [schema, table] of [
        ['bos', 'account'],
        ['pg_catalog', 'pg_class'],
        ['test_find', 'open'],
        ['test_find', 'note; drop table x'],
        ['information_schema', 'tables'],
      ]) {
        await expect(find('bos.search($1, $2, $3)', [schema, table, 'x']), table).rejects.toMatchObject({ code: '42P01' })
        await expect(find('bos.matching($1, $2, $3, $4)', [schema, table, 'name__f', 'x']), table).rejects.toMatchObject({ code: '42P01' })
      }
      for (const column of ['name', 'missing__f', 'name" is null or "name__f']) {
        await expect(find('bos.matching($1, $2, $3, $4)', ['test_find', 'note', column, 'x']), column).rejects.toMatchObject({
          code: '42703',
        })
      }
    })

    test('the owner, whose rights these functions have, uses both GIN indexes although row security is forced; bos_read would not', async () => {
      const statements = {
        note_search: `select id from test_find.note where tenant_id = '${acme}' and bos__search @@ '''brul'':*'::tsquery`,
        note_name: `select id from test_find.note where tenant_id = '${acme}' and name__f like '%brulee%'`,
      }
      // Few rows, so that the planner would rather read them all: what counts is what it may do.
      for (const [index, statement] of Object.entries(statements)) {
        const plan = await database.withOwner(async (owner) => {
          await owner.query('set enable_seqscan = off')
          return (await owner.query(`explain ${statement}`)).rows
        })
        expect(JSON.stringify(plan), index).toContain(`Bitmap Index Scan on ${index}`)
        const [, bound] = await database.read(
          as(acme),
          { text: `select set_config('enable_seqscan', 'off', true)` },
          { text: `explain ${statement}` },
        )
        expect(JSON.stringify(bound?.rows), index).not.toMatch(/Index Cond: [^"]*(@@|~~)/)
      }
    })
  })

  describe('tree paths', () => {
    beforeAll(() =>
      database.withOwner((owner) =>
        owner.query(`
          create schema test_tree;
          grant usage on schema test_tree to bos_write;
          create table test_tree.area (
            tenant_id uuid not null, id uuid not null, parent uuid, path text collate "C", revision int not null default 0,
            primary key (tenant_id, id), foreign key (tenant_id, parent) references test_tree.area);
          call bos.protect('test_tree.area');
          create policy bos_write on test_tree.area to bos_write using (tenant_id = (select bos.tenant()));
          grant select, insert, update on test_tree.area to bos_write;
          create trigger tree_path_before before insert or update of parent on test_tree.area for each row execute function bos.tree_path('parent', 'path');
          create trigger tree_path_after after insert or update of parent on test_tree.area for each row execute function bos.tree_path('parent', 'path');`),
      ),
    )
    const run = (text: string, tenant: string = acme) =>
      database.transaction(as(tenant), (tx) => tx.commit({ role: 'bos_write', queries: [{ text }] }))
    const [a, b, c, d, e] = [id(11), id(12), id(13), id(14), id(15)]
    /** Last digits of the ids on each path. */
    const paths = async () =>
      Object.fromEntries(
        (await owned(`select id, path, revision from test_tree.area where tenant_id = '${acme}' order by id`)).map((row) => [
          String(row['id']).slice(-2),
          `${String(row['path']).replaceAll(/[0-9a-f-]+(..)\//g, '$1/')} ${String(row['revision'])}`,
        ]),
      )
    const add = (rows: readonly (readonly [string, string | null])[], tenant: string = acme) =>
      run(
        `insert into test_tree.area (tenant_id, id, parent) values ${rows.map(([own, parent]) => `('${tenant}', '${own}', ${parent === null ? 'null' : `'${parent}'`})`).join(', ')}`,
        tenant,
      )

    test('follow the parent, also when one statement adds a child before its parent', async () => {
      await add([[a, null]])
      await add([
        [c, b],
        [b, a],
        [d, c],
      ])
      expect(await paths()).toEqual({ '11': '11/ 0', '12': '11/12/ 0', '13': '11/12/13/ 0', '14': '11/12/13/14/ 0' })
    })

    test('move with everything below; what moved along gets a new revision', async () => {
      await add([[e, null]])
      await run(`update test_tree.area set parent = '${e}' where id = '${c}'`)
      expect(await paths()).toEqual({ '11': '11/ 0', '12': '11/12/ 0', '13': '15/13/ 0', '14': '15/13/14/ 1', '15': '15/ 0' })
    })

    test('two moves in one statement, one under the other', async () => {
      await run(
        `update test_tree.area set parent = case id when '${c}' then '${b}'::uuid else '${a}'::uuid end where id in ('${c}', '${e}', '${b}')`,
      )
      const moved = await paths()
      expect(Object.values(moved).map((path) => path.split(' ')[0])).toEqual(['11/', '11/12/', '11/12/13/', '11/12/13/14/', '11/15/'])
    })

    test('a cycle is refused: under itself, under its own child, and made by two moves of one statement', async () => {
      const before = await paths()
      await expect(run(`update test_tree.area set parent = id where id = '${b}'`)).rejects.toMatchObject({ code: 'BOS02' })
      await expect(run(`update test_tree.area set parent = '${d}' where id = '${a}'`)).rejects.toMatchObject({ code: 'BOS02' })
      await expect(
        run(`update test_tree.area set parent = case id when '${b}' then '${e}'::uuid else '${b}'::uuid end where id in ('${b}', '${e}')`),
      ).rejects.toMatchObject({ code: 'BOS02' })
      expect(await paths()).toEqual(before)
    })

    test('another tenant has its own tree, even with the same ids', async () => {
      await expect(add([[id(31), a]], globex)).rejects.toMatchObject({ code: '23503' })
      await add(
        [
          [a, null],
          [b, a],
        ],
        globex,
      )
      await run(`update test_tree.area set parent = null where id = '${b}'`, globex)
      expect((await paths())['12']).toMatch('11/12/')
    })

    // The embedded engine has one connection: nothing happens at once there.
    if (engine === 'native')
      test('two moves at once cannot close a ring, nor does a child keep the path its parent had', async () => {
        const ids = [id(41), id(42)] as const
        await add([
          [ids[0], null],
          [ids[1], null],
        ])
        const moves = [database, database].map((_, index) =>
          run(`update test_tree.area set parent = '${ids[1 - index]!}' where id = '${ids[index]!}'`),
        )
        const outcomes = await Promise.allSettled(moves)
        expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1)
        const grown = [
          run(`update test_tree.area set parent = null where id in ('${ids[0]}', '${ids[1]}')`),
          add([[id(43), ids[0]]]),
          add([[id(44), ids[1]]]),
        ]
        await Promise.all(grown)
        const wrong = await owned(
          `select c.id from test_tree.area c join test_tree.area p on p.tenant_id = c.tenant_id and p.id = c.parent where c.path <> p.path || c.id || '/'`,
        )
        expect(wrong).toEqual([])
      })
  })
})
