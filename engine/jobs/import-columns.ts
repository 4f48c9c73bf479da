import type { Entity, Field } from '../catalogue/types.ts'
import { fieldOf } from '../fields/index.ts'
import { suggestion } from '../fields/nearest.ts'
import { echo, pointerSegment, Problem } from '../problems.ts'
import type { Fault } from '../problems.ts'
import type { Access, EntityAccess } from '../records/types.ts'

/** Where the cells of one CSV column go. */
export interface ImportColumn {
  readonly header: string
  /** The lines field whose line the cell belongs to; null: the record itself. */
  readonly lines: Field | null
  readonly field: Field
  /** One member of a composite value (`address.city`). */
  readonly member: string | null
  /** The cell names a record: its entity, and the unique fields it is looked up by, in order. */
  readonly lookup: { readonly entity: string; readonly fields: readonly string[] } | null
}

/**
 * CSV headers → fields. `mapping` names a path per header, or null to leave the column out; headers it does not name map to
 * the field or line field with that name or title, else they are left out. A reference is found by id or by any field that
 * is unique by itself; `customer.external_id` says which. Throws Problem 'request-invalid' with every fault.
 */
export function importColumns(
  access: Access,
  here: EntityAccess,
  headers: readonly string[],
  mapping: Readonly<Record<string, string | null>>,
): readonly (ImportColumn | null)[] {
  const faults: Fault[] = []
  for (const name of Object.keys(mapping)) {
    if (!headers.includes(name))
      faults.push({ pointer: `/mapping/${pointerSegment(name)}`, detail: 'The file has no column with this header.' })
  }
  const columns = headers.map((header) => {
    const path = Object.hasOwn(mapping, header) ? mapping[header]! : defaultPath(access, here, header)
    if (path === null) return null
    const column = resolveColumn(access, here, header, path)
    if (typeof column !== 'string') return column
    faults.push({ pointer: `/mapping/${pointerSegment(header)}`, detail: column })
    return null
  })
  const mapped = columns.filter((each) => each !== null)
  if (mapped.length === 0 && faults.length === 0)
    faults.push({ pointer: '/mapping', detail: `No column of the file has the name of a field of ${here.entity.pluralTitle}.` })
  const seen = new Set<string>()
  for (const each of mapped) {
    const target = [each.lines?.id, each.field.id, each.member].join('/')
    if (seen.has(target))
      faults.push({ pointer: `/mapping/${pointerSegment(each.header)}`, detail: 'Another column goes to the same field.' })
    seen.add(target)
  }
  if (faults.length > 0) throw new Problem('request-invalid', faults[0]!.detail, { faults })
  return columns
}

const sameName = (field: Field, header: string): boolean =>
  [field.name, field.title].some((each) => each.toLowerCase() === header.trim().toLowerCase())

/** Lines whose columns an import can fill: the document's own, one level. */
const linesOf = (here: EntityAccess): readonly Field[] => here.visible.filter((field) => field.lines && field.lines.linkField === null)

function defaultPath(access: Access, here: EntityAccess, header: string): string | null {
  const own = here.visible.find((field) => sameName(field, header) && !field.readOnly && !linesOf(here).includes(field))
  if (own) return own.name
  for (const lines of linesOf(here)) {
    const field = access.entities.get(lines.lines!.entity)?.visible.find((each) => sameName(each, header) && !each.readOnly)
    if (field) return `${lines.name}.${field.name}`
  }
  return here.visible.some((field) => field.name === header.split('.')[0]) && !header.endsWith('._title') ? header : null
}

function resolveColumn(access: Access, here: EntityAccess, header: string, path: string): ImportColumn | string {
  const [first = '', ...rest] = path.split('.')
  const lines = linesOf(here).find((field) => field.name === first) ?? null
  const at = lines ? access.entities.get(lines.lines!.entity) : here
  const [name = '', below, ...more] = lines ? rest : [first, ...rest]
  const field = at?.visible.find((each) => each.name === name)
  if (!at || !field || more.length > 0) return unknown(at ?? here, path, name)
  const column = { header, lines, field, member: null, lookup: null }
  const target = targetOf(access, field)
  if (target) {
    const keys = lookupFields(target)
    const fields = below === undefined ? keys : keys.filter((each) => each === below)
    if (below !== undefined && fields.length === 0)
      return `${target.entity.title} has no unique field ${echo(below)}; it can be found by ${keys.join(', ') || 'id'}.`
    return { ...column, lookup: { entity: target.entity.id, fields } }
  }
  if (below === undefined) return column
  if (fieldOf(field.type).members?.(field.settings).has(below)) return { ...column, member: below }
  return unknown(at, path, name)
}

/** The one entity a reference or list of references points to, if the caller knows it. */
function targetOf(access: Access, field: Field): EntityAccess | undefined {
  const link = field.lines?.linkField ? access.catalogue.entities.get(field.lines.entity)?.fieldByName.get(field.lines.linkField) : field
  const targets = link?.reference?.targets ?? []
  return targets.length === 1 ? access.entities.get(targets[0]!.entity) : undefined
}

/** Fields that are unique by themselves, the title first. */
export function lookupFields({ entity, visible }: EntityAccess): readonly string[] {
  const single = new Set(entity.unique.flatMap((key) => (key.fields.length === 1 && key.noOverlap === null ? key.fields : [])))
  const names = visible.filter((field) => single.has(field.id)).map((field) => field.name)
  return names.toSorted((a, b) => Number(b === titleOf(entity)) - Number(a === titleOf(entity)))
}
const titleOf = (entity: Entity): string | undefined => entity.titleField?.name

const unknown = (here: EntityAccess, path: string, name: string): string =>
  `${here.entity.title} has no field ${echo(path)}.${suggestion(
    name,
    here.visible.map((field) => field.name),
  )}`
