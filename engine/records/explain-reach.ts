import { sql } from 'kysely'
import { administrator } from '../catalogue/types.ts'
import type { Action, Catalogue, Entity, RowScope } from '../catalogue/types.ts'
import type { Query, Rows } from '../database/types.ts'
import type { Explanation } from '../expressions/explain.ts'
import { Source } from './conditions.ts'
import type { Explained, FieldPath } from './explain-request.ts'
import { gettable, pathsWithout, reached, readable } from './reach.ts'
import { and, column, comma, toQuery } from './sql.ts'
import type { Fragment } from './sql.ts'
import { isLive } from './tables.ts'
import type { Access, Actor, EntityAccess, Grant, RowCondition } from './types.ts'

/** One thing that grants, or stands against, what was asked about. */
export interface Reason {
  /** For people to read. */
  readonly detail: string
  /** Id of the role of which it is told; absent: it is told of the record. */
  readonly role?: string
  /** Id of the scope by which the role reaches the record, or does not. */
  readonly scope?: string
  /** Where the permission comes from. */
  readonly layer?: string
  /** What the role says of the record in words of its own. */
  readonly condition?: Explanation
  /** Where a fault stands. */
  readonly pointer?: string
}

/** How the grants of one person meet one record. */
export interface Reach {
  readonly deleted: boolean
  /** What was asked is granted here, as far as it is about rows: the statement of the door itself says so. */
  readonly granted: boolean
  readonly masked: ReadonlySet<string>
  readonly fixed: ReadonlySet<string>
  /** Of each action (or transition id) that matters: which scopes of which grant hold. */
  readonly held: readonly Held[]
}
export interface Held {
  readonly what: string
  readonly grant: Grant
  readonly scope: string
  readonly title: string
  readonly holds: boolean
  /** What keeps it from holding: the record is not in the scope, is there to be read only, or is not as the role says. */
  readonly lacks: Lack | null
}
type Lack = 'scope' | 'sharing' | 'condition'

interface Asked {
  readonly access: Access
  readonly here: EntityAccess
  readonly what: Explained
  readonly field: FieldPath | null
  readonly id: string
}

/** The grants that an explanation speaks of. */
function grantsOf({ here, what, field }: Omit<Asked, 'access' | 'id'>): (readonly [what: string, grants: RowCondition])[] {
  const of = (action: Action): readonly [string, RowCondition] => [action, here.actions.get(action) ?? []]
  const asked = what.kind === 'action' ? of(what.action) : ([what.transition.id, here.transitions.get(what.transition.id) ?? []] as const)
  if (!field) return [asked]
  const state = here.entity.lifecycles.find((each) => each.field === field.path)
  const moves = (state?.transitions ?? []).map(({ id }) => [id, here.transitions.get(id) ?? []] as const)
  return [asked, ...[...(['list', 'get', 'update'] as const).map(of), ...moves].filter(([each]) => each !== asked[0])]
}

const probesOf = (asked: Omit<Asked, 'access' | 'id'>) =>
  grantsOf(asked).flatMap(([what, grants]) => grants.flatMap((grant) => grant.scopes.map((scope) => ({ what, grant, scope }))))

/** Of a scope of what is shared to be changed: of what is shared at all. */
const sharedToRead = (scope: RowScope): RowScope | null =>
  scope.predicate.kind === 'among' && scope.predicate.set === 'sharedToUpdate'
    ? { ...scope, predicate: { ...scope.predicate, set: 'shared' } }
    : null

/** At most one row: none where the row policies themselves keep the record from this person. */
export function reachQuery(asked: Asked, actor: Actor): Query {
  const { access, here, what, id } = asked
  const { catalogue } = access
  const { entity } = here
  const source = new Source(catalogue, here)
  const self = sql`${actor.member}::uuid`
  const within = (grant: Grant): Fragment => reached(catalogue, entity, [grant], 't', self) ?? sql`true`
  const probes = probesOf(asked).map(({ grant, scope }, i) => {
    const alone: Grant = { ...grant, scopes: [scope], condition: null }
    const toRead = sharedToRead(scope)
    return sql`case ${sql.join(
      [
        sql`when ${within({ ...alone, condition: grant.condition })} then ''`,
        ...(grant.condition ? [sql`when ${within(alone)} then 'condition'`] : []),
        ...(toRead ? [sql`when ${within({ ...alone, scopes: [toRead] })} then 'sharing'`] : []),
      ],
      sql` `,
    )} else 'scope' end as ${sql.id(`p${i}`)}`
  })
  return toQuery(
    sql`select ${comma([
      sql`${column('t', 'deleted_at')} is not null as deleted`,
      sql`${and(conditionsOf(catalogue, here, what, self))} as granted`,
      sql`${pathsWithout(catalogue, entity, here.masks, 't')} as masked`,
      sql`${pathsWithout(catalogue, entity, here.fixed, 't')} as fixed`,
      ...probes,
    ])} from ${source.from()} where ${column('t', 'tenant_id')} = ${actor.tenant}::uuid and ${column('t', 'id')} = ${id}::uuid`,
  )
}

