import { functions } from './functions.ts'
import { isOperator } from './parse.ts'
import { binary, call, memberOf, nowhere, word } from './syntax.ts'
import type { Names, Node, RecordNode, Source, Syntax, Type } from './types.ts'
import { isTrue } from './transform.ts'
import { fromCanonical, toCanonical } from './values.ts'

/** A typed tree as an author would write it, with the names of today: for people to read. */
export function written(node: Node, names: Names, constant: WriteConstant = literal): Syntax {
  return new Writer(names, constant).node(node)
}
export type WriteConstant = (type: Type, value: unknown) => Syntax

/** `tenant.name`, `core.exchange_rate`. */
export function path(text: string): Syntax {
  const [first = '', ...rest] = text.split('.')
  return rest.reduce(memberOf, word(first))
}

/** Dates, ids and the like are written as the texts they are. */
export function literal(type: Type, value: unknown): Syntax {
  if (value === null || type.kind === 'null') return { ...nowhere, kind: 'literal', type: 'null' }
  if (type.kind === 'list') return { ...nowhere, kind: 'list', items: (value as readonly unknown[]).map((each) => literal(type.of, each)) }
  if (typeof value === 'boolean') return { ...nowhere, kind: 'literal', type: 'boolean', value }
  const text = String(toCanonical(type, fromCanonical(type, value)))
  if (type.kind !== 'number') {
    const option = type.kind === 'text' ? type.options?.find((each) => each.id === text)?.name : undefined
    return { ...nowhere, kind: 'literal', type: 'text', value: option ?? text }
  }
  const digits: Syntax = { ...nowhere, kind: 'literal', type: 'number', value: text.replace('-', '') }
  return text.startsWith('-') ? { ...nowhere, kind: 'unary', operator: '-', operand: digits } : digits
}

const nameOf = new Map(functions.flatMap((each) => each.overloads.map(({ id }) => [id, each.name] as const)))

class Writer {
  readonly #names: Names
  readonly #constant: WriteConstant

  constructor(names: Names, constant: WriteConstant) {
    this.#names = names
    this.#constant = constant
  }

  node(node: Node): Syntax {
    switch (node.kind) {
      case 'constant':
        return this.#constant(node.type, node.value)
      case 'parameter':
        return path(node.name)
      case 'field': {
        const field = this.#member(this.#record(node.of), node.entity, node.field)
        return node.member === null ? field : memberOf(field, node.member)
      }
      case 'identity':
        return node.type.kind === 'text' ? memberOf(this.#record(node.of), 'id') : this.#record(node.of)
      case 'variable':
        return variable(node.variable)
      case 'call':
        return this.#call(node)
      case 'and':
        return binary('&&', this.node(node.left), this.node(node.right))
      case 'or':
        return binary('||', this.node(node.left), this.node(node.right))
      case 'not':
        return { ...nowhere, kind: 'unary', operator: '!', operand: this.node(node.operand) }
      case 'if': {
        const [condition, then, otherwise] = [node.condition, node.then, node.otherwise].map((each) => this.node(each))
        return { ...nowhere, kind: 'conditional', condition: condition!, then: then!, otherwise: otherwise! }
      }
      case 'list':
        return { ...nowhere, kind: 'list', items: node.items.map((each) => this.node(each)) }
      case 'money':
        return call('money', [this.node(node.amount), this.node(node.currency)])
      case 'aggregate':
        return this.#aggregate(node)
    }
  }

  #member(of: Syntax, entity: string, id: string): Syntax {
    return memberOf(of, this.#names.shape(entity)?.byId(id)?.name ?? id)
  }

  #call({ overload, args }: Node & { kind: 'call' }): Syntax {
    const called = nameOf.get(overload) ?? overload
    const parts = args.map((each) => this.node(each))
    const [left, right] = parts
    if (called === 'neg') return { ...nowhere, kind: 'unary', operator: '-', operand: left! }
    if (overload === 'isNull.any' || overload === 'isNotNull.any')
      return binary(overload === 'isNull.any' ? '==' : '!=', left!, literal({ kind: 'null' }, null))
    return isOperator(called) ? binary(called, left!, right!) : call(called, parts)
  }

  #record(record: RecordNode): Syntax {
    switch (record.kind) {
      case 'root':
        return word(record.root)
      case 'element':
        return variable(record.variable)
      case 'hop':
        return this.#member(this.#record(record.of), record.of.entity, record.field)
      case 'document':
        return record.of.kind === 'root' && record.of.root === 'self' ? word('parent') : memberOf(this.#record(record.of), 'parent')
      case 'first':
        return this.#chosen('first', record.source)
    }
  }

  /** `first` and `filter` say a condition and an order. */
  #chosen(how: 'first' | 'filter', source: Source): Syntax {
    if (source.kind !== 'filter') return call(how, [this.source(source), word('x'), literal({ kind: 'boolean' }, true)])
    const order = source.order.map(({ key, descending }) => (descending ? call('desc', [this.node(key)]) : this.node(key)))
    return call(how, [this.source(source.source), variable(source.variable), this.node(source.where), ...order])
  }

  source(source: Source): Syntax {
    switch (source.kind) {
      case 'lines':
      case 'links':
        return this.#member(this.#record(source.of), source.of.entity, source.field)
      case 'inverse':
        return this.#member(this.#record(source.of), source.of.entity, `${source.entity}/${source.field}`)
      case 'entity':
        return path(this.#entityName(source.entity))
      case 'named':
        return this.node(source.ids)
      case 'naming':
        return call('filter', [path(this.#entityName(source.entity)), word('x'), this.node(source.id)])
      case 'values':
        return this.node(source.list)
      case 'filter':
        return this.#chosen('filter', source)
    }
  }

  #entityName(entity: string): string {
    for (const each of this.#names.entityNames) if (this.#names.entityNamed(each) === entity) return each
    return entity
  }

  #aggregate({ operation, source, variable: bound, body }: Node & { kind: 'aggregate' }): Syntax {
    if ((operation === 'exists' || operation === 'count') && isTrue(body)) return call(operation, [this.source(source)])
    const isRunning = operation === 'sum' && source.kind === 'lines' && source.running === true
    return call(isRunning ? 'running' : operation, [this.source(source), variable(bound), this.node(body)])
  }
}

/** What a loop's variable was called is not kept. */
const variable = (number: number): Syntax => word(['x', 'y', 'z'][number] ?? `x${number}`)
