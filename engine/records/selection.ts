import type { Field } from '../catalogue/types.ts'
import { limits } from '../config.ts'
import { parameterFault, fieldNamed, unknownField } from './parameters.ts'
import { systemProperties } from './select.ts'
import type { Expansion, Selection } from './select.ts'
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

const list = (text: string | undefined): string[] => (text === undefined ? [] : text.split(',').map((each) => each.trim()).filter((each) => each !== ''))

/**
 * `fields=name,value,company.name` and `expand=company,lines` → what is rendered. Without `fields` every visible field is;
 * a dotted name narrows the expanded record. `withLines` renders the document's lines without being asked (one record).
 */
export function parseSelection(access: Access, start: EntityAccess, fields: string | undefined, expand: string | undefined, withLines: boolean): Selection {
  const paths = list(expand)
  if (paths.length > limits.expansions) throw parameterFault('expand', `At most ${limits.expansions} relations can be expanded.`)
  return select(access, start, fields === undefined ? null : tree(list(fields)), tree(paths), { withLines, depth: 0, inList: false })
}

/** Deleted records say when they were deleted. */
export const withDeletion = (selection: Selection, deleted: boolean): Selection => (deleted ? { ...selection, system: [...selection.system, 'deleted_at'] } : selection)

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
  const expansions: Expansion[] = []
  const expandedLines = new Set<string>()
  for (const [name, deeper] of expand.children) {
    const field = fieldNamed(here, name)
    const inverse = here.entity.inverses.get(name)
    const narrowed = narrow(fields, name)
    if (field?.reference) expansions.push({ kind: 'reference', field, targets: targets(access, field, narrowed, deeper, below) })
    else if (field?.lines && field.lines.linkField === null) expandedLines.add(name)
    else if (inverse?.name && inList) throw parameterFault('expand', `"${name}" is a list within a list; ask for it on its own.`)
    else if (inverse?.name) expansions.push(expandInverse(access, here, inverse.name, narrowed, deeper, { ...below, inList: true }))
    else throw unknownField(here, name, 'expand')
  }
  const lines: Selection['lines'][number][] = []
  const chosen: Field[] = []
  for (const field of here.visible) {
    const isLines = field.lines !== null && field.lines.linkField === null
    if (isLines && (withLines || expandedLines.has(field.name)) && (fields === null || fields.children.has(field.name))) {
      const child = access.entities.get(field.lines.entity)
      if (child) lines.push({ field, selection: select(access, child, narrow(fields, field.name), expand.children.get(field.name) ?? { children: new Map() }, { ...below, withLines: true }) })
    } else if (!isLines && (fields === null || isChosen(fields, field.name, expand))) chosen.push(field)
  }
  for (const name of fields?.children.keys() ?? []) {
    if (!fieldNamed(here, name) && !expand.children.has(name) && !isSystem(name)) throw unknownField(here, name, 'fields')
  }
  return { catalogue, access: here, fields: chosen, lines, expand: expansions, system: fields === null ? systemProperties : systemProperties.filter((name) => fields.children.has(name)) }
}

const isSystem = (name: string): boolean => name === 'id' || systemProperties.includes(name)

/** `company.name` alone narrows the expanded company without asking for the reference; asking costs nothing and keeps links usable. */
const isChosen = (fields: Node, name: string, expand: Node): boolean => fields.children.has(name) || expand.children.has(name)

const narrow = (fields: Node | null, name: string): Node | null => {
  const node = fields?.children.get(name)
  return node && node.children.size > 0 ? node : null
}

function targets(access: Access, field: Field, fields: Node | null, expand: Node, level: Level): (Expansion & { kind: 'reference' })['targets'] {
  return field.reference!.targets.flatMap(({ entity, column }) => {
    const target = access.entities.get(entity)
    return target ? [{ column, selection: select(access, target, fields, expand, level) }] : []
  })
}

function expandInverse(access: Access, here: EntityAccess, name: string, fields: Node | null, expand: Node, level: Level): Expansion {
  const inverse = here.entity.inverses.get(name)!
  const child = access.entities.get(inverse.entity)
  const field = child?.visible.find((each) => each.id === inverse.field)
  const column = field?.reference?.targets.find((each) => each.entity === here.entity.id)?.column
  if (!child || !column || !child.actions.has('list')) throw unknownField(here, name, 'expand')
  return { kind: 'inverse', name, column, selection: select(access, child, fields, expand, level) }
}
