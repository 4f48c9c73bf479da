import type { Field } from '../catalogue/types.ts'
import { limits } from '../config.ts'
import { echo } from '../problems.ts'
import { fieldNamed, parameterFault, parseNames, unknownField } from './parameters.ts'
import { scopedActions } from './reach.ts'
import { systemProperties } from './select.ts'
import { linkColumns } from './tables.ts'
import type { Expansion, InverseBy, Selection } from './select.ts'
import { remember } from './sql.ts'
import type { Access, EntityAccess } from './types.ts'

interface Node {
  readonly children: Map<string, Node>
}
const tree = (paths: readonly string[]): Node => {
  const root: Node = { children: new Map() }
  for (const path of paths) {
    let here = root
    for (const name of path.split('.')) {
      let next = here.children.get(name)
      if (!next) here.children.set(name, (next = { children: new Map() }))
      here = next
    }
  }
  return root
}

/**
 * `fields=name,value,company.name` and `expand=company,lines` → what is rendered. Without `fields` every visible field is;
 * a dotted name narrows the expanded record. `withLines` renders the document's lines without being asked (one record).
 */
export function parseSelection(access: Access, start: EntityAccess, asked: SelectionText): Selection {
  const { fields, expand, withLines, deleted } = asked
  const paths = parseNames(expand, 'expand')
  const names = parseNames(fields, 'fields')
  // By the names, not by the text: blanks and commas make no new shape.
  return remember(start, JSON.stringify(['selection', names, paths, withLines, deleted]), () => {
    if (paths.length > limits.expansions) throw parameterFault('expand', `At most ${limits.expansions} relations can be expanded.`)
    const level: Level = { withLines, depth: 0, inList: false }
    const selection = select(access, start, names.length === 0 ? null : tree(names), tree(paths), level)
    // Deleted records say when they were deleted.
    return deleted ? { ...selection, system: [...selection.system, 'deleted_at'] } : selection
  })
}

export interface SelectionText {
  readonly fields: string | undefined
  readonly expand: string | undefined
  readonly withLines: boolean
  readonly deleted: boolean
}

/** For those who only ask whether a record is there. */
export const onlyId: SelectionText = { fields: 'id', expand: undefined, withLines: false, deleted: false }

/** How many records may come with each one that is selected, itself included: what an answer costs goes with it. */
export function recordsPerRow({ expand, lines }: Selection): number {
  const along = expand.map((each) =>
    each.kind === 'inverse'
      ? limits.expandedRows * recordsPerRow(each.selection)
      : Math.max(0, ...each.targets.map(({ selection }) => recordsPerRow(selection))),
  )
  return [...along, ...lines.map(({ selection }) => recordsPerRow(selection))].reduce((sum, each) => sum + each, 1)
}

interface Level {
  readonly withLines: boolean
  readonly depth: number
  /** Below an expanded inverse relation: another one would multiply. */
  readonly inList: boolean
}

function select(access: Access, here: EntityAccess, fields: Node | null, expand: Node, level: Level): Selection {
  const { withLines, depth, inList } = level
  const below: Level = { withLines: false, depth: depth + 1, inList }
  if (depth > limits.expandDepth) throw parameterFault('expand', `Relations can be expanded ${limits.expandDepth} levels deep.`)
  const { catalogue } = access
  const isLine = here.entity.kind === 'line'
  const expansions: Expansion[] = []
  const expandedLines = new Set<string>()
  for (const [name, deeper] of expand.children) {
    const field = fieldNamed(here, name)
    const inverse = inverseOf(access, here, name)
    const narrowed = narrow(fields, name)
    if (field?.reference)
      expansions.push({
        kind: 'reference',
        name,
        field,
        targets: targets(access, here, field, { fields: narrowed, expand: deeper }, below),
      })
    else if (name === 'parent' && here.entity.parent)
      expansions.push({
        kind: 'reference',
        name,
        field: null,
        targets: document(access, here.entity.parent.entity, narrowed, deeper, below),
      })
    else if (field?.lines && field.lines.linkField === null) expandedLines.add(name)
    else if (inverse && inList) throw parameterFault('expand', `${echo(name)} is a list within a list; ask for it on its own.`)
    else if (inverse)
      expansions.push({
        kind: 'inverse',
        name,
        by: inverse.by,
        selection: select(access, inverse.child, narrowed, deeper, { ...below, inList: true }),
      })
    else if (field && here.visible.includes(field))
      throw parameterFault('expand', `${echo(name)} cannot be expanded: only single references, lines and inverse relations can.`)
    else throw unknownField(here, name, 'expand')
  }
  const lines: Selection['lines'][number][] = []
  const chosen: Field[] = []
  for (const field of here.visible) {
    const isLines = field.lines !== null && field.lines.linkField === null
    if (isLines && (withLines || expandedLines.has(field.name)) && (fields === null || fields.children.has(field.name))) {
      const child = access.entities.get(field.lines.entity)
      if (child)
        lines.push({
          field,
          selection: select(access, child, narrow(fields, field.name), expand.children.get(field.name) ?? { children: new Map() }, {
            ...below,
            withLines: true,
          }),
        })
    } else if (!isLines && (fields === null || isChosen(fields, field.name, expand))) chosen.push(field)
  }
  for (const [name, { children }] of fields?.children ?? []) {
    if (!fieldNamed(here, name) && !expand.children.has(name) && !(isLine ? name === 'position' : isSystem(name)))
      throw unknownField(here, name, 'fields')
    const isOpen = expand.children.has(name) || lines.some((each) => each.field.name === name)
    if (children.size > 0 && !isOpen)
      throw parameterFault('fields', `${echo(`${name}.${[...children.keys()][0]}`)} is a part of what ${echo(`expand=${name}`)} shows.`)
  }
  return {
    catalogue,
    access: here,
    fields: chosen,
    lines,
    expand: expansions,
    rights: depth === 0 && fields === null && !isLine ? scopedActions(here) : [],
    system: (isLine ? (depth === 0 ? ['parent'] : []) : systemProperties).filter((name) => fields === null || fields.children.has(name)),
  }
}

