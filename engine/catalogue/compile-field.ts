import { compileField as compileNode, typeOf } from '../fields/index.ts'
import type { CompiledField } from '../fields/index.ts'
import type { FieldType, FieldUse, PropertyNode } from '../fields/type.ts'
import type { Report } from '../problems.ts'
import { targetsOf } from './symbols.ts'
import type { EntityDraft, PropertyDraft, Symbols } from './symbols.ts'

const ignore: Report = () => undefined

/** The field type of a property, or undefined when the node says none that exists; faults are `compileField`'s to report. */
export const fieldTypeOf = (property: PropertyDraft): FieldType | undefined => typeOf(property.node as PropertyNode, ignore)

/** Whether and how a property refers to other records. */
export const relationOf = (property: PropertyDraft): FieldType['relation'] => fieldTypeOf(property)?.relation

/** What records are called by where nobody says it: the first required line of text, else the first. */
export function titleProperty({ properties }: EntityDraft): PropertyDraft | undefined {
  const texts = [...properties.values()].filter((property) => fieldTypeOf(property)?.titles === true)
  return texts.find((property) => property.required) ?? texts[0]
}

/** Runs the field type over a property. Faults have pointers relative to the property. Undefined: no such type. */
export function compileField(
  entity: EntityDraft,
  property: PropertyDraft,
  symbols: Symbols,
  report: Report,
): (CompiledField & { readonly indexed: boolean }) | undefined {
  const node = expandedNode(entity, property, symbols)
  const use = fieldUse(entity, property, node, symbols)
  const compiled = compileNode(node, report, use)
  return compiled && { ...compiled, indexed: use.indexed }
}

/** The node as field types see it: references by id, `self` resolved, targets that traits append included. */
function expandedNode(entity: EntityDraft, property: PropertyDraft, symbols: Symbols): PropertyNode {
  const node = property.node as PropertyNode
  if (node['x-bos']?.['entity'] === undefined) return node
  const { names, list } = targetsOf(entity, property, symbols)
  const ids = names.map((name) => symbols.entities.get(name)?.id ?? name)
  return { ...node, 'x-bos': { ...node['x-bos'], entity: list ? ids : ids[0] } }
}

/**
 * Which shadows a field needs: marked `index` or sorted by in a view; searched, or unique without regard to case. A view never
 * makes a field unusable: where its type refuses an index, only the field's own mark reports that.
 */
function fieldUse(entity: EntityDraft, property: PropertyDraft, node: PropertyNode, symbols: Symbols): Required<FieldUse> {
  const type = fieldTypeOf(property)
  const own = entity.node['x-bos'] ?? {}
  const folded =
    type?.foldable === true &&
    ((own.search ?? []).includes(property.name) ||
      (own.unique ?? []).some((key) => key.ignoreCase === true && key.fields.includes(property.name)))
  // All that stands below a record of a tree is one range of its path.
  if (property.node['x-bos']?.index === true || property.node['x-bos']?.treeOf !== undefined) return { indexed: true, folded }
  return { indexed: type?.index !== undefined && sortedInView(entity, property, symbols) && takesIndex(type, node, folded), folded }
}

function sortedInView(entity: EntityDraft, property: PropertyDraft, symbols: Symbols): boolean {
  for (const view of symbols.views.values()) {
    if (view.node.entity === entity.fullName && view.node.sort?.some((key) => key.replace(/^-/, '') === property.name)) return true
  }
  return false
}

function takesIndex(type: FieldType, node: PropertyNode, folded: boolean): boolean {
  let fits = true
  type.compile(
    node,
    () => {
      fits = false
    },
    { indexed: true, folded },
  )
  return fits
}
