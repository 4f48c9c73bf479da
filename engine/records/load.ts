import assert from 'node:assert/strict'
import { sql } from 'kysely'
import { systemFields } from '../catalogue/system-fields.ts'
import { findsOne } from '../catalogue/types.ts'
import type { Catalogue, Entity, Field } from '../catalogue/types.ts'
import { reachable, Source } from './conditions.ts'
import { linesFields, storedFields } from './change.ts'
import type { Stored, StoredLine } from './change.ts'
import { columnValues } from './decide-emit.ts'
import type { LoadedRecord } from './decide-operations.ts'
import { columnsFor, pathsWithin, pathsWithout, seen } from './reach.ts'
import { systemJson, textOf, valueJson } from './select.ts'
import { isLive } from './tables.ts'
import { and, column, columnsOf, comma, tableOf, toQuery } from './sql.ts'
import type { Fragment } from './sql.ts'
import type { Query, Rows } from '../database/types.ts'
import { foldedColumn } from '../schema/columns.ts'
import type { LookUp } from './request.ts'
import type { Access, Actor, EntityAccess } from './types.ts'

/**
 * What a write reads before it decides. Locks come first, in statements of their own and in id order, so that what the
 * following statements of the same trip see is what stays true until commit.
 */

/** Locks the records the actor can see among `ids`. Delete takes the stronger lock: it waits for, and holds off, new references. */
export function lockQuery(
  catalogue: Catalogue,
  access: EntityAccess,
  actor: Actor,
  ids: readonly string[],
  strength: 'change' | 'delete',
): Query {
  const source = new Source(catalogue, access)
  const lock = strength === 'delete' ? sql`for update of t` : sql`for no key update of t`
  return toQuery(sql`select ${column('t', 'id')} from ${source.from()}
    where ${and([...byIds(actor, ids), ...seen(catalogue, access, 't')])} order by ${column('t', 'id')} ${lock}`)
}

/** The stored records with their lines, every field; which actions reach each, and what of it the actor may not see or change. */
export function storedQuery(catalogue: Catalogue, access: EntityAccess, actor: Actor, ids: readonly string[]): Query {
  const { entity } = access
  const reach = (['update', 'delete', 'restore', 'import'] as const).map((action) => {
    const conditions = access.actions.has(action) ? reachable(new Source(catalogue, access), access, actor, action) : [sql`false`]
    return sql`${and(conditions)} as ${sql.id(action)}`
  })
  const runs = sql`${pathsWithin(catalogue, entity, access.transitions, 't')} as runs`
  const masked = sql`${pathsWithout(catalogue, entity, access.masks, 't')} as masked`
  const fixed = sql`${pathsWithout(catalogue, entity, access.fixed, 't')} as fixed`
  return toQuery(sql`select ${storedJson(catalogue, entity, 't', 0)}::text as data, ${comma([...reach, runs, masked, fixed])} from ${tableOf(entity)} t
    where ${and([...byIds(actor, ids), ...seen(catalogue, access, 't')])}`)
}

const byIds = ({ tenant }: Actor, ids: readonly string[]): Fragment[] => [
  sql`${column('t', 'tenant_id')} = ${tenant}::uuid`,
  sql`${column('t', 'id')} = any(${ids}::uuid[])`,
]

export function storedJson(catalogue: Catalogue, entity: Entity, alias: string, depth: number): Fragment {
  const isLine = entity.kind === 'line'
  const system = (isLine ? ['id', 'position'] : ['id', 'version', 'revision', 'deletion_id']).map(
    (name) => sql`${column(alias, name)} as ${sql.id(`bos__${name}`)}`,
  )
  const shown = isLine ? [] : shownProperties.map((name) => sql`${systemJson(name, alias)} as ${sql.id(`bos__${name}`)}`)
  const values = storedFields(entity).map((field) => sql`${valueJson(field, columnsOf(alias, field))} as ${sql.id(field.id)}`)
  const lines = linesFields(entity).map((field) => {
    const line = catalogue.entities.get(field.lines!.entity)!
    const child = `l${depth}`
    return sql`coalesce((select json_agg(${storedJson(catalogue, line, child, depth + 1)} order by ${column(child, 'position')}, ${column(child, 'id')}) from ${tableOf(line)} ${sql.id(child)}
      where ${column(child, 'tenant_id')} = ${column(alias, 'tenant_id')} and ${column(child, 'parent_id')} = ${column(alias, 'id')}), '[]'::json) as ${sql.id(field.id)}`
  })
  const row = `r${depth}`
  return sql`(select row_to_json(${sql.id(row)}) from (select ${comma([...system, ...shown, ...values, ...lines])}) ${sql.id(row)})`
}

/** What answers show besides id and version, and a patch may repeat. */
const shownProperties = systemFields.map(({ name }) => name).filter((name) => !['id', 'version', 'revision'].includes(name))

