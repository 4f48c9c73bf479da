import { exchange, lastVariable, recordBy, recordOf } from './transform.ts'
import type { Exchange } from './transform.ts'
import type { Node, RecordNode, Source, Type } from './types.ts'

/**
 * Who decides a write has the document at hand, with its lines; everything else an expression may speak of (what references lead to,
 * who acts, settings, inverse relations, whole entities) stands in the database. `split` parts a tree into what is evaluated
 * on the document and questions to the database. A question no longer speaks of the document: what it needs to know of it are `inputs`.
 */
export interface Split {
  /** The tree with a parameter `question:0` … in place of each question. */
  readonly root: Node
  readonly questions: readonly Question[]
}
export interface Question {
  /** With parameters `input:0` … in place of what is known of the document. */
  readonly node: Node
  /** Evaluated on the document, where the question stands: within a loop over lines, for each of them. */
  readonly inputs: readonly Node[]
  /** What was asked, as it stood in the tree. */
  readonly of: Node
}

/** A part of a split tree as it stood before. */
export const joined = (part: Node, questions: readonly Question[]): Node =>
  exchange(part, {
    node: (each) => (each.kind === 'parameter' ? (questions[Number(/^question:(\d+)$/.exec(each.name)?.[1])]?.of ?? null) : null),
  })

/** What whoever evaluates the expression hands over; all other parameters the database knows too. */
const isGiven = (parameter: string): boolean => parameter.startsWith('params.')

/** Whether it speaks of what one of these variables holds. */
function mentionsAny(node: Node, variables: ReadonlySet<number>): boolean {
  let found = false
  const see = (variable: number): null => {
    if (variables.has(variable)) found = true
    return null
  }
  exchange(node, {
    node: (each) => (each.kind === 'variable' ? see(each.variable) : null),
    record: (each) => (each.kind === 'element' ? see(each.variable) : null),
  })
  return found
}

/** Null: a loop over the document's lines stands inside one over other records, which no single question can say. */
export function split(root: Node): Split | null {
  const questions: Question[] = []
  let isPossible = true
  const own = new Set<number>()

  const isOwn = (record: RecordNode): boolean => {
    if (record.kind === 'root') return record.root === 'self' || record.root === 'old' || record.root === 'target'
    if (record.kind === 'element') return own.has(record.variable)
    if (record.kind === 'first') return isOwnSource(record.source)
    return record.kind === 'document' && isOwn(record.of)
  }
  const isOwnSource = (source: Source): boolean => {
    if (source.kind === 'filter') return isOwnSource(source.source)
    return source.kind === 'values' || (source.kind === 'lines' && isOwn(source.of))
  }
  /** It is worked out on the document, but for what it asks for in turn. */
  const isKnown = (node: Node): boolean => {
    if (node.kind === 'field' || node.kind === 'identity') return isOwn(node.of)
    return node.kind === 'aggregate' && isOwnSource(node.source)
  }

  /** The variables of loops over the document are known where its closures run. */
  const bindNode = (node: Node): void => {
    if (node.kind === 'aggregate' && isOwnSource(node.source)) own.add(node.variable)
  }
  const bindSource = (source: Source): void => {
    if (source.kind === 'filter' && isOwnSource(source)) own.add(source.variable)
  }

  const onDocument: Exchange = {
    node: (node) => {
      if (node.kind !== 'field' && node.kind !== 'identity' && node.kind !== 'aggregate') return null
      bindNode(node)
      return isKnown(node) ? null : ask(node)
    },
    source: (source) => (bindSource(source), null),
  }

  function ask(node: Node): Node {
    const inputs: Node[] = []
    const bound = new Set<number>()
    const input = (known: Node): Node => {
      const key = JSON.stringify(known)
      const index = inputs.findIndex((each) => JSON.stringify(each) === key)
      const name = `input:${index === -1 ? inputs.push(known) - 1 : index}`
      return { kind: 'parameter', type: known.type, name }
    }
    let next = lastVariable(root) + 1
    const inDatabase: Exchange = {
      node: (each) => {
        if (each.kind === 'constant' || (each.kind === 'parameter' && !isGiven(each.name))) return each
        if (isOfDocument(each, bound)) return input(each)
        if (isKnown(each) && !mentionsAny(each, bound)) return input(exchange(each, onDocument))
        if (each.kind === 'aggregate') bound.add(each.variable)
        return null
      },
      record: (each) => {
        if (each.kind === 'root' && each.root === 'user')
          return recordBy(each.entity, { kind: 'parameter', type: recordOf(each.entity), name: 'user.id' }, next++)
        if (each.kind === 'root' && each.root === 'settings')
          return { kind: 'first', entity: each.entity, source: { kind: 'entity', entity: each.entity } }
        if (each.kind !== 'hop' || !isOwn(each.of)) return null
        const { of, field } = each
        const reference: Node = { kind: 'field', type: recordOf(each.entity), of, entity: of.entity, field, member: null }
        return mentionsAny(reference, bound) ? null : recordBy(each.entity, input(exchange(reference, onDocument)), next++)
      },
      source: (each) => {
        if (each.kind === 'filter') bound.add(each.variable)
        if (each.kind === 'lines' && isOwn(each.of)) isPossible = false
        if ((each.kind !== 'inverse' && each.kind !== 'links') || !isOwn(each.of)) return null
        const known: Node = { kind: 'identity', type: recordOf(each.of.entity), of: each.of }
        if (mentionsAny(known, bound)) return null
        if (each.kind === 'inverse')
          return { kind: 'naming', entity: each.entity, field: each.field, id: input(exchange(known, onDocument)) }
        const type: Type = { kind: 'list', of: { kind: 'text' } }
        if (each.through) {
          // The document knows nothing of what other records keep.
          const { entity, from, to } = each.through
          const variable = next++
          const of: RecordNode = { kind: 'element', variable, entity }
          const body: Node = { kind: 'field', type: recordOf(each.entity), of, entity, field: to, member: null }
          const source: Source = { kind: 'naming', entity, field: from, id: input(exchange(known, onDocument)) }
          return { kind: 'named', entity: each.entity, ids: { kind: 'aggregate', type, operation: 'list', source, variable, body } }
        }
        const list: Node = { kind: 'field', type, of: each.of, entity: each.of.entity, field: each.field, member: null }
        return { kind: 'named', entity: each.entity, ids: input(exchange(list, onDocument)) }
      },
    }
    const inner = exchange(node, inDatabase)
    const index = questions.push({ node: inner, inputs, of: node }) - 1
    return { kind: 'parameter', type: node.type, name: `question:${index}` }
  }

  /** Nothing in it but the document and constants: its value is known before the database is asked. */
  function isOfDocument(node: Node, bound: ReadonlySet<number>): boolean {
    let all = true
    const look: Exchange = {
      node: (each) => {
        if (each.kind === 'variable' && bound.has(each.variable)) all = false
        if (each.kind === 'parameter' && !isGiven(each.name)) all = false
        bindNode(each)
        return null
      },
      record: (each) => {
        if (!isOwn(each)) all = false
        return null
      },
      source: (each) => {
        bindSource(each)
        if (!isOwnSource(each)) all = false
        return null
      },
    }
    exchange(node, look)
    return all
  }

  const rest = exchange(root, onDocument)
  return isPossible ? { root: rest, questions } : null
}
