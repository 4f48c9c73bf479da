import { createHash } from 'node:crypto'
import type { Session } from '../database/types.ts'
import { tableKey } from './names.ts'
import { settledRoles } from './policies.ts'
import type { ColumnShape, Item, ItemKind, SchemaShape, Shape, TableShape } from './types.ts'

/**
 * What the last successful apply left behind, kept in bos.setting. PostgreSQL rewrites expressions when it stores them, so a
 * definition is recognised by two things together: what we wrote, and a print of how PostgreSQL reported it right afterwards.
 * An object altered by hand reports something else; a column dropped by hand is remembered and missed.
 */
export interface Memory {
  /** Major version: another one may report the same definition in other words. */
  readonly server: number
  readonly tables: Readonly<Record<string, TableMemory>>
}
export interface TableMemory {
  readonly entity: string
  /** Column → what it is generated from and its print; null for an ordinary column. */
  readonly columns: Readonly<Record<string, Print | null>>
  readonly items: Readonly<Record<string, Print>>
}
interface Print {
  readonly definition: string
  readonly print: string
}

export interface Inspection {
  /** Definitions that are still as we made them stand there in our words, others in PostgreSQL's. */
  readonly actual: Shape
  /** As PostgreSQL reports everything. */
  readonly reported: Shape
  /** Null before the first apply. */
  readonly memory: Memory | null
  readonly server: number
}

export const memoryKey = 'schema.shape'
const print = (reported: string): string => createHash('md5').update(reported).digest('hex')

/** Definitions come out qualified in full, whatever search path the session has. */
const pinned = `set local search_path = pg_catalog`

const query = `
with memory as (select value from bos.setting where key = '${memoryKey}'),
named as (
  select unnest($1::text[]) as name
  union select split_part(key, '.', 1) from memory, json_object_keys((value->'tables')::json) as key
),
settled as (select 0::oid as oid, 'public' as name union all select oid, rolname from pg_roles where rolname = any ($2::text[]))
select
  current_setting('server_version_num')::integer / 10000 as server,
  (select value from memory) as memory,
  (select json_agg(json_build_object('name', n.nspname, 'owner', pg_get_userbyid(n.nspowner), 'grants', array(
      select s.name || ': ' || lower(a.privilege_type) from aclexplode(n.nspacl) a join settled s on s.oid = a.grantee order by 1)))
    from pg_namespace n where n.nspname in (select name from named)) as schemas,
  (select json_agg(json_build_object(
      'schema', n.nspname, 'name', c.relname, 'owner', pg_get_userbyid(c.relowner),
      'rowSecurity', case when c.relrowsecurity and c.relforcerowsecurity then 'forced' when c.relrowsecurity then 'enabled' else 'off' end,
      'columns', (
        select json_agg(json_build_array(a.attname, format_type(a.atttypid, a.atttypmod),
            case when a.attcollation not in (0, t.typcollation) then (select collname from pg_collation where oid = a.attcollation) end,
            a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attgenerated::text))
          from pg_attribute a join pg_type t on t.oid = a.atttypid left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
          where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
      'constraints', (
        select json_agg(json_build_array(k.contype::text, k.conname, pg_get_constraintdef(k.oid)))
          from pg_constraint k where k.conrelid = c.oid and k.contype in ('p', 'f', 'u', 'c', 'x')),
      'indexes', (
        select json_agg(json_build_array(i.indisunique, x.relname,
            pg_get_indexdef(x.oid) || case when i.indisvalid and i.indisready then '' else ' invalid' end))
          from pg_index i join pg_class x on x.oid = i.indexrelid
          where i.indrelid = c.oid and not exists (select from pg_constraint k where k.conindid = x.oid and k.contype in ('p', 'u', 'x'))),
      'policies', (
        select json_agg(json_build_array(p.polname, concat_ws(' | ', case when p.polpermissive then 'permissive' else 'restrictive' end, p.polcmd::text,
            array(select pg_get_userbyid(r) from unnest(p.polroles) r order by 1)::text,
            coalesce(pg_get_expr(p.polqual, p.polrelid), ''), coalesce(pg_get_expr(p.polwithcheck, p.polrelid), ''))))
          from pg_policy p where p.polrelid = c.oid),
      'triggers', (
        select json_agg(json_build_array(t.tgname, pg_get_triggerdef(t.oid) || case t.tgenabled when 'O' then '' else ' ' || t.tgenabled::text end))
          from pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal),
      'grants', array(
        select s.name || ': ' || lower(a.privilege_type) from aclexplode(c.relacl) a join settled s on s.oid = a.grantee
        union select s.name || ': ' || lower(a.privilege_type) || ' (' || col.attname || ')'
          from pg_attribute col, aclexplode(col.attacl) a join settled s on s.oid = a.grantee
          where col.attrelid = c.oid and col.attacl is not null and not col.attisdropped
        order by 1)))
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in (select name from named) and c.relkind in ('r', 'p')) as tables`

