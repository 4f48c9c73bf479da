import type { Report } from '../problems.ts'
import { address } from './address.ts'
import { barcode } from './barcode.ts'
import { boolean } from './boolean.ts'
import { color } from './color.ts'
import { date } from './date.ts'
import { dateTime } from './dateTime.ts'
import { decimal } from './decimal.ts'
import { defaultOf } from './define.ts'
import { duration } from './duration.ts'
import { email } from './email.ts'
import { typeIdOf } from './infer.ts'
import { expression } from './expression.ts'
import { integer } from './integer.ts'
import { json } from './json.ts'
import { lines } from './lines.ts'
import { list } from './list.ts'
import { longText } from './longText.ts'
import { markdown } from './markdown.ts'
import { money } from './money.ts'
import { multiSelect } from './multiSelect.ts'
import { suggestion } from './nearest.ts'
import { notBuilt, notYet } from './notYet.ts'
import { percent } from './percent.ts'
import { personName } from './personName.ts'
import { phone } from './phone.ts'
import { rank } from './rank.ts'
import { rating } from './rating.ts'
import { reference } from './reference.ts'
import { references } from './references.ts'
import { select } from './select.ts'
import { sequence } from './sequence.ts'
import { text } from './text.ts'
import { time } from './time.ts'
import type { FieldType, FieldUse, PropertyNode } from './type.ts'
import { url } from './url.ts'

/** Every field type, by id. */
export const fieldTypes: ReadonlyMap<string, FieldType> = new Map(
  (
    [
      text,
      longText,
      markdown,
      email,
      phone,
      url,
      integer,
      decimal,
      money,
      percent,
      boolean,
      date,
      dateTime,
      time,
      duration,
      select,
      multiSelect,
      list,
      reference,
      references,
      lines,
      json,
      sequence,
      address,
      personName,
      color,
      rating,
      barcode,
      rank,
      expression,
    ] as FieldType[]
  ).map((type) => [type.id, type]),
)

/** The type of a compiled field. */
export function fieldOf(type: string): FieldType {
  const found = fieldTypes.get(type)
  if (found === undefined) throw new Error(`no field type "${type}": the catalogue was not compiled by this version`)
  return found
}

/** The field type of a property node. Reports and returns undefined when there is none, or not yet. */
export function typeOf(node: PropertyNode, report: Report): FieldType | undefined {
  const id = typeIdOf(node, report)
  const found = fieldTypes.get(id ?? '')
  if (id !== undefined && found === undefined) {
    const reserved = Object.hasOwn(notYet.types, id)
    report(
      '/x-bos/type',
      reserved ? notBuilt(`the field type ${id}`, notYet.types[id]) : `there is no field type "${id}".${suggestion(id, fieldTypes.keys())}`,
    )
  }
  return found
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
  let faults = 0
  const settings = type.compile(
    node,
    (pointer, detail) => {
      faults++
      report(pointer, detail)
    },
    use,
  )
  return { type, settings, default: faults === 0 ? defaultOf(type, node, settings, report) : undefined }
}
