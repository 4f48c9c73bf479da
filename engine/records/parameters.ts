import assert from 'node:assert/strict'
import { suggestion } from '../fields/nearest.ts'
import { systemFields } from '../catalogue/system-fields.ts'
import type { Entity, Field } from '../catalogue/types.ts'
import { limits } from '../config.ts'
import { core } from '../expressions/core.ts'
import { fieldOf } from '../fields/index.ts'
import type { Bucket, FieldType, Operator, OperatorName } from '../fields/type.ts'
import { echo, Problem } from '../problems.ts'
import type { Fault } from '../problems.ts'
import { settingsFor } from './access.ts'
import type { Access, EntityAccess } from './types.ts'

/** A field reached from an entity through references: `company.country`, or `parent.customer.country` from a line. */
export interface Path {
  readonly text: string
  readonly hops: readonly Hop[]
  readonly field: Field
  /** One member of a composite value (`address.city`), else null. */
  readonly member: string | null
  /** Of the field or its member, as the caller may know them. */
  readonly settings: never
  /** Of the entity that has the field. */
  readonly access: EntityAccess
}
/** One step along a reference, or from a line to its document (`field` null). */
export interface Hop {
  readonly field: Field | null
  readonly column: string
  readonly target: EntityAccess
}

export interface Condition {
  readonly path: Path
  readonly operator: Operator
  readonly name: OperatorName
  readonly values: readonly unknown[]
}

export const parameterFault = (pointer: string, detail: string): Problem =>
  new Problem('parameter-invalid', detail, { faults: [{ pointer, detail }] })

/** A name the caller may not know of and a name that does not exist get this same answer. */
export function unknownField(access: EntityAccess, name: string, pointer: string): Problem {
  const detail = `${access.entity.title} has no field ${echo(name)}.${suggestion(
    name,
    access.visible.map((field) => field.name),
  )}`
  return new Problem('field-unknown', detail, { faults: [{ pointer, detail }] })
}

/** The system fields that lists can be filtered and sorted by, in the shape of fields. People are references to members. */
const listedFields: ReadonlyMap<string, Field> = new Map(
  systemFields.filter(({ listed }) => listed).map(({ name, title, type, target }) => [name, asField(name, title, type, target)]),
)

/** The document of a line, as a field of the line. */
const documents = new WeakMap<Entity, Field>()
function documentOf(line: Entity): Field | undefined {
  const known = documents.get(line)
  if (known || !line.parent) return known
  const field = { ...asField('parent_id', 'Document', 'reference', line.parent.entity), name: 'parent' }
  documents.set(line, field)
  return field
}

function asField(id: string, title: string, type: string, target?: string): Field {
  const entity = target ?? core.member
  const settings = fieldOf(type).compile(type === 'reference' ? { 'x-bos': { type, entity } } : {}, (_, detail) => assert.fail(detail))
  return Object.freeze({
    id,
    name: id,
    title,
    help: '',
    type,
    settings,
    columns: [],
    required: true,
    readOnly: true,
    createOnly: false,
    noCopy: true,
    default: undefined,
    defaultsToActor: false,
    index: false,
    pii: false,
    layer: 'core',
    lines: null,
    sequence: null,
    logic: null,
    reference: target ? { targets: [{ entity: target, column: id }], several: false, onDelete: 'restrict', inverse: null } : null,
  } satisfies Field)
}

/** A field or system field this caller may name, or undefined. */
export function fieldNamed(access: EntityAccess, name: string): Field | undefined {
  const field = access.visible.find((each) => each.name === name)
  if (field || access.entity.kind !== 'line') return field ?? listedFields.get(name)
  return name === 'parent' ? documentOf(access.entity) : name === 'id' ? listedFields.get(name) : undefined
}

export function resolvePath(access: Access, start: EntityAccess, text: string, pointer: string): Path {
  const names = text.split('.')
  const hops: Hop[] = []
  let here = start
  for (let i = 0; ; i++) {
    const name = names[i] ?? ''
    const rest = names.length - i - 1
    if (rest > 0 && name === 'parent' && here.entity.parent) {
      const target = access.entities.get(here.entity.parent.entity)
      if (!target) throw unknownField(here, name, pointer)
      hops.push({ field: null, column: 'parent_id', target })
      here = target
      continue
    }
    const field = fieldNamed(here, name)
    if (!field) throw unknownField(here, name, pointer)
    const settings = settingsFor(access, field)
    if (rest === 0) return { text, hops, field, member: null, settings: settings as never, access: here }
    const members = fieldOf(field.type).members?.(field.settings)
    if (members) {
      const member = names[i + 1] ?? ''
      const part = members.get(member)
      if (rest > 1 || !part) throw unknownField(here, text, pointer)
      return { text, hops, field, member, settings: part.settings as never, access: here }
    }
    const target = field.reference?.targets.length === 1 ? field.reference.targets[0] : undefined
    const next = target && access.entities.get(target.entity)
    if (!target || !next) throw unknownField(here, `${name}.${names[i + 1]}`, pointer)
    hops.push({ field, column: target.column, target: next })
    if (hops.length > limits.pathHops) throw parameterFault(pointer, `${echo(text)} follows more than ${limits.pathHops} references.`)
    here = next
  }
}

const operatorNames: ReadonlySet<string> = new Set<OperatorName>([
  'eq',
  'ne',
  'gt',
  'gte',
  'lt',
  'lte',
  'in',
  'contains',
  'startsWith',
  'null',
])

