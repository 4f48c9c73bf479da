import type { Field } from '../api/catalogue.ts'
import { kindOf } from '../fields/registry.ts'
import { isEmpty } from '../fields/type.ts'

/** The amount of a line: its last exact number that may be summed. Prices and rates before it are not; their sum means nothing. */
export const amountField = (fields: readonly Field[]): Field | null =>
  fields.findLast((field) => kindOf(field).sum !== undefined && field.measures.includes('sum')) ?? null

/** Exact sum of one field over lines; null when there is nothing to add, or when currencies differ. */
export const totalOf = (field: Field, rows: readonly Readonly<Record<string, unknown>>[]): unknown =>
  kindOf(field).sum?.(rows.map((row) => row[field.name]).filter((value) => !isEmpty(value))) ?? null