const isSystem = (name: string): boolean => name === 'id' || systemProperties.includes(name)

/** `company.name` alone narrows the expanded company without asking for the reference; asking costs nothing and keeps links usable. */
const isChosen = (fields: Node, name: string, expand: Node): boolean => fields.children.has(name) || expand.children.has(name)

const narrow = (fields: Node | null, name: string): Node | null => {
  const node = fields?.children.get(name)
  return node && node.children.size > 0 ? node : null
}

type Targets = (Expansion & { kind: 'reference' })['targets']
interface Asked {
  readonly fields: Node | null
  readonly expand: Node
}

/** What is asked of a reference to several entities holds for those that have it; what none has does not exist. */
function targets(access: Access, here: EntityAccess, field: Field, asked: Asked, level: Level): Targets {
  const found = field.reference!.targets.flatMap(({ entity, column }) => {
    const target = access.entities.get(entity)
    return target ? [{ column, target }] : []
  })
  const known = (node: Node, knows: (target: EntityAccess, name: string) => boolean, pointer: string) => {
    const lost = found.length > 1 ? [...node.children.keys()].find((name) => !found.some(({ target }) => knows(target, name))) : undefined
    if (lost !== undefined) throw unknownField(here, `${field.name}.${lost}`, pointer)
    return (target: EntityAccess): Node =>
      found.length > 1 ? { children: new Map([...node.children].filter(([name]) => knows(target, name))) } : node
  }
  const fields =
    asked.fields &&
    known(
      asked.fields,
      (target, name) => isSystem(name) || canExpand(access)(target, name) || fieldNamed(target, name) !== undefined,
      'fields',
    )
  const expand = known(asked.expand, canExpand(access), 'expand')
  return found.map(({ column, target }) => ({ column, selection: select(access, target, fields && fields(target), expand(target), level) }))
}

const canExpand =
  (access: Access) =>
  (target: EntityAccess, name: string): boolean => {
    const field = fieldNamed(target, name)
    return field ? field.reference !== null || field.lines !== null : inverseOf(access, target, name) !== null
  }

/** The record that a line is part of. */
function document(access: Access, entity: string, fields: Node | null, expand: Node, level: Level): Targets {
  const target = access.entities.get(entity)
  return target ? [{ column: 'parent_id', selection: select(access, target, fields, expand, level) }] : []
}

/** A relation from other records to this one, if the caller may list them and sees by which field they point here. */
function inverseOf(access: Access, here: EntityAccess, name: string): { child: EntityAccess; by: InverseBy } | null {
  const inverse = here.entity.inverses.get(name)
  const child = inverse && access.entities.get(inverse.entity)
  const field = child?.visible.find((each) => each.id === inverse?.field)
  if (!child || !field || !child.actions.has('list')) return null
  const column = field.reference?.targets.find((each) => each.entity === here.entity.id)?.column
  if (column !== undefined) return { child, by: { field, column } }
  return field.lines?.linkField ? { child, by: { field, ...linkColumns(access.catalogue, field) } } : null
}

/** The titles of the records that references name, for people who read a table. */
export function withTitles(access: Access, selection: Selection): Selection {
  const onlyTitle: Node = { children: new Map([['_title', { children: new Map() }]]) }
  const level: Level = { withLines: false, depth: 1, inList: false }
  const expand = selection.fields.flatMap((field): Expansion[] =>
    field.reference
      ? [
          {
            kind: 'reference',
            name: field.name,
            field,
            targets: targets(access, selection.access, field, { fields: onlyTitle, expand: { children: new Map() } }, level),
          },
        ]
      : [],
  )
  return { ...selection, expand }
}
