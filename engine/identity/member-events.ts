import type { Catalogue } from '../catalogue/types.ts'
import type { Query, Rows } from '../database/types.ts'
import { core } from '../expressions/core.ts'
import type { EventBody, EventDraft } from '../records/decide.ts'
import type { Actor, Via } from '../records/types.ts'
import { writeQueries } from '../records/write.ts'

/** Of the request that asks for it. */
export interface Origin {
  readonly via: Via
  readonly requestId: string
}

/** Locks the person's record: events of one record come one after the other. No row: there is no such person. */
export const lockMember = (actor: Actor, member: string): Query => lockMembers(actor, [member])
/** In the order of their ids, so that two who lock some of the same wait for one another and not for ever. */
export const lockMembers = ({ tenant }: Actor, members: readonly string[]): Query => ({
  text: `select id, version, revision from core.member where tenant_id = $1::uuid and id = any ($2::uuid[]) and deleted_at is null
    order by id for no key update`,
  values: [tenant, members],
})

/** An event of its own in the history of a person (as `lockMember` read them); it raises the revision, for the record itself stays as it is. */
export function tellOfMember(
  catalogue: Catalogue,
  actor: Actor,
  person: Rows['rows'][number],
  type: 'viewed_as' | 'access_changed' | 'invited',
  body: Omit<EventBody, 'set'>,
  { via, requestId }: Origin,
): Query[] {
  const [record, version, revision] = [String(person['id']), Number(person['version']), Number(person['revision']) + 1]
  const event: EventDraft = {
    entity: catalogue.entities.get(core.member)!,
    record,
    type,
    version,
    revision,
    changed: [],
    body: { set: {}, ...body },
  }
  return [
    {
      text: 'update core.member set revision = $3::int where tenant_id = $1::uuid and id = $2::uuid',
      values: [actor.tenant, record, revision],
    },
    ...writeQueries([], [event], { actor, via, requestId }, true),
  ]
}
