import type { RawBuilder, Sql } from 'kysely'
import type { Report } from '../problems.ts'
import type { ColumnRef, Operator, OperatorName } from './type.ts'

/** Reads one operand into a SQL parameter, or reports and returns undefined. */
export type ReadOperand<Settings> = (text: string, settings: Settings, report: Report) => unknown

/** `in` takes at most this many values. */
export const operandLimit = 500
const infix = { eq: '=', ne: '<>', gt: '>', gte: '>=', lt: '<', lte: '<=' } as const
export type Comparison = keyof typeof infix

export const sign = (sql: Sql, name: Comparison): RawBuilder<unknown> => sql.raw(infix[name])

/**
 * Operators on one column: `type` is the SQL type (ours, never a module's) that placeholders are cast to.
 * All are leakproof for the types that use them, so they become index conditions under row policies. A missing value matches
 * none of them but `null`: `ne` too follows SQL's three-valued logic, as the expression language does.
 */
export function comparisons<Settings>(
  names: readonly (Comparison | 'in')[],
  type: string,
  read: ReadOperand<Settings>,
): { readonly [name in OperatorName]?: Operator } {
  const made: { [name in OperatorName]?: Operator } = { null: isNull }
  for (const name of names) {
    made[name] =
      name === 'in'
        ? anyOf(type, read)
        : {
            parse: (text, settings: Settings, report) => [read(text, settings, report)],
            where: (sql, at, params) => sql`${at()} ${sign(sql, name)} ${params[0]}::${sql.raw(type)}`,
          }
  }
  return made
}

/** `in`: one array parameter, so that the statement does not depend on how many values there are. */
export function anyOf<Settings>(type: string, read: ReadOperand<Settings>): Operator {
  return {
    parse: (text, settings: Settings, report) => [operands(text, report).map((each) => read(each, settings, report))],
    where: (sql, at, params) => sql`${at()} = any(${params[0]}::${sql.raw(type)}[])`,
  }
}

/** Values parted by commas; a JSON array (`["a,b","c"]`) where a value itself contains one. */
export function operands(text: string, report: Report): string[] {
  const list = text.startsWith('[') ? jsonList(text) : text.split(',')
  if (list === undefined) report('', 'must be values parted by commas, or a JSON array of texts')
  else if (list.length > operandLimit) report('', `has ${list.length} values; at most ${operandLimit} are taken`)
  else return list
  return []
}

function jsonList(text: string): string[] | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (Array.isArray(value) && value.every((each) => typeof each === 'string' || typeof each === 'number')) return value.map(String)
  } catch {
    // Falls through: the caller is told what was expected.
  }
  return undefined
}

/** `field.null=true|false`. */
export const isNull: Operator = emptiness((sql, at) => sql`${at()} is null`)

export function emptiness(empty: (sql: Sql, at: ColumnRef, settings: never) => RawBuilder<unknown>): Operator {
  return {
    parse: (text, _settings, report) => {
      if (text !== 'true' && text !== 'false') report('', 'must be true or false')
      return [text === 'true']
    },
    where: (sql, at, params, settings) => sql`(${empty(sql, at, settings)}) = ${params[0]}::boolean`,
  }
}

/** One key of an order; cursor values are cast back to `keyType`. */
export interface SortKey {
  readonly key: RawBuilder<unknown>
  readonly keyType: string
}

/** Sorts by the first column as it stands. */
export const plainSort =
  (keyType: string) =>
  (_sql: Sql, at: ColumnRef): readonly SortKey[] => [{ key: at(), keyType }]

export const plainIndex = (name: string): readonly string[] => [quoted(name)]

/** A column name in SQL text. Names are checked identifiers; quoting keeps words such as "order" plain. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`
