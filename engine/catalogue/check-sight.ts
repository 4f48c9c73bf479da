import type { Expression } from '../expressions/types.ts'
import { inputsOf, madeOf, placeOf } from './inputs.ts'
import type { SourceFault } from './sources.ts'
import type { Catalogue, Entity, Permission } from './types.ts'

/**
 * Rules, conditions and defaults that read what somebody who writes the record cannot see, or not in every record: they are judged on the
 * server alone, and a refusal says a little of what is hidden. Nothing is wrong with that, but whoever writes it should know. A role is taken
 * together with those that everybody has.
 */
export function sightWarnings(catalogue: Catalogue): SourceFault[] {
  const everybody = [...catalogue.modules.values()].flatMap(({ id, defaultRole }) =>
    id === 'core' && defaultRole !== null ? [defaultRole] : [],
  )
  return [...catalogue.entities.values()].flatMap((entity) => {
    const document = catalogue.entities.get(placeOf(catalogue, entity).document)!
    const writers = [...document.permissions.values()].filter(isWriter)
    return expressionsOf(entity).flatMap(({ pointer, what, expressions }): SourceFault[] => {
      const inputs = expressions.flatMap(inputsOf)
      const unseen = writers.flatMap(({ role }) => {
        const sight = new Sight(catalogue, new Set([role, ...everybody]))
        const names = inputs.flatMap((each) =>
          sight.sees(each.entity, each.field) ? [] : [nameOf(catalogue, entity, each.entity, each.field)],
        )
        return names.length > 0 ? [`${[...new Set(names)].join(', ')} (${role})`] : []
      })
      if (unseen.length === 0) return []
      const detail = `${what} reads what who may write the record does not see, or not in every record: ${unseen.join('; ')}; it is judged on the server only`
      return [{ file: `${entity.module}/entities/${entity.name}.json`, pointer, detail }]
    })
  })
}

const isWriter = ({ actions, transitions }: Permission): boolean =>
  actions.has('create') || actions.has('update') || actions.has('import') || transitions.size > 0

interface Said {
  readonly pointer: string
  readonly what: string
  readonly expressions: readonly Expression[]
}

function expressionsOf(entity: Entity): Said[] {
  const ofFields = entity.fields.flatMap(({ name, logic }) =>
    (['default', 'visibleWhen', 'requiredWhen', 'readOnlyWhen'] as const).flatMap((keyword): Said[] => {
      const expression = logic?.[keyword]
      return expression ? [{ pointer: `/properties/${name}/x-bos/${keyword}`, what: keyword, expressions: [expression] }] : []
    }),
  )
  const ofRules = entity.rules.map(({ id, when, assert }): Said => ({
    pointer: '/x-bos/rules',
    what: `rule "${id}"`,
    expressions: when ? [when, assert] : [assert],
  }))
  return [...ofFields, ...ofRules]
}

const nameOf = (catalogue: Catalogue, self: Entity, entity: string, field: string | null): string => {
  const name = field === null ? '' : (catalogue.entities.get(entity)?.fieldById.get(field)?.name ?? field)
  if (entity === self.id) return name
  return name === '' ? entity : `${entity}.${name}`
}

/** What roles together see in every record, whatever their scopes. */
class Sight {
  readonly #catalogue: Catalogue
  readonly #roles: ReadonlySet<string>

  constructor(catalogue: Catalogue, roles: ReadonlySet<string>) {
    this.#catalogue = catalogue
    this.#roles = roles
  }

  sees(id: string, field: string | null): boolean {
    const entity = this.#catalogue.entities.get(id)!
    const { document, prefix } = placeOf(this.#catalogue, entity)
    const all = [...this.#catalogue.entities.get(document)!.permissions.values()].filter(({ role }) => this.#roles.has(role))
    const readers = all.filter(({ actions }) => actions.has('list') || actions.has('get'))
    const judges = readers.length > 0 ? readers : all
    const known = field === null ? undefined : entity.fieldById.get(field)
    if (!known) return judges.length > 0
    const path = prefix + known.id
    const showing = judges.filter(({ hide, masks }) => ![...hide, ...masks.keys()].some((at) => at === path || path.startsWith(`${at}.`)))
    if (showing.length === 0) return false
    const isShown = showing.some(({ show }) => show.has(path))
    return isShown || madeOf(entity, known).every((each) => this.sees(each.entity, each.field))
  }
}
