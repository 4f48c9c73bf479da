import type { Action, Entity, Field, Transition } from '../catalogue/types.ts'
import { suggestion } from '../fields/nearest.ts'
import { isUuid } from '../fields/uuid.ts'
import { echo, Problem } from '../problems.ts'
import { mayViewAs } from './access.ts'
import { onlyParameters, parameterFault, single, unknownField } from './parameters.ts'
import { isShareable } from './share.ts'
import type { Access, Actor, Call, EntityAccess } from './types.ts'

/** Asks why somebody may, or may not, do something with a record, and what would come of it. */
export interface ExplainRequest {
  readonly access: Access
  readonly here: EntityAccess
  /** Null: the one record of a `single` entity. */
  readonly id: string | null
  readonly what: Explained
  /** Null: no field is asked about. */
  readonly field: FieldPath | null
  /** Member id of whoever the question is about; null: the caller. */
  readonly as: string | null
  readonly call: Pick<Call, 'via' | 'requestId'>
}
export type Explained =
  | { readonly kind: 'action'; readonly action: ExplainedAction }
  | { readonly kind: 'transition'; readonly transition: Transition; readonly state: Field }
/** What can be done with a record that there is. */
const explainedActions = ['list', 'get', 'update', 'delete', 'restore', 'share', 'export', 'history'] as const satisfies readonly Action[]
export type ExplainedAction = (typeof explainedActions)[number]
/** A field of the record, or a column of its lines. */
export interface FieldPath {
  readonly field: Field
  /** Of ids: `margin`, or `lines.cost`. */
  readonly path: string
  /** As the caller wrote it. */
  readonly text: string
}

export function parseExplain(
  access: Access,
  here: EntityAccess,
  { roles }: Pick<Actor, 'roles'>,
  id: string | null,
  call: Pick<Call, 'query' | 'via' | 'requestId'>,
): ExplainRequest {
  onlyParameters(call.query, ['action', 'field', 'as'])
  const field = single(call.query, 'field')
  const as = single(call.query, 'as')
  if (as !== undefined && !mayViewAs(access.catalogue, roles)) throw new Problem('not-allowed', 'Your role may not look as somebody else.')
  if (as !== undefined && !isUuid(as)) throw noSuchPerson()
  return {
    access,
    here,
    id,
    what: parseAction(here, single(call.query, 'action') ?? 'get'),
    field: field === undefined ? null : parseField(access, here, field),
    as: as ?? null,
    call,
  }
}

export const noSuchPerson = (): Problem => parameterFault('as', 'There is no such person.')

/** Actions that an explanation of its records can be asked for. */
export const actionsOf = (entity: Entity): readonly ExplainedAction[] =>
  explainedActions.filter((each) => (entity.kind === 'single' ? ofSingle.has(each) : each !== 'share' || isShareable(entity)))
const ofSingle: ReadonlySet<ExplainedAction> = new Set(['get', 'update', 'history'])

/** Transitions of a state that the caller may not know of have no name. */
function parseAction({ entity, visible }: EntityAccess, text: string): Explained {
  const action = actionsOf(entity).find((each) => each === text)
  if (action) return { kind: 'action', action }
  const known = entity.lifecycles.flatMap(({ field, transitions }) => {
    const state = visible.find((each) => each.id === field)
    return state ? transitions.map((transition) => ({ state, transition })) : []
  })
  const found = known.find(({ transition }) => transition.name === text)
  if (found) return { kind: 'transition', ...found }
  const names = [...actionsOf(entity), ...known.map(({ transition }) => transition.name)]
  throw parameterFault('action', `There is no action ${echo(text)} here.${suggestion(text, names)}`)
}

function parseField(access: Access, here: EntityAccess, text: string): FieldPath {
  const [name = '', ...rest] = text.split('.')
  const field = here.visible.find((each) => each.name === name)
  if (!field) throw unknownField(here, name, 'field')
  if (rest.length === 0) return { field, path: field.id, text }
  const below = field.lines && !field.lines.through ? access.entities.get(field.lines.entity) : undefined
  if (!below || below.entity.link) throw unknownField(here, text, 'field')
  const inner = parseField(access, below, rest.join('.'))
  return { ...inner, path: `${field.id}.${inner.path}`, text }
}