/** `stage=won`, `value.gte=1000`, `company.country.in=DE,FR`: everything that is not a list parameter is a condition. */
export function parseConditions(
  access: Access,
  start: EntityAccess,
  query: ReadonlyMap<string, readonly string[]>,
  reserved: ReadonlySet<string>,
): readonly Condition[] {
  const conditions: Condition[] = []
  for (const [key, values] of query) {
    if (reserved.has(key)) continue
    for (const value of values) conditions.push(parseCondition(access, start, key, value))
  }
  if (conditions.length > limits.conditions) throw parameterFault('filter', `At most ${limits.conditions} conditions are allowed.`)
  return conditions
}

export function parseCondition(access: Access, start: EntityAccess, key: string, value: string): Condition {
  const dot = key.lastIndexOf('.')
  const suffix = key.slice(dot + 1)
  const named = dot > 0 && operatorNames.has(suffix)
  const path = resolvePath(access, start, named ? key.slice(0, dot) : key, key)
  const name = (named ? suffix : 'eq') as OperatorName
  return { path, name, ...parseOperand(path, name, value, key) }
}

/** A composite's member (`value.currency`, `address.city`) filters, sorts, groups and measures as its own type does. */
export function typeAt(path: Path): FieldType {
  const type = fieldOf(path.field.type)
  const member = path.member === null ? undefined : type.members?.(path.field.settings).get(path.member)
  return member ? fieldOf(member.type) : type
}

function parseOperand(path: Path, name: OperatorName, value: string, pointer: string): { operator: Operator; values: readonly unknown[] } {
  const { operators } = typeAt(path)
  const operator = operators[name]
  if (!operator)
    throw parameterFault(
      pointer,
      `${echo(path.text)} cannot be filtered with "${name}"; it takes ${Object.keys(operators).join(', ') || 'no operator'}.`,
    )
  const faults: Fault[] = []
  const values = operator.parse(value, path.settings, (_, detail) => faults.push({ pointer, detail }))
  if (faults.length > 0) throw new Problem('parameter-invalid', faults[0]!.detail, { faults })
  return { operator, values }
}

export interface SortKey {
  readonly path: Path
  readonly descending: boolean
}

/**
 * What stands in `sort`, `fields`, `expand`, `group`, `measure` and `replace`, parted by commas. One rule for all of them: an empty parameter is
 * as good as none, blanks around a name do not count, and a name that is empty or stands there twice is a slip and told.
 */
export function parseNames(text: string | undefined, pointer: string): readonly string[] {
  if (text === undefined || text.trim() === '') return []
  const names = text.split(',').map((name) => name.trim())
  const seen = new Set<string>()
  for (const name of names) {
    // `-name` sorts by the same name as `name`.
    const plain = name.replace(/^-/, '')
    if (plain === '') throw parameterFault(pointer, 'A name between two commas is missing.')
    if (seen.has(plain)) throw parameterFault(pointer, `${echo(plain)} stands here twice.`)
    seen.add(plain)
  }
  return names
}

/** `-amount,name`. */
export function parseSort(access: Access, start: EntityAccess, text: string | undefined): readonly SortKey[] {
  const keys = parseNames(text, 'sort').map((part) => {
    const descending = part.startsWith('-')
    const path = resolvePath(access, start, descending ? part.slice(1) : part, 'sort')
    if (!typeAt(path).sort) throw parameterFault('sort', `${echo(path.text)} cannot be sorted by.`)
    return { path, descending }
  })
  if (keys.length > limits.sortKeys) throw parameterFault('sort', `At most ${limits.sortKeys} sort keys are allowed.`)
  return keys
}

export function parseInteger(
  query: ReadonlyMap<string, readonly string[]>,
  name: string,
  range: { readonly min: number; readonly max: number; readonly default: number },
): number {
  const text = single(query, name)
  if (text === undefined) return range.default
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= range.min && value <= range.max))
    throw parameterFault(name, `"${name}" is a whole number from ${range.min} to ${range.max}.`)
  return value
}

/** Addresses other than lists take these parameters only: a misspelt one is told, not ignored. */
export function onlyParameters(query: ReadonlyMap<string, readonly string[]>, known: readonly string[]): void {
  for (const name of query.keys()) {
    if (!known.includes(name)) throw parameterFault(name, `There is no parameter ${echo(name)} here.${suggestion(name, known)}`)
  }
}

/** The value of a parameter that may stand once. */
export function single(query: ReadonlyMap<string, readonly string[]>, name: string): string | undefined {
  const values = query.get(name)
  if (values && values.length > 1) throw parameterFault(name, `${echo(name)} may be given once.`)
  return values?.[0]
}

export function choice<const T extends string>(
  query: ReadonlyMap<string, readonly string[]>,
  name: string,
  allowed: readonly T[],
): T | undefined {
  const text = single(query, name)
  if (text === undefined) return undefined
  const found = allowed.find((each) => each === text)
  if (!found) throw parameterFault(name, `"${name}" is one of: ${allowed.join(', ')}.`)
  return found
}

export function parseBucket(text: string, pointer: string): Bucket {
  const buckets: readonly Bucket[] = ['day', 'week', 'month', 'quarter', 'year']
  const bucket = buckets.find((each) => each === text)
  if (!bucket) throw parameterFault(pointer, `${echo(text)} is not a date bucket; use ${buckets.join(', ')}.`)
  return bucket
}

/** `deleted=only`: what was deleted, for those who may bring it back. */
export function parseDeleted(here: EntityAccess, query: ReadonlyMap<string, readonly string[]>): boolean {
  const deleted = choice(query, 'deleted', ['only']) === 'only'
  if (deleted && here.entity.kind === 'line') throw parameterFault('deleted', 'Lines are deleted with their document.')
  if (deleted && !here.actions.has('restore')) throw new Problem('not-allowed', 'Your role does not see deleted records here.')
  return deleted
}
