import { comparisonOf } from './functions-comparison.ts'
import { mentions, titleOf } from './terms.ts'
import type { Checker } from './terms.ts'
import { chain } from './transform.ts'
import type { Node, Source } from './types.ts'

interface Condition {
  readonly where: Node
  readonly variable: number
}

/**
 * A whole entity may be searched only by what the database finds quickly: equality with all fields of one of its keys, of something that is
 * known before a record is looked at. Answers why not; null where it may, and for every other source.
 */
export function keyFault({ context: { names } }: Checker, source: Source, condition: Condition | null): string | null {
  if (source.kind !== 'entity') return null
  const shape = names.shape(source.entity)
  const given = new Set(condition === null ? [] : chain(condition.where, 'and').flatMap((each) => keyOf(each, condition.variable) ?? []))
  if (given.has('id') || shape?.keys.some((key) => key.length > 0 && key.every((field) => given.has(field)))) return null
  const usable = shape?.keys.map((key) => key.map((field) => shape.byId(field)?.name)).find((key) => !key.includes(undefined)) ?? ['id']
  const example = usable.map((field) => `x.${field} == …`).join(' && ')
  return `to search all of ${titleOf(source.entity, names)} write a condition that names a key: first(…, x, ${example})`
}

/** The field of the element that a condition gives a value. */
function keyOf(node: Node, variable: number): string | null {
  if (node.kind !== 'call' || comparisonOf(node.overload)?.sign !== '==') return null
  const [a, b] = node.args
  return sideOf(a!, b!, variable) ?? sideOf(b!, a!, variable)
}

function sideOf(side: Node, other: Node, variable: number): string | null {
  if ((side.kind !== 'field' && side.kind !== 'identity') || side.of.kind !== 'element' || side.of.variable !== variable) return null
  if (mentions(other, variable)) return null
  return side.kind === 'identity' ? 'id' : side.member === null ? side.field : null
}
