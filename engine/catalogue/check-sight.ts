import type { Expression } from '../expressions/types.ts'
import { eachExpression, placeOfStanding } from './expression-places.ts'
import type { NameOf, Standing } from './expression-places.ts'
import { inputsOf, madeOf, withinDocument } from './inputs.ts'
import type { SourceFault } from './sources.ts'
import type { EntityDraft, Symbols } from './symbols.ts'
import type { Catalogue, Entity, Permission } from './types.ts'

/**
 * Rules, conditions, guards, defaults and effects that read what somebody who writes the record cannot see, or not in every record: they are judged on the
 * server alone, and a refusal says a little of what is hidden. Nothing is wrong with that, but whoever writes it should know. A role is taken
 * together with those that everybody has.
 */
export function sightWarnings(catalogue: Catalogue, symbols: Symbols): SourceFault[] {
  const everybody = [...catalogue.modules.values()].flatMap(({ id, defaultRole }) =>
    id === 'core' && defaultRole !== null ? [defaultRole] : [],
  )
  return [...symbols.entities.values()].flatMap((draft) => {
    const entity = catalogue.entities.get(draft.id)!
    const document = catalogue.entities.get(withinDocument(catalogue, entity).document)!
    const writers = [...document.permissions.values()].filter(isWriter)
    return expressionsOf(catalogue, draft, entity).flatMap(({ file, pointer, what, expressions }): SourceFault[] => {
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
      return [{ file, pointer, detail }]
    })
  })
}

const isWriter = ({ actions, transitions }: Permission): boolean =>
  actions.has('create') || actions.has('update') || actions.has('import') || transitions.size > 0

interface Said {
  readonly file: string
  readonly pointer: string
  readonly what: string
  readonly expressions: readonly Expression[]
}

/** Values that are shown to nobody who does not see what they are made of; and what roles and policies say of who sees what. */
const silent: ReadonlySet<Standing['kind']> = new Set(['compute', 'rollup', 'lookup', 'currency', 'pattern', 'permission', 'scope'])

/** What is decided or given when somebody writes, a rule with its condition as one. */
function expressionsOf(catalogue: Catalogue, draft: EntityDraft, entity: Entity): Said[] {
  const found: (Said & { readonly rule: string | null })[] = []
  const fields = new Map(entity.fields.flatMap(({ id, logic }) => (logic ? [[id, logic] as const] : [])))
  const logic = {
    fields,
    rules: entity.rules,
    lifecycles: entity.lifecycles,
    permissions: new Map(),
    scopes: new Map(),
    keys: keysOf(entity),
  }
  eachExpression(entity.id, logic, namesIn(catalogue), (expression, standing) => {
    if (silent.has(standing.kind)) return expression
    const rule = standing.of === 'rule' ? standing.id : null
    const { file, pointer } = placeOfStanding(draft, rule === null ? standing : { ...standing, pointer: '' })
    found.push({ file, pointer, what: standing.what, expressions: [expression], rule })
    return expression
  })
  return [...Map.groupBy(found, ({ file, pointer }) => `${file}${pointer}`).values()].map((all) => ({
    ...all[0]!,
    expressions: all.flatMap(({ expressions }) => expressions),
  }))
}

const keysOf = ({ unique }: Entity): ReadonlyMap<string, Expression> =>
  new Map(unique.flatMap(({ id, when }) => (when ? [[id, when] as const] : [])))

/** Names of fields, and of those of lines, by ids. */
function namesIn({ entities }: Catalogue): NameOf {
  const nameOf: NameOf = (entity, id = '', ...rest) => {
    const field = entities.get(entity)?.fieldById.get(id)
    return rest.length === 0 || !field?.lines ? (field?.name ?? id) : nameOf(field.lines.entity, ...rest)
  }
  return nameOf
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
    const { document, prefix } = withinDocument(this.#catalogue, entity)
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
