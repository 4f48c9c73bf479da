import type { Report } from '../problems.ts'
import { boolean } from './boolean.ts'
import { date } from './date.ts'
import { dateTime } from './dateTime.ts'
import { decimal } from './decimal.ts'
import { defaultOf } from './define.ts'
import { email } from './email.ts'
import { integer } from './integer.ts'
import { lines } from './lines.ts'
import { longText } from './longText.ts'
import { markdown } from './markdown.ts'
import { money } from './money.ts'
import { suggestion } from './nearest.ts'
import { notYet } from './notYet.ts'
import { percent } from './percent.ts'
import { reference } from './reference.ts'
import { references } from './references.ts'
import { select } from './select.ts'
import { text } from './text.ts'
import type { FieldType, FieldUse, PropertyNode } from './type.ts'

export { notYet }

/** Every field type, by id. */
export const fieldTypes: ReadonlyMap<string, FieldType> = new Map(
  [
    text, longText, markdown, email, integer, decimal, money, percent, boolean, date, dateTime, select, reference, references, lines,
  ].map((type) => [type.id, type as FieldType]),
)

/** The type of a compiled field. */
export function fieldOf(type: string): FieldType {
  const found = fieldTypes.get(type)
  if (found === undefined) throw new Error(`no field type "${type}": the catalogue was not compiled by this version`)
  return found
}

const byFormat: Readonly<Record<string, string>> = {
  'date': 'date', 'date-time': 'dateTime', 'time': 'time', 'email': 'email', 'uri': 'url', 'duration': 'duration',
}

/** The field type of a property node: `x-bos.type`, or what its JSON Schema keywords say. Reports and returns undefined when there is none. */
export function typeOf(node: PropertyNode, report: Report): FieldType | undefined {
  const named = node['x-bos']?.type
  if (named === undefined) return inferred(node, report)
  const found = fieldTypes.get(named)
  if (found !== undefined) return found
  report('/x-bos/type', Object.hasOwn(notYet.types, named)
    ? `not yet: ${notYet.types[named]}`
    : `there is no field type "${named}".${suggestion(named, fieldTypes.keys())}`)
  return undefined
}

function inferred(node: PropertyNode, report: Report): FieldType | undefined {
  const { type, format, items } = node as { readonly type?: unknown; readonly format?: unknown; readonly items?: PropertyNode }
  if (type === 'array') return items?.['enum'] === undefined ? fieldTypes.get('list') : fieldTypes.get('multiSelect')
  if (node['enum'] !== undefined) return select as FieldType
  if (type === 'integer' || type === 'boolean') return fieldTypes.get(type)
  if (type === 'string') {
    const id = format === undefined ? 'text' : byFormat[String(format)]
    if (id === undefined) report('/format', `there is no format "${String(format)}".${suggestion(String(format), Object.keys(byFormat))}`)
    return id === undefined ? undefined : fieldTypes.get(id)
  }
  if (type === 'number') report('/type', 'a number in JSON is not exact: use "x-bos": {"type": "decimal", "scale": 2}, or "type": "integer"')
  else report('', 'has no type: give "type", "enum" or "x-bos": {"type": …}')
  return undefined
}

export interface CompiledField {
  readonly type: FieldType
  readonly settings: unknown
  /** The literal default, canonical; undefined: none. */
  readonly default: unknown
}

/** Type, settings and default of a property node in one step; every fault is reported, with pointers relative to the node. */
export function compileField(node: PropertyNode, report: Report, use: FieldUse = {}): CompiledField | undefined {
  const type = typeOf(node, report)
  if (type === undefined) return undefined
  const settings = type.compile(node, report, use)
  return { type, settings, default: defaultOf(type, node, settings, () => {}) }
}
