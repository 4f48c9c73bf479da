import { escapeIdentifier, escapeLiteral } from 'pg'
import type { ServingRole, Session } from './types.ts'

/** Serve requests: granted to the login, which has no rights of its own and takes one of them per transaction. */
const servingRoles = ['bos_read', 'bos_write', 'bos_queue'] as const satisfies readonly ServingRole[]

/**
 * The fourth role of the login: may execute the short list of functions that work outside any tenant (Database.call) and nothing
 * else. A role of its own, because a grant to the login would have to be repeated after every migration, one to PUBLIC
 * would show password hashes to every login of the server, and one to bos_read would let a read reach them.
 */
export const callRole = 'bos_call'

export const ownerRole = 'bos_owner'

const granted = [...servingRoles, callRole]
const extensions = ['pg_trgm', 'btree_gin', 'btree_gist'] as const
const harmless = 'nosuperuser nobypassrls noinherit nocreatedb nocreaterole noreplication'

/**
 * Makes the roles, the login and the extensions, and lets bos_owner create schemas in this database. Safe to repeat.
 * `admin` is a superuser, or a login with CREATEROLE that may grant CREATE on the database. No `login`: none is made (embedded).
 * A login that exists keeps its password unless one is given.
 */
export async function initRoles(admin: Session, options: { login?: string; password?: string } = {}): Promise<void> {
  // Roles belong to the whole server: another database may be making the same ones at this moment.
  for (let attempt = 1; ; attempt++) {
    await admin.query('begin')
    try {
      await makeRoles(admin, options)
      await admin.query('commit')
      return
    } catch (error) {
      await admin.query('rollback')
      const code = (error as { code?: unknown }).code
      const happenedMeanwhile = code === '42710' || code === '23505' || code === 'XX000'
      if (!happenedMeanwhile || attempt === 5) throw error
    }
  }
}

async function makeRoles(admin: Session, { login, password }: { login?: string; password?: string }): Promise<void> {
  const { rows: known } = await admin.query('select rolname from pg_roles where rolname = any($1)', [[...granted, ownerRole, login ?? '']])
  const exists = new Set(known.map((row) => row['rolname']))
  for (const role of [ownerRole, ...granted]) {
    if (!exists.has(role)) await admin.query(`create role ${role} nologin ${harmless}`)
  }
  // A CREATEROLE login made these roles but may not act as them until it says so.
  await grantMissing(admin, await currentUser(admin), [ownerRole])
  if (login !== undefined) {
    const name = escapeIdentifier(login)
    if (!exists.has(login)) await admin.query(`create role ${name} login ${harmless}`)
    if (password !== undefined) await admin.query(`alter role ${name} password ${escapeLiteral(password)}`)
    await grantMissing(admin, login, granted)
  }
  const { rows } = await admin.query(
    `select current_database() as name, has_database_privilege('${ownerRole}', current_database(), 'CREATE') as may`,
  )
  if (rows[0]?.['may'] !== true)
    await admin.query(`grant create on database ${escapeIdentifier(String(rows[0]?.['name']))} to ${ownerRole}`)
  const { rows: installed } = await admin.query('select extname from pg_extension where extname = any($1)', [[...extensions]])
  for (const extension of extensions) {
    if (!installed.some((row) => row['extname'] === extension))
      await admin.query(`create extension if not exists ${extension} schema public`)
  }
}

async function currentUser(admin: Session): Promise<string> {
  const { rows } = await admin.query('select current_user as name')
  return String(rows[0]?.['name'])
}

/** Grants without inheritance: the member acts as the role only after `set role`. Superusers need no grant. */
async function grantMissing(admin: Session, member: string, roles: readonly string[]): Promise<void> {
  const { rows } = await admin.query(
    `select r.rolname from pg_roles r join pg_roles m on m.rolname = $1 and not m.rolsuper
     where r.rolname = any($2) and not pg_has_role(m.oid, r.oid, 'SET')`,
    [member, [...roles]],
  )
  for (const row of rows) {
    await admin.query(`grant ${escapeIdentifier(String(row['rolname']))} to ${escapeIdentifier(member)} with inherit false, set true`)
  }
}

