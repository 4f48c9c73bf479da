import type { Field } from '../api/catalogue.ts'
import { isMoney } from '../fields/money.tsx'
import { add } from '../fields/numbers.ts'

/** The amount of a line: its last exact number that may be summed. Prices and rates before it are not; their sum means nothing. */
export const amountField = (fields: readonly Field[]): Field | null =>
  fields.findLast((field) => (field.type === 'decimal' || field.type === 'money') && field.measures.includes('sum')) ?? null

/** Exact sum of one field over lines; null when there is nothing to add, or when currencies differ. */
export function totalOf(field: Field, rows: readonly Readonly<Record<string, unknown>>[]): unknown {
  const values = rows.map((row) => row[field.name]).filter((value) => value !== null && value !== undefined && value !== '')
  if (field.type !== 'money') return values.length === 0 ? null : values.reduce<string>((sum, value) => add(sum, String(value)), '0')
  const money = values.filter(isMoney)
  const [first] = money
  if (!first || money.some((value) => value.currency !== first.currency)) return null
  return { amount: money.reduce((sum, value) => add(sum, value.amount), '0'), currency: first.currency }
}
