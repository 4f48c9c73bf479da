import { sql } from 'kysely'
import { reachable, Source } from './conditions.ts'
import { choice, single } from './parameters.ts'
import { isLive, recordJson } from './select.ts'
import type { Selection } from './select.ts'
import { parseSelection, withDeletion } from './selection.ts'
import { and, column, toQuery } from './sql.ts'
import type { Query } from '../database/types.ts'
import type { Access, Actor, EntityAccess } from './types.ts'

export interface GetRequest {
  readonly access: EntityAccess
  /** Null: the one record of a `single` entity. */
  readonly id: string | null
  readonly deleted: boolean
  readonly selection: Selection
}

export function parseGet(access: Access, here: EntityAccess, id: string | null, query: ReadonlyMap<string, readonly string[]>): GetRequest {
  const deleted = here.actions.has('restore') && choice(query, 'deleted', ['only']) === 'only'
  return { access: here, id, deleted, selection: withDeletion(parseSelection(access, here, single(query, 'fields'), single(query, 'expand'), true), deleted) }
}

/** One row {data, etag} or none: another tenant's id, a hidden row and a random id are the same to this statement. */
export function getQuery({ access, id, deleted, selection }: GetRequest, actor: Actor): Query {
  const source = new Source(selection.catalogue, access)
  const conditions = [
    ...reachable(source, access, actor, 'get'),
    ...(id === null ? [] : [sql`${column('t', 'id')} = ${id}::uuid`]),
    deleted ? sql`${column('t', 'deleted_at')} is not null` : isLive(selection.catalogue, access.entity, 't'),
  ]
  const etag = access.entity.kind === 'line' ? sql`null` : sql`${column('t', 'version')} || '.' || ${column('t', 'revision')}`
  return toQuery(sql`select ${recordJson(selection, 't')}::text as data, ${etag} as etag from ${source.from()} where ${and(conditions)}`)
}