/** What the doors ask of a record before they show it. What writes ask is found by trying. */
function conditionsOf(catalogue: Catalogue, here: EntityAccess, what: Explained, self: Fragment): readonly Fragment[] {
  if (what.kind === 'transition') return []
  const { action } = what
  const live = action === 'history' || action === 'restore' ? [] : [isLive(catalogue, here.entity, 't')]
  return [...readable(catalogue, here, action, 't', self), ...(action === 'history' ? gettable(catalogue, here, 't') : []), ...live]
}

export function readReach(asked: Omit<Asked, 'access' | 'id'>, { rows }: Rows): Reach {
  const [row] = rows
  return {
    deleted: row?.['deleted'] === true,
    granted: row?.['granted'] === true,
    masked: new Set((row?.['masked'] as string[] | undefined) ?? []),
    fixed: new Set((row?.['fixed'] as string[] | undefined) ?? []),
    held: probesOf(asked).map(({ what, grant, scope: { id: scope, title } }, i) => {
      const lacks = row ? ((row[`p${i}`] || null) as Lack | null) : 'scope'
      return { what, grant, scope, title, holds: lacks === null, lacks }
    }),
  }
}

/** Who says what the role may do with the entity. */
export const layerOf = ({ own }: Catalogue, { id, layer }: Entity, role: string): Entity['layer'] =>
  own?.permissions.get(id)?.has(role) ? 'tenant' : layer

/** How a record meets a scope. */
const meeting = {
  nothing: ', and this is one',
  scope: '; this is none of them',
  sharing: '; this one is shared with them to read only',
  condition: ' where a condition holds; here it does not',
} as const

/** Whom to ask for it: the roles that grant it of some record. */
function whoMay(entity: Entity, what: Explained, titleOf: (role: string) => string): string {
  const able = [...entity.permissions.values()].filter(
    ({ role, actions, transitions }) =>
      role !== administrator && (what.kind === 'action' ? actions.has(what.action) : transitions.has(what.transition.id)),
  )
  if (able.length === 0) return 'Only administrators may.'
  return `It takes the role ${new Intl.ListFormat('en', { type: 'disjunction' }).format(able.map(({ role }) => `“${titleOf(role)}”`))}.`
}

/** The roles that grant it here and those that do not. */
export function reasonsOf(
  {
    catalogue,
    entity,
    roles,
    what,
  }: { readonly catalogue: Catalogue; readonly entity: Entity; readonly roles: readonly string[]; readonly what: Explained },
  all: readonly Held[],
  words: ReadonlyMap<Grant, Explanation> = new Map(),
): { readonly because: readonly Reason[]; readonly refused: readonly Reason[] } {
  const titleOf = (role: string): string => catalogue.roles.get(role)?.title ?? role
  const plural = entity.pluralTitle.toLowerCase()
  const does = what.kind === 'action' ? what.action : what.transition.title.toLowerCase()
  const held = all.filter((each) => each.what === (what.kind === 'action' ? what.action : what.transition.id))
  const told = ({ grant, scope, title, lacks }: Held): Reason => {
    // Where the record is not even in the scope, nothing hangs on what the role says besides.
    const condition = lacks === null || lacks === 'condition' ? words.get(grant) : undefined
    return {
      detail: `${titleOf(grant.role)} may ${does} ${plural} of the scope “${title}”${meeting[lacks ?? 'nothing']}.`,
      role: grant.role,
      scope,
      layer: layerOf(catalogue, entity, grant.role),
      ...(condition && { condition }),
    }
  }
  const granting = new Set(held.map(({ grant }) => grant.role))
  const silent = roles.filter((role) => !granting.has(role) && (entity.permissions.has(role) || granting.size === 0))
  return {
    because: held.filter((each) => each.holds).map(told),
    refused: [
      ...held.filter((each) => !each.holds).map(told),
      ...silent.map((role): Reason => ({
        detail: `${titleOf(role)} may not ${does} ${plural}.`,
        role,
        layer: layerOf(catalogue, entity, role),
      })),
      ...(roles.length === 0 ? [{ detail: 'There is no role at all.' }] : []),
      ...(held.length === 0 ? [{ detail: whoMay(entity, what, titleOf) }] : []),
    ],
  }
}
