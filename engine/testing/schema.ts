import { PGlite } from '@electric-sql/pglite'
import { btree_gin } from '@electric-sql/pglite/contrib/btree_gin'
import { btree_gist } from '@electric-sql/pglite/contrib/btree_gist'
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm'
import { Client } from 'pg'
import { initRoles } from '../database/roles.ts'
import { freshDatabase, template, withClient } from './postgres.ts'
import { migrate } from '../schema/migrate.ts'
import type { Session } from '../database/types.ts'

/** One superuser connection that acts as bos_owner, over schema bos as migrated. */
export interface TestSession extends Session {
  readonly engine: 'native' | 'embedded'
  close(): Promise<void>
}

async function prepare(session: Session): Promise<void> {
  await initRoles(session)
  await session.query('set role bos_owner')
  await migrate(session)
}

/** What databases of tests begin with: made once per run. */
export interface Beginning {
  readonly name: string
  build(owner: Session): Promise<unknown>
}

/** A database of its own on the run's server, with schema bos and what `beginning` makes. `url` opens further connections. */
export async function nativeSession(beginning?: Beginning): Promise<TestSession & { readonly url: string }> {
  const migrated = await template(`schema${beginning ? `_${beginning.name}` : ''}`, (url) =>
    withClient(url, async (client) => {
      await prepare(client)
      await beginning?.build(client)
    }),
  )
  const database = await freshDatabase(migrated)
  const client = new Client({ connectionString: database.url })
  await client.connect()
  // A clone has the tables of its template, not the rights on the database.
  await initRoles(client)
  await client.query('set role bos_owner')
  return {
    engine: 'native',
    url: database.url,
    query: (text, values) => client.query(text, values),
    async close() {
      await client.end()
      await database.drop()
    },
  }
}

/** A database in memory. */
export async function embeddedSession(): Promise<TestSession> {
  const engine = await PGlite.create({ extensions: { pg_trgm, btree_gin, btree_gist } })
  const session: TestSession = {
    engine: 'embedded',
    async query(text, values) {
      if (values !== undefined) return engine.query<Record<string, unknown>>(text, values)
      return { rows: (await engine.exec(text)).at(-1)?.rows ?? [] }
    },
    close: () => engine.close(),
  }
  await prepare(session)
  return session
}

/** Who acts in `asRole`; unset: nobody, as a connection without bos.begin. */
export interface Acting {
  readonly tenant?: string
  readonly member?: string
  readonly scopes?: readonly string[]
}

/** Runs `work` in a transaction under a serving role, rolled back afterwards. */
export async function asRole<T>(session: Session, role: 'bos_read' | 'bos_write', acting: Acting, work: () => Promise<T>): Promise<T> {
  await session.query('begin')
  try {
    await session.query(
      `select set_config('bos.tenant', $1, true), set_config('bos.member', $2, true), set_config('bos.scopes', $3, true)`,
      [acting.tenant ?? '', acting.member ?? '', (acting.scopes ?? []).join(',')],
    )
    await session.query(`set local role ${role}`)
    return await work()
  } finally {
    await session.query('rollback')
  }
}

/**
 * What is wrong with module tables, one line each; empty: every table keeps tenants apart. Looks at all tables outside the
 * engine's own schemas, so a new entity is covered without a new test.
 */
export async function isolationFaults(session: Session): Promise<string[]> {
  const { rows } = await session.query(isolationQuery)
  return rows.map((row) => String(row['fault']))
}

const isolationQuery = `
with t as (
  select c.oid, format('%s.%s', n.nspname, c.relname) as name, c.relowner, c.relrowsecurity, c.relforcerowsecurity, c.relacl
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'bos', 'pgboss', 'public')
), tenant as (
  select t.oid, a.attnum from t join pg_attribute a on a.attrelid = t.oid and a.attname = 'tenant_id' and a.attnotnull and a.atttypid = 'uuid'::regtype
), expected (policy, role, command) as (
  values ('bos_owner', 'bos_owner', '*'), ('bos_read', 'bos_read', 'r'), ('bos_read_lock', 'bos_read', 'w'), ('bos_write', 'bos_write', '*')
), found as (
  select t.name as table_name, p.polname as policy, pg_get_userbyid(r) as role, p.polcmd::text as command, p.polpermissive,
    pg_get_expr(p.polqual, p.polrelid) as using_text, pg_get_expr(p.polwithcheck, p.polrelid) as check_text
  from t join pg_policy p on p.polrelid = t.oid cross join lateral unnest(p.polroles) r
), rights as (
  select t.name, coalesce(g.rolname, 'public') as role, a.privilege_type as privilege from t cross join lateral aclexplode(t.relacl) a left join pg_roles g on g.oid = a.grantee
  where a.grantee <> t.relowner
  union all
  select t.name, coalesce(g.rolname, 'public'), a.privilege_type || '(' || c.attname || ')'
  from t join pg_attribute c on c.attrelid = t.oid and c.attacl is not null cross join lateral aclexplode(c.attacl) a left join pg_roles g on g.oid = a.grantee
)
select name || ' has row security that is not forced' as fault from t where not (relrowsecurity and relforcerowsecurity)
union all select name || ' belongs to ' || pg_get_userbyid(relowner) from t where pg_get_userbyid(relowner) <> 'bos_owner'
union all select name || ' has no tenant_id' from t where oid not in (select oid from tenant)
union all select t.name || ' has another primary key' from t where not exists (
  select from pg_constraint k where k.conrelid = t.oid and k.contype = 'p' and pg_get_constraintdef(k.oid) = 'PRIMARY KEY (tenant_id, id)')
union all select t.name || ': index ' || i.indexrelid::regclass || ' does not begin with tenant_id'
  from t join pg_index i on i.indrelid = t.oid left join tenant on tenant.oid = t.oid where i.indkey[0] is distinct from tenant.attnum
union all select t.name || ': foreign key ' || k.conname || ' does not begin with tenant_id on both sides'
  from t join pg_constraint k on k.conrelid = t.oid and k.contype = 'f' left join tenant on tenant.oid = t.oid left join tenant other on other.oid = k.confrelid
  where k.conkey[1] is distinct from tenant.attnum or k.confkey[1] is distinct from other.attnum
union all select t.name || ' lacks the policy ' || e.policy from t cross join expected e
  where not exists (select from found f where f.table_name = t.name and (f.policy, f.role, f.command) = (e.policy, e.role, e.command) and f.polpermissive)
union all select table_name || ' has the policy ' || policy || ' for ' || role from found
  where (policy, role, command) not in (select policy, role, command from expected)
union all select table_name || ': policy ' || policy || ' does not begin with the tenant' from found
  where role <> 'bos_owner' and (using_text !~ '^\\(+tenant_id = \\( SELECT bos\\.tenant\\(\\) AS tenant\\)\\)( AND|$)' or using_text ~ '^[^(]')
union all select table_name || ': policy bos_read_lock lets rows change' from found where policy = 'bos_read_lock' and check_text is distinct from 'false'
union all select table_name || ': policy bos_write lets rows leave the tenant' from found
  where policy = 'bos_write' and check_text is distinct from '(tenant_id = ( SELECT bos.tenant() AS tenant))'
union all select format('%s: %s has %s', name, role, privilege) from rights
  where (role, privilege) not in (values ('bos_read', 'SELECT'), ('bos_read', 'UPDATE(id)'),
    ('bos_write', 'SELECT'), ('bos_write', 'INSERT'), ('bos_write', 'UPDATE'), ('bos_write', 'DELETE'))
order by 1`
