/** Smaller expressions that still show a difference. */
import { exchange, exchangeSource } from '../../expressions/transform.ts'
import type { Exchange } from '../../expressions/transform.ts'
import type { Node, RecordNode, Source } from '../../expressions/types.ts'
import { fits } from './generate.ts'

/** A place in a tree where a node stands, and the tree with another node there. */
interface Place {
  readonly node: Node
  readonly put: (node: Node) => Node
}

/** The nodes directly below, in records and sources too. */
function below(node: Node): Place[] {
  switch (node.kind) {
    case 'constant':
    case 'parameter':
    case 'variable':
      return []
    case 'field':
    case 'identity':
      return inRecord(node.of, (of) => ({ ...node, of }))
    case 'call':
      return node.args.map((arg, i) => ({ node: arg, put: (made) => ({ ...node, args: node.args.with(i, made) }) }))
    case 'and':
    case 'or':
      return [
        { node: node.left, put: (left) => ({ ...node, left }) },
        { node: node.right, put: (right) => ({ ...node, right }) },
      ]
    case 'not':
      return [{ node: node.operand, put: (operand) => ({ ...node, operand }) }]
    case 'if':
      return [
        { node: node.condition, put: (condition) => ({ ...node, condition }) },
        { node: node.then, put: (then) => ({ ...node, then }) },
        { node: node.otherwise, put: (otherwise) => ({ ...node, otherwise }) },
      ]
    case 'list':
      return node.items.map((item, i) => ({ node: item, put: (made) => ({ ...node, items: node.items.with(i, made) }) }))
    case 'money':
      return [
        { node: node.amount, put: (amount) => ({ ...node, amount }) },
        { node: node.currency, put: (currency) => ({ ...node, currency }) },
      ]
    case 'aggregate':
      return [{ node: node.body, put: (body) => ({ ...node, body }) }, ...inSource(node.source, (source) => ({ ...node, source }))]
  }
}
function inRecord(record: RecordNode, put: (record: RecordNode) => Node): Place[] {
  if (record.kind === 'hop' || record.kind === 'document') return inRecord(record.of, (of) => put({ ...record, of }))
  return record.kind === 'first' ? inSource(record.source, (source) => put({ ...record, source })) : []
}
function inSource(source: Source, put: (source: Source) => Node): Place[] {
  switch (source.kind) {
    case 'entity':
      return []
    case 'values':
      return [{ node: source.list, put: (list) => put({ ...source, list }) }]
    case 'named':
      return [{ node: source.ids, put: (ids) => put({ ...source, ids }) }]
    case 'naming':
      return [{ node: source.id, put: (id) => put({ ...source, id }) }]
    case 'filter':
      return [
        { node: source.where, put: (where) => put({ ...source, where }) },
        ...source.order.map(({ key, descending }, i) => ({
          node: key,
          put: (made: Node) => put({ ...source, order: source.order.with(i, { key: made, descending }) }),
        })),
        ...inSource(source.source, (inner) => put({ ...source, source: inner })),
      ]
    default:
      return inRecord(source.of, (of) => put({ ...source, of }))
  }
}

function everywhere(node: Node, put: (node: Node) => Node = (made) => made): Place[] {
  return [{ node, put }, ...below(node).flatMap((place) => everywhere(place.node, (made) => put(place.put(made))))]
}

const size = (node: Node): number => JSON.stringify(node).length

/** Without what a tree can do without: loops lose filters and orders, a node is put in its ancestor's place, or a null. */
function candidates(root: Node): Node[] {
  const made: Node[] = []
  for (const { node, put } of everywhere(root)) {
    for (const { node: inner } of everywhere(node).slice(1)) if (fits(inner.type, node.type)) made.push(put(inner))
    if (node.kind === 'aggregate' && node.source.kind === 'filter') {
      const { source } = node
      made.push(put({ ...node, source: { ...source, order: [], where: { kind: 'constant', type: { kind: 'boolean' }, value: true } } }))
    }
    if (node.kind === 'list') for (const i of node.items.keys()) made.push(put({ ...node, items: node.items.toSpliced(i, 1) }))
    if (node.kind !== 'constant' && node.type.kind !== 'composite') made.push(put({ kind: 'constant', type: node.type, value: null }))
  }
  // Variables may stand outside of their loop now.
  return made.filter((each) => size(each) < size(root) && isClosed(each)).sort((a, b) => size(a) - size(b))
}

/** Every variable stands inside the loop that binds it. */
function isClosed(root: Node): boolean {
  let isBound = true
  const inScope = (bound: ReadonlySet<number>): Exchange => ({
    node: (each) => {
      if (each.kind === 'variable' && !bound.has(each.variable)) isBound = false
      if (each.kind !== 'aggregate') return null
      exchangeSource(each.source, inScope(bound))
      exchange(each.body, inScope(new Set(bound).add(each.variable)))
      return each
    },
    record: (each) => {
      if (each.kind === 'element' && !bound.has(each.variable)) isBound = false
      return null
    },
    source: (each) => {
      if (each.kind !== 'filter') return null
      exchangeSource(each.source, inScope(bound))
      const inside = inScope(new Set(bound).add(each.variable))
      for (const inner of [each.where, ...each.order.map(({ key }) => key)]) exchange(inner, inside)
      return each
    },
  })
  exchange(root, inScope(new Set()))
  return isBound
}

/** `isWrong` answers which of the trees still differ. */
export async function shrink(root: Node, isWrong: (nodes: readonly Node[]) => Promise<readonly boolean[]>): Promise<Node> {
  let smallest = root
  for (let round = 0; round < 40; round++) {
    const tried = candidates(smallest).slice(0, 60)
    const wrong = await isWrong(tried)
    const next = tried.find((_, i) => wrong[i])
    if (next === undefined) return smallest
    smallest = next
  }
  return smallest
}