/** True if this login can set everything up by itself. */
export async function mayCreateRoles(session: Session): Promise<boolean> {
  const { rows } = await session.query('select rolsuper or rolcreaterole as may from pg_roles where rolname = session_user')
  return rows[0]?.['may'] === true
}

/** Each row of the answer is one reason not to serve. */
const faultsOfLogin = `
with me as (select * from pg_roles where rolname = session_user),
  served (name) as (select unnest($1::text[])),
  reachable as (select r.* from pg_roles r, me where pg_has_role(me.oid, r.oid, 'MEMBER'))
select format('the server is PostgreSQL %s; 17 or later is needed', current_setting('server_version')) as fault
  where current_setting('server_version_num')::int < 170000
union all select format('the role %s is missing', s.name) from served s where not exists (select from pg_roles r where r.rolname = s.name)
union all select format('the login %I is a superuser', rolname) from me where rolsuper
union all select format('the login %I may bypass row security', rolname) from me where rolbypassrls and not rolsuper
union all select format('the login %I may create roles', rolname) from me where rolcreaterole and not rolsuper
union all select format('the login %I may create databases', rolname) from me where rolcreatedb and not rolsuper
union all select format('the login %I may act as %I', me.rolname, r.rolname) from me, reachable r
  where r.rolname not in (select name from served) and r.oid <> me.oid and not me.rolsuper
    and (r.rolname = '${ownerRole}' or r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolcreatedb or r.rolreplication or r.rolname like 'pg\\_%')
union all select format('the login %I does not have the role %s', me.rolname, r.rolname) from me, pg_roles r
  where r.rolname in (select name from served) and not pg_has_role(me.oid, r.oid, 'SET')
union all select format('the login %I inherits the rights of %s', me.rolname, r.rolname) from me, pg_roles r
  where r.rolname in (select name from served) and pg_has_role(me.oid, r.oid, 'USAGE') and not me.rolsuper
union all select format('the role %s is a superuser, bypasses row security, or may create roles or databases', rolname) from pg_roles
  where rolname in (select name from served) and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication)
union all select format('the role %s may act as %I', r.rolname, other.rolname) from pg_roles r, pg_roles other
  where r.rolname in (select name from served) and other.oid <> r.oid and not r.rolsuper and pg_has_role(r.oid, other.oid, 'MEMBER')
union all select format('the role %s may create schemas in this database', name) from served
  where exists (select from pg_roles where rolname = name) and has_database_privilege(name, current_database(), 'CREATE')
union all select distinct format('%I owns tables of this database', r.rolname) from pg_class c join pg_roles r on r.oid = c.relowner, me
  where c.relkind in ('r', 'p') and (r.oid = me.oid or r.rolname in ('bos_read', 'bos_write', '${callRole}'))
union all select distinct format('the role %s has %s on %s', coalesce(r.rolname, 'PUBLIC'), acl.privilege_type, c.oid::regclass)
  from pg_class c, aclexplode(c.relacl) acl left join pg_roles r on r.oid = acl.grantee
  where acl.privilege_type in ('TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN') and c.relowner = (select oid from pg_roles where rolname = '${ownerRole}')
    and (acl.grantee = 0 or r.rolname in (select name from served) or r.rolname = session_user)
union all select format('row security is not forced on %s', c.oid::regclass) from pg_class c
  where c.relkind in ('r', 'p') and c.relowner = (select oid from pg_roles where rolname = '${ownerRole}') and not (c.relrowsecurity and c.relforcerowsecurity)
    and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped)`

/** Throws an Error that lists every reason why this login must not serve requests (DESIGN §4: row security has to bind it). */
export async function assertServingLogin(session: Session): Promise<void> {
  const { rows } = await session.query(faultsOfLogin, [granted])
  if (rows.length === 0) return
  const faults = rows.map((row) => `  - ${String(row['fault'])}`).join('\n')
  throw new Error(
    `DATABASE_URL must be a login that row-level security binds and that has exactly the serving roles:\n${faults}\n` +
      'Run `bos db init` with OWNER_DATABASE_URL set, or give only DATABASE_URL with a login that may create roles.',
  )
}
