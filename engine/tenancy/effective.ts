import type { Catalogue, Field } from '../catalogue/types.ts'
import { accessFor } from '../records/access.ts'
import { isNamed, reachesAll } from '../records/grants.ts'
import type { EntityAccess, RowCondition } from '../records/types.ts'

/** What a person may really do, all their roles together: told from what requests are judged by, not from what roles say. */
export interface EffectivePermissions {
  readonly roles: readonly string[]
  /** Only what they may do something with, in the order of the catalogue. */
  readonly entities: readonly EffectiveEntity[]
}
interface EffectiveEntity {
  readonly entity: string
  /** By name of an action or transition. */
  readonly actions: Readonly<Record<string, EffectiveAction>>
  /** Names of fields: never shown, shown in some records only, and shown but never written by whoever may write the record. */
  readonly hidden: readonly string[]
  readonly masked: readonly string[]
  readonly readOnly: readonly string[]
}
interface EffectiveAction {
  /** Every record, whatever it holds. */
  readonly all: boolean
  /** The roles that give it, with the titles of the rows that each reaches; `conditional`: of those, some by what the role itself says. */
  readonly by: readonly { readonly role: string; readonly rows: readonly string[]; readonly conditional: boolean }[]
}

/** Pure. Lines of documents are as their documents are, and not told of. */
export function effectivePermissions(catalogue: Catalogue, roles: readonly string[]): EffectivePermissions {
  const access = accessFor(catalogue, roles)
  const entities = [...catalogue.entities.values()].flatMap((entity) => {
    const here = access.entities.get(entity.id)
    return here && !entity.parent ? [effectiveEntity(here)] : []
  })
  return { roles: roles.toSorted(), entities }
}

function effectiveEntity(here: EntityAccess): EffectiveEntity {
  const { entity, visible, masks, readOnly } = here
  const shown = new Set(visible.map(({ id }) => id))
  const names = (fields: readonly Field[]): string[] => fields.map(({ name }) => name)
  const transitions = entity.lifecycles.flatMap((lifecycle) => lifecycle.transitions)
  const writes = here.actions.has('create') || here.actions.has('update')
  return {
    entity: entity.id,
    actions: Object.fromEntries([
      ...[...here.actions].map(([name, grants]) => [name, effectiveAction(grants)] as const),
      ...transitions.flatMap(({ id, name }) => {
        const grants = here.transitions.get(id)
        return grants ? [[name, effectiveAction(grants)] as const] : []
      }),
    ]),
    hidden: names(entity.fields.filter(({ id }) => !shown.has(id))),
    masked: names(visible.filter(({ id }) => masks.has(id))),
    readOnly: writes ? names(visible.filter((field) => !field.readOnly && isNamed(readOnly, field.id))) : [],
  }
}

const effectiveAction = (grants: RowCondition): EffectiveAction => ({
  all: reachesAll(grants),
  by: grants.map(({ role, scopes, condition }) => ({ role, rows: scopes.map(({ title }) => title), conditional: condition !== null })),
})
