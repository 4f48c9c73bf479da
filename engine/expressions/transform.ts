import type { Node, RecordNode, Source, Type } from './types.ts'

/** Copies of trees with parts exchanged. Each function may answer a replacement, which is taken as it is, or null to go on below. */
export interface Exchange {
  readonly node?: (node: Node) => Node | null
  readonly record?: (record: RecordNode) => RecordNode | null
  readonly source?: (source: Source) => Source | null
}

export function exchange(node: Node, by: Exchange): Node {
  const instead = by.node?.(node)
  if (instead) return instead
  const on = (each: Node): Node => exchange(each, by)
  switch (node.kind) {
    case 'constant':
    case 'parameter':
    case 'variable':
      return node
    case 'field':
    case 'identity':
      return { ...node, of: exchangeRecord(node.of, by) }
    case 'call':
      return { ...node, args: node.args.map(on) }
    case 'and':
    case 'or':
      return { ...node, left: on(node.left), right: on(node.right) }
    case 'not':
      return { ...node, operand: on(node.operand) }
    case 'if':
      return { ...node, condition: on(node.condition), then: on(node.then), otherwise: on(node.otherwise) }
    case 'list':
      return { ...node, items: node.items.map(on) }
    case 'money':
      return { ...node, amount: on(node.amount), currency: on(node.currency) }
    case 'aggregate':
      return { ...node, source: exchangeSource(node.source, by), body: on(node.body) }
  }
}

export function exchangeRecord(record: RecordNode, by: Exchange): RecordNode {
  const instead = by.record?.(record)
  if (instead) return instead
  if (record.kind === 'hop' || record.kind === 'document') return { ...record, of: exchangeRecord(record.of, by) }
  if (record.kind === 'first') return { ...record, source: exchangeSource(record.source, by) }
  return record
}

export function exchangeSource(source: Source, by: Exchange): Source {
  const instead = by.source?.(source)
  if (instead) return instead
  switch (source.kind) {
    case 'lines':
    case 'links':
    case 'inverse':
      return { ...source, of: exchangeRecord(source.of, by) }
    case 'entity':
      return source
    case 'values':
      return { ...source, list: exchange(source.list, by) }
    case 'named':
      return { ...source, ids: exchange(source.ids, by) }
    case 'naming':
      return { ...source, id: exchange(source.id, by) }
    case 'filter':
      return {
        ...source,
        source: exchangeSource(source.source, by),
        where: exchange(source.where, by),
        order: source.order.map((each) => ({ ...each, key: exchange(each.key, by) })),
      }
  }
}

/** How many nodes a tree has, records and sources not counted. */
export function sizeOf(node: Node): number {
  let count = 0
  exchange(node, { node: () => (count++, null) })
  return count
}

/** The highest variable in a tree; −1: none. */
export function lastVariable(node: Node): number {
  let last = -1
  const see = (variable: number): null => {
    last = Math.max(last, variable)
    return null
  }
  exchange(node, {
    node: (each) => (each.kind === 'variable' || each.kind === 'aggregate' ? see(each.variable) : null),
    record: (each) => (each.kind === 'element' ? see(each.variable) : null),
    source: (each) => (each.kind === 'filter' ? see(each.variable) : null),
  })
  return last
}

/** Whether what a loop asks of its elements is also about another row: that of a root, or of a loop around it. */
export function asksBeside({ source, variable, body }: Node & { kind: 'aggregate' }): boolean {
  const own = new Set([variable])
  let isBeside = false
  const see = (is: boolean): null => {
    isBeside ||= is
    return null
  }
  const bind = (each: number): null => {
    own.add(each)
    return null
  }
  const by: Exchange = {
    node: (each) => {
      if (each.kind === 'aggregate') return bind(each.variable)
      return see(each.kind === 'variable' && !own.has(each.variable))
    },
    record: (each) => see(each.kind === 'root' || (each.kind === 'element' && !own.has(each.variable))),
    source: (each) => (each.kind === 'filter' ? bind(each.variable) : null),
  }
  exchange(body, by)
  for (let at = source; at.kind === 'filter'; at = at.source) {
    bind(at.variable)
    exchange(at.where, by)
  }
  return isBeside
}

/** The same tree about another record: `self` becomes `record`, and its variables begin at `from`, so that it fits into a tree that has some. */
export function about(node: Node, record: RecordNode, from: number): Node {
  const by: Exchange = {
    node: (each) => {
      if (each.kind === 'variable') return { ...each, variable: each.variable + from }
      if (each.kind !== 'aggregate') return null
      return { ...each, variable: each.variable + from, source: exchangeSource(each.source, by), body: exchange(each.body, by) }
    },
    record: (each) => {
      if (each.kind === 'root' && each.root === 'self') return record
      return each.kind === 'element' ? { ...each, variable: each.variable + from } : null
    },
    source: (each) => {
      if (each.kind !== 'filter') return null
      return {
        ...each,
        variable: each.variable + from,
        source: exchangeSource(each.source, by),
        where: exchange(each.where, by),
        order: each.order.map(({ key, descending }) => ({ key: exchange(key, by), descending })),
      }
    },
  }
  return exchange(node, by)
}

/** `a && b && c` as one row, however its parentheses stand. */
export function chain(node: Node, kind: 'and' | 'or'): readonly Node[] {
  return node.kind === kind ? [...chain(node.left, kind), ...chain(node.right, kind)] : [node]
}

/** What it says of every element: a loop without a condition. */
export const isTrue = (node: Node): boolean => node.kind === 'constant' && node.value === true

export const recordOf = (entity: string): Type => ({ kind: 'record', entities: [entity] })

/** The one record of an entity that has this id; `variable` is free. */
export function recordBy(entity: string, id: Node, variable: number): RecordNode {
  const of: RecordNode = { kind: 'element', variable, entity }
  const itself: Node = { kind: 'identity', type: recordOf(entity), of }
  const where: Node = { kind: 'call', type: { kind: 'boolean' }, overload: 'eq.record', args: [itself, id] }
  return { kind: 'first', entity, source: { kind: 'filter', source: { kind: 'entity', entity }, variable, where, order: [] } }
}

/** What two records found, or values worked out, in the same way have in common, whatever numbers their variables have. */
export function keyOf(record: RecordNode | Node): string {
  const bound = new Map<unknown, string>()
  return JSON.stringify(record, (key, value: unknown) => {
    if (key === 'variable') return bound.get(value) ?? value
    if (typeof value === 'object' && value !== null && 'variable' in value && ('where' in value || 'operation' in value))
      bound.set(value.variable, `bound ${bound.size}`)
    return value
  })
}
