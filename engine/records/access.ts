import { numberingExpressions } from '../catalogue/types.ts'
import type { Catalogue, Field, FieldLogic } from '../catalogue/types.ts'
import { limits } from '../config.ts'
import type { TransactionContext } from '../database/types.ts'
import type { Expression } from '../expressions/types.ts'
import { fieldOf } from '../fields/index.ts'
import { suggestion } from '../fields/nearest.ts'
import { echo, Problem } from '../problems.ts'
import { followInputs } from './derived-access.ts'
import { combine, hasField, scopesOf } from './grants.ts'
import type { Combined } from './grants.ts'
import { narrowed, type KeyScope } from './key-scopes.ts'
import { inputsOf } from '../catalogue/inputs.ts'
import type { Access, Actor, Call, EntityAccess } from './types.ts'

/** What a transaction is opened with; without an access it reads no records. */
export const contextOf = (actor: Actor, access: Access | null = null): TransactionContext => ({
  tenant: actor.tenant,
  member: actor.member,
  session: actor.session,
  generation: actor.generation,
  scopes: access?.scopes ?? [],
})

/** Whether one of the roles may look as somebody else. */
export const mayViewAs = (catalogue: Catalogue, roles: readonly string[]): boolean =>
  roles.some((role) => catalogue.roles.get(role)?.viewAs === true)

/** A field's settings as this caller may know them. Rows are stored and rendered with the field's own. */
export function settingsFor(access: Access, { type, settings, logic }: Field): unknown {
  const { narrow, conceal } = fieldOf(type)
  const known = narrow?.(settings, (entity) => access.entities.has(entity)) ?? settings
  return conceal && !textsOf(logic).every((each) => isSeen(access, each)) ? conceal(known) : known
}

/** What stands as text in settings. */
const textsOf = (logic: FieldLogic | null): readonly Expression[] => [
  ...(logic?.currency ? [logic.currency] : []),
  ...(logic?.numbering ? numberingExpressions(logic.numbering) : []),
]

/** Whether the caller may know of everything that an expression reads. */
const isSeen = (access: Access, expression: Expression): boolean =>
  inputsOf(expression).every(({ entity, field }) => {
    const here = access.entities.get(entity)
    return here !== undefined && (field === null || hasField(here, field))
  })

/** Whether the caller may read everything that an expression about records of an entity reads, whichever record it is about. */
export const isRead = (access: Access, expression: Expression): boolean =>
  isSeen(access, expression) &&
  inputsOf(expression).every(({ entity, field }) => {
    const here = access.entities.get(entity)!
    return here.within.length === 0 && (field === null || !here.masks.has(field))
  })

const cache = new WeakMap<Catalogue, Map<string, Access>>()

/** What an actor may do: by their roles, and where it is a key, no more than its scopes. */
export const accessOf = (catalogue: Catalogue, { roles, key }: Pick<Actor, 'roles' | 'key'>): Access =>
  accessFor(catalogue, roles, key?.scopes)

/**
 * What a set of roles may do, compiled once per catalogue and set. Deny by default: an entity that no role grants is
 * absent, and an absent entity, field or action answers exactly as one that does not exist.
 */
export function accessFor(catalogue: Catalogue, roles: readonly string[], scopes: readonly KeyScope[] = []): Access {
  const key = [...roles.toSorted(), ...scopes.toSorted().map((scope) => `+${scope}`)].join(' ')
  let byRoles = cache.get(catalogue)
  if (!byRoles) cache.set(catalogue, (byRoles = new Map()))
  const known = byRoles.get(key)
  if (known) return known
  const access = compileAccess(catalogue, new Set(roles), scopes, key)
  byRoles.set(key, access)
  if (byRoles.size > limits.roleSetsKept) byRoles.delete(byRoles.keys().next().value ?? '')
  return access
}

/**
 * The entity at an address. One that no role of the caller names answers as one that does not exist, and what was meant
 * instead is only ever what the caller may know.
 */
export function entityAt({ catalogue, entities }: Access, { module, plural }: Pick<Call, 'module' | 'plural'>): EntityAccess {
  const entity = catalogue.routes.get(`${module}/${plural}`)
  const here = entity && entities.get(entity.id)
  if (here && !here.entity.link) return here
  const known = [...entities.values()].flatMap((each) => (each.entity.link ? [] : [`${each.entity.module}/${each.entity.plural}`]))
  throw new Problem('not-found', `There is no ${echo(`${module}/${plural}`)} here.${suggestion(`${module}/${plural}`, known)}`)
}

function compileAccess(catalogue: Catalogue, roles: ReadonlySet<string>, scopes: readonly KeyScope[], key: string): Access {
  const entities = new Map<string, EntityAccess>()
  const documents = new Map<string, Combined>()
  for (const entity of catalogue.entities.values()) {
    if (entity.kind === 'line') continue
    const granting = [...entity.permissions.values()].filter((each) => roles.has(each.role))
    const permissions = scopes.length === 0 ? granting : granting.map((each) => narrowed(each, entity, scopes))
    const granted = combine(entity, permissions, entities)
    if (!granted) continue
    entities.set(entity.id, granted)
    documents.set(entity.id, granted)
    addLines(catalogue, entities, granted)
  }
  for (const [id, here] of entities) entities.set(id, { ...here, visible: here.visible.filter((field) => isOpen(entities, field)) })
  followInputs(catalogue, documents, entities)
  const readable = [...entities.values()].flatMap(({ entity, actions }) =>
    entity.kind === 'line'
      ? []
      : scopesOf([...(actions.get('list') ?? []), ...(actions.get('get') ?? [])]).map(({ id }) => `${entity.id}:${id}`),
  )
  return Object.freeze({ catalogue, key: `${catalogue.hash} ${key}`, entities, scopes: Object.freeze(readable) })
}

/** A list through a junction entity is read from records of it: who may not see there what leads here and further does not see the list. */
function isOpen(entities: ReadonlyMap<string, EntityAccess>, { lines }: Field): boolean {
  const junction = lines?.through && entities.get(lines.entity)
  if (!junction) return true
  return [lines.linkField, lines.through.parentField].every((name) => {
    const field = junction.visible.find((each) => each.name === name)
    return field !== undefined && !junction.masks.has(field.id)
  })
}

/** Lines inherit their document's permissions; `hide: ["lines.cost"]` hides one column of them, `readOnly` fixes one. */
function addLines(
  catalogue: Catalogue,
  entities: Map<string, EntityAccess>,
  document: Combined,
  parent: EntityAccess = document,
  prefix = '',
): void {
  for (const field of parent.visible) {
    const entity = field.lines && !field.lines.through ? catalogue.entities.get(field.lines.entity) : undefined
    if (!entity) continue
    const path = `${prefix}${field.id}`
    const below = `${path}.`
    const within = document.masks.get(path) ?? []
    const isFixed = document.readOnly.has(path)
    const lines: EntityAccess = {
      entity,
      entities,
      actions: document.actions,
      transitions: new Map(),
      visible: entity.fields.filter((each) => !document.hidden.has(below + each.id)),
      masks: new Map([...document.masks].flatMap(([at, shown]) => (at.startsWith(below) ? [[at.slice(below.length), shown]] : []))),
      within: [...parent.within, ...within],
      readOnly: new Set(entity.fields.filter((each) => isFixed || document.readOnly.has(below + each.id)).map((each) => each.id)),
      fixed: new Map(),
      fixedOnCreate: new Set(),
      given: new Map(),
    }
    entities.set(entity.id, lines)
    addLines(catalogue, entities, document, lines, below)
  }
}
