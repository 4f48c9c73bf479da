import type { Sql } from 'kysely'
import type { ValueType } from '../fields/type.ts'
import { overloadOf, parameterOf } from './functions.ts'
import type { Fragment } from './functions-operators.ts'
import type { Compiling, Scope } from './sql-tables.ts'
import { bind, sqlType } from './sql-types.ts'
import type { Node, Parameter, Type } from './types.ts'
import { fromCanonical } from './values.ts'

export function constant({ sql, context }: Compiling, type: Type, value: unknown): Fragment {
  if (context.constant) return context.constant(type, value)
  if (value === null) return sql`null::${sql.raw(sqlType(type))}`
  // A parameter that is only ever a date or a text needs no more than its cast to be used by an index.
  const cast = sql`${bind(type, value)}::${sql.raw(type.kind === 'duration' && Number.isSafeInteger(fromCanonical(type, value)) ? 'bigint' : sqlType(type))}`
  return type.kind === 'text' ? sql`(${cast} collate "C")` : cast
}

export function list(compiling: Compiling, { type, items }: Node & { kind: 'list' }, scope: Scope): Fragment {
  const { sql } = compiling
  const of: Type = type.kind === 'list' ? type.of : type
  const constants = items.flatMap((each) => (each.kind === 'constant' ? [each.value] : []))
  if (constants.length === items.length) return constant(compiling, type, constants)
  return sql`array[${sql.join(items.map((each) => compiling.as(of, each, scope)))}]::${sql.raw(sqlType(type))}`
}

export function call(compiling: Compiling, { type, overload, args }: Node & { kind: 'call' }, scope: Scope): Fragment {
  const { sql, context } = compiling
  const called = overloadOf(overload)
  const { nulls, sql: make } = called
  if (nulls !== 'handles' && args.some((each) => each.type.kind === 'null')) return constant(compiling, type, null)
  const literals = args.map((each, i) => (parameterOf(called, i).literal && each.kind === 'constant' ? String(each.value) : undefined))
  const typed = typeOf(args)
  return make(
    sql,
    args.map((each, i) => {
      const wanted = nullType(parameterOf(called, i), typed)
      if (isCondition(each)) return opaque(sql, compiling.node(each, scope))
      return wanted.kind === 'list' && isUntypedList(each) ? nothing(compiling, wanted, each) : compiling.as(wanted, each, scope)
    }),
    { zone: context.zone, literals },
  )
}

/**
 * A condition as an argument. PostgreSQL's planner takes `x = any(list)` below the top of a WHERE for null where x is, and makes inner joins
 * of the left ones that x comes from; but in an empty list nothing is, and that is false. It does not look into a case.
 */
const opaque = (sql: Sql, condition: Fragment): Fragment => sql`(case ${condition} when true then true when false then false end)`

/** What arguments that must agree are: a scalar if one is, else the items of a list. */
function typeOf(args: readonly Node[]): Type {
  const types = args.map((each) => each.type).filter(({ kind }) => kind !== 'null')
  const [first = { kind: 'text' }] = types
  return types.find(({ kind }) => kind !== 'list') ?? (first.kind === 'list' ? first.of : first)
}
/** `[]` and `[null]` are lists of whatever stands beside them. */
export const isUntypedList = (node: Node): node is Node & { kind: 'list' } =>
  node.kind === 'list' && node.items.every((each) => each.kind === 'constant' && each.value === null)
const nothing = (compiling: Compiling, type: Type, { items }: Node & { kind: 'list' }): Fragment =>
  constant(
    compiling,
    type,
    items.map(() => null),
  )

const isCondition = ({ kind, type }: Node): boolean => type.kind === 'boolean' && ['call', 'and', 'or', 'not'].includes(kind)
/** The type of an untyped null as an argument: what the parameter takes, or what the other arguments are. */
function nullType({ takes }: Parameter, typed: Type): Type {
  if (takes === 'list of same') return { kind: 'list', of: typed as ValueType }
  if (typeof takes === 'string') return typed
  if ('of' in takes) return takes
  const [kind = 'text'] = takes
  if (kind === 'list') return { kind, of: { kind: 'text' } }
  return kind === 'number' ? { kind, whole: false } : kind === 'record' ? { kind, entities: [] } : ({ kind } as Type)
}