type ReportedColumn = [name: string, type: string, collation: string | null, notNull: boolean, expression: string | null, generated: string]
interface ReportedTable extends Omit<TableShape, 'entity' | 'columns' | 'items'> {
  readonly columns: readonly ReportedColumn[] | null
  readonly constraints: readonly [type: string, name: string, definition: string][] | null
  readonly indexes: readonly [unique: boolean, name: string, definition: string][] | null
  readonly policies: readonly [name: string, definition: string][] | null
  readonly triggers: readonly [name: string, definition: string][] | null
}

/**
 * Reads what stands in the given schemas and in those of the last apply: one query. The session must be inside a transaction
 * (its search path is pinned until the end) and act as the owner.
 */
export async function inspectShape(session: Session, schemas: readonly string[]): Promise<Inspection> {
  await session.query(pinned)
  const { rows } = await session.query(query, [[...schemas], [...settledRoles]])
  const row = rows[0] as { server: number; memory: Memory | null; schemas: SchemaShape[] | null; tables: ReportedTable[] | null }
  const tables = (row.tables ?? []).map((table) => readTable(table, row.memory)).sort((a, b) => (tableKey(a) < tableKey(b) ? -1 : 1))
  const reported: Shape = { schemas: (row.schemas ?? []).map(sortGrants), tables }
  return { reported, memory: row.memory, server: row.server, actual: recognised(reported, row.memory, row.server) }
}

// Collations of databases sort differently; ours is by code unit.
const sortGrants = <T extends { readonly grants: readonly string[] }>(shape: T): T => ({ ...shape, grants: [...shape.grants].sort() })

const constraintKinds: Readonly<Record<string, ItemKind>> = { p: 'primary key', f: 'foreign key', c: 'check', x: 'exclusion', u: 'unique' }

function readTable(table: ReportedTable, memory: Memory | null): TableShape {
  const item = (kind: ItemKind, name: string, definition: string): Item => ({ kind, name, definition, field: null })
  const items = [
    ...(table.constraints ?? []).map(([type, name, definition]) => item(constraintKinds[type] ?? 'check', name, definition)),
    ...(table.indexes ?? []).map(([unique, name, definition]) => item(unique ? 'unique' : 'index', name, definition)),
    ...(table.policies ?? []).map(([name, definition]) => item('policy', name, definition)),
    ...(table.triggers ?? []).map(([name, definition]) => item('trigger', name, definition)),
  ]
  return {
    schema: table.schema,
    name: table.name,
    owner: table.owner,
    rowSecurity: table.rowSecurity,
    entity: memory?.tables[tableKey(table)]?.entity ?? tableKey(table),
    columns: (table.columns ?? []).map(readColumn),
    items: items.sort((a, b) => (a.name < b.name ? -1 : 1)),
    grants: [...table.grants].sort(),
  }
}

const readColumn = ([name, type, collation, notNull, expression, generated]: ReportedColumn): ColumnShape => ({
  name,
  type,
  collation,
  notNull,
  default: generated === '' ? expression : null,
  generated: generated === '' ? null : expression,
  field: null,
})

/** Puts our words for what is still as we left it. */
export function recognised(reported: Shape, memory: Memory | null, server: number): Shape {
  const upgraded = memory !== null && memory.server !== server
  const words = (definition: string, known: Print | null | undefined, trustUpgrade: boolean): string =>
    known && (known.print === print(definition) || (upgraded && trustUpgrade)) ? known.definition : definition
  return {
    ...reported,
    tables: reported.tables.map((table) => {
      const known = memory?.tables[tableKey(table)]
      return {
        ...table,
        columns: table.columns.map((column) =>
          column.generated === null ? column : { ...column, generated: words(column.generated, known?.columns[column.name], true) },
        ),
        // After a major upgrade of the server, what is costly to build is taken as it is; policies are simply made anew.
        items: table.items.map((item) => ({
          ...item,
          definition: words(item.definition, known?.items[item.name], item.kind !== 'policy'),
        })),
      }
    }),
  }
}

/** What to remember after an apply: the wanted definitions, with the prints of what now stands there. */
export function remember(desired: Shape, { reported, memory, server }: Inspection): Memory {
  const wanted = new Map(desired.tables.map((table) => [tableKey(table), table]))
  const tables: Record<string, TableMemory> = {}
  for (const table of reported.tables) {
    const want = wanted.get(tableKey(table))
    // A table that is not in use now is remembered as it was, for the day it comes back.
    const entry = want ? tableMemory(want, table) : memory?.tables[tableKey(table)]
    if (entry) tables[tableKey(table)] = entry
  }
  return { server, tables }
}

function tableMemory(want: TableShape, reported: TableShape): TableMemory {
  const columns = new Map(reported.columns.map((column) => [column.name, column]))
  const items = new Map(reported.items.map((item) => [item.name, item]))
  return {
    entity: want.entity,
    columns: Object.fromEntries(
      want.columns.map(({ name, generated }) => [
        name,
        generated === null ? null : { definition: generated, print: print(columns.get(name)?.generated ?? '') },
      ]),
    ),
    items: Object.fromEntries(
      want.items.map(({ name, definition }) => [name, { definition, print: print(items.get(name)?.definition ?? '') }]),
    ),
  }
}
