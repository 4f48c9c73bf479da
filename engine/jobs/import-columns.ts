import { findsOne } from '../catalogue/types.ts'
import type { Entity, Field } from '../catalogue/types.ts'
import { fieldOf } from '../fields/index.ts'
import { suggestion } from '../fields/nearest.ts'
import { echo, pointerSegment, Problem } from '../problems.ts'
import type { Fault } from '../problems.ts'
import { idHeader } from '../records/export.ts'
import type { Access, EntityAccess } from '../records/types.ts'

/** Where the cells of one CSV column go. */
export interface ImportColumn {
  readonly header: string
  /** The lines field whose line the cell belongs to; null: the record itself. */
  readonly lines: Field | null
  readonly field: Field
  /** One member of a composite value (`address.city`). */
  readonly member: string | null
  /** The cell names a record. */
  readonly lookup: Lookup | null
}
type Named = Pick<Field, 'name' | 'title'>
export interface Lookup {
  readonly entity: Pick<Entity, 'id' | 'title' | 'pluralTitle'>
  /** The unique fields it is looked up by, in order. */
  readonly fields: readonly Named[]
  /** Where none of them has the name: the title, if one record alone has it. */
  readonly title: Named | null
}
/** A file's columns; `id` is the place of the one that says which record a row changes, or -1. */
export interface ImportColumns {
  readonly columns: readonly (ImportColumn | null)[]
  readonly id: number
}

/**
 * CSV headers → fields. `mapping` names a path per header, or null to leave the column out; headers it does not name map to
 * the field or line field with that name or title, else they are left out. A reference is found by id, by any field that is
 * unique by itself, or by its title; `customer.external_id` says which. `byId`: a column has the ids of records to be changed.
 * Throws Problem 'request-invalid' with every fault.
 */
export function importColumns(
  access: Access,
  here: EntityAccess,
  headers: readonly string[],
  mapping: Readonly<Record<string, string | null>>,
  byId: boolean,
): ImportColumns {
  const faults: Fault[] = []
  for (const name of Object.keys(mapping)) {
    if (!headers.includes(name))
      faults.push({ pointer: `/mapping/${pointerSegment(name)}`, detail: 'The file has no column with this header.' })
  }
  const isMapped = (header: string): boolean => Object.hasOwn(mapping, header)
  const paths = headers.map((header) => (isMapped(header) ? mapping[header]! : defaultPath(access, here, header)))
  const ids = paths.flatMap((path, i) => (path === idPath && (byId || isMapped(headers[i]!)) ? [i] : []))
  const idFault = (at: number, detail: string) => faults.push({ pointer: `/mapping/${pointerSegment(headers[at]!)}`, detail })
  if (byId && ids.length === 0) faults.push({ pointer: '/mapping', detail: 'An update by id needs a column "id".' })
  if (!byId && ids.length > 0) idFault(ids[0]!, 'Ids are read with mode=upsert and key=id only.')
  if (ids.length > 1) idFault(ids[1]!, 'Another column has the ids.')
  const columns = headers.map((header, i) => {
    const path = paths[i]!
    if (path === null || path === idPath) return null
    // An export writes the title of a reference and, beside it, the id: that counts.
    if (!isMapped(header) && paths.includes(`${path}.${idPath}`)) return null
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
  return { columns: columns.map((each) => each && withoutNamedMembers(each, mapped)), id: ids[0] ?? -1 }
}

/** The header, and the end of a path, that mean the id of a record. */
const idPath = 'id'

/** Of a composite whose other members have columns of their own, the column of the whole has the one that is left: an amount beside its currency. */
function withoutNamedMembers(column: ImportColumn, all: readonly ImportColumn[]): ImportColumn {
  if (column.member !== null || column.lookup) return column
  const named = all.flatMap((each) => (each.field === column.field && each.lines === column.lines ? [each.member] : []))
  const left = [...(fieldOf(column.field.type).members?.(column.field.settings).keys() ?? [])].filter((each) => !named.includes(each))
  return named.length > 1 && left.length === 1 ? { ...column, member: left[0]! } : column
}

const isCalled = (names: readonly string[], header: string): boolean =>
  names.some((each) => each.toLowerCase() === header.trim().toLowerCase())
const sameName = (field: Field, header: string): boolean => isCalled([field.name, field.title], header)

/** Lines whose columns an import can fill: the document's own, one level. */
const linesOf = (here: EntityAccess): readonly Field[] => here.visible.filter((field) => field.lines && field.lines.linkField === null)

function defaultPath(access: Access, here: EntityAccess, header: string): string | null {
  if (isCalled([idPath], header)) return idPath
  const own = here.visible.filter((field) => sameName(field, header) && !linesOf(here).includes(field))
  if (own.length > 0) return own.find((field) => !field.readOnly)?.name ?? null
  const reference = here.visible.find((field) => field.reference && !field.readOnly && isCalled([idHeader(field)], header))
  if (reference) return `${reference.name}.${idPath}`
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
    const { fields, title } = lookupFields(target)
    const isMeant = (each: Named): boolean => below === undefined || each.name === below
    const lookup = { entity: target.entity, fields: fields.filter(isMeant), title: title && isMeant(title) ? title : null }
    if (below === undefined || below === idPath || lookup.fields.length > 0 || lookup.title) return { ...column, lookup }
    const names = [idPath, ...fields.map((each) => each.name), ...(title ? [title.name] : [])]
    return `${target.entity.title} is not found by ${echo(below)}, but by ${names.join(', ')}.`
  }
  if (below === undefined || (field.reference && below === idPath)) return column
  if (fieldOf(field.type).members?.(field.settings).has(below)) return { ...column, member: below }
  return unknown(at, path, name)
}

/** The one entity a reference or list of references points to, if the caller knows it. */
function targetOf(access: Access, field: Field): EntityAccess | undefined {
  const link = field.lines?.linkField ? access.catalogue.entities.get(field.lines.entity)?.fieldByName.get(field.lines.linkField) : field
  const targets = link?.reference?.targets ?? []
  return targets.length === 1 ? access.entities.get(targets[0]!.entity) : undefined
}

/** Fields that are unique by themselves, the title first; and the title where it is not. */
function lookupFields({ entity, visible }: EntityAccess): Pick<Lookup, 'fields' | 'title'> {
  const single = new Set(entity.unique.flatMap((key) => (key.fields.length === 1 && findsOne(key) ? key.fields : [])))
  const isTitle = (field: Field): boolean => field.id === entity.titleField?.id
  const fields = visible.filter((field) => single.has(field.id)).toSorted((a, b) => Number(isTitle(b)) - Number(isTitle(a)))
  return { fields, title: visible.find((field) => isTitle(field) && !single.has(field.id)) ?? null }
}

const unknown = (here: EntityAccess, path: string, name: string): string =>
  `${here.entity.title} has no field ${echo(path)}.${suggestion(
    name,
    here.visible.map((field) => field.name),
  )}`
