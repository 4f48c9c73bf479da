import { sql } from 'kysely'
import { compileExpression } from '../expressions/check.ts'
import { comparisonOf } from '../expressions/functions-comparison.ts'
import type { ComparisonSign } from '../expressions/functions-comparison.ts'
import { overloadOf, parameterOf } from '../expressions/functions.ts'
import type { Tables } from '../expressions/sql-tables.ts'
import { bind, sqlType } from '../expressions/sql-types.ts'
import { isUntypedList } from '../expressions/sql-calls.ts'
import { toSql } from '../expressions/sql.ts'
import { chain, exchange } from '../expressions/transform.ts'
import type { ExpressionFault, Node, RecordNode, Type } from '../expressions/types.ts'
import type { Field } from '../catalogue/types.ts'
import { spanText } from '../fields/expression.ts'
import type { OperatorName } from '../fields/type.ts'
import { Problem } from '../problems.ts'
import { callersContext } from './caller-names.ts'
import type { Source } from './conditions.ts'
import { surroundings, tablesOf } from './expression-tables.ts'
import { parseCondition } from './parameters.ts'
import type { Condition } from './parameters.ts'
import { columnsFor, liveFor } from './reach.ts'
import { column } from './sql.ts'
import type { Fragment } from './sql.ts'
import type { Access, EntityAccess } from './types.ts'

/** An expression that rows must fulfil, as far as no plain condition says the same. */
export interface Filter {
  readonly access: Access
  /** With parameters `constant:0` … in the places of its literals: equal trees are one statement. */
  readonly root: Node
  readonly constants: readonly { readonly type: Type; readonly value: unknown }[]
}

/**
 * `filter=self.stage == 'won' && self.company.country in ['DE', 'AT']`. What is a plain comparison of a field with a literal becomes a
 * condition like `stage=won`, with the indexes of such; the rest stays an expression. Throws Problem 'parameter-invalid' with the place
 * of every fault; a field that the caller may not know of is one that does not exist.
 */
export function parseFilter(access: Access, here: EntityAccess, text: string): { conditions: readonly Condition[]; filter: Filter | null } {
  const { expression, faults } = compileExpression(text, callersContext(access, here.entity.id), { kind: 'boolean' })
  if (!expression) {
    const told = faults.map((fault) => ({ pointer: 'filter', detail: faultText(fault) }))
    throw new Problem('parameter-invalid', told[0]!.detail, { faults: told })
  }
  const conditions: Condition[] = []
  const rest: Node[] = []
  for (const part of chain(expression.root, 'and')) {
    const condition = plainCondition(access, here, part)
    if (condition) conditions.push(condition)
    else rest.push(part)
  }
  const [first, ...more] = rest
  const root = first && more.reduce((left, right): Node => ({ kind: 'and', type: { kind: 'boolean' }, left, right }), first)
  return { conditions, filter: root ? withoutConstants(access, root) : null }
}

/** `Characters 6–9: Deal has no "stag". Did you mean "stage"?` */
export const faultText = (fault: ExpressionFault): string => `${spanText(fault)}: ${fault.detail}${/[.?!]$/.test(fault.detail) ? '' : '.'}`

const operators: Readonly<Record<ComparisonSign, OperatorName>> = { '==': 'eq', '!=': 'ne', '<': 'lt', '<=': 'lte', '>': 'gt', '>=': 'gte' }
/** The same with its sides exchanged. */
const turned: Readonly<Record<ComparisonSign, ComparisonSign>> = { '==': '==', '!=': '!=', '<': '>', '<=': '>=', '>': '<', '>=': '<=' }

/** `field operator literal`, said as a condition of lists; null: it cannot be. */
function plainCondition(access: Access, here: EntityAccess, node: Node): Condition | null {
  if (node.kind !== 'call') return null
  const [left, right] = node.args
  const sign = comparisonOf(node.overload)?.sign
  if (!left || !right || !sign) return null
  if (left.kind === 'constant' && right.kind === 'field') return plain(access, here, right, operators[turned[sign]], left)
  return left.kind === 'field' && right.kind === 'constant' ? plain(access, here, left, operators[sign], right) : null
}