export function readStored(entity: Entity, lineEntity: (field: Field) => Entity, rows: Rows): Map<string, LoadedRecord> {
  const records = rows.rows.map((row): [string, LoadedRecord] => {
    const json = JSON.parse(String(row['data'])) as Record<string, unknown>
    const stored: Stored = {
      id: String(json['bos__id']),
      version: Number(json['bos__version']),
      revision: Number(json['bos__revision']),
      deleted: json['bos__deleted_at'] !== null,
      deletionId: json['bos__deletion_id'] as string | null,
      system: Object.fromEntries(shownProperties.map((name) => [name, json[`bos__${name}`]])),
      ...valuesOf(entity, lineEntity, json),
    }
    const reaches = {
      update: row['update'] === true,
      delete: row['delete'] === true,
      restore: row['restore'] === true,
      import: row['import'] === true,
    }
    const without = { masked: new Set(row['masked'] as string[]), fixed: new Set(row['fixed'] as string[]) }
    return [stored.id, { stored, reaches, runs: new Set(row['runs'] as string[] | undefined), without }]
  })
  return new Map(records)
}

function valuesOf(
  entity: Entity,
  lineEntity: (field: Field) => Entity,
  json: Record<string, unknown>,
): Pick<StoredLine, 'values' | 'lines'> {
  const line =
    (child: Entity) =>
    (each: Record<string, unknown>): StoredLine => ({
      id: String(each['bos__id']),
      position: Number(each['bos__position']),
      ...valuesOf(child, lineEntity, each),
    })
  return {
    values: new Map(storedFields(entity).map((field) => [field.id, json[field.id] ?? null])),
    lines: new Map(
      linesFields(entity).map((field) => [field.id, (json[field.id] as Record<string, unknown>[]).map(line(lineEntity(field)))]),
    ),
  }
}

/** Which of these records exist, live, for this actor; they stay so until commit. Rows of {id}. */
export function referencesQuery(catalogue: Catalogue, access: EntityAccess, actor: Actor, ids: readonly string[]): Query {
  const source = new Source(catalogue, access)
  const live = access.entity.kind === 'line' ? [] : [sql`${column('t', 'deleted_at')} is null`]
  return toQuery(sql`select ${column('t', 'id')} from ${source.from()}
    where ${and([...byIds(actor, ids), ...seen(catalogue, access, 't'), ...live])} order by ${column('t', 'id')} for key share of t`)
}

/** Field ids changed since a version, for the merge of disjoint edits. Rows of {record_id, version, changed}. */
export function changesQuery(actor: Actor, entity: Entity, ids: readonly string[], since: number): Query {
  return toQuery(sql`select record_id, version, changed from bos.event
    where tenant_id = ${actor.tenant}::uuid and entity = ${entity.id} and record_id = any(${ids}::uuid[]) and version > ${since}::int`)
}

/** The id of the live record, among those a key is about, that has these values: whoever may see it, uniqueness knows no scopes. Runs as bos_write. */
export function keyQuery(
  entity: Entity,
  fields: readonly Field[],
  ignoreCase: boolean,
  actor: Actor,
  values: readonly unknown[],
  among: Fragment | null = null,
): Query {
  const conditions = fields.flatMap((field, i) =>
    Object.entries(columnValues(field, values[i])).map(([name, value]) => {
      const at = column('t', name)
      const type = field.columns.find((each) => each.name === name)!.type
      const folded = ignoreCase && name === field.id ? foldedColumn(field) : null
      if (folded !== null) return sql`${column('t', folded)} = bos.fold(${value}::text)`
      // `is not distinct from` is no index condition; a key has its values, but for the other columns of a composite.
      return value === null ? sql`${at} is null` : sql`${at} = ${value}::${sql.raw(type)}`
    }),
  )
  return toQuery(
    sql`select ${column('t', 'id')} from ${tableOf(entity)} t where ${and([sql`${column('t', 'tenant_id')} = ${actor.tenant}::uuid`, sql`${column('t', 'deleted_at')} is null`, ...conditions, ...(among ? [among] : [])])}`,
  )
}

/** Rows of {value, id}: which live records, among those the actor sees, have one of these texts in a field. */
export function lookUpQuery(access: Access, actor: Actor, { here: target, field, values }: LookUp): Query {
  const by = target.visible.find((each) => each.name === field)
  assert(by, `${target.entity.id}.${field} was checked before`)
  const source = new Source(access.catalogue, target)
  // Where "abc" and "ABC" cannot both exist, either finds the record.
  const ignoresCase = target.entity.unique.some(
    (key) => key.ignoreCase && findsOne(key) && key.fields.length === 1 && key.fields[0] === by.id,
  )
  const folded = ignoresCase ? foldedColumn(by) : null
  const at = columnsFor(access.catalogue, target, by, 't')
  const matches = folded === null ? sql`${textOf(by, at)} = v.value` : sql`${at(folded.slice(by.id.length))} = bos.fold(v.value)`
  return toQuery(sql`select v.value, t.id from unnest(${values}::text[]) as v(value) join ${source.from()} on ${matches}
    where ${and([...reachable(source, target, actor, target.actions.has('list') ? 'list' : 'get'), isLive(access.catalogue, target.entity, 't')])}`)
}
