import type { Catalogue, Field } from '../catalogue/types.ts'
import { asksNothing, covers, hasField, reading } from './grants.ts'
import type { Combined } from './grants.ts'
import { madeOf, withinDocument } from '../catalogue/inputs.ts'
import type { Input } from '../catalogue/inputs.ts'
import type { EntityAccess, RowCondition } from './types.ts'

/**
 * What is made of a value tells of it, so it is shown no further than the value: not at all, where that is hidden; not in the documents in which
 * it is masked; and where another record has it, only if every record shows it. Unless a role shows it all the same (`show`). Stored or not makes no
 * difference. Records that are out of reach do not count: a sum over everybody's deals is a sum.
 */
export function followInputs(catalogue: Catalogue, documents: ReadonlyMap<string, Combined>, entities: Map<string, EntityAccess>): void {
  const settled = new Set<string>()
  const settle = (id: string, field: Field): void => {
    if (settled.has(`${id}/${field.id}`)) return
    settled.add(`${id}/${field.id}`)
    const entity = catalogue.entities.get(id)!
    const inputs = madeOf(entity, field)
    for (const each of inputs) {
      const made = each.field === null ? undefined : catalogue.entities.get(each.entity)?.fieldById.get(each.field)
      if (made) settle(each.entity, made)
    }
    const here = entities.get(id)
    if (inputs.length === 0 || !here?.visible.includes(field)) return
    entities.set(id, narrowed(here, field, inputs))
  }

  function narrowed(here: EntityAccess, field: Field, inputs: readonly Input[]): EntityAccess {
    const place = withinDocument(catalogue, here.entity)
    const document = documents.get(place.document)!
    const path = place.prefix + field.id
    const exempt = document.show.get(path)
    const masks: RowCondition[] = []
    const given: RowCondition[] = []
    let isHidden = false
    const hide = (): void => {
      if (!exempt) isHidden = true
      else {
        masks.push(exempt.rows)
        given.push(exempt.created)
      }
    }
    for (const each of inputs) {
      const there = entities.get(each.entity)
      if (!each.isOwn || !there) {
        if (!isOpen(there, each.field)) hide()
      } else if (each.field !== null && !hasField(there, each.field)) hide()
      else if (each.field !== null) {
        const at = withinDocument(catalogue, there.entity).prefix + each.field
        const within = there.within.filter((one) => !here.within.includes(one))
        for (const one of [...(there.masks.get(each.field) ?? []), ...within]) masks.push([...one, ...(exempt?.rows ?? [])])
        for (const one of entities.get(place.document)!.given.get(at) ?? []) given.push([...one, ...(exempt?.created ?? [])])
      }
    }
    if (isHidden) return { ...here, visible: here.visible.filter((each) => each !== field) }
    const rows = reading(document)
    const masked = [...(here.masks.get(field.id) ?? []), ...distinct(masks.filter((each) => !covers(each, rows)))]
    const created = document.actions.get(document.entity.kind === 'single' ? 'update' : 'create') ?? []
    const top = entities.get(place.document)!
    const asked = [...(top.given.get(path) ?? []), ...distinct(given.filter((each) => !asksNothing(each, created)))]
    const narrower = masked.length > 0 ? { ...here, masks: new Map([...here.masks, [field.id, masked]]) } : here
    // What writes and histories ask of a column of lines, they ask of the document.
    const first = place.prefix === '' ? narrower : top
    const whole = {
      ...first,
      masks: masked.length > 0 ? new Map([...first.masks, [path, masked]]) : first.masks,
      given: asked.length > 0 ? new Map([...top.given, [path, asked]]) : top.given,
    }
    if (place.prefix === '') return whole
    entities.set(place.document, whole)
    return narrower
  }

  for (const { entity, visible } of entities.values()) for (const field of visible) settle(entity.id, field)
}

/** Whoever reads records of it reads this in every one. */
export const isOpen = (there: EntityAccess | undefined, field: string | null): boolean =>
  there !== undefined &&
  reading(there).length > 0 &&
  there.within.length === 0 &&
  (field === null || (hasField(there, field) && !there.masks.has(field)))

/** Several inputs are often masked for the same reason. */
const distinct = (all: readonly RowCondition[]): readonly RowCondition[] => [
  ...new Map(
    all.map((each) => [
      JSON.stringify(
        each.map(({ scopes, condition }) => JSON.stringify([scopes.map(({ id, predicate }) => [id, predicate]), condition?.root])).sort(),
      ),
      each,
    ]),
  ).values(),
]
