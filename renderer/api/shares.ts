import { useQuery } from '@tanstack/react-query'
import { core } from '../../engine/expressions/core.ts'
import type { Entity } from './catalogue.ts'
import { callJson } from './client.ts'
import { queryClient, readAnew, type RecordData } from './records.ts'
import type { Ref } from './titles.ts'

export type ShareAccess = 'read' | 'update'
/** With whom a record is shared: a person or a team. */
export interface Share {
  readonly member?: string
  readonly team?: string
  readonly access: ShareAccess
}

interface Shares {
  readonly data: readonly Share[]
}

/** The entities whose records can be shared with, and what requests call them. */
export const grantees = { [core.member]: 'member', [core.team]: 'team' } as const
const isGrantee = (entity: string): entity is keyof typeof grantees => Object.hasOwn(grantees, entity)

export const granteeOf = ({ member, team }: Share): Ref =>
  member === undefined ? { entity: core.team, id: team ?? '' } : { entity: core.member, id: member }

const key = (entity: Entity, record: RecordData) => ['entity', entity.id, 'shares', record.id] as const
const path = (entity: Entity, { id }: RecordData): string => `${entity.path}/${id}/share`

export const useShares = (entity: Entity, record: RecordData) =>
  useQuery({
    queryKey: key(entity, record),
    queryFn: ({ signal }) => callJson<Shares>('GET', path(entity, record), { signal }).then(({ data }) => data),
    retry: false,
  })

/** Shares a record, or changes for what; `access` null: no more. Throws ApiProblem with pointers to `/member`, `/team` and `/access`. */
export async function share(entity: Entity, record: RecordData, { entity: kind, id }: Ref, access: ShareAccess | null): Promise<void> {
  if (!isGrantee(kind)) throw new Error(`Nothing is shared with ${kind}`)
  const grantee = { [grantees[kind]]: id }
  const { data } = await (access === null
    ? callJson<Shares>('DELETE', path(entity, record), { query: grantee })
    : callJson<Shares>('POST', path(entity, record), { body: { ...grantee, access } }))
  queryClient.setQueryData(key(entity, record), data)
  // The record has another revision now: what is saved next is judged by that.
  await readAnew()
}