function plain(
  access: Access,
  here: EntityAccess,
  field: Node & { kind: 'field' },
  operator: OperatorName,
  constant: Node & { kind: 'constant' },
): Condition | null {
  const path = pathOf(access, field)
  const { value } = constant
  if (path === null || (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')) return null
  try {
    return parseCondition(access, here, `${path}.${operator}`, String(value))
  } catch (error) {
    // What lists have no condition for is an expression still.
    if (error instanceof Problem) return null
    throw error
  }
}

/** `company.country` of a field that is reached from `self` along references; null: otherwise. */
function pathOf(access: Access, { of, entity, field, member }: Node & { kind: 'field' }): string | null {
  const start = recordPath(access, of)
  const name = nameOf(access, entity, field)
  return start === null || name === null ? null : [...start, name, ...(member === null ? [] : [member])].join('.')
}

function recordPath(access: Access, record: RecordNode): readonly string[] | null {
  if (record.kind === 'root') return record.root === 'self' ? [] : null
  if (record.kind !== 'hop' && record.kind !== 'document') return null
  const before = recordPath(access, record.of)
  const name = record.kind === 'document' ? 'parent' : nameOf(access, record.of.entity, record.field)
  return before === null || name === null ? null : [...before, name]
}

/** System fields are called what they are. */
const nameOf = (access: Access, entity: string, field: string): string | null => {
  const here = access.entities.get(entity)
  return here ? (here.entity.fieldById.get(field)?.name ?? field) : null
}

function withoutConstants(access: Access, root: Node): Filter {
  const constants: { type: Type; value: unknown }[] = []
  const parameter = (type: Type, value: unknown): Node => ({
    kind: 'parameter',
    type,
    name: `constant:${constants.push({ type, value }) - 1}`,
  })
  const turn = (node: Node): Node | null => {
    if (node.kind === 'constant') return node.type.kind === 'null' || node.value === null ? node : parameter(node.type, node.value)
    if (node.kind === 'list' && !isUntypedList(node) && node.items.every((each) => each.kind === 'constant'))
      return parameter(
        node.type,
        node.items.map((each) => (each as Node & { kind: 'constant' }).value),
      )
    if (node.kind !== 'call') return null
    // Some literals choose what is compiled: a unit, a pattern.
    const overload = overloadOf(node.overload)
    const args = node.args.map((each, i) => (parameterOf(overload, i).literal ? each : exchange(each, { node: turn })))
    return { ...node, args }
  }
  return { access, root: exchange(root, { node: turn }), constants }
}

/** The condition over the rows of a source. `constant` gives what is bound in the place of each literal. */
export function filterSql(source: Source, { access, root, constants }: Filter, constant: (index: number) => unknown): Fragment {
  return toSql(sql, root, {
    ...surroundings,
    tables: callersTables(access),
    roots: {
      self: { kind: 'row', alias: source.alias, frame: source.frame },
      user: { kind: 'lookup', where: (alias) => sql`${column(alias, 'id')} = (select bos.member())` },
      settings: { kind: 'lookup', where: () => sql`true` },
    },
    parameter(name) {
      const index = /^constant:(\d+)$/.exec(name)?.[1]
      if (index === undefined) return surroundings.parameter(name)
      const { type } = constants[Number(index)]!
      const value = sql`${constant(Number(index))}::${sql.raw(sqlType(type))}`
      return type.kind === 'text' ? sql`(${value} collate "C")` : value
    },
  })
}

/** What `pg` binds for a literal. */
export const boundConstant = ({ constants }: Filter, index: number): unknown => bind(constants[index]!.type, constants[index]!.value)

/** Equal filters but for their literals. */
export const filterShape = (filter: Filter | null): unknown => filter && [filter.root, filter.constants.map((each) => each.type)]

/** Records as a caller has them: masked values are null, and what is out of sight is not there. */
const callersTables = ({ catalogue, entities }: Access): Tables => ({
  ...tablesOf(catalogue, (entity, field: Field, alias) => columnsFor(catalogue, entities.get(entity.id)!, field, alias)),
  live: liveFor(catalogue, entities),
})
