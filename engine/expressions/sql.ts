import type { Sql } from 'kysely'
import type { Fragment } from './functions-operators.ts'
import { call, constant, list } from './sql-calls.ts'
import { aggregate, first } from './sql-loops.ts'
import { along } from './sql-paths.ts'
import type { AliasNames, Compiling, Row, Scope, SqlContext } from './sql-tables.ts'
import type { Node, RecordNode, Type } from './types.ts'
import { sqlType } from './sql-types.ts'

/** SQL of the value, in the type `sqlType(root.type)` (whole numbers and durations may be bigint or numeric). */
export function toSql(sql: Sql, root: Node, context: SqlContext): Fragment {
  const { self } = context.roots
  const frame = self?.kind === 'row' ? self.frame : null
  // What stands inside of another expression, about a row of it, must not take the names that the other uses.
  const prefix = self?.kind === 'row' ? `${self.alias}x` : 'x'
  return new Compiler(sql, context, frame?.names ?? { next: 0, prefix }).node(root, { frame, bound: new Map() })
}

class Compiler implements Compiling {
  readonly sql: Sql
  readonly context: SqlContext
  readonly names: AliasNames

  constructor(sql: Sql, context: SqlContext, names: AliasNames) {
    this.sql = sql
    this.context = context
    this.names = names
  }

  node(node: Node, scope: Scope): Fragment {
    const sql = this.sql
    const { tables } = this.context
    switch (node.kind) {
      case 'constant':
        return constant(this, node.type, node.value)
      case 'parameter':
        return this.context.parameter(node.name, node.type)
      case 'field': {
        const { alias, wrap } = this.reach(node.of, scope)
        const value = wrap(tables.column(node.entity, node.field, node.member, alias))
        // any((select …)) would be a condition on rows; any((select …)::text[]) is one on a list.
        return node.type.kind === 'list' ? sql`${value}::${sql.raw(sqlType(node.type))}` : value
      }
      case 'identity': {
        const { alias, wrap } = this.reach(node.of, scope)
        const id = wrap(tables.id(alias))
        return node.type.kind === 'text' ? sql`(${id})::text` : id
      }
      case 'variable':
        return scope.bound.get(node.variable) as Fragment
      case 'call':
        return call(this, node, scope)
      case 'and':
        return sql`(${this.holds(node.left, scope)} and ${this.holds(node.right, scope)})`
      case 'or':
        return sql`(${this.holds(node.left, scope)} or ${this.holds(node.right, scope)})`
      case 'not':
        return sql`(not ${this.holds(node.operand, scope)})`
      case 'if': {
        const [then, otherwise] = [node.then, node.otherwise].map((branch) => this.as(node.type, branch, scope))
        return sql`(case when ${this.holds(node.condition, scope)} then ${then} else ${otherwise} end)`
      }
      case 'list':
        return list(this, node, scope)
      case 'money':
        return sql`(select case when m.amount is not null then jsonb_build_object('amount', trim_scale(m.amount)::text, 'currency', m.currency) end
          from (select ${this.node(node.amount, scope)}::numeric as amount, ${this.node(node.currency, scope)} as currency offset 0) m)`
      case 'aggregate':
        return aggregate(this, node, scope)
    }
  }

  holds(node: Node, scope: Scope): Fragment {
    return this.as({ kind: 'boolean' }, node, scope)
  }

  as(type: Type, node: Node, scope: Scope): Fragment {
    return node.type.kind === 'null' ? constant(this, type, null) : this.node(node, scope)
  }

  reach(node: RecordNode, scope: Scope): Row {
    return node.kind === 'first' ? first(this, node, scope) : along(this, node, scope)
  }
}
