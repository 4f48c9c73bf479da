import { dependenciesOf } from '../expressions/dependencies.ts'
import { limits } from '../expressions/limits.ts'
import { about, exchange, exchangeRecord, lastVariable, recordBy, sizeOf } from '../expressions/transform.ts'
import type { Exchange } from '../expressions/transform.ts'
import type { Expression, Node, RecordNode, Type } from '../expressions/types.ts'
import { workOf } from '../expressions/work.ts'

/** By `entity/field`: what stands in the place of a value that is not stored. */
export type Inlined = ReadonlyMap<string, Node>

/** What was put together, with what is to be said against it. */
export interface Inserted {
  readonly expression: Expression
  readonly faults: readonly string[]
  /** Fields (`entity/field`) that are not stored, hold a reference that is no path, and were followed: what lies behind is searched for. */
  readonly searched: readonly string[]
}

/** An expression that grew beyond this by putting others into it costs too much wherever it is used. */
const mostNodes = 2_000

/** The expression with those of values that are not stored in the places where it reads them. */
export function insertInto(expression: Expression, inlined: Inlined): Inserted {
  let isSame = true
  let next = lastVariable(expression.root) + 1
  let size = 0
  const searched: string[] = []
  const placed = (found: Node, of: RecordNode): Node => {
    isSame = false
    const node = about(found, of, next)
    next = Math.max(next, lastVariable(node) + 1)
    size += sizeOf(node)
    return node
  }
  /** Where a reference that is not stored leads: on from where it was found. */
  const reached = (reference: Node, entity: string, key: string): RecordNode => {
    if (reference.kind === 'identity') return reference.of
    if (reference.kind === 'field') return { kind: 'hop', of: reference.of, field: reference.field, entity }
    searched.push(key)
    return recordBy(entity, reference, next++)
  }
  const by: Exchange = {
    node: (each) => {
      if (each.kind !== 'field' || size > mostNodes) return null
      const found = inlined.get(`${each.entity}/${each.field}`)
      return found ? partOf(placed(found, exchangeRecord(each.of, by)), each.member, each.type) : null
    },
    record: (each) => {
      if (each.kind !== 'hop' || size > mostNodes) return null
      const key = `${each.of.entity}/${each.field}`
      const found = inlined.get(key)
      return found ? reached(placed(found, exchangeRecord(each.of, by)), each.entity, key) : null
    },
  }
  const root = exchange(expression.root, by)
  const faults = [
    ...(size > mostNodes ? [`with all that it is made of it is too large: ${mostNodes} parts at most`] : []),
    ...(!isSame && size <= mostNodes && workOf(root) > limits.steps
      ? ['with all that it is made of it may take too long for each record: loops inside each other multiply']
      : []),
  ]
  return { expression: isSame ? expression : { ...expression, root, dependencies: dependenciesOf(root) }, faults, searched }
}

/** A member (of type `type`) of what an expression answers. */
function partOf(node: Node, member: string | null, type: Type): Node {
  if (member === null) return node
  switch (node.kind) {
    case 'money':
      return member === 'amount' ? node.amount : node.currency
    case 'field':
      return { ...node, member, type }
    case 'if':
      return { ...node, type, then: partOf(node.then, member, type), otherwise: partOf(node.otherwise, member, type) }
    case 'constant':
      return { ...node, type, value: (node.value as Readonly<Record<string, unknown>> | null)?.[member] ?? null }
    default:
      return node
  }
}
