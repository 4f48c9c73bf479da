import { sql } from 'kysely'
import { jsonAnswer, matchesTag } from './answer.ts'
import { callerSlots, reachable, Source } from './conditions.ts'
import type { Caller } from './conditions.ts'
import { onlyParameters, parseDeleted, single } from './parameters.ts'
import { recordJson } from './select.ts'
import { isLive } from './tables.ts'
import type { Selection } from './select.ts'
import { parseSelection } from './selection.ts'
import { and, column, remember, Slot, toTemplate } from './sql.ts'
import type { Template } from './sql.ts'
import type { Query } from '../database/types.ts'
import type { Access, Actor, Answer, EntityAccess } from './types.ts'

export interface GetRequest {
  readonly access: EntityAccess
  /** Null: the one record of a `single` entity. */
  readonly id: string | null
  readonly deleted: boolean
  readonly selection: Selection
}

export function parseGet(access: Access, here: EntityAccess, id: string | null, query: ReadonlyMap<string, readonly string[]>): GetRequest {
  onlyParameters(query, ['fields', 'expand', 'deleted'])
  const deleted = parseDeleted(here, query)
  const asked = { fields: single(query, 'fields'), expand: single(query, 'expand'), withLines: true, deleted }
  return { access: here, id, deleted, selection: parseSelection(access, here, asked) }
}

interface Values extends Caller {
  readonly id: string | null
}
const slots = { ...callerSlots, id: new Slot<Values>(({ id }) => id) }

/** One row {data, etag} or none: another tenant's id, a hidden row and a random id are the same to this statement. */
export function getQuery(request: GetRequest, { tenant, member }: Actor): Query {
  const shape = request.id === null ? 'get the only one' : 'get by id'
  return remember(request.selection, shape, () => getTemplate(request))({ tenant, member, id: request.id })
}

function getTemplate({ access, id, deleted, selection }: GetRequest): Template<Values> {
  const source = new Source(selection.catalogue, access)
  const conditions = [
    ...reachable(source, access, slots, 'get'),
    ...(id === null ? [] : [sql`${column('t', 'id')} = ${slots.id}::uuid`]),
    deleted ? sql`${column('t', 'deleted_at')} is not null` : isLive(selection.catalogue, access.entity, 't'),
  ]
  const etag = access.entity.kind === 'line' ? sql`null::text` : sql`${column('t', 'version')} || '.' || ${column('t', 'revision')}`
  return toTemplate(sql`select ${recordJson(selection, 't')}::text as data, ${etag} as etag from ${source.from()} where ${and(conditions)}`)
}

/**
 * The ETag names the stored record, so a client that has it need not get the record again (304). Not so when related records were
 * asked for: they change by themselves. What a caller sees depends on who it is: a cache must not show it to the next one.
 */
export function getAnswer({ selection }: GetRequest, row: Record<string, unknown>, ifNoneMatch: string | null): Answer {
  const etag = row['etag'] as string | null
  if (etag === null) return jsonAnswer(String(row['data']))
  const headers = { ETag: `"${etag}"`, Vary: 'Authorization' }
  if (!hasRelated(selection) && matchesTag(ifNoneMatch, headers.ETag)) return { status: 304, body: null, headers }
  return jsonAnswer(String(row['data']), headers)
}

/** Does the answer show more than the record and its lines? Lists through a junction entity are records of their own, too. */
const hasRelated = ({ expand, lines, fields }: Selection): boolean =>
  expand.length > 0 || fields.some((field) => field.lines?.through) || lines.some((each) => hasRelated(each.selection))
