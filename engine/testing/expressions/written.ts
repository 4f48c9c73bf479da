/** A typed tree as an author would write it, so that parser, checker and formatter take part in the comparison. */
import { compileExpression } from '../../expressions/check.ts'
import type { Context } from '../../expressions/check.ts'
import { format } from '../../expressions/format.ts'
import { comparisonOf } from '../../expressions/functions-comparison.ts'
import { literal, path, written } from '../../expressions/written.ts'
import type { WriteConstant } from '../../expressions/written.ts'
import type { Member, Names, Node, RecordNode, Shape, Source, Type } from '../../expressions/types.ts'
import type { ValueType } from '../../fields/type.ts'
import type { EntityOf, World } from './world.ts'

/** What the checker takes of trees: the generator makes more than can be written. */
function isWritable(part: unknown): boolean {
  if (typeof part !== 'object' || part === null) return true
  if ('kind' in part && !isWritableNode(part as Node | RecordNode | Source)) return false
  return Object.values(part).every(isWritable)
}

function isWritableNode(node: Node | RecordNode | Source): boolean {
  switch (node.kind) {
    case 'constant':
      return node.type.kind !== 'record' || node.value === null
    case 'identity':
      // A reference reads as the id it holds, whether or not its record is there.
      return node.type.kind === 'text' || (node.of.kind !== 'hop' && node.of.kind !== 'document')
    case 'call':
      return isWritableCall(node)
    case 'aggregate':
      // Of references it is text: the ids of the records that are there.
      if (node.operation === 'list' && node.type.kind === 'list' && (node.type.of as Type).kind === 'record') return false
      return (node.operation === 'sum' || !('running' in node.source)) && node.source.kind !== 'entity'
    case 'first':
      return node.source.kind !== 'entity'
    case 'filter':
      // Of values it is a list again, which holds no null; a whole entity is searched by a key.
      return !isOfValues(node) && !('running' in node.source) && (node.source.kind !== 'entity' || isKeyed(node))
    default:
      return true
  }
}

/** What reads as null, whatever type it was made for. */
const isNothing = (node: Node): boolean =>
  node.type.kind === 'null' || (node.kind === 'if' && isNothing(node.then) && isNothing(node.otherwise))

function isWritableCall({ overload, args }: Node & { kind: 'call' }): boolean {
  // Their calendar is a record; see the checker's own tests.
  if (overload.startsWith('workdays.') || overload.startsWith('businessTime.')) return false
  const kinds = args.map((each) => (isNothing(each) ? 'null' : each.type.kind))
  // Of nothing but nulls it is null, and then a test beside ==.
  if (kinds.every((kind) => kind === 'null')) return false
  // The first overload that fits is what an author means, and a null beside == is a test.
  if (overload === 'isEmpty.any') return !kinds.some((kind) => kind === 'text' || kind === 'list' || kind === 'null')
  return !(isEquality(overload) && kinds.includes('null'))
}

const isEquality = (overload: string): boolean => ['==', '!='].includes(comparisonOf(overload)?.sign ?? '')

const isOfValues = (source: Source): boolean => (source.kind === 'filter' ? isOfValues(source.source) : source.kind === 'values')

/** As the generator makes them: an equality, alone or on the left of &&. */
function isKeyed({ where }: Source & { kind: 'filter' }): boolean {
  const first = where.kind === 'and' ? where.left : where
  return first.kind === 'call' && comparisonOf(first.overload)?.sign === '==' && first.args[0]?.kind === 'field'
}

const inverseName = (entity: string, field: string): string => `${entity.replace('.', '_')}_by_${field}`

/** The names of a world. */
function namesOf(world: World): Names {
  const shapes = new Map([...world.schema.values()].map((entity) => [entity.id, shapeOf(world, entity)]))
  return { shape: (id) => shapes.get(id), entityNamed: (full) => (shapes.has(full) ? full : undefined), entityNames: [...shapes.keys()] }
}

function shapeOf(world: World, { id: entity, values, references, lines, links, document }: EntityOf): Shape {
  const titled = (id: string) => ({ id, name: id, title: id })
  const pointing = [...world.schema.values()].flatMap((other) => [
    ...other.references.filter((each) => each.entities.includes(entity)).map(({ id }) => ({ from: other.id, id })),
    ...[...other.links].filter(([, to]) => to === entity).map(([id]) => ({ from: other.id, id })),
  ])
  const members: Member[] = [
    ...values.map(({ id, type }): Member => ({ ...titled(id), kind: 'value', type })),
    ...references.map(({ id, entities }): Member => ({ ...titled(id), kind: 'reference', entities })),
    ...[...lines].map(([id, to]): Member => ({ ...titled(id), kind: 'rows', via: 'lines', entity: to })),
    ...[...links].map(([id, to]): Member => ({ ...titled(id), kind: 'rows', via: 'links', entity: to })),
    ...pointing.map(({ from, id: field }): Member => ({
      id: `${from}/${field}`,
      name: inverseName(from, field),
      title: field,
      kind: 'rows',
      via: 'inverse',
      entity: from,
      field,
    })),
  ]
  return {
    entity,
    title: entity,
    byName: (text) => members.find((each) => each.name === text),
    byId: (id) => members.find((each) => each.id === id),
    members,
    document,
    keys: values.map(({ id }) => [id]),
    treePath: entity === 'fuzz.deal' ? 'path' : null,
  }
}

/** What became of a tree that was written down and read again; `params` are the values it speaks of. Null: it cannot be written. */
export interface Rewritten {
  readonly original: Node
  readonly text: string
  readonly node: Node | null
  readonly faults: readonly string[]
  readonly params: ReadonlyMap<string, unknown>
}

/** `prefix`: of the names of its parameters. */
export function rewritten(world: World, self: string, parameters: ReadonlyMap<string, Type>, node: Node, prefix: string): Rewritten | null {
  if (!isWritable(node)) return null
  const names = namesOf(world)
  const own = new Map<string, { readonly type: ValueType; readonly value: unknown }>()
  /** Constants that have no literal are parameters. */
  const constant: WriteConstant = (type, value) => {
    const isLiteral = type.kind === 'null' || (value !== null && ['boolean', 'text', 'number'].includes(type.kind))
    if (isLiteral && !String(value).startsWith('-')) return literal(type, value)
    if (isLiteral && type.kind === 'text') return literal(type, value)
    const id = `${prefix}_${own.size}`
    own.set(id, { type: type as ValueType, value })
    return path(`params.${id}`)
  }
  const text = format(written(node, names, constant))
  const known = [...parameters]
    .filter(([each]) => each.startsWith('params.'))
    .map(([each, type]) => [each.slice(7), type as ValueType] as const)
  const context: Context = {
    names,
    self,
    roots: new Set(['self', 'old', 'parent', 'user', 'tenant', 'settings', 'now', 'today', 'params']),
    params: new Map([...known, ...[...own].map(([id, { type }]) => [id, type] as const)]),
    settings: 'fuzz.tag',
  }
  const { expression, faults = [] } = compileExpression(text, context)
  return {
    original: node,
    text,
    node: expression?.root ?? null,
    faults: faults.map(({ detail }) => detail),
    params: new Map([...own].map(([id, { value }]) => [`params.${id}`, value])),
  }
}
